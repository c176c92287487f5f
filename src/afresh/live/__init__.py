"""Live reload: what browsers are told when what their pages are made from has changed.

Must live here: the script for pages, where a page takes it in and where not, what kind of change an edit is to a
browser, and the record that makes a lost or repeated event impossible.
Must not know: sockets, processes, the keeper, how an edit is decided.
"""
