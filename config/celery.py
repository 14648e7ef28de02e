"""The Celery application: it carries nudges; the truth about work is in the database."""

import ctypes
import logging
import os
import signal
import sys
from typing import Any

from celery import Celery
from celery.signals import after_setup_logger, after_setup_task_logger, beat_embedded_init
from kombu.transport import TRANSPORT_ALIASES

from models_app.clients.keys import hide_keys

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


@after_setup_logger.connect
@after_setup_task_logger.connect
def hide_keys_in(logger: logging.Logger, **_signal: Any) -> None:
    """Celery puts handlers of its own in the place of ours: they hide the keys of providers, too."""
    hide_keys(logger)
