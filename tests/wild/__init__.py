"""Inputs that projects in the wild gave, as small as they get, each tried by both doors.

Must live here: the base project, how it is started, and a table of inputs for each part of Afresh in a file of its own.
Must not know: Afresh's rooms. It saves files, starts commands and looks at answers, as a user does.
"""
