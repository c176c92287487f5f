"""The table: each field of `Options` is the one place where its option is written.

Flag, environment name and pyproject key follow from the field's name (`stream_drain`: `--stream-drain`,
`AFRESH_STREAM_DRAIN`, `stream-drain`). The command line, `--help` and docs/reference/options.md are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from afresh.options.values import ADDRESS, COMMAND, HOSTS, SWITCH, Kind, Value, choice, seconds, whole


def _option(default: Value, kind: Kind, text: str) -> Any:
    """One row. Typed as `dataclasses.field` is, so that the field keeps its own type."""
    return field(default=default, metadata={"kind": kind, "help": text})


@dataclass(frozen=True, slots=True)
class Options:
    """Every option with its value; the defaults are the table's. Times are seconds."""

    wait: float = _option(
        30.0, seconds(minimum=0.0), "How long a request waits for the new code before it is answered with 503."
    )
    settle: float = _option(1.0, seconds(minimum=0.0), "How long an edit may take to settle before it is acted on.")
    drain: float = _option(60.0, seconds(minimum=0.0), "How long a replaced server may finish the requests it began.")
    stream_drain: float = _option(
        5.0, seconds(minimum=0.0), "How long a replaced server may go on with a streaming response."
    )
    file_changed_wait: float = _option(
        0.2, seconds(minimum=0.0), "How long receivers of Django's file_changed signal may take to answer."
    )
    serve_first: float = _option(
        0.3,
        seconds(minimum=0.0),
        "A start that is ready so soon answers before it leaves a checkpoint.",
    )
    poll: bool = _option(False, SWITCH, "Compare files at intervals instead of asking the kernel for events.")
    poll_interval: float = _option(0.1, seconds(minimum=0.001), "The interval between two comparisons when polling.")
    allow_host: tuple[str, ...] = _option(
        (), HOSTS, "A further host name to answer for, as in Django's ALLOWED_HOSTS; may be repeated."
    )
    live: bool = _option(True, SWITCH, "Reload pages in the browser when what they are made from has changed.")
    dashboard_addr: str = _option(
        "", ADDRESS, "An address of its own for the dashboard, where browsers do not resolve afresh.localhost."
    )
    editor: str = _option(
        "", COMMAND, "The editor that files are opened in: its name, or a command with {file} and {line} in it."
    )
    log: str = _option("text", choice("text", "json"), "How the terminal's lines are written: for people or machines.")

    head_wait: float = _option(
        60.0,
        seconds(minimum=0.1),
        "How long a request's head may take to come before the answer is 408.",
    )
    idle: float = _option(
        0.0, seconds(minimum=0.0), "How long a connection may be idle before it is closed; 0: without limit."
    )
    max_connections: int = _option(
        2000,
        whole("COUNT", minimum=1),
        "How many connections are held; for one more, the idlest is closed, or it waits.",
    )
    max_head: int = _option(
        131_072, whole("BYTES", minimum=1024), "How long a request's head may be before the answer is 431."
    )
    max_fields: int = _option(
        100, whole("COUNT", minimum=1), "How many header fields a request may have before the answer is 431."
    )
    max_spool: int = _option(
        1 << 20,
        whole("BYTES", minimum=0),
        "How much of a request's body is held in memory.",
    )

    def limits(self) -> dict[str, float]:
        """The options that bound what a client may take, by name: for the process that serves."""
        return {name: getattr(self, name) for name in LIMITS}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Options":
        """The inverse of `dataclasses.asdict`, also after JSON has made lists of tuples."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
        return cls(**values)


LIMITS = ("head_wait", "idle", "max_connections", "max_head", "max_fields", "max_spool")


@dataclass(frozen=True, slots=True)
class Row:
    """One option as it is written in each place."""

    name: str
    kind: Kind
    default: Value
    help: str

    @property
    def key(self) -> str:
        """The key below `[tool.afresh]`."""
        return self.name.replace("_", "-")

    @property
    def flag(self) -> str:
        return "--" + self.key

    @property
    def negative(self) -> str:
        """The flag that turns a switch off, or an empty string."""
        return "--no-" + self.key if self.kind is SWITCH else ""

    @property
    def environment(self) -> str:
        return "AFRESH_" + self.name.upper()


_DEFAULTS = Options()

ROWS: tuple[Row, ...] = tuple(
    Row(name=f.name, kind=f.metadata["kind"], default=getattr(_DEFAULTS, f.name), help=f.metadata["help"])
    for f in fields(Options)
)
