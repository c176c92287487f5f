"""The door for Django projects: first in INSTALLED_APPS, it makes `manage.py runserver` Afresh.

Must live here: everything that knows Django: the entry from `manage.py`, the seams patched into every boot, the
command, deferred checks, signals, the access log. The only room that imports Django.
Must not know: how requests are parsed, how edits are found, what other processes do.
"""

from afresh.django.entry import enter

enter()
