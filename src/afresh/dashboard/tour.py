"""The tour for newcomers: everything it says is read from the recording. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec

from afresh.dashboard import parts

Steps = Sequence[dict[str, Any]]


class Moment(msgspec.Struct, frozen=True):
    """Something worth stopping at. `step`: the number of the row that shows it, 0 where there is none yet."""

    title: str
    text: str
    step: int


class Quiz(msgspec.Struct, frozen=True):
    """A question whose right answer the recording holds. `evidence`: the number of the row to look at."""

    name: str
    question: str
    options: tuple[str, ...]
    right: str
    evidence: int


def story(steps: Steps, number: int) -> list[dict[str, Any]]:
    """The rows of the start, of request `number`, of the waiting after it, and of the end if it came."""
    first = [step for step in steps if step["stage"] in ("run", "settings", "routing", "listen")][:4]
    listening = first[-1]["number"] if first else 0
    told = [*first, *(step for step in steps if step["number"] == listening + 1 and step["stage"] == "wait")]
    own = [step for step in steps if step["request"] == number]
    after = next(
        (step for step in steps if own and step["stage"] == "wait" and step["number"] > own[-1]["number"]), None
    )
    stop = [step for step in steps if step["stage"] == "stop"]
    return [*told, *own, *([after] if after else []), *stop]


def moments(told: Steps, state: dict[str, Any], answered: int) -> list[Moment]:
    """Why it waits on, what Ctrl+C does, whom it serves."""
    found = []
    sent = _last(told, "send")
    wait = next((step for step in told if sent and step["stage"] == "wait" and step["number"] > sent["number"]), None)
    if sent and wait:
        found.append(
            Moment(
                "It waits on after the response",
                f"The response was sent in step {sent['number']}, and in step {wait['number']} the server waits again: "
                f"server_status is still {wait['variables'][0]}, current_request is {wait['variables'][1]}. A "
                "server is a "
                f"loop, not a program that runs once: this one has answered {answered} "
                f"{'request' if answered == 1 else 'requests'} so far, each with the code that is loaded.",
                wait["number"],
            )
        )
    stop = _last(told, "stop")
    if stop:
        text = f"In step {stop['number']} it was stopped by {stop['details']}: server_status is {stop['variables'][0]}."
    else:
        text = (
            f"Nothing has ended it yet: server_status is {told[-1]['variables'][0] if told else 'not known'}. "
            "Ctrl+C in its "
            "terminal sends it the signal SIGINT. It finishes what it answers, closes its port and ends; the row “Stop "
            "server” will be the last one here. Closing this page or the browser does not stop it."
        )
    found.append(Moment("What Ctrl+C does", text, stop["number"] if stop else 0))
    listen = _last(told, "listen")
    address = listen["details"] if listen else ""
    host = str(state.get("host", ""))
    found.append(Moment(*_reach(host, address), listen["number"] if listen else 0))
    return found


def _reach(host: str, address: str) -> tuple[str, str]:
    if host.startswith("127.") or host in ("::1", "localhost"):
        return (
            "Why it serves only this computer",
            f"It listens on {address}. {host} is the loopback address: what is sent to it never leaves the "
            "computer, so "
            "nobody else can reach this server, on any network. A development server shows its insides to "
            "whoever asks.",
        )
    if host in ("0.0.0.0", "0", "::", ""):
        return (
            "It serves other computers as well",
            f"It listens on {address}: on every address of this computer. Whoever is in the same network can "
            "reach it, as "
            "far as ALLOWED_HOSTS lets them. Without an address in the command it would serve this computer only.",
        )
    return (
        "Whom it serves",
        f"It listens on {address}, one address of this computer. Who can reach that can reach it.",
    )


def quiz(told: Steps) -> list[Quiz]:
    """Three questions about the very request that was recorded."""
    found = []
    sent, process = _last(told, "send"), _last(told, "process")
    wait = next((step for step in told if sent and step["stage"] == "wait" and step["number"] > sent["number"]), None)
    actions = [step["action"] for step in told]
    if sent and wait:
        found.append(
            Quiz(
                "next",
                f"What did the server do after step {sent['number']}, “{sent['action']}”?",
                _options(wait["action"], [*reversed(actions), "Stop server"]),
                wait["action"],
                wait["number"],
            )
        )
    receive = _last(told, "receive")
    if receive:
        found.append(
            Quiz(
                "current",
                f"What was current_request in step {receive['number']}, “{receive['action']}”?",
                _options(receive["variables"][1], ["None", "Running", "Yes"]),
                receive["variables"][1],
                receive["number"],
            )
        )
    timed = [step for step in told if step["request"] and step["took"] is not None]
    if process and len(timed) > 1:
        longest = max(timed, key=lambda step: step["took"])
        found.append(
            Quiz(
                "longest",
                "Which part of this request took the longest?",
                _options(longest["action"], [step["action"] for step in told if step["request"]]),
                longest["action"],
                longest["number"],
            )
        )
    return found


def _options(right: str, others: Sequence[str]) -> tuple[str, ...]:
    """The right one and at most two others, in an order that does not tell which it is."""
    wrong = [other for other in dict.fromkeys(others) if other != right][:2]
    return tuple(sorted([right, *wrong]))


def _last(steps: Steps, stage: str) -> dict[str, Any] | None:
    return next((step for step in reversed(steps) if step["stage"] == stage), None)


def transcript(told: Steps, found: Sequence[Moment]) -> str:
    """All of it as plain text."""
    lines = ["What the server did", ""]
    for step in told:
        took = f" ({parts.duration(step['took'])})" if step["took"] is not None else ""
        lines.append(f"{step['number']:>3}. {parts.clock(step['at'])}  {step['action']}: {step['details']}")
        lines.append(f"     {step['result']}{took}")
        three = zip(("server_status", "current_request", "response_sent"), step["variables"], strict=True)
        lines.append("     " + ", ".join(f"{name} = {value}" for name, value in three))
    for moment in found:
        lines += ["", moment.title, "", moment.text]
    return "\n".join(lines) + "\n"
