"""Database connections under load, with CONN_MAX_AGE: bounded, reused, and closed with the threads that opened them."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

SCRIPT = """
import json, queue, socket, sys, threading
from django.conf import settings
settings.configure(
    DEBUG=True, SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1], "CONN_MAX_AGE": 600}},
)
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection, connections
from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpResponse
from django.urls import path
from afresh.serve.config import Config
from afresh.serve.hosts import HostPolicy
from afresh.serve.server import Server
from afresh.watch.gate import OpenGate

lock = threading.Lock()
opened = closed = most = 0
entered, go_on, ended = threading.Semaphore(0), threading.Event(), queue.Queue()

def created(**_):
    global opened, most
    with lock:
        opened += 1
        most = max(most, opened - closed)
connection_created.connect(created)

close = DatabaseWrapper._close
def counted(self):
    global closed
    if self.connection is not None:
        with lock:
            closed += 1
    close(self)
DatabaseWrapper._close = counted

ALLOWED = 7  # a server of databases that allows no more
get_new_connection = DatabaseWrapper.get_new_connection
def limited(self, parameters):
    if sys.argv[2] == "bounded" and opened - closed >= ALLOWED:
        raise OperationalError("too many clients already")
    return get_new_connection(self, parameters)
DatabaseWrapper.get_new_connection = limited

def view(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if request.path == "/wait/":
        entered.release()
        assert go_on.wait(20)
    return HttpResponse("done")
urlpatterns = [path("", view), path("wait/", view)]

def on_thread_end():
    connections.close_all()
    ended.put(None)

BURST, THREADS = 30, sys.argv[2] != "nothreading"
MOST = 512 if sys.argv[2] != "bounded" else ALLOWED - 2  # one leads, one stands by
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
address = listener.getsockname()
server = Server(
    get_wsgi_application(),
    config=Config(threads=THREADS, most_threads=MOST, takeover_after=60 if not THREADS else 0.005),
    gate=OpenGate(), hand_over=lambda parcels: None, log=lambda entry: None, hosts=HostPolicy(["*"]),
    on_thread_end=on_thread_end,
)
server.listen(listener)
server.start()

def ask(client, path):
    client.sendall(f"GET {path} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n".encode())
def answered(client):
    received = b""
    while not received.endswith(b"done\\r\\n0\\r\\n\\r\\n"):
        received += (more := client.recv(65536))
        assert more, received
def connect():
    return socket.create_connection(address, timeout=20)

for _ in range(100):
    with connect() as client:
        ask(client, "/")
        answered(client)
found = {"in turn": opened - closed}
if THREADS:
    clients = [connect() for _ in range(BURST)]
    for client in clients:
        ask(client, "/wait/")
    for _ in clients[:MOST]:
        assert entered.acquire(timeout=20)
    go_on.set()
    for client in clients:
        answered(client)
    # One leads, one stands by, eight rest.
    for _ in range(min(BURST, MOST) - 8 - 1):
        ended.get(timeout=20)
found["most"] = most
for _ in range(100):
    with connect() as client:
        ask(client, "/")
        answered(client)
found["afterwards"] = opened - closed
found["opened"] = opened
server.stop()
assert server.join(20)
while server._leader.crew.size:
    ended.get(timeout=20)
found["at the end"] = opened - closed
print(json.dumps(found))
"""


def run(tmp_path: Path, mode: str) -> dict[str, Any]:
    script = tmp_path / "served.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(tmp_path / "db.sqlite3"), mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_connections_are_bounded_reused_and_closed_with_their_threads(tmp_path: Path) -> None:
    found = run(tmp_path, "threads")
    # Requests one after the other, each on a connection of its own, need few threads and so few database connections.
    assert found["in turn"] <= 10
    # At most one for each thread: those of the burst, the eight that rest, the one that leads, the one that stands by.
    assert 30 <= found["most"] <= 30 + 10
    assert found["afterwards"] <= 10
    assert found["opened"] <= 30 + 20
    assert found["at the end"] == 0


def test_more_requests_than_connections_are_allowed_wait_for_one(tmp_path: Path) -> None:
    found = run(tmp_path, "bounded")  # which asserts that each of them was answered by the view
    assert 5 <= found["most"] <= 7


def test_without_threads_there_is_one(tmp_path: Path) -> None:
    found = run(tmp_path, "nothreading")
    assert (found["in turn"], found["most"], found["opened"]) == (1, 1, 1)
    assert found["at the end"] == 0
