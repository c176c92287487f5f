"""The app process: from a fresh interpreter to an application that is ready, and its side of the channel after that.

Must live here: running the user's command, watching what it consumes, the checkpoint (the only place that forks), the
app process's end of the channel.
Must not know: Django (a door hands in what is special about it), HTTP, what an edit leads to.
"""
