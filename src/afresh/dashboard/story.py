"""From the events that the keeper passes on to what pages show: each batch becomes the steps it makes, and where the
server stands after them.

Done here and not in the keeper, where connections would wait for it.
"""

import time
from typing import Any

import msgspec

from afresh.channel.messages import News
from afresh.record.events import read
from afresh.record.recording import Recording
from afresh.record.steps import Request, Stage, Step, Variables

MILLISECOND = 1_000_000


class Batch(msgspec.Struct, frozen=True):
    """What the keeper publishes as "events". `before`: how many requests there had been."""

    source: int
    pid: int
    before: int
    rows: list[tuple[str | int, ...]]


class Story:
    """Translates news. One thread at a time."""

    def __init__(self) -> None:
        self._recording = Recording()
        # To the time of day, by which people find their way.
        self._offset = time.time_ns() - time.monotonic_ns()

    def __repr__(self) -> str:
        return f"<Story {self._recording!r}>"

    def translate(self, news: News) -> News:
        """Events as "steps", under their number; whatever else it is as it came."""
        if news.topic != "events":
            return news
        batch = msgspec.json.decode(news.data, type=Batch)
        recording = self._recording
        recording.request_count = max(recording.request_count, batch.before)
        steps: list[Step] = []
        for row in batch.rows:
            try:
                steps += recording.add(batch.source, read(row))
            except msgspec.ValidationError:
                continue  # an application process is the project's own: what it tells may be anything
        touched = {step.request for step in steps if step.request}
        requests = [self._request(recording.requests[number]) for number in touched if number in recording.requests]
        data = {"steps": list(map(self._step, steps)), "requests": requests, "now": self._now(), "pid": batch.pid}
        return News(news.number, "steps", msgspec.json.encode(data))

    def _now(self) -> dict[str, Any]:
        recording = self._recording
        return {
            "active": [stage.value for stage in recording.active()],
            "took": {stage.value: _milliseconds(took) for stage, took in recording.took.items()},
            "errors": {
                stage.value: step.details for stage, step in recording.last.items() if self._stands(stage, step)
            },
            "lanes": [
                {"variables": _variables(variables), "request": request}
                for variables, request in zip(recording.trackers(), self._lanes(), strict=True)
            ],
            "in_progress": len(recording.in_progress()),
            "server_status": recording.server_status,
            "generation": recording.generation,
            "skipped": recording.skipped,
        }

    def _stands(self, stage: Stage, step: Step) -> bool:
        """An error is shown where it happened until the same stage has gone well, or other code answers."""
        reload = self._recording.last.get(Stage.RELOAD)
        return step.is_error and (reload is None or reload.number <= step.number)

    def _lanes(self) -> list[dict[str, Any] | None]:
        lanes: list[dict[str, Any] | None] = [None] * len(self._recording.trackers())
        for request in self._recording.in_progress():
            lanes[request.lane] = self._request(request)
        return lanes

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "number": step.number,
            "at": self._clock(step.at),
            "took": _milliseconds(step.took),
            "stage": step.stage.value,
            "action": step.action,
            "details": step.details,
            "result": step.result,
            "lane": step.lane,
            "request": step.request,
            "generation": step.generation,
            "is_error": step.is_error,
            "variables": _variables(step.variables),
        }

    def _request(self, request: Request) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(request)
        for name in ("received", "processed", "sent"):
            told[name] = self._clock(told[name]) if told[name] else 0
        return told | {"name": request.name}

    def _clock(self, at: int) -> float:
        """Milliseconds since 1970, as scripts of pages have them."""
        return (at + self._offset) / MILLISECOND


def _milliseconds(took: int | None) -> float | None:
    return None if took is None else took / MILLISECOND


def _variables(variables: Variables) -> list[str]:
    """In the words of the table."""
    current = variables.current_request
    return [variables.server_status, "None" if current is None else current, "Yes" if variables.response_sent else "No"]
