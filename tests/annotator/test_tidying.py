"""What the worker puts in order, and that a worker really does it."""

import os
import subprocess
import sys
import time
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from annotator.actions.assignment import take_next_coding
from annotator.actions.tidying import MUTATIONS_KEPT, tidy
from annotator.models import Coding, Mutation, Role, Slot
from annotator.tasks import tidy as tidy_task
from tests.factories import make_member, make_study, make_user, make_video


def stale_coding():
    """A coding opened yesterday and never touched."""
    study = make_study()
    make_video(study)
    coding = take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR))
    Coding.objects.filter(pk=coding.pk).update(started_at=timezone.now() - timedelta(hours=25))
    return coding


@pytest.mark.django_db
def test_tidy_returns_untouched_slots_and_forgets_old_receipts():
    stale_coding()
    user = make_user()
    old, new = (Mutation.objects.create(id=uuid.uuid4(), user=user, about="coding:1") for _ in range(2))
    Mutation.objects.filter(pk=old.pk).update(at=timezone.now() - MUTATIONS_KEPT - timedelta(days=1))
    assert tidy() == {"slots": 1, "mutations": 1}
    assert list(Mutation.objects.all()) == [new]
    assert tidy() == {"slots": 0, "mutations": 0}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.enable_socket
def test_tidy_sent_to_the_broker_is_done_by_a_worker(tmp_path):
    coding = stale_coding()
    database = settings.DATABASES["default"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "AXIAL_DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/"
        f"{connection.settings_dict['NAME']}",
    }
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool=solo", "--queues=io"],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            tidy_task.delay()
            deadline = time.monotonic() + 60
            while Slot.objects.filter(is_open=True).count() < 2 and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    coding.refresh_from_db()
    assert coding.slot is None, (tmp_path / "worker.log").read_text()
