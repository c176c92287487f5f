"""One client connection from accept to close, and the threads that serve them.

Must live here: HTTP/1.1, WSGI, limits, the access log's data.
Must not know: Django, the keeper, why a generation is stale (it asks a gate), where a parcel goes (it calls out).
"""
