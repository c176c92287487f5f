"""In a terminal with a real shell: job control, standard input, debuggers."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from afresh.testing.client import free_port, is_refused
from afresh.testing.running import Running, started
from afresh.testing.server import Server

from .differences import Observation
from .sides import CHECKED, DJANGO, SELF_TEST, WARNED, Pair, Site, save

SHELL = ("bash", "--norc", "--noprofile", "--noediting", "-i")
PROMPT = "ready> "


@contextmanager
def shell(site: Site) -> Iterator[Running]:
    """An interactive shell in the project's folder, at its prompt."""
    env = site.environment({"PS1": PROMPT, "HISTFILE": "", "BASH_SILENCE_DEPRECATION_WARNING": "1"})
    with started(SHELL, cwd=site.root, env=env, terminal=True) as running:
        running.out.wait_for(PROMPT)
        yield running


def type_and_see(running: Running, text: str, pattern: str) -> re.Match[str]:
    """Type at the terminal and wait for what must follow."""
    before = running.out.here()
    running.type(text)
    return running.out.wait_for(pattern, after=before)


STATUS = "echo status=$?\n", r"^status=(\d+)"


def test_stop_and_continue(pair: Pair) -> None:
    """Ctrl+Z gives the prompt back, `bg` and `fg` go on serving, Ctrl+C ends with status 0."""

    def scenario(site: Site) -> Observation:
        port = free_port()
        with shell(site) as bash:
            server = Server(bash, "127.0.0.1", port)
            type_and_see(bash, " ".join(site.command(str(port))) + "\n", WARNED)
            bash.out.wait_for(CHECKED)
            words = [server.get("/").text]
            type_and_see(bash, "\x1a", r"Stopped")
            type_and_see(bash, "bg\n", PROMPT)
            words.append(server.get("/").text)
            type_and_see(bash, "fg\n", r"runserver")
            bash.wait_for_job()  # it is named before it has the terminal, and Ctrl+C would still be the shell's
            words.append(server.get("/").text)
            type_and_see(bash, "\x03", PROMPT)
            status = type_and_see(bash, *STATUS)[1]
            free = is_refused(server.address)
            bash.type("exit\n")
            bash.wait_exit()
            bash.wait_alone()
            return {"words": str(set(words)), "status": status, "free": str(free)}

    seen = pair.compare(scenario)
    assert seen == {"words": "{'the word is one'}", "status": "0", "free": "True"}


def test_in_the_background(pair: Pair) -> None:
    """`runserver &` serves while the shell is used, and is not stopped by reading from the terminal."""

    def scenario(site: Site) -> Observation:
        port = free_port()
        with shell(site) as bash:
            server = Server(bash, "127.0.0.1", port)
            type_and_see(bash, " ".join(site.command(str(port))) + " &\n", WARNED)
            bash.out.wait_for(CHECKED)
            word = server.get("/").text
            jobs = type_and_see(bash, "jobs\n", r"^\[1\]\+ +(\w+)")[1]
            save(site, server, "app/views.py", '"one"', '"two"')
            fresh = server.get("/").text
            type_and_see(bash, "kill %1\n", PROMPT)
            type_and_see(bash, "wait\n", PROMPT)
            free = is_refused(server.address)
            bash.type("exit\n")
            bash.wait_exit()
            bash.wait_alone()
            return {"word": word, "fresh": fresh, "jobs": jobs, "free": str(free)}

    seen = pair.compare(scenario)
    assert seen == {"word": "the word is one", "fresh": "the word is two", "jobs": "Running", "free": "True"}


PROMPTS = {
    "proj/urls.py": """\
from app import prompts, views
from django.urls import path

urlpatterns = [
    path("", views.index),
    path("facts/", views.facts),
    path("ask/", prompts.ask),
    path("break/", prompts.stop),
]
""",
    "app/prompts.py": """\
from django.http import HttpResponse


def ask(request):
    return HttpResponse("you said " + input("say something: "))


def stop(request):
    answer = 41
    breakpoint()
    return HttpResponse(f"the answer is {answer}")
""",
}


@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
def test_input_and_breakpoint_in_a_view(pair: Pair, arguments: tuple[str, ...]) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port()), *arguments, terminal=True) as server, ThreadPoolExecutor(1) as pool:
            asked = pool.submit(server.get, "/ask/")
            type_when(server, "say something: ", "tea\n")
            said = asked.result().text
            stopped = pool.submit(server.get, "/break/")
            before = type_when(server, r"\(Pdb\) ", "p answer + 1\n")
            shown = server.out.wait_for(r"^42$", after=before)[0]
            before = type_when(server, r"\(Pdb\) ", "answer = 7\n", before)
            type_when(server, r"\(Pdb\) ", "c\n", before)
            return {"said": said, "shown": shown, "answer": stopped.result().text, "status": str(server.stop())}

    seen = pair.compare(scenario, files=PROMPTS)
    assert seen == {"said": "you said tea", "shown": "42", "answer": "the answer is 7", "status": "0"}


def type_when(server: Server, pattern: str, text: str, after: int = 0) -> int:
    """Type once the terminal shows `pattern`; the offset from which the answer will follow."""
    server.out.wait_for(pattern, after=after)
    here = server.out.here()
    server.running.type(text)
    return here


# The new server writes to the same terminal meanwhile, anywhere between two letters.
SPLIT_PROMPT = r"(?s)\(.*?P.*?d.*?b.*?\) "


def test_breakpoint_is_held_through_a_reload(pair: Pair) -> None:
    """Django kills the debugger's process; with Afresh the session goes on, and new requests get the new code."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port()), terminal=True) as server, ThreadPoolExecutor(1) as pool:
            stopped = pool.submit(server.get, "/break/")
            server.out.wait_for(r"\(Pdb\) ")
            save(site, server, "app/views.py", '"one"', '"two"')
            word = server.get("/").text
            if site.peer is DJANGO:
                return {"word": word, "answer": type(stopped.exception()).__name__}
            server.out.wait_for("new requests get the new code")  # said once, between prompt and typing
            before = type_when(server, SPLIT_PROMPT, "p answer + 1\n")
            server.out.wait_for(r"^42\b", after=before)  # and another request's line, or a new line
            type_when(server, SPLIT_PROMPT, "c\n", before)
            return {"word": word, "answer": stopped.result().text, "status": str(server.stop())}

    django, other = pair.both(scenario, files=PROMPTS)
    assert django == {"word": "the word is two", "answer": "RemoteDisconnected"}
    assert SELF_TEST or other == {"word": "the word is two", "answer": "the answer is 41", "status": "0"}


def test_input_is_held_through_a_reload(pair: Pair) -> None:
    """What is typed goes to the request that has asked for it, and new requests get the new code."""
    site = pair.other_site(files=PROMPTS)
    with site.serve("0", terminal=True) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.get, "/ask/")
        server.out.wait_for("say something: ")
        save(site, server, "app/views.py", '"one"', '"two"')
        assert server.get("/").text == "the word is two"
        server.out.wait_for("new requests get the new code")
        server.running.type("tea\n")
        assert asked.result().text == "you said tea"
        assert server.stop() == 0


def test_interrupt_at_a_prompt_ends(pair: Pair) -> None:
    """Ctrl+C while a view waits at a debugger's prompt ends the command as anywhere."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", terminal=True) as server, ThreadPoolExecutor(1) as pool:
            stopped = pool.submit(server.get, "/break/")
            server.out.wait_for(r"\(Pdb\) ")
            status = server.stop()
            return {"status": str(status), "answer": type(stopped.exception()).__name__}

    seen = pair.compare(scenario, files=PROMPTS)
    assert seen == {"status": "0", "answer": "RemoteDisconnected"}
