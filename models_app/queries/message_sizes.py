"""How much goes with a prompt: the video or script that is judged, its post, examples from gold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Avg, Count, Max, Q, QuerySet
from django.db.models.functions import Length

from annotator.models import Study, Video
from models_app.clients.base import TAKES_CLIPS, ClientName
from models_app.engine.budget import (
    BYTES_PER_TOKEN,
    LONGEST_VIDEO,
    TOKENS_PER_PICTURE,
    TOKENS_PER_VIDEO_SECOND,
)
from models_app.models import Script
from models_app.pipelines.base import Step
from models_app.prices import PriceFileError, price_of
from models_app.queries.earlier_answers import Asked, Earlier
from models_app.specs import Needs, PipelineSpec

GUESSED_VIDEO_SECONDS = 60.0  # where no video's length is known
GUESSED_SCRIPT_TOKENS = 900  # of a script that has not been written yet
TOKENS_PER_SPOKEN_SECOND = 4
CHARACTERS_PER_TOKEN = 4
MOST_BYTES_PER_CHARACTER = 2  # of scripts, also in Hebrew or Arabic letters
MOST_POST_TOKENS = 1_000  # of a caption with its hashtags


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to read of a video: on average, and at most."""

    seconds: float
    script_tokens: float
    most_seconds: float
    most_script_tokens: float


def sizes_of(study: Study, videos: QuerySet[Video], *, scripts: str) -> Sizes:
    """Of these videos; of the scripts by a model, else of all in the study."""
    known = videos.aggregate(
        mean=Avg("duration_ms"), most=Max("duration_ms"), n_unknown=Count("pk", filter=Q(duration_ms=None))
    )
    texts = Script.objects.in_study(study).order_by()
    if scripts:
        texts = texts.filter(model=scripts)
    length = texts.aggregate(mean=Avg(Length("text")), most=Max(Length("text")))
    seconds = known["mean"] / 1000 if known["mean"] else GUESSED_VIDEO_SECONDS
    tokens = length["mean"] / CHARACTERS_PER_TOKEN if length["mean"] else GUESSED_SCRIPT_TOKENS
    return Sizes(
        seconds=seconds,
        script_tokens=tokens,
        most_seconds=max((known["most"] or 0) / 1000, LONGEST_VIDEO if known["n_unknown"] else 0),
        most_script_tokens=(length["most"] or 0) * MOST_BYTES_PER_CHARACTER / BYTES_PER_TOKEN,
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What goes with the prompt of a step: what is judged, and examples from gold."""

    step: Step
    spec: PipelineSpec
    client: ClientName
    model: str
    sizes: Sizes

    def tokens(self, settings: Mapping[str, Any], earlier: Earlier | None) -> float:
        """Of one question by these settings, by what earlier ones took where there were some."""
        item = self._item(settings)
        if earlier:
            item = sum(asked.n * self._taken(asked, item) for asked in earlier.asked) / earlier.n
        return max(item + self._examples(settings), 0)

    def most_tokens(self, settings: Mapping[str, Any]) -> float:
        """What the budget may take one question for: the longest video or script, with its post."""
        sizes = replace(
            self.sizes,
            seconds=self.sizes.most_seconds,
            script_tokens=self.sizes.most_script_tokens + MOST_POST_TOKENS,
        )
        longest = replace(self, sizes=sizes)
        is_written_first = self.step == Step.VALUES and Step.SCRIPT in self.spec.steps
        item = settings["max_output_tokens"] if is_written_first else longest._item(settings)
        return item + longest._examples(settings) + MOST_POST_TOKENS

    def _taken(self, asked: Asked, item: float) -> float:
        """Of what was judged then; in proportion, where it was shown in other detail."""
        then = self._item(asked.settings)
        taken = asked.n_input - asked.n_prompt - self._examples(asked.settings)
        return taken * item / then if then else taken

    def _examples(self, settings: Mapping[str, Any]) -> float:
        is_shown = settings.get("examples") == "gold" and self.step == Step.VALUES
        return settings.get("shots", 0) * self.sizes.script_tokens if is_shown else 0

    def _item(self, settings: Mapping[str, Any]) -> float:
        if self.step == Step.VALUES and self.spec.needs == Needs.SCRIPT:
            return self.sizes.script_tokens
        if self.step == Step.VALUES and Step.SCRIPT in self.spec.steps:
            return GUESSED_SCRIPT_TOKENS
        if self.client in TAKES_CLIPS:
            return self.sizes.seconds * _tokens_per_second(self.client, self.model)
        is_spoken = settings.get("transcript") == "local"
        spoken = self.sizes.seconds * TOKENS_PER_SPOKEN_SECOND if is_spoken else 0
        n_frames: int = settings.get("frames", 0)
        return n_frames * TOKENS_PER_PICTURE + spoken


def _tokens_per_second(client: ClientName, model: str) -> float:
    try:
        price = price_of(client, model)
    except PriceFileError:
        price = None
    return (price and price.tokens_per_video_second) or TOKENS_PER_VIDEO_SECOND
