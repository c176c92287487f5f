"""Measures Afresh beside its peers, in one run on one machine: start, reload, tail, load, memory, idle, gate.

Must live here: the peers and the projects they serve, the measures, the tables. A measure runs its rounds interleaved,
so that a machine that slows down slows all of them; what is compared is the ratio to Django's runserver.
Must not know: Afresh's rooms. It starts commands and looks at answers, as a user does.
"""
