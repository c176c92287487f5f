"""Which Host fields are answered: Django's meaning of ALLOWED_HOSTS, loopback names, the bound address."""

from collections.abc import Iterator

import pytest

from afresh.serve.hosts import HostPolicy, Names

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
    "127.0.0.1.example.com",
    "10.0.0.1.example",
    "10.0.0.256",
    "1.2.3",
    "0x7f.1",
    "web",
    "laptop.local",
]
ADDRESSES = [
    "128.0.0.1",
    "10.0.0.1:8000",
    "0.0.0.0",
    "192.168.1.7.",
    "[::2]",
    "[2001:DB8::1]:8000",
    "[::ffff:10.0.0.1]",
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


@pytest.mark.parametrize("host", ADDRESSES)
def test_what_no_name_service_resolves_is_left_to_the_application(host: str) -> None:
    assert HostPolicy().allows(host)
    assert HostPolicy(["example.com"], keeper="afresh.localhost").allows(host)


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
    ],
)
def test_patterns(pattern: str, host: str, expected: bool) -> None:
    assert HostPolicy([pattern]).allows(host) is expected


def test_patterns_mean_what_they_mean_to_django() -> None:
    request = pytest.importorskip("django.http.request")
    patterns = ["example.com", ".sub.example.org", "[2001:db8::1]"]
    policy = HostPolicy(patterns)
    for host in [*FOREIGN, *MALFORMED, "example.com:80", "a.sub.example.org.", "sub.example.org"]:
        domain, _ = request.split_domain_port(host)
        assert policy.allows(host) == bool(domain and request.validate_host(domain, patterns)), host


@pytest.mark.parametrize(
    ("bound", "host", "expected"),
    [
        ("dev.box", "DEV.box:8000", True),
        ("dev.box", "a.dev.box:8000", False),
        ("web", "web:8000", True),
        ("", ".", False),
    ],
)
def test_the_bound_name_is_allowed(bound: str, host: str, expected: bool) -> None:
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
        ("10.0.0.1", "/__afresh__/live.js", True),
        ("10.0.0.1", "/", False),
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


def test_the_list_counts_as_it_is_when_asked() -> None:
    class Tenants(list[str]):
        """A list that is in a database, and only comes when it is gone through."""

        def __iter__(self) -> Iterator[str]:
            return iter(tuple(rows))

    rows = ["first.example"]
    policy = HostPolicy(names=Names(lambda: tenants), keeper="afresh.localhost")
    tenants: list[str] = Tenants()
    assert policy.allows("first.example")
    assert not policy.allows("second.example")
    rows[:] = ["second.example"]
    assert policy.allows("second.example")
    assert policy.is_keepers("second.example", "/__afresh__/live.js")
    assert not policy.allows("first.example")
    assert not policy.is_keepers("first.example", "/__afresh__/live.js")
    tenants = [".third.example"]
    assert policy.allows("a.third.example")
    assert not policy.allows("second.example")


def test_the_list_is_not_asked_for_what_does_not_depend_on_it() -> None:
    def listed() -> list[str]:
        raise LookupError

    policy = HostPolicy(names=Names(listed), keeper="afresh.localhost", bound="dev.box")
    for host in ["localhost:1", "127.0.0.1", "10.0.0.1", "dev.box"]:
        assert policy.allows(host)
    for host in ["x.afresh.localhost", "a b"]:
        assert not policy.allows(host)
    assert policy.is_keepers("afresh.localhost", "/")
    assert not policy.is_keepers("example.com", "/")
    with pytest.raises(LookupError):
        policy.allows("example.com")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web", True),
        ("web:8000", True),
        ("app_server", True),
        ("host.docker.internal:8000", True),
        ("internal", True),
        ("evil.example", False),
        ("evil.example:8000", False),
        ("internal.evil.example", False),
        ("evil.internal.", False),
        ("evil.local", False),
        ("web:8000.evil.example", False),
        ("a b", False),
        ("", False),
        ("10.0.0.1", True),
    ],
)
def test_behind_a_proxy_that_the_application_believes(host: str, expected: bool) -> None:
    assert HostPolicy(names=Names(is_behind_proxy=True)).allows(host) is expected


def test_behind_a_proxy_the_dashboard_has_its_name_all_the_same() -> None:
    policy = HostPolicy(names=Names(is_behind_proxy=True), keeper="afresh.localhost")
    assert policy.is_keepers("afresh.localhost:8000", "/")
    assert not policy.allows("x.afresh.localhost")
