"""From rows to what pipelines take: a video's file, a script, a data set."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from annotator.media.storage import local_path
from annotator.models import Video
from models_app.models import Run, RunVideo
from models_app.pipelines.base import (
    Dataset,
    Example,
    ItemError,
    LlmInput,
    ScriptInput,
    Segment,
    SegmentKind,
    Shot,
    VideoInput,
)
from models_app.specs import Needs

MEDIA_COLUMNS = (
    "pk",
    "external_id",
    "media",
    "sha256",
    "content_type",
    "duration_ms",
    "has_sound",
    "withdrawn_at",
)


@contextmanager
def video_input(video_id: int) -> Iterator[VideoInput]:
    """The video with a path to its media, which holds while the block runs."""
    video = Video.objects.only(*MEDIA_COLUMNS).get(pk=video_id)
    refuse_if_withdrawn(video.withdrawn_at)
    with local_path(video) as path:
        yield VideoInput(
            video.pk,
            path,
            duration_ms=video.duration_ms,
            has_sound=video.has_sound,
            sha256=video.sha256 or _sha256_of(path),
            mime_type=video.content_type or mimetypes.guess_type(path.name)[0] or "video/mp4",
        )


def script_input(*, run_id: int, video_id: int) -> ScriptInput:
    """The video's script, as it was chosen when the run began."""
    rows = RunVideo.objects.filter(run=run_id, video=video_id)
    columns = ("video__withdrawn_at", "script_id", "script__text", "script__segments")
    withdrawn_at, script, text, segments = rows.values_list(*columns).get()
    refuse_if_withdrawn(withdrawn_at)
    if script is None:
        raise ItemError("no-script", _("The script that the run was to read has been deleted since."))
    return ScriptInput(video_id, text, tuple(_segment(part) for part in segments))


@contextmanager
def llm_input(*, run_id: int, video_id: int, needs: Needs, shots: tuple[Shot, ...]) -> Iterator[LlmInput]:
    """What a language model is given of a video: its media, or its script, with the run's examples.

    And what coders read beside it, the text of the post: never its counts.
    """
    post = Video.objects.only("caption", "hashtags").get(pk=video_id).post_text
    if needs == Needs.SCRIPT:
        script = script_input(run_id=run_id, video_id=video_id)
        yield LlmInput(video_id, script=script, shots=shots, post=post)
        return
    with video_input(video_id) as video:
        yield LlmInput(video_id, video=video, shots=shots, post=post)


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


def _segment(stored: Mapping[str, Any]) -> Segment:
    return Segment(
        SegmentKind(stored["kind"]),
        stored.get("text", ""),
        stored.get("start_ms"),
        stored.get("end_ms"),
        stored.get("speaker", ""),
    )


def _sha256_of(path: Path) -> str:
    """For media of before their hash was kept."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_if_withdrawn(withdrawn_at: datetime | None) -> None:
    """ItemError where nothing may be made of the video any more."""
    if withdrawn_at is not None:
        raise withdrawn_error()


def withdrawn_error() -> ItemError:
    """What an item fails with whose video has gone."""
    return ItemError("withdrawn", _("The video was withdrawn from the study after the run began."))
