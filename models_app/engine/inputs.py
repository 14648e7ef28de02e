"""From rows to what pipelines take: a video's file, a script, a data set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils.translation import gettext as _

from annotator.media.storage import local_path
from annotator.models import Video
from models_app.models import Run, RunVideo
from models_app.pipelines.base import Dataset, Example, ItemError, ScriptInput, VideoInput

MEDIA_COLUMNS = ("pk", "external_id", "media", "duration_ms", "has_sound", "withdrawn_at")


@contextmanager
def video_input(video_id: int) -> Iterator[VideoInput]:
    """The video with a path to its media, which holds while the block runs."""
    video = Video.objects.only(*MEDIA_COLUMNS).get(pk=video_id)
    refuse_if_withdrawn(video.withdrawn_at)
    with local_path(video) as path:
        yield VideoInput(video.pk, path, duration_ms=video.duration_ms, has_sound=video.has_sound)


def script_input(*, run_id: int, video_id: int) -> ScriptInput:
    """The video's script, as it was chosen when the run began."""
    rows = RunVideo.objects.filter(run=run_id, video=video_id)
    withdrawn_at, script, text = rows.values_list("video__withdrawn_at", "script_id", "script__text").get()
    refuse_if_withdrawn(withdrawn_at)
    if script is None:
        raise ItemError("no-script", _("The script that the run was to read has been deleted since."))
    return ScriptInput(video_id, text)


def data_set(run: Run, *, values: tuple[str, ...], n_folds: int) -> Dataset:
    """Everything that a pipeline may learn from: scope, folds, scripts and gold as they were frozen."""
    rows = RunVideo.objects.filter(run=run, problem="", fold__isnull=False, video__withdrawn_at__isnull=True)
    columns = ("video_id", "video__creator_id", "fold", "gold", "script__text")
    return Dataset(
        values=values,
        examples=tuple(
            Example(
                video_id=video,
                creator=creator if creator is not None else -video,
                fold=fold,
                gold=tuple(gold[slug] for slug in values) if gold is not None else None,
                text=text or "",
            )
            for video, creator, fold, gold, text in rows.order_by("video_id").values_list(*columns)
        ),
        n_folds=n_folds,
    )


def refuse_if_withdrawn(withdrawn_at: datetime | None) -> None:
    """ItemError where nothing may be made of the video any more."""
    if withdrawn_at is not None:
        raise withdrawn_error()


def withdrawn_error() -> ItemError:
    """What an item fails with whose video has gone."""
    return ItemError("withdrawn", _("The video was withdrawn from the study after the run began."))
