"""The kit for tests that run whole servers: start a command, wait on its output, talk to it, end it without a trace.

Must live here: what every test of a running process needs (started commands, transcripts, process listings, a plain
HTTP client). Every wait has a deadline and waits on an event; nothing here sleeps.
Must not know: Afresh's rooms, Django, what a test compares.
"""
