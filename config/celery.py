"""The Celery application: it carries nudges; the truth about work is in the database."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TRANSPORT_ALIASES["filesystem"] = "config.filesystem_broker:Transport"

app = Celery("axial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("models_app.sweeper:Sweeper")  # by name: no models before the apps are ready
