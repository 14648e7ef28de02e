"""What runs gave: predictions, a row an answer, and scripts, a row a script."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from annotator.blindness import videos_with_models_shown
from annotator.errors import RefusedError
from annotator.exports.tables import ExportTable, Wishes, parts, without_minors
from annotator.exports.writers import Row
from annotator.models import Study, Video
from models_app.models import (
    Gives,
    Prediction,
    ReviewState,
    Run,
    Script,
    ScriptElement,
    ScriptGap,
    ScriptOrigin,
    ScriptReview,
)

PREDICTION_COLUMNS: dict[str, type] = {
    "video_id": str,
    "platform": str,
    "creator": str,  # the code, never the account
    "run": int,
    "model": str,
    "pipeline": str,
    "value": str,
    "endorsed": bool,  # empty: the model did not say
    "confronted": bool,
    "p_endorsed": float,
    "p_confronted": float,
    "fold": int,
    "reason": str,  # the model's own
    "evidence_seconds": float,  # where in the video the model saw it
    "codebook_version": int,
}
SCRIPT_COLUMNS: dict[str, type] = {
    "video_id": str,
    "platform": str,
    "creator": str,
    "run": int,
    "model": str,
    "pipeline": str,
    "script": int,
    "parent": int,  # the version that it was edited from; empty unless it was edited by hand
    "origin": str,
    "edited": bool,
    "approved": bool,
    "n_reviews": int,
    "n_gaps": int,
    **{f"n_gaps_{element}": int for element in ScriptElement.values},
    "text": str,
    "segments": str,  # JSON: the timed parts of the text
    "facts": str,  # JSON: what else was found
    "sha256": str,
    "created_at": str,
}
NOT_LOOKED_AT: Mapping[str, Any] = {
    "approved": False,
    "n_reviews": 0,
    "n_gaps": 0,
    **{f"n_gaps_{element}": 0 for element in ScriptElement.values},
}


def predictions_table(study: Study, wishes: Wishes) -> ExportTable:
    """A row an answer: of the runs named, or of all."""
    runs = _runs(study, wishes, gives=Gives.PREDICTIONS)
    videos, left_out = _readable(study, wishes)
    told = Prediction.objects.filter(run__in=runs).values("video")
    ids = list(videos.filter(pk__in=told).order_by("pk").values_list("pk", flat=True))
    return ExportTable(PREDICTION_COLUMNS, lambda: _prediction_rows(runs, ids), ids, left_out)


def scripts_table(study: Study, wishes: Wishes) -> ExportTable:
    """A row a script: of the runs named, or all there are, edits included."""
    scripts = Script.objects.in_study(study)
    if wishes.runs:
        scripts = scripts.filter(run__in=_runs(study, wishes, gives=Gives.SCRIPTS))
    videos, left_out = _readable(study, wishes)
    ids = list(videos.filter(pk__in=scripts.values("video")).order_by("pk").values_list("pk", flat=True))
    return ExportTable(SCRIPT_COLUMNS, lambda: _script_rows(scripts, ids), ids, left_out)


def _runs(study: Study, wishes: Wishes, *, gives: Gives) -> dict[int, Run]:
    """The study's runs of this kind by key, or those of them that are named."""
    runs = Run.objects.in_study(study).filter(gives=gives).select_related("codebook")
    found = {run.pk: run for run in runs.defer("codebook__document").order_by("pk")}
    if not wishes.runs:
        return found
    for pk in wishes.runs:
        if pk not in found:
            message = _("the study has no run %(run)s of %(gives)s.")
            raise RefusedError(message % {"run": pk, "gives": gives.label.lower()})
    return {pk: found[pk] for pk in wishes.runs}


def _readable(study: Study, wishes: Wishes) -> tuple[QuerySet[Video], dict[str, int]]:
    """The videos whose models' output the reader may see, and how many are left out, and why."""
    videos = Video.objects.active().filter(study=study)
    left_out: dict[str, int] = {}
    if wishes.reader is not None:
        mine = videos.filter(pk__in=videos_with_models_shown(wishes.reader, study).values("pk"))
        if n_kept := videos.count() - mine.count():
            left_out["blind"] = n_kept
        videos = mine
    chosen, minors = without_minors(videos, wishes)
    return chosen, left_out | minors


def _prediction_rows(runs: dict[int, Run], ids: list[int]) -> Iterator[Row]:
    for part in parts(ids):
        rows = Prediction.objects.filter(run__in=runs, video__in=part).select_related("value")
        videos = _videos(part)
        for row in rows.order_by("video", "run", "value__position"):
            run = runs[row.run_id]
            yield (
                _about(videos[row.video_id])
                | _by(run)
                | {
                    "value": row.value.slug,
                    "endorsed": row.endorsed,
                    "confronted": row.confronted,
                    "p_endorsed": row.p_endorsed,
                    "p_confronted": row.p_confronted,
                    "fold": row.fold,
                    "reason": row.reason,
                    "evidence_seconds": None if row.evidence_ms is None else row.evidence_ms / 1000,
                    "codebook_version": run.codebook.number,
                }
            )


def _script_rows(scripts: QuerySet[Script], ids: list[int]) -> Iterator[Row]:
    for part in parts(ids):
        videos, found = _videos(part), _findings(part)
        for script in scripts.filter(video__in=part).select_related("run").order_by("video", "pk"):
            yield (
                _about(videos[script.video_id])
                | _by(script.run)
                | {
                    "model": script.model,
                    "script": script.pk,
                    "parent": script.parent_id,
                    "origin": script.origin,
                    "edited": script.origin == ScriptOrigin.EDIT,
                    **found.get(script.pk, NOT_LOOKED_AT),
                    "text": script.text,
                    "segments": json.dumps(script.segments, ensure_ascii=False) if script.segments else "",
                    "facts": json.dumps(script.facts, ensure_ascii=False) if script.facts else "",
                    "sha256": script.sha256,
                    "created_at": script.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                }
            )


def _findings(videos: list[int]) -> dict[int, dict[str, Any]]:
    """What people found of the scripts of these videos; scripts that nobody looked at are left out."""
    found: dict[int, dict[str, Any]] = {}
    verdicts = ScriptReview.objects.verdicts().filter(script__video__in=videos)
    for script, n, state in verdicts.values_list("script", "n", "state"):
        found[script] = {**NOT_LOOKED_AT, "n_reviews": n, "approved": state == ReviewState.APPROVED}
    gaps = ScriptGap.objects.filter(script__video__in=videos).order_by()
    for script, element, n in gaps.values_list("script", "element").annotate(n=Count("pk")):
        row = found.setdefault(script, dict(NOT_LOOKED_AT))
        row[f"n_gaps_{element}"] = n
        row["n_gaps"] += n
    return found


def _videos(ids: list[int]) -> dict[int, Video]:
    videos = Video.objects.filter(pk__in=ids).select_related("creator")
    return {video.pk: video for video in videos.defer("caption", "hashtags", "counts")}


def _about(video: Video) -> dict[str, str]:
    return {
        "video_id": video.external_id,
        "platform": video.platform,
        "creator": video.creator.code if video.creator else "",
    }


def _by(run: Run | None) -> dict[str, object]:
    """Of which run; a script edited by hand belongs to none."""
    if run is None:
        return {"run": None, "model": "", "pipeline": ""}
    return {"run": run.pk, "model": run.model, "pipeline": run.pipeline}
