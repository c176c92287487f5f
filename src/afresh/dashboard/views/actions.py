"""What a page may have done: the names are those of `afresh.keeper.actions`, and the keeper decides."""

from http import HTTPStatus

import msgspec

from afresh.dashboard.asking import Declined
from afresh.dashboard.http import JSON, Request, Response, json, redirect, text


def perform(request: Request) -> Response:
    """Ask the keeper; the answer as JSON, or back to the page `next` of a form that was sent without a script."""
    try:
        value = msgspec.json.decode(request.body) if request.wants_json and request.body else request.form
        answer = request.keeper.ask(request.parameters["name"], value)
    except msgspec.DecodeError:
        return text("The body is not JSON.", HTTPStatus.BAD_REQUEST)
    except Declined as exc:
        if request.wants_json:
            return json({"error": str(exc)}, HTTPStatus.CONFLICT)
        return text(str(exc), HTTPStatus.CONFLICT)
    if request.wants_json:
        return Response([answer], JSON)
    return redirect(request.form.get("next", "/"))
