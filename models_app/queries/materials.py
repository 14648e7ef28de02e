"""What there is for a run to work on: videos with media, with scripts, with gold."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotator.models import Batch, ConsolidationState, Study, Video
from models_app.models import ReviewState, Script
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


def estimate(
    *,
    study: Study,
    spec: PipelineSpec,
    batch: Batch | None,
    scripts: str,
    n_folds: int,
    approved: bool = False,
) -> Estimate:
    """What a run over these videos would find; of those with an approved script only, if so asked."""
    videos = Video.objects.filter(study=study).active()
    if batch:
        videos = videos.filter(batch=batch)
    if approved and spec.needs == Needs.SCRIPT:
        newest = Script.objects.in_study(study).filter(model=scripts).newest()
        videos = videos.filter(pk__in=newest.in_state(ReviewState.APPROVED).values("video"))
    usable = videos
    if spec.needs == Needs.MEDIA:
        usable = videos.exclude(media="")
    elif spec.needs == Needs.SCRIPT:
        usable = videos.filter(_has_script(scripts))
    return Estimate(
        n_videos=videos.count(),
        n_usable=usable.count(),
        n_gold=_with_gold(usable).count() if spec.learns else 0,
        n_folds=n_folds if spec.learns else 0,
    )


def _has_script(model: str = "") -> Exists:
    scripts = Script.objects.filter(video=OuterRef("pk"))
    return Exists(scripts.filter(model=model) if model else scripts)


def _with_gold(videos: QuerySet[Video]) -> QuerySet[Video]:
    return videos.filter(consolidation__state__in=(ConsolidationState.DONE, ConsolidationState.REOPENED))
