"""The same bytes to Afresh's reader and to h11's: both read the same requests, or the difference is on the list.

`python -m fuzz` searches for more, guided by coverage (CONTRIBUTING.md); tests/wire holds what is known.
"""
