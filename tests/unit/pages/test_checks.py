"""Django's check output read back."""

from afresh.channel.messages import Failure
from afresh.pages.checks import Issue, issues
from afresh.pages.failure import page

OUTPUT = """SystemCheckError: System check identified some issues:

ERRORS:
\x1b[31;1mshop.Order.tags: (fields.E300) Field defines a relation with model '<Tagg>', which is either not installed,
or is abstract.\x1b[0m
shop.Order.tags: (fields.E307) The field was declared with a lazy reference.

WARNINGS:
?: (urls.W005) URL namespace 'admin' isn't unique.
<class 'shop.admin.OrderAdmin'>: No identity here.
shop.Item: (models.W042) Auto-created primary key used.
\tHINT: Configure the DEFAULT_AUTO_FIELD setting.

System check identified 4 issues (0 silenced).
"""


def test_issues_with_level_subject_id_message_and_hint() -> None:
    assert issues(OUTPUT) == [
        Issue(
            "error",
            "shop.Order.tags",
            "fields.E300",
            "Field defines a relation with model '<Tagg>', which is either not installed,\nor is abstract.",
            "",
        ),
        Issue("error", "shop.Order.tags", "fields.E307", "The field was declared with a lazy reference.", ""),
        Issue(
            "warning",
            "?",
            "urls.W005",
            "URL namespace 'admin' isn't unique.\n<class 'shop.admin.OrderAdmin'>: No identity here.",
            "",
        ),
        Issue(
            "warning",
            "shop.Item",
            "models.W042",
            "Auto-created primary key used.",
            "Configure the DEFAULT_AUTO_FIELD setting.",
        ),
    ]


def test_text_of_another_form_has_no_issues() -> None:
    assert issues("Traceback (most recent call last):\n  boom\n") == []
    assert issues("") == []


def test_the_page_lists_the_issues_and_keeps_the_output() -> None:
    html = page(Failure("checks", "4 issues", OUTPUT), path="/", wait=True, nonce="n").decode()
    assert html.count("<li class=") == 4
    assert (
        '<li class="error"><p class="about"><span class="level">error</span> <span class="id">fields.E300</span>'
        in html
    )
    assert "&lt;Tagg&gt;" in html
    assert "System check identified 4 issues (0 silenced)." in html
