"""Which versions of Django Afresh knows. Of the others it changes nothing."""

import sys

OLDEST = (5, 2)


def objection() -> str:
    """Why Afresh leaves the imported Django alone, in words for the user; empty where it does not."""
    django = sys.modules["django"]
    if tuple(django.VERSION[:2]) >= OLDEST:
        return ""
    wanted = ".".join(map(str, OLDEST))
    return f"Afresh needs Django {wanted} or newer, and this is {django.get_version()}: it runs without Afresh."
