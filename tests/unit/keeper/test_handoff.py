"""What the keeper is given through a file: read as it was written, and inherited no further."""

import os

from afresh.keeper.handoff import Handoff
from afresh.keeper.spec import BootSpec
from afresh.options.table import Options

SPEC = BootSpec(
    python="/usr/bin/python3",
    flags=("-X", "dev"),
    target=("/caf\udce9/manage.py", "runserver"),
    environ={"NAME": "caf\udce9"},
    cwd="/caf\udce9",
    door="manage.py",
    address=("::1", 8000, True),
    options=Options(),
)


def test_arrives_as_it_was_written() -> None:
    lifeline, (channel, other) = os.pipe(), os.pipe()
    handoff = Handoff(SPEC, lifeline, channel, 1234, b"\n\xff\n", 5678)
    for descriptor in handoff.descriptors:
        os.set_inheritable(descriptor, True)
    try:
        assert Handoff.read(handoff.write()) == handoff
        assert not any(map(os.get_inheritable, handoff.descriptors))
    finally:
        for descriptor in (*lifeline, channel, other):
            os.close(descriptor)


def test_without_a_channel_only_the_lifeline_is_inherited() -> None:
    assert Handoff(SPEC, (3, 4)).descriptors == (3, 4)
    assert Handoff(SPEC, (3, 4), 5).descriptors == (3, 4, 5)
