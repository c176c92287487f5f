"""From the path of a request to a file, and from the file to a response.

Must live here: where static files are looked for, what is said about a file, which part of it a request asks for.
Must not know: Django, connections, who sends the response.
"""
