"""The dashboard's views of a real Django project, asked by hand: what they show is what has happened."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import afresh
from afresh.testing.client import Answer
from afresh.testing.server import started_server

from .served import APPLICATION, Served
from .test_dashboard import Dashboard

EXAMPLE = Path(__file__).parents[2] / "example"
MANAGE = (sys.executable, "manage.py")
ENVIRON = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(afresh.__file__).parent.parent), "LANG": "C.UTF-8"}
SECRET = "the-secret-that-must-not-travel"


class Shop(Dashboard):
    """The example, served, and its dashboard."""

    def act(self, name: str, value: Any = None) -> Any:
        answer = self.post(f"/actions/{name}", json.dumps(value).encode(), "application/json")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    def post(self, path: str, body: bytes, content_type: str) -> Answer:
        headers = {
            "Host": self.host,
            "Cookie": self.cookie,
            "Origin": f"http://{self.host}",
            "Accept": "application/json" if "json" in content_type else "text/html",
            "Content-Type": content_type,
        }
        return self.project.server.get(path, method="POST", headers=headers, body=body)

    def text(self, path: str) -> str:
        """A page as a reader has it."""
        answer = self.ask(path)
        assert answer.status == 200, answer.text
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])).split())

    def follow(self, topics: str) -> "Stream":
        return Stream(self, topics)


class Stream:
    """The stream of news, from the beginning."""

    def __init__(self, shop: Shop, topics: str) -> None:
        self._socket = socket.create_connection(shop.project.server.address, timeout=30)
        head = f"GET /stream?topics={topics} HTTP/1.1\r\nHost: {shop.host}\r\nCookie: {shop.cookie}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._lines = self._socket.makefile("rb")
        self._rest: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        topic = ""
        for line in self._lines:
            if line.startswith(b"event: "):
                topic = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                yield topic, json.loads(line[6:])

    def steps(self, until: str) -> list[dict[str, Any]]:
        """The steps from where the last call ended up to one of that stage."""
        batches = iter(self)
        while True:
            for index, step in enumerate(self._rest):
                if step["stage"] == until:
                    found, self._rest = self._rest[: index + 1], self._rest[index + 1 :]
                    return found
            self._rest += next(batches)[1]["steps"]

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("example") / "site"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("db.sqlite3*", "__pycache__", "media"))
    settings = root / "kitchen" / "settings.py"
    settings.write_text(re.sub(r'(?m)^SECRET_KEY = ".*"', f'SECRET_KEY = "{SECRET}"', settings.read_text()))
    assert SECRET in settings.read_text()
    subprocess.run((*MANAGE, "migrate", "-v0"), cwd=root, check=True, env=ENVIRON)
    return root


@pytest.fixture
def shop(project: Path) -> Iterator[Shop]:
    with opened(project) as shop:
        yield shop


@pytest.fixture(scope="module")
def shared(project: Path) -> Iterator[Shop]:
    """For tests that change nothing."""
    with opened(project) as shop:
        yield shop


@contextmanager
def opened(project: Path) -> Iterator[Shop]:
    with started_server((*MANAGE, "runserver", "0"), cwd=project, env={**ENVIRON, "PYTHONUNBUFFERED": "1"}) as server:
        yield Shop(Served(project, server))


def test_one_start_one_request_and_one_ctrl_c_are_the_ten_rows(shop: Shop) -> None:
    stream = shop.follow("steps")
    assert shop.project.ask("/").status == 200
    steps = stream.steps(until="send")
    shop.project.running.interrupt()
    steps += stream.steps(until="stop")
    port = shop.project.server.port
    rows = [(step["number"], step["action"], step["details"], step["result"], *step["variables"]) for step in steps]
    length = re.fullmatch(r"200, (\d+) bytes", rows[7][2])
    assert length is not None
    patterns = re.fullmatch(r"kitchen\.urls, \d+ URL patterns, \d+ middleware", rows[2][2])
    assert patterns is not None
    command = f"{Path(sys.executable).name} manage.py runserver 0"
    assert rows == [
        (1, "Run command", command, "server process starts", "Not running", "None", "No"),
        (2, "Load settings", "kitchen.settings, 8 apps", "settings loaded", "Not running", "None", "No"),
        (3, "Set up routing", patterns[0], "routing ready", "Not running", "None", "No"),
        (4, "Start listening", f"127.0.0.1:{port}", "ready to accept requests", "Running", "None", "No"),
        (5, "Wait for request", "idle", "no requests yet", "Running", "None", "No"),
        (6, "Receive request", "GET /", "request received", "Running", "GET /", "No"),
        (7, "Process request", "recipes.views.recipe_list", "view returned a response", "Running", "GET /", "No"),
        (8, "Send response", length[0], "response sent", "Running", "None", "Yes"),
        (9, "Wait for next request", "idle again", "ready for more", "Running", "None", "Yes"),
        (10, "Stop server", "Ctrl+C", "server stopped", "Stopped", "None", "Yes"),
    ]
    times = [step["at"] for step in steps]
    assert times == sorted(times)
    stream.close()
    assert shop.project.server.wait_stopped() == 0


def test_each_stage_has_the_time_that_it_took_itself(shop: Shop) -> None:
    stream = shop.follow("steps")
    with socket.create_connection(shop.project.server.address) as client:
        began = time.monotonic()
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert shop.project.ask("/pantry/").status == 200  # what was sent before has been read
        is_read = time.monotonic()
        assert shop.project.ask("/pantry/").status == 200
        gap = 1000 * (time.monotonic() - is_read)
        client.sendall(b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n")
        while client.recv(1 << 16):
            pass
        sent = 1000 * (time.monotonic() - began)
    steps = [step for _ in range(3) for step in stream.steps(until="send")]
    stream.close()
    took = {step["action"]: step["took"] for step in steps}
    start = ("Run command", "Load settings", "Set up routing", "Start listening")
    assert all(took[action] > 0 for action in start)
    whole = steps[3]["at"] - steps[0]["at"]
    assert sum(took[action] for action in start) <= whole + 20  # a process begins with a tick of the system
    assert gap <= took["Receive request"] <= sent


def test_two_requests_at_a_time_are_two_lanes(shop: Shop) -> None:
    stream = shop.follow("steps")
    with socket.create_connection(shop.project.server.address) as slow:
        slow.sendall(b"GET /test-kitchen/slow/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stream.steps(until="receive")
        assert shop.project.ask("/").status == 200
        quick = stream.steps(until="send")
        assert {step["lane"] for step in quick} == {1}
        assert slow.recv(9) == b"HTTP/1.1 "
        assert stream.steps(until="wait")[-1]["variables"] == ["Running", "None", "Yes"]
    stream.close()


def test_a_server_that_is_killed_leaves_no_request_open(shop: Shop) -> None:
    stream = shop.follow("steps")
    with socket.create_connection(shop.project.server.address) as slow:
        slow.sendall(b"GET /test-kitchen/slow/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        (step, *_) = [step for step in stream.steps(until="receive") if step["stage"] == "receive"]
        (process,) = [one for one in shop.act("processes") if one["stage"] == "serving"]
        subprocess.run(("kill", "-KILL", str(process["pid"])), check=True)
        cut = stream.steps(until="send")[-1]
        assert (cut["request"], cut["is_error"]) == (step["request"], True)
        assert "signal 9" in cut["result"]
    stream.close()


def test_a_reload_says_what_changed_how_and_where_the_time_went(shop: Shop) -> None:
    stream = shop.follow("generation")
    # The text before an edit is kept when nothing else is to be done.
    views = shop.project.root / "recipes" / "pictures.py"
    text = views.read_text()
    try:
        views.write_text(text + "\n\nMARKER = 'seen in the dashboard'\n")
        assert shop.project.ask("/").status == 200
        reports = (report for _, report in stream if report["number"] > 1 and report.get("outcome"))
        report = next(reports)
        assert report["outcome"] == "answers"
        assert [change["name"] for change in report["changed"]] == ["recipes/pictures.py"]
        shop.project.running.wait_idle()  # the checkpoints are left once nobody waits
        page = shop.text("/reloads")
        assert "Generation 2" in page
        assert "deciding what the edit asks for" in page
        assert "ready checkpoint" in page
        assert re.search(r"\d+\.\d MB", page)
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in shop.ask("/reloads").text.split("<tr")]
        costs = [row[3] for row in rows if row and row[0] == "checkpoint"]
        assert costs
        assert all(re.fullmatch(r"[\d.]+ m?s", cost) for cost in costs), costs
        told = shop.text("/reloads/2")
        assert "recipes/pictures.py" in told
        assert "Why not faster" in told
        functions = shop.project.root / "recipes" / "views.py"
        body = functions.read_text()
        functions.write_text(body.replace("    recipes =", "    recipes = request and", 1))
        try:
            assert body != functions.read_text()
            assert shop.project.ask("/").status == 200
            report = next(reports)
            assert report["way"] == "patch"
            assert "Why so fast: only the body of" in shop.text(f"/reloads/{report['number']}")
        finally:
            functions.write_text(body)
    finally:
        views.write_text(text)
        stream.close()


def test_the_difference_of_an_edit_is_shown(shop: Shop) -> None:
    file = shop.project.root / "recipes" / "amounts.py"
    text = file.read_text()
    try:
        for number in (1, 2):
            file.write_text(text + f"\n\nMARKER = {number}\n")
            assert shop.project.ask("/").status == 200
        page = shop.ask("/reloads/3").text
        assert '<span class="removed">-MARKER = 1' in page
        assert '<span class="added">+MARKER = 2' in page
    finally:
        file.write_text(text)


def test_routes_say_what_matches_and_why_the_others_do_not(shared: Shop) -> None:
    page = shared.text("/routes?path=/recipes/new/")
    assert "calls recipes.views.recipe_edit(request)" in page
    assert "'recipes/new/' does not begin with 'admin/'" in page
    assert "recipes:detail" in page
    assert "slug: slug" in page
    assert "django.middleware.csrf.CsrfViewMiddleware" in page
    missing = shared.text("/routes?path=/recipes/new")
    assert "matches no pattern" in missing
    assert "APPEND_SLASH" in missing
    hostile = shared.ask("/routes?path=/%3Cscript%3E").text
    assert "<script>" not in hostile.partition("<main")[2]


def test_settings_say_where_they_were_set_and_keep_secrets(shared: Shop) -> None:
    told = json.dumps(shared.act("inquire", {"topic": "settings"}))
    assert SECRET not in told
    page = shared.text("/settings")
    assert re.search(r"SECRET_KEY '?\*{8,}'? .*?kitchen/settings.py:\d+", page)
    assert re.search(r"ROOT_URLCONF 'kitchen.urls' .*?kitchen/settings.py", page)
    assert SECRET not in page


@pytest.mark.skipif(sys.version_info < (3, 12), reason="older Pythons do not tell when modules run")
def test_start_up_says_who_imported_whom(shared: Shop) -> None:
    page = shared.text("/startup")
    assert "recipes.views" in page
    assert re.search(r"\d+ modules and what ran before them took", page)
    assert "before Afresh: interpreter, Django, settings" in page
    told = shared.act("inquire", {"topic": "modules"})
    began = {told["names"].get(file, file): began for file, began, _, _ in told["modules"]}
    assert began["recipes.models"] < began["recipes.views"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="older Pythons do not tell when modules run")
def test_start_up_accounts_for_the_time_from_the_start_of_the_process(shop: Shop) -> None:
    stream = shop.follow("steps")
    shop.project.ask("/")
    steps = stream.steps(until="receive")
    stream.close()
    by_action = {step["action"]: step for step in steps}
    ran = by_action["Run command"]["at"]
    told = shop.act("inquire", {"topic": "modules"})
    page = shop.ask("/startup").text
    first = min(began for _, began, _, _ in told["modules"]) / 1e6
    shown = re.search(r"before Afresh: interpreter, Django, settings: ([\d.]+) (m?s)", unescape(page))
    assert shown is not None
    took = float(shown[1]) * (1000 if shown[2] == "s" else 1)
    offset = time.time() * 1000 - time.monotonic() * 1000
    assert took == pytest.approx(first + offset - ran, abs=20)
    assert took > by_action["Run command"]["took"]
    # A start from the beginning has an interpreter of its own, which loads Django and the settings under Afresh's eyes.
    shop.act("reload")
    shop.project.ask("/")
    stream = shop.follow("generation")
    for _, report in stream:
        if report["number"] == 2 and report.get("outcome"):
            break
    stream.close()
    page = shop.text("/startup")
    assert "before the first module: interpreter, Afresh" in page
    assert "before Afresh" not in page


def test_migrate_is_run_on_demand_and_told_line_by_line(shared: Shop) -> None:
    assert "migrations are applied" in shared.text("/checks")
    stream = shared.follow("migrate")
    assert shared.ask("/actions/migrate").status == 405
    shared.act("migrate")
    told = []
    for _, said in stream:
        told.append(said)
        if "status" in said:
            break
    assert told[0] == {"command": "manage.py migrate --no-input --no-color"}
    assert {"text": "  No migrations to apply."} in told
    assert told[-1] == {"status": 0}
    assert "No migrations to apply." in shared.text("/checks")
    stream.close()


def test_the_tour_sends_a_real_request_and_reads_its_answers_from_it(shared: Shop) -> None:
    sent = shared.post("/learn/visit", b"path=/pantry/", "application/x-www-form-urlencoded")
    assert sent.status == 303
    location = sent.header("Location") or ""
    assert re.fullmatch(r"/learn\?request=\d+", location)
    page = shared.text(location)
    assert "GET /pantry/" in page
    assert "recipes.views.pantry" in page
    assert "the loopback address" in page
    right = shared.text(location + "&next=Wait+for+next+request&current=None")
    assert "Right. Look at step" in right
    assert "No: it was “GET /pantry/”" in right
    assert "recipes.views.pantry" in shared.ask(location.replace("/learn", "/learn/transcript")).text
    assert "recipes.views.pantry" in shared.text(location.replace("/learn", "/learn/snapshot"))


def test_the_tour_is_of_its_own_request_among_those_of_others(shared: Shop) -> None:
    is_over = threading.Event()

    def load() -> None:
        while not is_over.is_set():
            shared.project.ask("/pantry/?of=another")
            is_over.wait(0.02)  # as many as are recorded

    others = [threading.Thread(target=load) for _ in range(4)]
    for thread in others:
        thread.start()
    try:
        for _ in range(5):
            sent = shared.post("/learn/visit", b"path=/pantry/", "application/x-www-form-urlencoded")
            location = sent.header("Location") or ""
            assert "GET /pantry/, step by step" in shared.text(location)
    finally:
        is_over.set()
        for thread in others:
            thread.join()


def test_a_tour_of_a_request_that_is_not_recorded_shows_no_other(shared: Shop) -> None:
    shared.project.ask("/pantry/")
    sent = shared.post("/learn/visit", b"path=/__afresh__/live.js", "application/x-www-form-urlencoded")
    page = shared.text(sent.header("Location") or "")
    assert "answered and not recorded" in page
    assert "step by step" not in page


def test_a_request_is_found_by_its_number_and_by_what_its_process_calls_it(shared: Shop) -> None:
    stream = shared.follow("steps")
    shared.project.ask("/nothing-here")
    for _, batch in stream:
        asked = [request for request in batch["requests"] if request["target"] == "/nothing-here"]
        done = [request for request in asked if request["sent"]]
        if done:
            break
    stream.close()
    page = shared.text(f"/requests/{done[0]['number']}")
    assert "404" in page
    assert shared.text(f"/requests/{batch['pid']}.{done[0]['own_number']}") == page
    assert shared.ask("/requests/999999").status == 404


def test_what_is_asked_while_nothing_answers_is_declined(shop: Shop) -> None:
    settings = shop.project.root / "kitchen" / "settings.py"
    text = settings.read_text()
    try:
        settings.write_text("broken(")
        assert shop.project.ask("/").status == 500
        for path in ("/routes", "/settings", "/startup", "/checks"):
            assert "does not answer at the moment" in shop.text(path)
        assert "failed" in shop.text("/reloads")
    finally:
        settings.write_text(text)


def test_migrate_ends_with_the_server(shop: Shop) -> None:
    migration = shop.project.root / "recipes" / "migrations" / "0002_slow.py"
    migration.write_text(
        "import time\nfrom django.db import migrations\n\n"
        "def wait(apps, schema_editor):\n    print('waiting', flush=True)\n    time.sleep(600)\n\n"
        "class Migration(migrations.Migration):\n"
        "    dependencies = [('recipes', '0001_initial')]\n    operations = [migrations.RunPython(wait)]\n"
    )
    try:
        stream = shop.follow("migrate")
        shop.act("migrate")
        for _, said in stream:
            if said.get("text", "").endswith("waiting"):
                break
        shop.project.running.signal(signal.SIGINT)
        stream.close()
        assert shop.project.server.wait_stopped() == 0
    finally:
        migration.unlink()


# ---- whose files ------------------------------------------------------------------------------------------------


def opens(shop: Shop, file: Path) -> bool:
    """Whether the editor is started for it."""
    body = json.dumps({"file": str(file), "line": 1}).encode()
    told = json.loads(shop.post("/actions/open-editor", body, "application/json").text)
    assert "opened" in told or "Only files of the project" in told["error"], told
    return "opened" in told


@pytest.mark.parametrize("door", ["afresh", "wsgi"])
def test_only_files_of_the_project_are_opened_wherever_it_was_started_from(tmp_path: Path, door: str) -> None:
    """With `wsgi`, from `/`: nothing is known but what was loaded."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "notes.py").write_text("")
    environ = ENVIRON | {"AFRESH_EDITOR": "/bin/true"}
    if door == "afresh":
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3"))
        loaded, cwd, words = project / "recipes/views.py", elsewhere, (str(project / "manage.py"), "0")
    else:
        project.mkdir()
        (project / "application.py").write_text(APPLICATION.format(modules="os", answer="'one'"))
        environ["PYTHONPATH"] += f":{project}"
        loaded, cwd, words = project / "application.py", Path("/"), ("application:app", "0")
    with started_server((sys.executable, "-m", "afresh", *words), cwd=cwd, env=environ) as server:
        server.get("/")
        shop = Shop(Served(project, server))
        assert opens(shop, loaded)
        assert not opens(shop, elsewhere / "notes.py")
        assert not opens(shop, Path("/etc/passwd"))
        assert server.stop() == 0
