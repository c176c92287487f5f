"""The table: each field of `Options` is the one place where its option is written.

Flag, environment name and pyproject key follow from the field's name (`stream_drain`: `--stream-drain`,
`AFRESH_STREAM_DRAIN`, `stream-drain`). The command line, `--help` and docs/reference/options.md are made from it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from afresh.options.values import ADDRESS, COMMAND, HOSTS, SWITCH, Kind, Value, choice, seconds, whole


class Options(NamedTuple):
    """Every option with its value; the defaults are the table's. Times are seconds.

    Annotated with the kind of value and the text of help. Not a dataclass: those import `inspect`, which costs the
    keeper a tenth of its start.
    """

    wait: Annotated[
        float, seconds(minimum=0.0), "How long a request waits for the new code before it is answered with 503."
    ] = 30.0
    settle: Annotated[float, seconds(minimum=0.0), "How long an edit may take to settle before it is acted on."] = 1.0
    drain: Annotated[float, seconds(minimum=0.0), "How long a replaced server may finish the requests it began."] = 60.0
    stream_drain: Annotated[
        float, seconds(minimum=0.0), "How long a replaced server may go on with a streaming response."
    ] = 5.0
    file_changed_wait: Annotated[
        float, seconds(minimum=0.0), "How long receivers of Django's file_changed signal may take to answer."
    ] = 0.2
    serve_first: Annotated[
        float, seconds(minimum=0.0), "A start that is ready so soon answers before it leaves a checkpoint."
    ] = 0.3
    poll: Annotated[bool, SWITCH, "Compare files at intervals instead of asking the kernel for events."] = False
    poll_interval: Annotated[float, seconds(minimum=0.001), "The interval between two comparisons when polling."] = 0.1
    allow_host: Annotated[
        tuple[str, ...], HOSTS, "A further host name to answer for, as in Django's ALLOWED_HOSTS; may be repeated."
    ] = ()
    live: Annotated[bool, SWITCH, "Reload pages in the browser when what they are made from has changed."] = True
    dashboard_addr: Annotated[
        str, ADDRESS, "An address of its own for the dashboard, where browsers do not resolve afresh.localhost."
    ] = ""
    editor: Annotated[
        str, COMMAND, "The editor that files are opened in: its name, or a command with {file} and {line} in it."
    ] = ""
    log: Annotated[str, choice("text", "json"), "How the terminal is written: for people or machines."] = "text"

    head_wait: Annotated[
        float, seconds(minimum=0.1), "How long a request's head may take to come before the answer is 408."
    ] = 60.0
    body_wait: Annotated[
        float,
        seconds(minimum=0.0),
        "How long a body may bring nothing before its request ends; 0: without limit.",
    ] = 60.0
    idle: Annotated[
        float, seconds(minimum=0.0), "How long a connection may be idle before it is closed; 0: without limit."
    ] = 0.0
    max_connections: Annotated[
        int,
        whole("COUNT", minimum=1),
        "How many connections are held; for one more, the idlest is closed, or it waits.",
    ] = 2000
    max_threads: Annotated[
        int,
        whole("COUNT", minimum=1),
        "How many requests are answered at a time, each by a thread; more wait in order.",
    ] = 512
    max_head: Annotated[
        int, whole("BYTES", minimum=1024), "How long a request's head may be before the answer is 431."
    ] = 131_072
    max_fields: Annotated[
        int, whole("COUNT", minimum=1), "How many header fields a request may have before the answer is 431."
    ] = 100
    max_body: Annotated[
        int, whole("BYTES", minimum=0), "How long a request's body may be before the answer is 413; 0: without limit."
    ] = 0
    max_spool: Annotated[int, whole("BYTES", minimum=0), "How much of a request's body is held in memory."] = 1 << 20

    def limits(self) -> dict[str, float]:
        """The options that bound what a client may take, by name: for the process that serves."""
        return {name: getattr(self, name) for name in LIMITS}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Options":
        """The inverse of `_asdict`, also after JSON has made lists of tuples."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
        return cls(**values)


LIMITS = (
    *("head_wait", "body_wait", "idle", "max_connections", "max_threads"),
    *("max_head", "max_fields", "max_body", "max_spool"),
)


class Row(NamedTuple):
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


ROWS: tuple[Row, ...] = tuple(
    Row(name, kind, Options._field_defaults[name], text)
    for name, annotation in Options.__annotations__.items()
    for kind, text in [annotation.__metadata__]
)
