"""Afresh's own pages, as pure functions from values to HTML or plain text: failures, waiting, disallowed host.

Must live here: what the developer sees, in the browser and in short in the terminal, when the application cannot
answer.
Must not know: sockets, processes, the keeper, Django.
"""
