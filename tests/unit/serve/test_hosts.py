"""Which Host fields are answered: Django's meaning of ALLOWED_HOSTS, loopback names, the bound address."""

import pytest

from afresh.serve.hosts import HostPolicy

LOOPBACK = [
    "localhost",
    "LocalHost:8000",
    "localhost.",
    "a.localhost",
    "a.b.localhost:1",
    "127.0.0.1",
    "127.9.8.7:80",
    "[::1]:8000",
]
FOREIGN = [
    "example.com",
    "localhost.example.com",
    "notlocalhost",
    "128.0.0.1",
    "[::2]",
    "127.0.0.1.example.com",
    "10.0.0.1",
]
MALFORMED = [
    "",
    ":80",
    ".",
    "a b",
    "a_b",
    "localhost:port",
    "localhost:",
    "[::1",
    "::1",
    "localhost/",
    "user@localhost",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_names_are_always_allowed(host: str) -> None:
    assert HostPolicy().allows(host)
    assert HostPolicy(["example.com"]).allows(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_others_are_not_unless_named(host: str) -> None:
    assert not HostPolicy().allows(host)
    assert HostPolicy(["*"]).allows(host)
    assert HostPolicy([host.upper()]).allows(host)


@pytest.mark.parametrize("host", MALFORMED)
def test_malformed_ones_never_are(host: str) -> None:
    assert not HostPolicy(["*"]).allows(host)


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("example.com", "example.com", True),
        ("example.com", "EXAMPLE.com.:8000", True),
        ("example.com", "www.example.com", False),
        (".example.com", "example.com", True),
        (".Example.com", "a.b.example.com:80", True),
        (".example.com", "badexample.com", False),
        ("[2001:db8::1]", "[2001:db8::1]:80", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_patterns(pattern: str, host: str, expected: bool) -> None:
    assert HostPolicy([pattern]).allows(host) is expected


def test_patterns_mean_what_they_mean_to_django() -> None:
    request = pytest.importorskip("django.http.request")
    patterns = ["example.com", ".sub.example.org", "[2001:db8::1]"]
    policy = HostPolicy(patterns)
    for host in [*FOREIGN, *MALFORMED, "example.com:80", "a.sub.example.org.", "sub.example.org", "[2001:DB8::1]"]:
        domain, _ = request.split_domain_port(host)
        assert policy.allows(host) == bool(domain and request.validate_host(domain, patterns)), host


@pytest.mark.parametrize(
    ("bound", "host", "expected"),
    [
        ("192.168.1.5", "192.168.1.5:8000", True),
        ("192.168.1.5", "192.168.1.6:8000", False),
        ("dev.box", "DEV.box:8000", True),
        ("2001:db8::9", "[2001:db8::9]:8000", True),
        ("2001:db8::9", "[2001:db8:0::9]:8000", True),
        ("", "", False),
    ],
)
def test_the_bound_address_is_allowed(bound: str, host: str, expected: bool) -> None:
    assert HostPolicy(bound=bound).allows(host) is expected


def test_many_names_do_not_fill_the_memory() -> None:
    policy = HostPolicy()
    for number in range(2000):
        assert not policy.allows(f"host{number}.example")
    assert policy.allows("localhost")
    assert len(policy._known) <= 256


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("afresh.localhost", "/", True),
        ("AFRESH.localhost:8000", "/any", True),
        ("afresh.localhost.:8000", "/any", True),
        ("localhost:8000", "/", False),
        ("localhost:8000", "/__afresh__/live.js", True),
        ("localhost:8000", "/__afresh__", False),
        ("localhost:8000", "/a/__afresh__/live.js", False),
        ("other.localhost", "/", False),
        ("evil.example", "/__afresh__/live.js", False),
        ("x.afresh.localhost", "/__afresh__/live.js", False),
        ("", "/__afresh__/live.js", False),
    ],
)
def test_what_is_the_keepers(host: str, path: str, expected: bool) -> None:
    assert HostPolicy(keeper="afresh.localhost").is_keepers(host, path) is expected
    assert not HostPolicy().is_keepers(host, path)


def test_names_below_the_dashboards_are_nobodys() -> None:
    # A browser takes them for the same site as the dashboard.
    assert not HostPolicy(["*"], keeper="afresh.localhost").allows("x.afresh.localhost:8000")
    assert HostPolicy(["*"]).allows("x.afresh.localhost:8000")
