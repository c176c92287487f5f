"""Searches for bytes that are read otherwise than decided, guided by coverage: `python -m fuzz [CORPUS] [-runs=N]`.

The arguments are libFuzzer's. Ends with the first bytes that are not read as decided.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["afresh.serve", "h11"]):
    from fuzz.differences import unexplained, unsteady
    from fuzz.mutation import SEEDS

_CUTS = 3


def one_input(data: bytes) -> None:
    """The first bytes say where the rest is cut in pieces."""
    cuts, stream = list(data[:_CUTS]), data[_CUTS:]
    wrong = unexplained(stream) or unsteady(stream, cuts)
    if wrong:
        raise AssertionError(f"{stream!r}: {wrong}")


def main(arguments: Sequence[str]) -> None:
    """Search until something is found, or for as long as libFuzzer's own flags say."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as seeds:
        for number, seed in enumerate(SEEDS):
            (Path(seeds) / str(number)).write_bytes(bytes(_CUTS) + seed)
        atheris.Setup([sys.argv[0], *arguments, seeds], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
