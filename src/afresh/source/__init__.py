"""Source files: read so that what was read can be told from what is there later, compiled, and kept as code.

Must live here: signatures and digests, compiling as Python's loader does, code on disk by digest.
Must not know: modules and imports, who wants the code, processes.
"""
