"""Typed messages and file descriptors between the keeper and the app processes, over a Unix socket.

Must live here: the message types, their encoding, the endpoint that sends and receives them.
Must not know: what a message leads to.
"""
