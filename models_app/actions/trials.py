"""Trials: runs over a development batch, to try a prompt before it is paid for on every video."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotator.actions.batches import development_batch
from annotator.models import Study, User, Video
from models_app.actions.runs import start_run
from models_app.models import Run


@transaction.atomic
def start_trial(*, study: Study, among: QuerySet[Video], by: User | None, **given: Any) -> Run:
    """Start a trial; RefusedError, with nothing changed, where there is nothing to try it on.

    among: what the pipeline can work on, to draw a development batch from where there is none.
    given: as for `start_run`, without the videos.
    """
    batch = development_batch(study=study, among=among, by=by)
    return start_run(study=study, videos=batch.name, is_trial=True, by=by, **given)
