"""What has changed, as HTML."""

from afresh.channel.messages import ChangedFile, Failure
from afresh.pages.changes import changed
from afresh.pages.text import full


def failure(*changes: ChangedFile) -> Failure:
    return Failure("error", "Broken", "text", changes=changes)


def test_nothing_known_is_nothing_said() -> None:
    assert changed(failure()) == ""


def test_one_file_is_named_in_the_heading_and_its_lines_are_told_apart() -> None:
    html = changed(failure(ChangedFile("views.py", "/p/views.py", ("@@ -1 +1 @@", "-a", "+b", " c"))))
    assert "This broke when you changed <code>views.py</code>" in html
    assert '<span class="removed">-a\n</span><span class="added">+b\n</span>' in html
    assert html.count("views.py") == 1


def test_several_files() -> None:
    html = changed(failure(*(ChangedFile(name, name, ()) for name in ("a.py", "b.py", "c.py"))))
    assert "<code>a.py</code>, <code>b.py</code> and <code>c.py</code>" in html


def test_whatever_a_file_holds_is_text() -> None:
    html = changed(failure(ChangedFile("<b>.py", "/p", ("+<script>\x1b[31m\u202e",))))
    assert "<script>" not in html
    assert "<b>" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_the_plain_text_has_it_too() -> None:
    text = full(failure(ChangedFile("views.py", "/p/views.py", ("-a", "+b\x1b"))))
    assert "Changed since it worked: views.py\n-a\n+b\\x1b\n" in text
