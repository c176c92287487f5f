"""What the keeper is given when it begins in a fresh interpreter: descriptors it inherits, and the rest as a text."""

import os
from typing import NamedTuple

from afresh.keeper.spec import BootSpec


class Handoff(NamedTuple):
    """`lifeline`: both ends of the pipe. `channel`: of the first boot, which is the process `pid`; where `pid` is 0, of
    the spawner; -1 where there is neither.
    """

    spec: BootSpec
    lifeline: tuple[int, int]
    channel: int = -1
    pid: int = 0

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the interpreter must inherit."""
        return self.lifeline if self.channel < 0 else (*self.lifeline, self.channel)

    def write(self) -> int:
        """As a file without a name: its descriptor, which must be inherited too."""
        file = os.memfd_create("afresh-handoff", 0)
        os.write(file, f"{self.lifeline[0]} {self.lifeline[1]} {self.channel} {self.pid}\n".encode("ascii"))
        os.write(file, self.spec.to_json().encode("ascii"))
        os.lseek(file, 0, os.SEEK_SET)
        return file

    @classmethod
    def read(cls, file: int) -> "Handoff":
        """The inverse of `write`; nothing of it is inherited any further."""
        with open(file, encoding="ascii") as text:
            numbers, spec = text.read().split("\n", 1)
        read_end, write_end, channel, pid = map(int, numbers.split())
        handoff = cls(BootSpec.from_json(spec), (read_end, write_end), channel, pid)
        for descriptor in handoff.descriptors:
            os.set_inheritable(descriptor, False)
        return handoff
