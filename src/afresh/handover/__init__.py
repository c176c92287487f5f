"""Client connections on their way between two processes.

Must live here: the parcel, how it is packed into messages with descriptors and unpacked, and its acknowledgement.
Must not know: HTTP, what is inside the bytes, who decides that a connection moves.
"""
