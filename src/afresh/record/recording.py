"""Events in, steps out: the execution table, the variables, the lanes, all of bounded length."""

from collections import deque
from collections.abc import Iterator

import msgspec

from afresh.record import events
from afresh.record.events import Event
from afresh.record.steps import ACTIONS, NOT_RUNNING, RUNNING, STOPPED, Request, Stage, Step, Variables

MOST_STEPS = 2000
MOST_REQUESTS = 500

_BOOT_STAGES = {"settings": Stage.SETTINGS, "application": Stage.SETTINGS, "routing": Stage.ROUTING}
_RESULTS = {
    "settings": "settings loaded",
    "application": "application loaded",
    "routing": "routing ready",
}


class _Boot(msgspec.Struct):
    """A process that loads the project. `since`: when the stage it is in began."""

    since: int
    generation: int
    stage: Stage = Stage.SETTINGS


class Recording(msgspec.Struct):
    """The recording of one server from its command to its end. `add(source, event)` returns the steps it made.

    `source` is any number that names the process which the event is about; the numbers of requests are its own.
    """

    steps: deque[Step] = msgspec.field(default_factory=lambda: deque(maxlen=MOST_STEPS))
    requests: dict[int, Request] = msgspec.field(default_factory=dict)
    server_status: str = NOT_RUNNING
    generation: int = 1
    skipped: int = 0
    last: dict[Stage, Step] = msgspec.field(default_factory=dict)  # the newest step of each stage
    # How long each stage took that has been passed, the last time; None where that was not measured.
    took: dict[Stage, int | None] = msgspec.field(default_factory=dict)
    request_count: int = 0  # to be set higher where events before the next are missing
    _count: int = 0
    # Requests in progress, by source and its number.
    _open: dict[tuple[int, int], int] = msgspec.field(default_factory=dict)
    _lanes: list[Request | None] = msgspec.field(default_factory=list)  # who is in each
    _sent: list[bool] = msgspec.field(default_factory=list)  # whether the last response of each lane was sent
    _was_sent: bool = False  # the same of the last response of all
    _boots: dict[int, _Boot] = msgspec.field(default_factory=dict)
    _loaded: int = 0  # when the last stage of a start was passed
    _idle_since: int = 0
    _has_answered: bool = False
    _reload: events.Edited | None = None

    def __repr__(self) -> str:
        return f"<Recording {self.server_status} steps={self._count} open={len(self._open)}>"

    def add(self, source: int, event: Event) -> list[Step]:
        """Take in one event."""
        made = list(self._take(source, event))
        for step in made:
            self.steps.append(step)
            self.last[step.stage] = step
            if step.stage is not Stage.WAIT:  # its row comes when the waiting begins
                self.took[step.stage] = step.took
        return made

    # ---- what is going on now -----------------------------------------------------------------------------------

    def active(self) -> list[Stage]:
        """The stages that something is in at this moment."""
        if self.server_status == STOPPED:
            return [Stage.STOP]
        stages = {Stage.SEND if request.processed else Stage.PROCESS for request in self.in_progress()}
        if self._reload is not None:
            stages.add(Stage.RELOAD)
        if not self._has_answered or self._reload is not None:
            stages.update(boot.stage for boot in self._boots.values() if boot.generation == self.generation)
        if self._has_answered and not stages:
            stages.add(Stage.WAIT)
        if not stages and self._count:
            stages.add(Stage.RUN)
        return [stage for stage in Stage if stage in stages]

    def in_progress(self) -> list[Request]:
        """The requests that are being answered, in the order of their lanes."""
        return [request for request in self._lanes if request is not None]

    def trackers(self) -> list[Variables]:
        """The variables now, one tracker per lane; at least one."""
        lanes = range(max(1, len(self._lanes)))
        return [self._variables(lane) for lane in lanes]

    def since(self, number: int) -> list[Step]:
        """The steps after this one, as far as they are kept."""
        count = min(len(self.steps), self._count - number)
        return [self.steps[index] for index in range(len(self.steps) - count, len(self.steps))] if count > 0 else []

    # ---- steps --------------------------------------------------------------------------------------------------

    def _take(self, source: int, event: Event) -> Iterator[Step]:
        match event:
            case events.CommandRun(at, command, took):
                yield self._step(at, Stage.RUN, command, "server process starts", took=took)
            case events.BootBegan(at, generation):
                self._boots[source] = _Boot(at, generation)
            case events.Reached(at, stage, details):
                yield from self._reached(source, at, stage, details)
            case events.Listening(at, address):
                yield from self._listen(at, address)
            case events.Received():
                yield self._receive(source, event)
            case events.Processed(at, number, view, status):
                yield from self._process(source, at, number, view, status)
            case events.Sent():
                yield from self._send(source, event)
            case events.Cut(at, number, why):
                yield from self._cut(source, at, number, why)
            case events.Skipped(_, count):
                self.skipped += count
            case events.Edited(generation=generation):
                self.generation = generation
                self._reload = event
            case events.Answering(at, generation):
                yield from self._answer(at, generation)
            case events.BootFailed(at, generation, title):
                yield from self._fail(at, generation, title)
            case events.ProcessEnded(at, how):
                self._boots.pop(source, None)
                for number in [number for owner, number in self._open if owner == source]:
                    yield from self._cut(source, at, number, how)
            case events.Stopped(at, cause):
                self.server_status = STOPPED
                self._reload = None
                yield self._step(at, Stage.STOP, cause, "server stopped")

    def _reached(self, source: int, at: int, stage: str, details: str) -> Iterator[Step]:
        boot = self._boots.get(source)
        if boot is None or stage not in _BOOT_STAGES:
            return
        boot.stage = _BOOT_STAGES[stage]
        took, boot.since, self._loaded = at - boot.since, at, at
        yield self._step(at, boot.stage, details, _RESULTS[stage], took=took, generation=boot.generation)
        boot.stage = Stage.ROUTING if boot.stage is Stage.SETTINGS else Stage.LISTEN

    def _listen(self, at: int, address: str) -> Iterator[Step]:
        self._begin_to_answer(at)
        yield self._step(at, Stage.LISTEN, address, "ready to accept requests", took=at - self._loaded)
        yield self._step(at, Stage.WAIT, "idle", "no requests yet")

    def _begin_to_answer(self, at: int) -> None:
        self.server_status = RUNNING
        self._has_answered = True
        self._idle_since = at

    def _answer(self, at: int, generation: int) -> Iterator[Step]:
        reload = self._reload
        if reload is not None and reload.generation == generation:
            self._reload = None
            result = f"generation {generation} answers"
            yield self._step(at, Stage.RELOAD, f"{reload.place}: {reload.way}", result, took=at - reload.at)

    def _fail(self, at: int, generation: int, title: str) -> Iterator[Step]:
        if generation != self.generation:
            return
        boot = next((boot for boot in self._boots.values() if boot.generation == generation), None)
        stage, took = (Stage.RELOAD, None) if boot is None else (boot.stage, at - boot.since)
        if boot is None and self._reload is not None:
            took = at - self._reload.at
        self._reload, self._loaded = None, at
        yield self._step(at, stage, title, "failed: an error page is answered", took=took, is_error=True)

    # ---- requests -----------------------------------------------------------------------------------------------

    def _receive(self, source: int, event: events.Received) -> Step:
        lane = self._free_lane()
        self.request_count += 1
        number = self.request_count
        request = Request(
            number, lane, self.generation, event.request, event.method, event.target, event.at, port=event.port
        )
        if not self._open:
            self.took[Stage.WAIT] = event.at - self._idle_since
        self._open[source, event.request] = number
        self._keep(request)
        self._lanes[lane] = request
        self._sent[lane] = False
        took = None if event.took < 0 else event.took
        return self._request_step(event.at, Stage.RECEIVE, request, request.name, "request received", took=took)

    def _process(self, source: int, at: int, number: int, view: str, status: int) -> Iterator[Step]:
        request = self._find(source, number)
        if request is None or request.processed:
            return
        request = msgspec.structs.replace(request, processed=at, view=view, status=status)
        self._update(request)
        took, details = at - request.received, view or "answered before a view was called"
        if status >= 500:
            result = f"the view failed: status {status}"
        else:
            result = "view returned a response" if view else "a response was returned"
        yield self._request_step(at, Stage.PROCESS, request, details, result, took=took, is_error=status >= 500)

    def _send(self, source: int, event: events.Sent) -> Iterator[Step]:
        request = self._find(source, event.request)
        if request is None:
            return
        if not request.processed:  # the application raised: the server itself made the response
            yield from self._process(source, event.at, event.request, "the application", event.status)
            request = self.requests.get(request.number, request)
        request = msgspec.structs.replace(request, sent=event.at, status=event.status, length=event.length)
        self._close(source, event.request, request, is_sent=True)
        took, details = event.at - request.processed, f"{event.status}, {event.length} bytes"
        yield self._request_step(event.at, Stage.SEND, request, details, "response sent", took=took)
        yield from self._wait(event.at, request)

    def _cut(self, source: int, at: int, number: int, why: str) -> Iterator[Step]:
        request = self._find(source, number)
        if request is None:
            return
        request = msgspec.structs.replace(request, sent=at, failure=why)
        self._close(source, number, request, is_sent=False)
        took = at - (request.processed or request.received)
        yield self._request_step(at, Stage.SEND, request, request.name, why, took=took, is_error=True)
        yield from self._wait(at, request)

    def _wait(self, at: int, request: Request) -> Iterator[Step]:
        """The row that follows the last response: as long as others are being answered, nobody waits."""
        if self._open:
            return
        self._idle_since = at
        action, details, result = "Wait for next request", "idle again", "ready for more"
        yield self._step(at, Stage.WAIT, details, result, action=action, lane=request.lane)

    def _free_lane(self) -> int:
        if None in self._lanes:
            return self._lanes.index(None)
        self._lanes.append(None)
        self._sent.append(False)
        return len(self._lanes) - 1

    def _find(self, source: int, number: int) -> Request | None:
        return self.requests.get(self._open.get((source, number), 0))

    def _keep(self, request: Request) -> None:
        self.requests[request.number] = request
        if len(self.requests) > MOST_REQUESTS:
            in_progress = set(self._open.values())
            oldest = next(number for number in self.requests if number not in in_progress)
            del self.requests[oldest]

    def _update(self, request: Request) -> None:
        self.requests[request.number] = request
        self._lanes[request.lane] = request

    def _close(self, source: int, number: int, request: Request, *, is_sent: bool) -> None:
        del self._open[source, number]
        self.requests[request.number] = request
        self._lanes[request.lane] = None
        self._sent[request.lane] = is_sent
        self._was_sent = is_sent
        while len(self._lanes) > 1 and self._lanes[-1] is None:
            self._lanes.pop()
            self._sent.pop()

    # ---- rows ---------------------------------------------------------------------------------------------------

    def _request_step(
        self,
        at: int,
        stage: Stage,
        request: Request,
        details: str,
        result: str,
        *,
        took: int | None = None,
        is_error: bool = False,
    ) -> Step:
        is_open = not request.is_over
        variables = Variables(
            self.server_status, request.name if is_open else None, not is_open and not request.failure
        )
        self._count += 1
        return Step(
            self._count,
            at,
            took,
            stage,
            ACTIONS[stage],
            details,
            result,
            variables,
            request.lane,
            request.number,
            request.generation,
            is_error,
        )

    def _step(
        self,
        at: int,
        stage: Stage,
        details: str,
        result: str,
        *,
        action: str = "",
        took: int | None = None,
        lane: int = 0,
        generation: int = 0,
        is_error: bool = False,
    ) -> Step:
        self._count += 1
        return Step(
            self._count,
            at,
            took,
            stage,
            action or ACTIONS[stage],
            details,
            result,
            self._variables(lane),
            lane,
            generation=generation or self.generation,
            is_error=is_error,
        )

    def _variables(self, lane: int) -> Variables:
        request = self._lanes[lane] if lane < len(self._lanes) else None
        if request is not None:
            return Variables(self.server_status, request.name, False)
        was_sent = self._sent[lane] if lane < len(self._lanes) and self._open else self._was_sent
        return Variables(self.server_status, None, was_sent)
