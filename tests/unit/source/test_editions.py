"""The texts of a file over time, and their code."""

import os
import sys
from pathlib import Path

import pytest

from afresh.source.cache import CodeCache
from afresh.source.editions import Editions
from afresh.source.reading import digest_of, signature_of

NOWHERE = CodeCache(None)


def save(file: Path, text: str) -> bytes:
    file.write_text(text)
    return digest_of(text.encode())


def test_the_last_text_and_the_one_before_are_kept(tmp_path: Path) -> None:
    file, editions = tmp_path / "a.py", Editions()
    for text in ("one", "two", "three"):
        digest = save(file, text)
        assert editions.read(str(file)) == (digest, signature_of(str(file)))
    texts = (b"one", b"two", b"three", b"four")
    assert [editions.source(str(file), digest_of(text)) for text in texts] == [None, b"two", b"three", None]


def test_texts_that_somebody_runs_are_kept_whatever_comes_after(tmp_path: Path) -> None:
    file, editions = tmp_path / "a.py", Editions()
    runs = save(file, "runs")
    editions.read(str(file))
    for number in range(100):
        save(file, str(number))
        editions.read(str(file), {runs})
    assert editions.source(str(file), runs) == b"runs"
    editions.read(str(file))
    editions.read(str(file))
    assert editions.source(str(file), runs) is None


def test_a_text_that_comes_again_is_the_latest(tmp_path: Path) -> None:
    file, editions = tmp_path / "a.py", Editions()
    often = save(file, "often")
    for number in range(20):
        save(file, str(number))
        editions.read(str(file))
        save(file, "often")
        editions.read(str(file))
    assert editions.source(str(file), often) == b"often"


def test_files_are_told_apart(tmp_path: Path) -> None:
    one, other, editions = tmp_path / "a.py", tmp_path / "b.py", Editions()
    digest = save(one, "text")
    save(other, "another")
    editions.read(str(one))
    editions.read(str(other))
    assert editions.source(str(other), digest) is None


def test_what_is_not_there(tmp_path: Path) -> None:
    editions = Editions()
    assert editions.read(str(tmp_path / "no.py")) == (None, None)
    (tmp_path / "folder").mkdir()
    assert editions.read(str(tmp_path / "folder")) == (None, signature_of(str(tmp_path / "folder")))
    (tmp_path / "link").symlink_to("nowhere")
    assert editions.read(str(tmp_path / "link"))[0] is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    save(file, "text")
    file.chmod(0)
    assert Editions().read(str(file))[0] is None


def test_a_deleted_file_keeps_its_texts(tmp_path: Path) -> None:
    """It may come back, and processes run it."""
    file, editions = tmp_path / "a.py", Editions()
    digest = save(file, "text")
    editions.read(str(file))
    file.unlink()
    editions.read(str(file))
    assert editions.source(str(file), digest) == b"text"


def test_code_is_compiled_as_the_process_does(tmp_path: Path) -> None:
    file, editions = tmp_path / "a.py", Editions()
    digest = save(file, '"""Doc."""\nassert VALUE\n')
    editions.read(str(file))
    for optimize in (0, 1, 2):
        code = editions.code(str(file), digest, NOWHERE, optimize)
        assert code == compile(file.read_text(), str(file), "exec", dont_inherit=True, optimize=optimize)
        assert code is not None
        assert code.co_filename == str(file)
        assert not code.co_flags & 0x1000000, "annotations are those of this module"


def test_code_comes_from_the_cache(tmp_path: Path) -> None:
    file, cache = tmp_path / "a.py", CodeCache(str(tmp_path / "cache"))
    digest = save(file, "def f(): return 1\n")
    editions = Editions()
    editions.read(str(file))
    code = editions.code(str(file), digest, cache, sys.flags.optimize)
    assert cache.load(digest, str(file)) is None
    editions.keep()
    assert Editions().code(str(file), digest, cache, sys.flags.optimize) == code


def test_code_of_a_text_that_nobody_has(tmp_path: Path) -> None:
    assert Editions().code(str(tmp_path / "a.py"), digest_of(b"x"), NOWHERE, 0) is None


@pytest.mark.parametrize("text", ["def\n", "x = (\n", "return 1\n", "\0"])
def test_broken_texts(tmp_path: Path, text: str) -> None:
    file, editions = tmp_path / "a.py", Editions()
    digest = save(file, text)
    editions.read(str(file))
    with pytest.raises((SyntaxError, ValueError)):
        editions.code(str(file), digest, NOWHERE, 0)


def test_a_text_that_is_warned_of_is_left_to_the_process(tmp_path: Path) -> None:
    """Else the warning would never be seen: code from the cache is not compiled."""
    file, cache = tmp_path / "a.py", CodeCache(str(tmp_path / "cache"))
    digest = save(file, "x = 1 is 1\n")
    editions = Editions()
    editions.read(str(file))
    assert editions.code(str(file), digest, cache, 0) is not None
    assert editions.known(str(file), digest, cache, 0) is None
    editions.keep()
    assert cache.load(digest, str(file)) is None


def test_a_text_from_before_the_first_edit_is_known_where_it_is_told(tmp_path: Path) -> None:
    file, editions = tmp_path / "a.py", Editions()
    editions.add(str(file), b"before")
    editions.add(str(file), b"too late")
    editions.read(str(file))
    save(file, "after")
    editions.read(str(file), {digest_of(b"before")})
    assert editions.source(str(file), digest_of(b"before")) == b"before"
    assert editions.source(str(file), digest_of(b"too late")) is None


FUNCTION = "import os\n\n\ndef f():\n    value = {}\n    return value\n"


@pytest.mark.parametrize("first", ["1", "'\\\\d'", "'\\d'"], ids=["plain", "escaped", "warned of"])
@pytest.mark.filterwarnings("ignore")
def test_code_like_that_of_another_text(tmp_path: Path, first: str) -> None:
    """However it is made, it is that of the text; what the compiler warns of is not kept, but shown by who runs it."""
    file, cache, editions = tmp_path / "a.py", CodeCache(str(tmp_path / "cache")), Editions()
    other = "def g():\n    return {}\n"
    old = save(file, FUNCTION.format(1) + other.format(first))
    editions.read(str(file))
    editions.code(str(file), old, cache, -1)
    new = save(file, FUNCTION.format(2) + other.format(first))
    editions.read(str(file), {old})
    code = editions.code(str(file), new, cache, -1, like=old)
    assert code == compile(file.read_text(), str(file), "exec", dont_inherit=True)
    editions.keep()
    assert (cache.load(new, str(file)) is None) == (first == "'\\d'")
