"""Address forms: what runserver accepts, what it announces, what it refuses and with which words."""

import os
import re
import socket
import subprocess
import sys

import pytest

from afresh.testing.client import free_port

from .differences import CHECKS_LATER, NO_CHECKS_BEFORE_BIND, WATCHING, Observation
from .sides import DJANGO, SELF_TEST, Ended, Pair, Site, visit


def _localhost_over_ipv6() -> bool:
    try:
        return bool(socket.getaddrinfo("localhost", 0, socket.AF_INET6))
    except socket.gaierror:
        return False


needs_localhost_over_ipv6 = pytest.mark.skipif(
    not _localhost_over_ipv6(), reason="localhost has no IPv6 address on this machine"
)
ACCEPTED = [
    (("0",), "127.0.0.1"),
    (("{port}",), "127.0.0.1"),
    (("127.0.0.1:{port}",), "127.0.0.1"),
    (("127.0.0.9:{port}",), "127.0.0.9"),
    (("0:{port}",), "0.0.0.0"),
    (("0.0.0.0:{port}",), "0.0.0.0"),
    (("localhost:{port}",), "localhost"),
    (("[::1]:{port}",), "[::1]"),
    (("[::]:{port}",), "[::]"),
    (("-6", "{port}"), "[::1]"),
    pytest.param(("-6", "localhost:{port}"), "localhost", marks=needs_localhost_over_ipv6),
    (("{arabic}",), "127.0.0.1"),
]


@pytest.mark.parametrize(("arguments", "announced"), ACCEPTED)
def test_accepted_form_is_announced_and_answers(pair: Pair, arguments: tuple[str, ...], announced: str) -> None:
    def scenario(site: Site) -> Observation:
        port = free_port("::1" if announced.startswith("[") or "-6" in arguments else "127.0.0.1")
        arabic = str(port).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        with site.serve(*(part.format(port=port, arabic=arabic) for part in arguments)) as server:
            status = visit(server).status
            return site.observe(server) | {"announced": server.announced, "answered": str(status)}

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER, settings='ALLOWED_HOSTS = ["*"]\n')
    assert (seen["announced"], seen["answered"], seen["status"]) == (announced, "200", "0")


UNUSABLE = '"{}" is not a valid port number or address:port pair.'
REFUSED = [
    *(
        ((form,), f"CommandError: {UNUSABLE.format(form)}\n")
        for form in (
            "localhost",
            ":8000",
            "::1:8000",
            "[::1]",
            "*:8000",
            "my_host:8000",
            "[fe80::1%lo]:8000",
            "http://x:8000",
            "[::ffff:127.0.0.1]:8000",
            "8000/",
        )
    ),
    (("-6", "1.2.3.4:8000"), 'CommandError: "1.2.3.4" is not a valid IPv6 address.\n'),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[" ".join(form) for form, _ in REFUSED])
def test_refused_form_says_why(pair: Pair, arguments: tuple[str, ...], message: str) -> None:
    seen = pair.compare(lambda site: site.observe(site.run(*arguments)))
    assert seen == {"status": "1", "out": "", "err": message}


UNBINDABLE = [
    (("203.0.113.7:8000",), "Error: That IP address can't be assigned to."),
    (("999.1.1.1:8000",), "Error: [Errno -2] Name or service not known"),
    (("nowhere.invalid:8000",), "Error: [Errno -2] Name or service not known"),
    (("-6", "ip4only.invalid:8000"), "Error: [Errno -2] Name or service not known"),
]


@pytest.mark.parametrize(("arguments", "message"), UNBINDABLE, ids=[" ".join(form) for form, _ in UNBINDABLE])
def test_address_that_cannot_be_bound(pair: Pair, arguments: tuple[str, ...], message: str) -> None:
    seen = pair.compare(lambda site: site.observe(site.run(*arguments)), WATCHING, NO_CHECKS_BEFORE_BIND)
    assert (seen["status"], seen["err"].splitlines()[-1]) == ("1", message)


def test_port_in_use_names_its_holder(pair: Pair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        django, other = pair.both(lambda site: site.observe(site.run(str(port)), port))
    assert (django["status"], other["status"]) == ("1", "1")
    message = "Error: That port is already in use."
    assert django["err"].splitlines()[-1] == message
    assert message in other["err"].splitlines()
    assert SELF_TEST or str(os.getpid()) in other["err"], "the process that holds the port is named"


def test_port_that_is_no_port(pair: Pair) -> None:
    """Django shows the traceback of an OverflowError and stays alive without serving."""

    def scenario(site: Site) -> Observation:
        if site.peer is DJANGO:
            with site.start("99999") as running:
                running.err.wait_for(r"^OverflowError: bind\(\): port must be 0-65535\.$")
                running.interrupt()
                return {"status": str(running.wait_exit())}
        return site.observe(site.run("99999"))

    django, other = pair.both(scenario)
    assert django["status"] == "0"
    assert SELF_TEST or (other["status"] == "1" and re.search(r"^Error: .*\b99999\b", other["err"], re.MULTILINE))
    assert "Traceback" not in other.get("err", "")


DEFAULTS = [((), "http://127.0.0.1:8000/"), (("-6",), "http://[::1]:8000/")]


@pytest.mark.parametrize(("arguments", "announced"), DEFAULTS)
def test_default_address(pair: Pair, arguments: tuple[str, ...], announced: str) -> None:
    """In a network of its own, where port 8000 is free."""
    network = ("unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$0" "$@"')
    if subprocess.run([*network, sys.executable, "-V"], capture_output=True, check=False).returncode:
        pytest.skip("a network name space cannot be made here")

    def scenario(site: Site) -> Observation:
        with site.serve(command=(*network, *site.command(*arguments))) as server:
            server.running.interrupt()
            status = server.running.wait_exit()
            server.running.wait_alone()
            return site.observe(Ended(status, server.out.wait_end(), server.err.wait_end()))

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER)
    assert announced in seen["out"]
