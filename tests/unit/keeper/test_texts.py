"""What has changed since all was well."""

from pathlib import Path

import pytest

from afresh.channel.messages import ChangedFile
from afresh.keeper.texts import MOST_LINES, MOST_OF_ONE, MOST_SHOWN, Texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "views.py"
    file.write_text("a\nb\nc\n")
    return file


def learned(*files: Path) -> Texts:
    texts = Texts()
    texts.want(map(str, files))
    while texts.learn():
        pass
    return texts


def save(texts: Texts, file: Path, text: str) -> None:
    file.write_text(text)
    texts.edited([str(file)])


def test_the_diff_is_against_the_text_of_the_last_good_answer(file: Path) -> None:
    texts = learned(file)
    save(texts, file, "a\nB\nc\n")
    save(texts, file, "a\nBB\nc\n")
    assert texts.changes(str(file.parent)) == (
        ChangedFile("views.py", str(file), ("@@ -1,3 +1,3 @@", " a", "-b", "+BB", " c")),
    )


def test_after_a_good_answer_what_was_saved_is_the_old_text(file: Path) -> None:
    texts = learned(file)
    save(texts, file, "one\n")
    texts.good()
    save(texts, file, "two\n")
    assert texts.changes(str(file.parent))[0].diff[1:] == ("-one", "+two")


def test_checks_that_fail_after_the_answer_are_about_the_edit_before_it(file: Path) -> None:
    texts = learned(file)
    save(texts, file, "one\n")
    texts.good()
    assert "+one" in texts.changes(str(file.parent))[0].diff
    texts.good()  # another process answers, and nothing was saved
    assert "+one" in texts.changes(str(file.parent))[0].diff


def test_what_was_put_back_is_no_change(file: Path) -> None:
    texts = learned(file)
    save(texts, file, "other")
    save(texts, file, "a\nb\nc\n")
    assert texts.changes("/") == ()


def test_a_file_that_is_gone_and_one_whose_text_nobody_knew(file: Path) -> None:
    texts = learned(file)
    file.unlink()
    texts.edited([str(file)])
    new = file.with_name("new.py")
    save(texts, new, "new\n")
    changes = {change.name: change.diff for change in texts.changes(str(file.parent))}
    assert "-b" in changes["views.py"]
    assert changes["new.py"] == ()


def test_what_is_no_text_or_too_long_is_named_without_lines(tmp_path: Path) -> None:
    binary, long = tmp_path / "a.bin", tmp_path / "b.txt"
    binary.write_bytes(b"\0")
    long.write_bytes(b"x" * (MOST_OF_ONE + 1))
    texts = learned(binary, long)
    save(texts, binary, "x")
    save(texts, long, "y")
    assert [change.diff for change in texts.changes(str(tmp_path))] == [(), ()]


def test_a_failure_still_fits_one_message(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.py" for number in range(10)]
    for file in files:
        file.write_text("")
    texts = learned(*files)
    for file in files:
        save(texts, file, "é" * 400 + "\n" + "\n".join(str(number) * 100 for number in range(300)))
    changes = texts.changes(str(tmp_path))
    assert all(len(change.diff) <= MOST_LINES + 1 for change in changes)
    assert sum(len(line.encode()) for change in changes for line in change.diff) <= MOST_SHOWN
    assert len(changes) < len(files)


def test_what_a_file_said_before_it_was_edited(file: Path) -> None:
    texts = learned(file)
    save(texts, file, "other")
    assert texts.of(str(file)) == b"a\nb\nc\n"
    assert texts.of(str(file.parent / "unknown.py")) is None
