"""Exactness: after every edit the application that serves is the one that a cold start of the same files gives.

Must live here: the fingerprint of an application, the cold reference, generated projects and edits, the
run that compares.
Must not know: Afresh's rooms, or how a reload is decided. A way is only what the terminal says was taken.
"""
