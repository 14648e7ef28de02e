"""What a run that asks a language model was frozen with: its prompts, and gold examples for each video."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from annotator.models import Video
from models_app.models import Run, RunPrompt, RunShot
from models_app.pipelines.base import Briefing, Shot, Step


def briefing_of(run: Run) -> Briefing:
    """What holds for every item of the run."""
    codebook = run.codebook
    prompts = RunPrompt.objects.filter(run=run).values_list("step", "prompt__text")
    values = list(codebook.values.order_by("position").values_list("slug", "name"))
    return Briefing(
        system={Step(step): text for step, text in prompts},
        values=tuple(slug for slug, _name in values),
        names=tuple(name for _slug, name in values),
        allow_dominant=codebook.allow_dominant,
        allow_both=bool(codebook.document.get("allow_both", False)),
        seed=run.seed,
    )


@dataclass
class Shots:
    """The examples of a run, read once."""

    run: Run
    n: int  # how many each video is shown

    def read(self) -> None:
        """Read them now."""
        _known = self._kept

    def of(self, video_id: int) -> tuple[Shot, ...]:
        """The first that are not the video itself nor its creator's."""
        if not self._kept:
            return ()
        creator = Video.objects.filter(pk=video_id).values_list("creator_id", flat=True).get()
        others = (
            shot
            for video, owner, shot in self._kept
            if video != video_id and (owner is None or owner != creator)
        )
        return tuple(shot for shot, _place in zip(others, range(self.n), strict=False))

    @cached_property
    def _kept(self) -> list[tuple[int, int | None, Shot]]:
        """(video, creator, shot) in order; without those whose script has gone since."""
        rows = RunShot.objects.filter(run=self.run, script__isnull=False, video__withdrawn_at__isnull=True)
        columns = ("gold", "script__text", "video__creator_id", "video__caption", "video__hashtags")
        rows = rows.select_related("script", "video").only(*columns).order_by("number")
        slugs = list(self.run.codebook.values.order_by("position").values_list("slug", flat=True))
        return [(row.video_id, row.video.creator_id, _shot(row, slugs)) for row in rows]


def _shot(row: RunShot, slugs: Sequence[str]) -> Shot:
    stances = tuple((slug, row.gold[slug]) for slug in slugs if slug in row.gold)
    return Shot(row.script.text if row.script else "", stances, post=row.video.post_text)


def shots_for(run: Run, video_id: int) -> tuple[Shot, ...]:
    """The gold examples that a video of the run is shown."""
    return Shots(run, int(run.settings.get("shots", 0))).of(video_id)
