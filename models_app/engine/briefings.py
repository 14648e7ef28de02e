"""What a run that asks a language model was frozen with: its prompts, and gold examples for each video."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from annotator.models import Video
from models_app.models import Run, RunPrompt, RunShot
from models_app.pipelines.base import Briefing, ItemError, Shot, Step


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
    """The examples of a run, read once for a slice; which of them are left is asked for each video."""

    run: Run
    n: int  # how many each video is shown

    def read(self) -> None:
        """Read them now."""
        _known = self._frozen

    def of(self, video_id: int) -> tuple[Shot, ...]:
        """The first of those left that are not the video itself nor its creator's.

        ItemError where none is left: judged without any, the video would be asked another question.
        """
        if not self._frozen:
            return ()
        rows = Video.objects.filter(pk__in={video_id, *self._frozen}).values_list(
            "pk", "creator_id", "withdrawn_at"
        )
        creators = {pk: creator for pk, creator, gone_at in rows if pk == video_id or gone_at is None}
        own = creators.pop(video_id)
        others = [
            shot
            for video, shot in self._frozen.items()
            if shot is not None and video in creators and (own is None or creators[video] != own)
        ]
        if not others:
            raise ItemError(
                "no-examples", _("The examples that this video was to be judged by were withdrawn.")
            )
        return tuple(others[: self.n])

    @cached_property
    def _frozen(self) -> dict[int, Shot | None]:
        """By video, in order; None where the script had gone before it was read."""
        rows = RunShot.objects.filter(run=self.run).select_related("script", "video").order_by("number")
        columns = ("gold", "script__text", "video__caption", "video__hashtags")
        slugs = list(self.run.codebook.values.order_by("position").values_list("slug", flat=True))
        return {row.video_id: _shot(row, slugs) for row in rows.only(*columns)}


def _shot(row: RunShot, slugs: Sequence[str]) -> Shot | None:
    if row.script is None:
        return None
    stances = tuple((slug, row.gold[slug]) for slug in slugs if slug in row.gold)
    return Shot(row.script.text, stances, post=row.video.post_text)
