"""What the keeper is given when it begins in a fresh interpreter: descriptors it inherits, and the rest in a file."""

import os
from typing import NamedTuple

from afresh.keeper.spec import BootSpec


class Handoff(NamedTuple):
    """`lifeline`: both ends of the pipe. `channel`: of the first boot, which is the process `pid`; where `pid` is 0, of
    the spawner; -1 where there is neither. `consumed`: what the first boot had consumed before anybody observed it, as
    a message of its channel (`afresh.channel.messages.Consumed`); empty for nothing. `began`: when the first boot began
    under Afresh, in nanoseconds of the monotonic clock.
    """

    spec: BootSpec
    lifeline: tuple[int, int]
    channel: int = -1
    pid: int = 0
    consumed: bytes = b""
    began: int = 0

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the interpreter must inherit."""
        return self.lifeline if self.channel < 0 else (*self.lifeline, self.channel)

    def write(self) -> int:
        """As a file without a name: its descriptor, which must be inherited too."""
        file = os.memfd_create("afresh-handoff", 0)
        numbers = f"{self.lifeline[0]} {self.lifeline[1]} {self.channel} {self.pid} {self.began}"
        with open(file, "wb", closefd=False) as out:
            out.write(f"{numbers}\n{self.spec.to_json()}\n".encode("ascii"))
            out.write(self.consumed)
        os.lseek(file, 0, os.SEEK_SET)
        return file

    @classmethod
    def read(cls, file: int) -> "Handoff":
        """The inverse of `write`; nothing of it is inherited any further."""
        with open(file, "rb") as data:
            numbers, spec, consumed = data.read().split(b"\n", 2)
        read_end, write_end, channel, pid, began = map(int, numbers.split())
        handoff = cls(BootSpec.from_json(spec.decode("ascii")), (read_end, write_end), channel, pid, consumed, began)
        for descriptor in handoff.descriptors:
            os.set_inheritable(descriptor, False)
        return handoff
