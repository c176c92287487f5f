"""The dashboard: a process of its own that shows what the keeper tells it, at an origin of its own.

Must live here: the guard before every page, the table of routes, the views, the stream of news, their scripts and
styles, and the process that serves them.
Must not know: the keeper's machine, the project, Django. What it shows arrives as news; what it wants done, it
asks for.
"""
