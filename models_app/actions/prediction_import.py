"""Bringing in predictions that were made elsewhere: any outside model becomes a run."""

import enum
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.actions.labels import value_names
from annotator.errors import RefusedError
from annotator.imports.tables import Table
from annotator.models import Study, User, Value, Video
from models_app.actions.outside_runs import (
    OutsideReport,
    checked_errors,
    checked_name,
    known_videos,
    locked_study,
    log_import,
    make_run,
)
from models_app.imports.predictions import PredictionRow, read_predictions
from models_app.models import Gives, Prediction, Run


class Scope(enum.StrEnum):
    """Which videos the model was asked about: those in its file, or all of the study."""

    FILE = "file"
    STUDY = "study"


def import_predictions(
    *,
    study: Study,
    table: Table,
    model: str,
    threshold: float | None = None,
    scope: str = Scope.FILE,
    skip_bad_rows: bool = False,
    by: User | None = None,
    is_dry_run: bool = False,
) -> OutsideReport:
    """Make a run of a table of predictions: whole or not at all, unless bad rows may be skipped.

    threshold: from which score on, in [0, 1], an answer of a binary file is yes; None: cells are yes or no.
    """
    name = checked_name(model)
    if threshold is not None and not 0 <= threshold <= 1:
        raise RefusedError(_("a threshold lies between 0 and 1."))
    file = read_predictions(table, names=value_names(study), threshold=threshold)
    with transaction.atomic():
        study = locked_study(study)
        found, errors = known_videos(study=study, rows=file.rows)
        errors = checked_errors(
            [*file.errors, *errors],
            n_rows=len(found),
            name=file.name,
            skip_bad_rows=skip_bad_rows,
            is_dry_run=is_dry_run,
        )
        videos = [video.pk for video, _row in found]
        if scope == Scope.STUDY:
            videos = list(
                Video.objects.active().filter(study=study).order_by("pk").values_list("pk", flat=True)
            )
        counts = {
            "n_videos": len(found),
            "n_scope": len(videos),
            "n_predictions": sum(len(row.answers) for _video, row in found),
        }
        report = OutsideReport(
            name, counts, format=file.format, errors=errors, ignored=file.ignored, untold=file.untold
        )
        report.is_dry_run = is_dry_run
        if is_dry_run:
            return report
        run = make_run(
            study=study,
            model=name,
            gives=Gives.PREDICTIONS,
            settings={"file": file.name, "format": str(file.format), "threshold": threshold},
            videos=videos,
            scope={"videos": "" if scope == Scope.STUDY else file.name},
            by=by,
        )
        Prediction.objects.bulk_create(_predictions(run, found), batch_size=2000)
        log_import(run, by=by, detail={"file": file.name, "format": str(file.format), **counts})
    report.run = run.pk
    return report


def _predictions(run: Run, found: list[tuple[Video, PredictionRow]]) -> Iterator[Prediction]:
    values = dict(Value.objects.filter(codebook=run.codebook_id).values_list("slug", "pk"))
    for video, row in found:
        for slug, answer in row.answers.items():
            yield Prediction(
                run=run,
                video=video,
                value_id=values[slug],
                endorsed=answer.endorsed,
                confronted=answer.confronted,
                p_endorsed=answer.p_endorsed,
                p_confronted=answer.p_confronted,
                reason=answer.reason,
                evidence_ms=answer.evidence_ms,
            )
