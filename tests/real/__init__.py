"""Projects that nobody here wrote, installed from PyPI, served unmodified by their usual server and by Afresh.

Must live here: their environments (cached, never edited), the copies that tests edit, the requests and edits made on
them, the services that they need, and the comparison of answers. `bench` measures the same projects.
Must not know: Afresh's rooms. It starts commands and looks at answers, as a user does.
"""
