"""The `afresh` command: arguments, to a command, to an exit status.

Must live here: the grammar of the command line, its help, and how errors of usage look on the terminal.
Must not know: how anything is served, runserver's own flags (they are passed on), Django.
"""
