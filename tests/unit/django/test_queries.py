"""Counting queries beside wrappers of the project's own."""

import subprocess
import sys

PROGRAM = """
import django
from django.conf import settings

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
django.setup()
from django.db import connection
from afresh.django.queries import count_queries

seen = []

def own(execute, sql, params, many, context):
    seen.append(sql)
    return execute(sql, params, many, context)

take = count_queries()
for _ in range(3):
    with connection.execute_wrapper(own):  # the connection opens inside of it
        connection.cursor().execute("SELECT 1")
    connection.cursor().execute("SELECT 2")
    print(take(), len(seen))
    connection.close()
"""


def test_a_wrapper_that_was_there_before_the_connection_ends_with_its_block() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stdout == "2 1\n2 2\n2 3\n"
