"""What the settings' view shows of a value: no secret leaves the process, in whatever shape it is kept."""

import re
from collections import namedtuple
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.views import debug

from afresh.django import masking
from afresh.django.masking import shown

SECRET = "hunter2hunter2hunter2"
MASK = "********************"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one setting that Django's filter reads."""
    monkeypatch.setattr(debug, "settings", SimpleNamespace(SESSION_COOKIE_NAME="sessionid"))


@dataclass
class Login:
    user: str
    password: str
    hidden: str = field(default=SECRET, repr=False)


class Provider(NamedTuple):
    name: str
    api_token: str


Pair = namedtuple("Pair", "user pwd")


class Client:
    """Says of itself what it likes."""

    def __init__(self, said: str) -> None:
        self._said = said

    def __repr__(self) -> str:
        return self._said


SECRETS: dict[str, tuple[str, Any]] = {
    "a name of Django's list": ("STRIPE_KEY", SECRET),
    "a name of the further list": ("SENTRY_DSN", f"https://{SECRET}@sentry.io/1"),
    "an inner name": ("DATABASES", {"default": {"NAME": "shop", "PASSWORD": SECRET}}),
    "an inner name of the further list": ("MAIL", [{"x": ({"credentials": SECRET},)}]),
    "an address": ("CACHE_URL", f"redis://:{SECRET}@db:6379/0"),
    "an address with a slash and an at in the password": ("DB", f"postgres://user:pa/{SECRET}@{SECRET}w0rd@db"),
    "an address with a port-like password": ("DB", f"postgres://user:12/{SECRET}@db"),
    "several addresses": ("BROKERS", f"amqp://a:{SECRET}@one,amqp://b:{SECRET}@two"),
    "an address whose user is the key": ("REPORTS", f"https://{SECRET}@sentry.io/1"),
    "a connection string": ("CONN", f"Server=db;User Id=sa;Password={SECRET};Encrypt=yes"),
    "a connection string with spaces": ("CONN", f"Server=db;Pwd=a b {SECRET} c;Encrypt=yes"),
    "a connection string with quotes": ("CONN", f'Server=db;Pwd="a;{SECRET}"";{SECRET}";Encrypt=yes'),
    "a connection string that is long": ("CONN", f"Server={'db ' * 40};Password=a b {'c ' * 50}{SECRET}"),
    "a connection string of libpq": ("CONN", f"host=db password={SECRET} user=x"),
    "a storage's connection string": ("STORE", f"AccountName=shop;AccountKey={SECRET}==;EndpointSuffix=x"),
    "a query": ("HOOK", f"https://example.com/hook?api_key={SECRET}&x=1"),
    "JSON in a string": ("GOOGLE", f'{{"type": "x", "client_secret": "{SECRET}"}}'),
    "a header": ("SENDS", {"x": f"Bearer {SECRET}"}),
    "a dataclass": ("LOGIN", Login("me", SECRET)),
    "a dataclass inside": ("LOGINS", {"a": [Login("me", SECRET)]}),
    "a named tuple": ("PROVIDER", Provider("x", SECRET)),
    "a named tuple of the old kind": ("PAIR", [Pair("me", SECRET)]),
    "an object that says it": ("CLIENT", Client(f"<Client user='me' password='{SECRET}'>")),
    "an object that says it as a dict": ("CLIENT", Client(f"Client({{'api_key': \"{SECRET}\"}})")),
    "an object that says it bare": ("CLIENT", Client(f"<Client token={SECRET}>")),
    "an object with an address": ("CLIENT", Client(f"Url('redis://u:{SECRET}@db')")),
    "a set": ("URLS", {f"redis://u:{SECRET}@db"}),
    "bytes": ("RAW", f"password={SECRET}".encode()),
    "a key": ("PEM", f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"),
    "Stripe, live": ("STRIPE", f"sk_live_{SECRET}"),
    "Stripe, restricted": ("STRIPE", f"rk_live_{SECRET}"),
    "Stripe's hooks": ("STRIPE", f"whsec_{SECRET}"),
    "GitHub": ("GITHUB", f"ghp_{SECRET}"),
    "GitHub, fine-grained": ("GITHUB", f"github_pat_{SECRET}_{SECRET}"),
    "GitLab": ("GITLAB", f"glpat-{SECRET}"),
    "Slack": ("SLACK", f"xoxb-{SECRET}"),
    "Slack's hooks": ("SLACK", f"https://hooks.slack.com/services/T0/B0/{SECRET}"),
    "AWS": ("AWS", f"AKIA{SECRET.upper()}"),
    "a JSON web token": ("JWT", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{SECRET}"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_shown(kind: str) -> None:
    name, value = SECRETS[kind]
    text = shown(name, value)
    assert MASK in text
    assert SECRET not in text
    assert SECRET.upper() not in text


HARMLESS: list[tuple[str, Any, str]] = [
    ("DEBUG", True, "True"),
    ("ALLOWED_HOSTS", ["a.example", "b.example"], "['a.example', 'b.example']"),
    ("CSRF_COOKIE_NAME", "csrftoken", "'csrftoken'"),
    ("PASSWORD_HASHERS", ["a.Hasher"], "['a.Hasher']"),
    ("STATIC_URL", "https://cdn.example:8000/static/", "'https://cdn.example:8000/static/'"),
    ("DB", "postgres://user:x@db/name", f"'postgres://user:{MASK}@db/name'"),
    ("CONN", "Server=db;Password=x;Encrypt=yes", f"'Server=db;Password={MASK};Encrypt=yes'"),
    ("LOGIN", Login("me", "x"), f"Login(user='me', password='{MASK}')"),
    ("PROVIDER", Provider("me", "x"), f"Provider(name='me', api_token='{MASK}')"),
    ("DATABASES", {"a": {"HOST": "db", "PASSWORD": "x"}}, f"{{'a': {{'HOST': 'db', 'PASSWORD': '{MASK}'}}}}"),
    ("LOGIN_URL", "skeleton_of_a_page_view", "'skeleton_of_a_page_view'"),
]


@pytest.mark.parametrize(("name", "value", "text"), HARMLESS)
def test_the_rest_stays_to_be_read(name: str, value: Any, text: str) -> None:
    assert shown(name, value) == text


def test_what_cannot_be_shown_is_said() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert shown("ENDLESS", endless) == "<its text cannot be made: RecursionError>"


def test_a_long_value_is_cut() -> None:
    assert len(shown("LONG", ["word"] * 5000)) < 4100


class Own(debug.SafeExceptionReporterFilter):  # type: ignore[misc]
    hidden_settings = re.compile("MERCHANT", re.IGNORECASE)


class Failing(debug.SafeExceptionReporterFilter):  # type: ignore[misc]
    def cleanse_setting(self, key: str, value: Any) -> Any:
        raise ValueError


def test_what_the_projects_own_error_page_masks_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown("MERCHANT_ID", SECRET) == f"'{SECRET}'"
    monkeypatch.setattr(masking, "get_default_exception_reporter_filter", Own)
    assert shown("MERCHANT_ID", SECRET) == f"'{MASK}'"
    assert shown("STRIPE_KEY", SECRET) == f"'{MASK}'", "and what Django's own does"


def test_a_filter_of_the_projects_that_fails_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "get_default_exception_reporter_filter", Failing)
    assert shown("MERCHANT_ID", SECRET) == f"'{MASK}'"
