"""What a boot consumed, and what an edit therefore asks for.

Must live here: the journal's entries and the pure decision Journal + Edit -> Plan.
Must not know: files, processes, Django. Values in, values out.
"""
