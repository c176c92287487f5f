"""Which connections of a start are closed before a fork: in a process of its own, by what it has done."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from afresh.django.idle import close_idle

close_idle()
import django.db
close_idle()
assert "settings" not in vars(django.db.connections), "it has loaded the settings"
from django.conf import settings
file, memory = ({{"ENGINE": "django.db.backends.sqlite3", "NAME": name}} for name in ("file.sqlite3", ":memory:"))
settings.configure(DATABASES={{"default": file, "memory": memory}})
import django
django.setup()
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created

def ask(connection=connection):
    with connection.cursor() as cursor:
        cursor.execute("select 1 union select 2")
        return cursor.fetchall()

def run():
{done}

run()
print(connections["{alias}"].connection is None)
"""

CASES = [
    ("nothing was asked", "close_idle()", "default", True),
    ("asked and answered", "ask(); close_idle()", "default", True),
    ("asked again afterwards", "ask(); close_idle(); assert ask(); assert connection.connection", "default", False),
    ("in a transaction", "with transaction.atomic(): ask(); close_idle(); ask()", "default", False),
    ("after a transaction", "with transaction.atomic(): ask()\n    close_idle()", "default", True),
    ("without autocommit", "ask(); connection.set_autocommit(False); ask(); close_idle()", "default", False),
    (
        "in the middle of the rows",
        "cursor = connection.cursor(); rows = cursor.execute('select 1 union select 2'); next(iter(rows))\n"
        "    close_idle(); assert len(cursor.fetchall()) == 1",
        "default",
        False,
    ),
    (
        "after the rows",
        "cursor = connection.cursor(); cursor.execute('select 1'); del cursor; close_idle()",
        "default",
        True,
    ),
    ("in memory", "ask(connections['memory']); close_idle()", "memory", False),
    (
        "while it connects",
        "def close(**_): close_idle()\n    connection_created.connect(close); assert ask()",
        "default",
        False,
    ),
    ("two of them", "ask(); ask(connections['memory']); close_idle()", "default", True),
]


@pytest.mark.parametrize(("done", "alias", "is_closed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_closed_before_a_fork(tmp_path: Path, done: str, alias: str, is_closed: bool) -> None:
    code = PROGRAM.format(done=f"    {done}", alias=alias)
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.stdout.strip(), ended.stderr) == (str(is_closed), "")
