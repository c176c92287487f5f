"""The long-lived parent process: it owns the listening socket, the watcher and the terminal, and starts all else.

Must live here: the machine that decides what happens to which process (pure), and the loop that performs it.
Must not know: the project, Django, HTTP. It never imports a module of the project.
"""
