"""The code cache: right or a miss."""

import os
import time
from pathlib import Path
from types import CodeType

import pytest

from afresh.source import cache as code_cache
from afresh.source.cache import CodeCache, default_directory

DIGEST = b"d" * 16


def code_of(source: str = "x = 1", path: str = "/p/m.py") -> CodeType:
    return compile(source, path, "exec")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "afresh" / "code"


def test_code_comes_back_in_another_process(directory: Path) -> None:
    CodeCache(str(directory)).store(DIGEST, "/p/m.py", code_of())
    code = CodeCache(str(directory)).load(DIGEST, "/p/m.py")
    assert code == code_of()
    assert code is not None
    assert code.co_filename == "/p/m.py"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in directory.iterdir()] == [0o600, 0o600]


def test_key_is_content_and_file_name_and_compiler(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/m.py", code_of())
    assert cache.load(b"e" * 16, "/p/m.py") is None
    assert cache.load(DIGEST, "/p/n.py") is None
    monkeypatch.setenv("PYTHONNODEBUGRANGES", "1")
    assert CodeCache(str(directory)).load(DIGEST, "/p/m.py") is None


def test_file_name_that_is_no_text(directory: Path) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/\udcff.py", code_of())
    assert cache.load(DIGEST, "/p/\udcff.py") == code_of()


@pytest.mark.parametrize("damage", ["empty", "cut", "zeros", "flipped", "longer"])
def test_damaged_file_is_a_miss(directory: Path, damage: str) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/m.py", code_of())
    (file,) = [each for each in directory.iterdir() if each.name != code_cache.PRUNED]
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "empty": b"",
            "cut": whole[:-1],
            "zeros": whole[:middle] + bytes(len(whole) - middle),
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "longer": whole + b"\0",
        }[damage]
    )
    assert cache.load(DIGEST, "/p/m.py") is None
    cache.store(DIGEST, "/p/m.py", code_of())
    assert cache.load(DIGEST, "/p/m.py") == code_of()


def test_directory_that_others_may_write_is_not_used(directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o777)
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/m.py", code_of())
    assert list(directory.iterdir()) == []


def test_link_instead_of_the_directory_is_not_used(directory: Path, tmp_path: Path) -> None:
    directory.parent.mkdir(parents=True)
    (tmp_path / "other").mkdir()
    directory.symlink_to(tmp_path / "other")
    CodeCache(str(directory)).store(DIGEST, "/p/m.py", code_of())
    assert list((tmp_path / "other").iterdir()) == []


def test_file_that_others_may_write_is_not_loaded(directory: Path) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/m.py", code_of())
    for file in directory.iterdir():
        file.chmod(0o666)
    assert cache.load(DIGEST, "/p/m.py") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give a file away")
def test_what_belongs_to_somebody_else_is_not_loaded(directory: Path) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/m.py", code_of())
    for file in directory.iterdir():
        os.chown(file, 12345, 12345)
    assert cache.load(DIGEST, "/p/m.py") is None
    os.chown(directory, 12345, 12345)
    assert repr(CodeCache(str(directory))) == "<CodeCache None>"


@pytest.mark.parametrize("place", [None, "/proc/afresh/code", "file/code"])
def test_without_a_place_everything_is_a_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    cache = CodeCache(place)
    cache.store(DIGEST, "/p/m.py", code_of())
    assert cache.load(DIGEST, "/p/m.py") is None


def test_write_that_fails_leaves_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CodeCache(str(directory))
    monkeypatch.setattr(os, "write", lambda descriptor, data: len(data) - 1)
    cache.store(DIGEST, "/p/m.py", code_of())
    monkeypatch.undo()
    assert [file.name for file in directory.iterdir() if file.name != code_cache.PRUNED] == []
    assert cache.load(DIGEST, "/p/m.py") is None


def test_old_code_is_removed_once_a_day_and_used_code_stays(directory: Path) -> None:
    cache = CodeCache(str(directory))
    for name in ("old", "used", "new"):
        cache.store(DIGEST, f"/p/{name}.py", code_of())
    now = time.time()
    long_ago = now - (code_cache.KEEP_DAYS + 1) * code_cache.DAY
    for file in directory.iterdir():
        os.utime(file, (long_ago, long_ago))
    assert cache.load(DIGEST, "/p/used.py") is not None

    CodeCache(str(directory)).store(DIGEST, "/p/new.py", code_of())
    assert [cache.load(DIGEST, f"/p/{name}.py") is not None for name in ("old", "used", "new")] == [False, True, True]
    for file in directory.iterdir():
        if file.name != code_cache.PRUNED:
            os.utime(file, (long_ago, long_ago))
    CodeCache(str(directory)).store(DIGEST, "/p/more.py", code_of())
    assert len(list(directory.iterdir())) == 4


def test_least_recently_used_code_goes_first(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = CodeCache(str(directory))
    cache.store(DIGEST, "/p/0.py", code_of())
    size = next(file.stat().st_size for file in directory.iterdir() if file.name != code_cache.PRUNED)
    (directory / code_cache.PRUNED).unlink()
    monkeypatch.setattr(code_cache, "KEEP_BYTES", 2 * size)
    for number in range(4):
        cache.store(DIGEST, f"/p/{number}.py", code_of())
        for file in directory.iterdir():
            os.utime(file, (file.stat().st_mtime - 100, file.stat().st_mtime - 100))
    CodeCache(str(directory)).store(DIGEST, "/p/3.py", code_of())
    assert [cache.load(DIGEST, f"/p/{number}.py") is not None for number in range(4)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"HOME": "/home/me"}, "/home/me/.cache/afresh/code"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/var/c"}, "/var/c/afresh/code"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "relative"}, "/home/me/.cache/afresh/code"),
        ({"XDG_CACHE_HOME": "/var/c"}, "/var/c/afresh/code"),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_place_by_environment(environ: dict[str, str], directory: str | None) -> None:
    assert default_directory(environ) == directory
