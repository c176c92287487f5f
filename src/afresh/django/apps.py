"""The app's configuration: a label of its own, since the last part of its name is `django`."""

from django.apps import AppConfig


class AfreshConfig(AppConfig):
    name = "afresh.django"
    label = "afresh"
    verbose_name = "Afresh"
