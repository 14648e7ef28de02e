"""Bringing in scripts that were made elsewhere, as a run of scripts."""

import hashlib

from django.db import transaction

from annotator.models import Study, User
from models_app.actions.outside_runs import (
    OutsideReport,
    checked_errors,
    checked_name,
    known_videos,
    locked_study,
    log_import,
    make_run,
)
from models_app.imports.scripts import ScriptFile
from models_app.models import Gives, Script, ScriptOrigin


def import_scripts(
    *,
    study: Study,
    file: ScriptFile,
    model: str,
    skip_bad_rows: bool = False,
    by: User | None = None,
    is_dry_run: bool = False,
) -> OutsideReport:
    """Keep a file's scripts beside those there are: all or nothing, unless bad rows may be skipped."""
    name = checked_name(model)
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
        counts = {"n_scripts": len(found)}
        report = OutsideReport(name, counts, errors=errors, ignored=file.ignored, is_dry_run=is_dry_run)
        if is_dry_run:
            return report
        run = make_run(
            study=study,
            model=name,
            gives=Gives.SCRIPTS,
            settings={"file": file.name},
            videos=[video.pk for video, _row in found],
            scope={"videos": file.name},
            by=by,
        )
        Script.objects.bulk_create(
            (
                Script(
                    video=video,
                    run=run,
                    origin=ScriptOrigin.IMPORT,
                    model=name,
                    text=row.text,
                    segments=row.segments,
                    facts=row.facts,
                    sha256=hashlib.sha256(row.text.encode()).hexdigest(),
                    created_by=by,
                )
                for video, row in found
            ),
            batch_size=500,
        )
        log_import(run, by=by, detail={"file": file.name, **counts})
    report.run = run.pk
    return report
