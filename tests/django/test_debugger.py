"""Under `debugpy`: breakpoints in every process that answers, reloads as always, an end in order."""

import importlib.util
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from afresh.testing.client import free_port
from afresh.testing.deadline import PATIENCE
from afresh.testing.edits import edit
from afresh.testing.processes import kill
from afresh.testing.running import started
from afresh.testing.server import ANNOUNCEMENT, Server

from .dap import Client
from .differences import Observation
from .project import VIEWS
from .sides import CHECKED, WARNED, Pair, Site, save

pytestmark = pytest.mark.skipif(importlib.util.find_spec("debugpy") is None, reason="debugpy is not installed")

ABOUT = 2 + VIEWS.splitlines().index("def about(request):")
INDEX = 2 + VIEWS.splitlines().index("def index(request):")


def debugged(port: int, *options: str) -> tuple[str, ...]:
    listening = ("-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{port}", *options)
    return (sys.executable, *listening, "manage.py", "runserver", str(free_port()))


def test_breakpoints_before_and_after_a_save(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        port = free_port()
        client = Client(port, site.root / "app" / "views.py", [INDEX])
        try:
            with site.serve(command=debugged(port, "--wait-for-client")) as server:
                first, first_stop = server.get("/").text, client.stops.get(timeout=PATIENCE)
                save(site, server, "app/views.py", '"one"', '"two"')
                second, second_stop = server.get("/").text, client.stops.get(timeout=PATIENCE)
                status = server.stop()
        finally:
            client.close()
        return {"words": f"{first}, {second}", "stops": f"{first_stop}, {second_stop}", "status": str(status)}

    seen = pair.compare(scenario)
    assert seen == {"words": "the word is one, the word is two", "stops": f"{INDEX}, {INDEX}", "status": "0"}


@pytest.mark.slow
def test_the_signal_for_a_restart_goes_to_the_process_that_the_shell_knows(pair: Pair) -> None:
    with pair.other_site().serve(command=debugged(free_port())) as server:
        server.running.signal(signal.SIGURG)
        server.err.wait_for("^reload 2 · cold · everything · you asked for it")
        assert server.get("/").text == "the word is one"
        assert server.stop() == 0


@pytest.mark.slow
def test_a_request_at_a_breakpoint_outlives_a_reload(pair: Pair) -> None:
    """All threads of its process are stopped with it, so that the process cannot say where it stands."""
    site, port = pair.other_site(), free_port()
    client = Client(port, site.root / "app" / "views.py", [ABOUT])
    client.may_go_on.clear()
    try:
        with (
            site.serve(command=debugged(port, "--wait-for-client"), env={"AFRESH_DRAIN": "0.1"}) as server,
            ThreadPoolExecutor(1) as pool,
        ):
            stopped = pool.submit(server.get, "/about/")
            assert client.stops.get(timeout=PATIENCE) == ABOUT
            save(site, server, "app/views.py", '"one"', '"two"')
            assert server.get("/").text == "the word is two"
            client.may_go_on.set()
            assert stopped.result().text == "about"
            assert server.stop() == 0
    finally:
        client.close()


@pytest.mark.slow
def test_no_request_is_refused_or_stale_while_the_code_reloads(pair: Pair) -> None:
    site = pair.other_site()
    with site.serve(command=debugged(free_port()), told=(WARNED, CHECKED)) as server:
        for word in ("two", "three", "four"):
            _save_under_load(site, server, word)
        assert server.err.text().count("A debugger is attached") == 1
        assert server.stop() == 0


def _save_under_load(site: Site, server: Server, word: str) -> None:
    """One save while requests follow each other; those sent before it may be answered by either code."""
    answers: list[tuple[bool, str]] = []
    is_saved, is_enough = threading.Event(), threading.Event()

    def visit() -> None:
        while not is_enough.is_set():
            after = is_saved.is_set()
            answers.append((after, server.get("/").text))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    views = site.root / "app" / "views.py"
    before = next(line for line in views.read_text().splitlines() if line.startswith("WORD"))
    edit(views, before, f'WORD = "{word}"')
    is_saved.set()
    assert server.get("/").text == f"the word is {word}"
    is_enough.set()
    for visitor in visitors:
        visitor.join(PATIENCE)
    assert {text for after, text in answers if after} <= {f"the word is {word}"}
    assert len(answers) >= len(visitors), "each visitor has been answered"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)], ids=["SIGTERM", "SIGKILL"]
)
def test_the_end_of_the_first_process_is_the_end_of_all(pair: Pair, number: signal.Signals, status: int) -> None:
    with pair.other_site().serve(command=debugged(free_port())) as server:
        server.running.signal(number)
        assert server.wait_stopped() == status


def test_the_end_of_the_keeper_is_the_end_of_all(pair: Pair) -> None:
    with pair.other_site().serve(command=debugged(free_port())) as server:
        (keeper,) = [one for one in server.running.alive() if "afresh.keeper.main" in " ".join(one.command)]
        kill(keeper.pid)
        assert server.wait_stopped() == 128 + signal.SIGKILL


@pytest.mark.slow
def test_a_broken_start_is_shown_and_recovered_from(pair: Pair) -> None:
    site = pair.other_site()
    edit(site.root / "app" / "views.py", 'WORD = "one"', "WORD = broken")
    with started(debugged(free_port()), cwd=site.root, env=site.environment()) as running:
        port = int(running.err.wait_for(ANNOUNCEMENT)["port"])
        server = Server(running, "127.0.0.1", port)
        answer = server.get("/")
        assert answer.status == 500
        assert "broken" in answer.text
        edit(site.root / "app" / "views.py", "WORD = broken", 'WORD = "mended"')
        assert server.get("/").text == "the word is mended"
        assert server.stop() == 0
