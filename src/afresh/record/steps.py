"""The rows of the execution table and the three variables beside them."""

import enum

import msgspec


class Stage(enum.Enum):
    """The stages of the flow, in order; the value is how pages call them."""

    RUN = "run"
    SETTINGS = "settings"
    ROUTING = "routing"
    LISTEN = "listen"
    WAIT = "wait"
    RECEIVE = "receive"
    PROCESS = "process"
    SEND = "send"
    RELOAD = "reload"
    STOP = "stop"


ACTIONS = {
    Stage.RUN: "Run command",
    Stage.SETTINGS: "Load settings",
    Stage.ROUTING: "Set up routing",
    Stage.LISTEN: "Start listening",
    Stage.WAIT: "Wait for request",
    Stage.RECEIVE: "Receive request",
    Stage.PROCESS: "Process request",
    Stage.SEND: "Send response",
    Stage.RELOAD: "Reload",
    Stage.STOP: "Stop server",
}

NOT_RUNNING, RUNNING, STOPPED = "Not running", "Running", "Stopped"


class Variables(msgspec.Struct, frozen=True):
    """The tracker's three variables, as one lane has them. `current_request`: as in "GET /"; None between requests."""

    server_status: str = NOT_RUNNING
    current_request: str | None = None
    response_sent: bool = False


class Step(msgspec.Struct, frozen=True):
    """One row: what happened, and the variables after it.

    `at`: nanoseconds of CLOCK_MONOTONIC. `took`: nanoseconds, None where the step is a moment. `lane`: requests that
    are answered at the same time are in different lanes, from 0. `request`: the request's number, 0 for none.
    """

    number: int
    at: int
    took: int | None
    stage: Stage
    action: str
    details: str
    result: str
    variables: Variables
    lane: int = 0
    request: int = 0
    generation: int = 1
    is_error: bool = False


class Request(msgspec.Struct, frozen=True):
    """What is known of one request. Times as in `Step`, 0 where it has not come so far; `status` 0 likewise.

    `own_number`: as its process counts. `failure`: why it ended without a whole response. `port`: the client's.
    """

    number: int
    lane: int
    generation: int
    own_number: int
    method: str
    target: str
    received: int
    processed: int = 0
    sent: int = 0
    view: str = ""
    status: int = 0
    length: int = 0
    failure: str = ""
    port: int = 0

    @property
    def name(self) -> str:
        """Method and target, as in "GET /"."""
        return f"{self.method} {self.target}"

    @property
    def is_over(self) -> bool:
        return bool(self.sent)
