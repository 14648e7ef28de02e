"""What there is for a run to work on: videos with media, with scripts, with gold."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotator.models import Batch, ConsolidationState, Study, Video
from models_app.models import ReviewState, Run, Script
from models_app.specs import Needs, PipelineSpec


@dataclass(frozen=True, slots=True)
class Materials:
    """Numbers of the study's videos that were not withdrawn."""

    n_videos: int
    n_media: int
    n_scripts: int
    n_gold: int


@dataclass(frozen=True, slots=True)
class ScriptModel:
    """What made scripts, and of how many videos."""

    model: str
    n_videos: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would be asked to do."""

    n_videos: int
    n_usable: int  # with what the pipeline reads
    n_gold: int  # to learn from
    n_folds: int = 0

    @property
    def n_lacking(self) -> int:
        """In the scope, yet nothing can be said of them."""
        return self.n_videos - self.n_usable


def materials_of(study: Study) -> Materials:
    """Four counts of the study."""
    videos = Video.objects.filter(study=study).active()
    return Materials(
        n_videos=videos.count(),
        n_media=videos.exclude(media="").count(),
        n_scripts=videos.filter(_has_script()).count(),
        n_gold=_with_gold(videos).count(),
    )


def script_models(study: Study) -> list[ScriptModel]:
    """Models by the number of videos that they have written scripts of, the most first."""
    rows = (
        Script.objects.in_study(study)
        .values_list("model")
        .annotate(n=Count("video", distinct=True))
        .order_by("-n", "model")
    )
    return [ScriptModel(model, n) for model, n in rows]


def scope_of(
    *,
    study: Study,
    batch: Batch | None = None,
    like: Run | None = None,
    spec: PipelineSpec,
    scripts: str = "",
    approved: bool = False,
) -> QuerySet[Video]:
    """The videos that a run would take on: a batch's, another run's, or all.

    approved: only those whose newest script by the model is approved.
    """
    videos = Video.objects.filter(study=study).active()
    if like:
        videos = videos.filter(run_rows__run=like)
    elif batch:
        videos = videos.filter(batch=batch)
    if approved and spec.needs == Needs.SCRIPT:
        newest = Script.objects.in_study(study).filter(model=scripts).newest()
        videos = videos.filter(pk__in=newest.in_state(ReviewState.APPROVED).values("video"))
    return videos


def usable(videos: QuerySet[Video], *, spec: PipelineSpec, scripts: str = "") -> QuerySet[Video]:
    """Those with what the pipeline reads."""
    if spec.needs == Needs.MEDIA:
        return videos.exclude(media="")
    if spec.needs == Needs.SCRIPT:
        return videos.filter(_has_script(scripts))
    return videos


def estimate(*, spec: PipelineSpec, videos: QuerySet[Video], scripts: str, n_folds: int) -> Estimate:
    """What a run over these videos would find."""
    found = usable(videos, spec=spec, scripts=scripts)
    return Estimate(
        n_videos=videos.count(),
        n_usable=found.count(),
        n_gold=_with_gold(found).count() if spec.learns else 0,
        n_folds=n_folds if spec.learns else 0,
    )


def _has_script(model: str = "") -> Exists:
    scripts = Script.objects.filter(video=OuterRef("pk"))
    return Exists(scripts.filter(model=model) if model else scripts)


def _with_gold(videos: QuerySet[Video]) -> QuerySet[Video]:
    return videos.filter(consolidation__state__in=(ConsolidationState.DONE, ConsolidationState.REOPENED))
