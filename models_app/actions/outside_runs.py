"""What was made elsewhere becomes a run: evaluation asks of no run where it comes from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.actions.codebook import freeze_codebook
from annotator.actions.video_rows import plan_rows
from annotator.errors import RefusedError
from annotator.imports.errors import RowError, shorten
from annotator.imports.videos import VideoRow
from annotator.locks import locked
from annotator.models import Change, Study, User, Video
from models_app.models import Gives, Run, RunEvent, RunOrigin, RunState, RunVideo
from models_app.specs import IMPORT

MOST_TOLD = 100  # bad rows named in a result
LONGEST_NAME = 200  # characters


class OutsideImportError(RefusedError):
    """A file that was not imported because of its bad rows; it says the first and how many more."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        self.errors = list(errors)
        text = str(errors[0])
        if len(errors) > 1:
            text += " " + _("(and %(n)s more bad rows; nothing was imported)") % {"n": len(errors) - 1}
        super().__init__(text)


@dataclass(slots=True)
class OutsideReport:
    """What an import did, or would do."""

    model: str
    counts: dict[str, int]
    run: int | None = None
    format: str = ""
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)  # values of which the file says nothing
    is_dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        """For scripts; bad rows are cut off after a hundred."""
        return {
            "run": self.run,
            "model": self.model,
            **({"format": self.format} if self.format else {}),
            **self.counts,
            "n_bad_rows": len(self.errors),
            "bad_rows": [
                {"file": e.name, "line": e.line, "column": e.column, "message": e.message}
                for e in self.errors[:MOST_TOLD]
            ],
            "ignored": self.ignored,
            **({"values_not_in_file": self.untold} if self.untold else {}),
            "dry_run": self.is_dry_run,
        }


class AboutVideo(Protocol):
    """A row of any file that is about a video."""

    video: VideoRow


R = TypeVar("R", bound=AboutVideo)


def checked_name(model: str) -> str:
    """What the model is called, or RefusedError."""
    name = " ".join(model.replace("\x00", "").split())
    if not name:
        raise RefusedError(_("name the model: --model NAME."))
    if len(name) > LONGEST_NAME:
        raise RefusedError(_("the model's name is longer than %(n)s characters.") % {"n": LONGEST_NAME})
    return name


def known_videos(*, study: Study, rows: Sequence[R]) -> tuple[list[tuple[Video, R]], list[RowError]]:
    """The rows with their videos; a video that the study does not have, or had to withdraw, is an error."""
    plan = plan_rows(study=study, rows=[row.video for row in rows])
    of_video = {id(row.video): row for row in rows}
    found: list[tuple[Video, R]] = []
    errors = list(plan.errors)
    for described, platform in plan.rows:
        video = plan.known.get((platform, described.external_id))
        about = {"id": shorten(described.external_id)}
        if video is None:
            message = _("the study has no video %(id)s: import it first.") % about
        elif video.withdrawn_at:
            message = _("video %(id)s was withdrawn and gets nothing more.") % about
        else:
            found.append((video, of_video[id(described)]))
            continue
        errors.append(RowError(described.source, described.line or 1, message))
    return found, errors


def checked_errors(
    errors: Sequence[RowError], *, n_rows: int, name: str, skip_bad_rows: bool, is_dry_run: bool
) -> list[RowError]:
    """All bad rows by line; RefusedError where they stop the import, or nothing is left to import."""
    ordered = sorted(errors, key=lambda error: (error.name, error.line))
    if ordered and not skip_bad_rows and not is_dry_run:
        raise OutsideImportError(ordered)
    if not n_rows and not is_dry_run:
        if ordered:
            raise OutsideImportError(ordered)
        raise RefusedError(_("%(name)s: no rows.") % {"name": name})
    return ordered


def locked_study(study: Study) -> Study:
    """One import at a time in a study, and no new codebook version meanwhile."""
    locked(Study.objects.only("pk")).get(pk=study.pk)
    return Study.objects.select_related("codebook").get(pk=study.pk)


def make_run(
    *,
    study: Study,
    model: str,
    gives: Gives,
    settings: Mapping[str, Any],
    videos: Collection[int],
    scope: Mapping[str, Any],
    by: User | None,
) -> Run:
    """A finished run that was made elsewhere, over these videos."""
    codebook = study.codebook
    if codebook is None:
        raise RefusedError(_("This study has no codebook yet."))
    freeze_codebook(codebook=codebook, because="the first run")
    run = Run.objects.create(
        study=study,
        pipeline=IMPORT,
        model=model,
        gives=gives,
        origin=RunOrigin.IMPORT,
        state=RunState.FINISHED,
        settings=dict(settings),
        scope=dict(scope) | {"n_videos": len(videos)},
        codebook=codebook,
        codebook_hash=codebook.content_hash,
        created_by=by,
    )
    Run.objects.filter(pk=run.pk).update(started_at=Now(), ended_at=Now())
    RunVideo.objects.bulk_create((RunVideo(run=run, video_id=pk) for pk in videos), batch_size=1000)
    return run


def log_import(run: Run, *, by: User | None, detail: Mapping[str, Any]) -> None:
    """A line of the run's log and one of the study's history."""
    RunEvent.objects.create(run=run, what="imported", by=by, detail=dict(detail))
    about = {"run": run.pk, "pipeline": run.pipeline, "model": run.model}
    Change.objects.record(study=run.study, by=by, what="run.imported", after=about | dict(detail))
