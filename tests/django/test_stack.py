"""No call of a project's is slow for how deep in the interpreter's stack it is; in Django's server it is by chance."""

from afresh.testing.client import free_port

from ..process.test_stack import CALLS, MEASURE
from .sides import Pair, save

URLS = """\
from django.http import HttpResponse
from django.urls import path

from app import deep, views


def faults(request):
    return HttpResponse(f"{deep.AT_THE_START} {deep.worst()}")


urlpatterns = [path("", views.index), path("deep/", faults)]
"""


def test_no_depth_is_slow(pair: Pair) -> None:
    site = pair.other_site(files={"app/deep.py": MEASURE, "proj/urls.py": URLS})
    with site.serve(str(free_port())) as server:
        for _ in ("the first start", "the start after an edit"):
            at_the_start, in_a_request = map(int, server.get("/deep/").text.split())
            assert at_the_start < CALLS // 10
            assert in_a_request < CALLS // 10
            save(site, server, "proj/urls.py", "urlpatterns = [", "urlpatterns = [] + [")
