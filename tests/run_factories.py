"""Rows of runs for tests, made directly: short to write, and free of the engine."""

import hashlib
from collections.abc import Iterable, Mapping

from annotator.models import Study, User, Video
from models_app.models import (
    ItemKind,
    ItemState,
    Prediction,
    Run,
    RunItem,
    RunVideo,
    Script,
    ScriptElement,
    ScriptOrigin,
    ScriptReview,
)

NOTHING = (False, False)


def make_run(
    study: Study,
    videos: Iterable[Video] = (),
    answers: Mapping[tuple[int, str], tuple[bool | None, bool | None]] | None = None,
    **fields,
) -> Run:
    """A finished run of predictions with these videos as its scope, each an item.

    answers: (video's key, slug) → endorsed, confronted; `predict` gives a video's with scores.
    """
    item_state, codebook = fields.pop("item_state", ItemState.DONE), fields.pop("codebook", study.codebook)
    run = Run.objects.create(
        study=study,
        codebook=codebook,
        codebook_hash=codebook.content_hash,
        **{
            "pipeline": "dictionary",
            "model": "dictionary",
            "gives": "predictions",
            "state": "finished",
            **fields,
        },
    )
    videos = list(videos)
    RunVideo.objects.bulk_create(RunVideo(run=run, video=video) for video in videos)
    RunItem.objects.bulk_create(
        RunItem(run=run, kind=ItemKind.VIDEO, key=video.pk, state=item_state) for video in videos
    )
    values = {value.slug: value for value in codebook.values.all()}
    Prediction.objects.bulk_create(
        (
            Prediction(run=run, video_id=video, value=values[slug], endorsed=said[0], confronted=said[1])
            for (video, slug), said in (answers or {}).items()
        ),
        batch_size=500,
    )
    return run


def predict(run: Run, video: Video, said: Mapping[str, tuple] | None = None, *, rest=NOTHING) -> None:
    """The run's answers for a video: (endorsed, confronted, p_endorsed, p_confronted) by slug."""
    said = said or {}
    rows = []
    for value in run.codebook.values.all():
        answer = said.get(value.slug, rest)
        if answer is None:
            continue
        endorsed, confronted, p_endorsed, p_confronted = (*answer, None, None)[:4]
        rows.append(
            Prediction(
                run=run,
                video=video,
                value=value,
                endorsed=endorsed,
                confronted=confronted,
                p_endorsed=p_endorsed,
                p_confronted=p_confronted,
            )
        )
    Prediction.objects.bulk_create(rows)


def make_script(video: Video, text: str = "INT. A KITCHEN", *, run: Run | None = None, **fields) -> Script:
    """A script, imported unless a run is named."""
    return Script.objects.create(
        video=video,
        run=run,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        **{
            "origin": ScriptOrigin.RUN if run else ScriptOrigin.IMPORT,
            "model": run.model if run else "transcriber",
            **fields,
        },
    )


def make_review(script: Script, by: User, captured: str = "whole", **fields) -> ScriptReview:
    """A review that gives every element the same answer, but for those named."""
    answers = dict.fromkeys(ScriptElement.values, captured)
    return ScriptReview.objects.create(script=script, reviewer=by, **{**answers, **fields})


def fail(run: Run, video: Video, *, code: str = "unreadable", error: str = "It cannot be read.", **fields):
    """The item of the video in the run has failed."""
    items = RunItem.objects.filter(run=run, kind=ItemKind.VIDEO, key=video.pk)
    items.update(state=ItemState.FAILED, error_code=code, error=error, **fields)
