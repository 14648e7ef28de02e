"""The Celery application: it carries nudges; the truth about work is in the database."""

import ctypes
import os
import signal
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init
from kombu.transport import TRANSPORT_ALIASES

PR_SET_PDEATHSIG = 1  # of prctl(2)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TRANSPORT_ALIASES["filesystem"] = "config.filesystem_broker:Transport"

app = Celery("axial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("models_app.sweeper:Sweeper")  # by name: no models before the apps are ready


@beat_embedded_init.connect
def end_with_worker(**_signal: Any) -> None:
    """Let the scheduler's process end when its worker is killed: the next worker brings one of its own."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
