"""What can be set about Afresh itself: one row per option, and one frozen `Options` that results.

Must live here: the table (name, flag, environment name, pyproject key, type, default, help), the checks of values and
their precedence: flag, then environment, then `[tool.afresh]` of the nearest pyproject.toml, then default.
Must not know: what an option leads to, runserver's own flags, processes.
"""
