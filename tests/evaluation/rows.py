"""Gold and runs for tests, made directly as rows."""

from collections.abc import Mapping, Sequence

from django.utils import timezone

from annotator.models import GoldLabel, Study, Video
from models_app.models import Gives, Prediction, Run, RunState, RunVideo


def give_gold(video: Video, stances: Mapping[str, int] | None = None, *, rest: int | None = 0) -> None:
    """Gold on every value of the codebook in force; values not named get ``rest`` (None leaves them out)."""
    given = stances or {}
    now = timezone.now()
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=now)
        for value in video.study.codebook.values.all()
        if (stance := given.get(value.slug, rest)) is not None
    )


def make_run(
    study: Study,
    videos: Sequence[Video] = (),
    answers: Mapping[tuple[int, str], tuple[bool | None, bool | None]] | None = None,
    **fields,
) -> Run:
    """A finished run over the videos; answers: (video's key, slug) → endorsed, confronted."""
    codebook = fields.pop("codebook", study.codebook)
    fields = {
        "pipeline": "masked-lm",
        "model": "a model",
        "gives": Gives.PREDICTIONS,
        "state": RunState.FINISHED,
    } | fields
    run = Run.objects.create(study=study, codebook=codebook, codebook_hash=codebook.content_hash, **fields)
    RunVideo.objects.bulk_create(RunVideo(run=run, video=video) for video in videos)
    values = {value.slug: value for value in codebook.values.all()}
    Prediction.objects.bulk_create(
        (
            Prediction(run=run, video_id=video, value=values[slug], endorsed=said[0], confronted=said[1])
            for (video, slug), said in (answers or {}).items()
        ),
        batch_size=500,
    )
    return run
