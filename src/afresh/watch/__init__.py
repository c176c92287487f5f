"""From the disk to an Edit, and the gate that keeps servers from answering with what was saved over.

Must live here: inotify, polling, filters, settling, the gate word and both its sides.
Must not know: processes, HTTP, Django, what an edit leads to.
"""
