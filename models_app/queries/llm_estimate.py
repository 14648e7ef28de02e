"""What a run that asks language models will take: requests, tokens, money, hours. Told before it starts.

From earlier answers of the same model to the same step, where this installation has some; else from the
prompt's characters, the videos' seconds and a guess for the answer, and it says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.functions import Length

from annotator.models import Study, Video
from models_app.clients.base import TAKES_CLIPS, ClientName, Usage
from models_app.engine.budget import TOKENS_PER_PICTURE, TOKENS_PER_VIDEO_SECOND
from models_app.models import Exchange, ExchangeState, Run, RunPrompt, Script
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import about_tokens, prompt_hash
from models_app.prices import PriceFileError, cost_of, currency, price_of
from models_app.specs import LlmSettings, Needs, PipelineName, PipelineSpec

RECENT_RUNS = 10  # whose answers tell what the next will take
GUESSED_VIDEO_SECONDS = 60.0  # where no video's length is known
GUESSED_SCRIPT_TOKENS = 900  # of a script that has not been written yet
TOKENS_PER_SPOKEN_SECOND = 4
TOKENS_PER_VALUE = 45  # of an answer: a stance, a short reason, a second
CHARACTERS_PER_TOKEN = 4
GUESSED_SECONDS = {Step.SCRIPT: 25.0, Step.VALUES: 15.0}  # for one answer
SHOWN_VIDEOS = (PipelineName.LLM_DIRECT,)  # pipelines whose step of values sees the video itself
SHOWN_SCRIPTS = (PipelineName.LLM_FROM_SCRIPT, PipelineName.LLM_TWO_STEP)
# Settings that are part of what an answer is found again by, whatever the step.
PART_OF_KEY = ("temperature", "max_output_tokens", "replicate", "frames", "transcript")


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """One step of a run; tokens and seconds are of one request, the rest of all."""

    step: Step
    client: ClientName
    model: str
    n_requests: int  # that are asked anew
    n_kept: int  # that an earlier run has the answers to
    n_input: float
    n_output: float
    seconds: float
    n_earlier: int  # answers that the means were taken from; 0: guessed
    cost: Decimal | None  # of all that are asked anew; None: no price known

    @property
    def all_input(self) -> int:
        """Tokens sent."""
        return round(self.n_requests * self.n_input)

    @property
    def all_output(self) -> int:
        """Tokens answered."""
        return round(self.n_requests * self.n_output)


@dataclass(frozen=True, slots=True)
class LlmEstimate:
    """The whole run."""

    n_videos: int
    steps: tuple[StepEstimate, ...]
    seconds: float | None  # None: a batch, which comes when it comes
    currency: str = ""
    price_error: str = ""  # the price table cannot be read
    unpriced: tuple[str, ...] = field(default=())  # models that no entry of the table names

    @property
    def n_requests(self) -> int:
        """All questions that are asked anew."""
        return sum(step.n_requests for step in self.steps)

    @property
    def n_kept(self) -> int:
        """Answers that are there already."""
        return sum(step.n_kept for step in self.steps)

    @property
    def n_input(self) -> int:
        """Tokens sent."""
        return sum(step.all_input for step in self.steps)

    @property
    def n_output(self) -> int:
        """Tokens answered."""
        return sum(step.all_output for step in self.steps)

    @property
    def n_earlier(self) -> int:
        """Answers that the means of the least known step were taken from; 0: something is guessed."""
        return min((step.n_earlier for step in self.steps), default=0)

    @property
    def cost(self) -> Decimal | None:
        """Of all steps; None where the price of one is not known."""
        costs = [step.cost for step in self.steps if step.cost is not None]
        return sum(costs, Decimal(0)) if len(costs) == len(self.steps) else None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to read of a video, on average."""

    seconds: float
    script_tokens: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """Means of earlier answers."""

    n: int
    n_input: float
    n_output: float
    seconds: float | None


def estimate_llm(
    *,
    study: Study,
    spec: PipelineSpec,
    settings: LlmSettings,
    videos: QuerySet[Video],
    prompts: Mapping[Step, str],
    scripts: str = "",
    n_values: int,
    parent: Run | None = None,
) -> LlmEstimate:
    """What a run would take.

    videos: those that it can work on; settings: whole; parent: the run that it repeats with changes.
    """
    n_videos = videos.count()
    sizes = _sizes(study, videos, scripts=scripts)
    prompts = {step: prompts[step] for step in spec.steps}
    kept = _kept(parent, settings, prompts, videos) if parent else {}
    steps, unpriced, price_error = [], [], ""
    for step in spec.steps:
        client, model = asked_in(step, settings)
        earlier = _earlier(step, spec, client=client, model=model)
        n_samples = int(getattr(settings, "samples", 1)) if step == Step.VALUES else 1
        n_kept = min(kept.get(step, 0), n_videos) * n_samples
        n_requests = n_videos * n_samples - n_kept
        if earlier:
            n_input, n_output, seconds = earlier.n_input, earlier.n_output, earlier.seconds
        else:
            n_message = _message_tokens(step, spec, settings, client, model, sizes)
            n_input = about_tokens(prompts[step]) + n_message
            n_output = n_values * TOKENS_PER_VALUE if step == Step.VALUES else GUESSED_SCRIPT_TOKENS
            seconds = None
        usage = Usage(round(n_requests * n_input), round(n_requests * n_output))
        try:
            cost = cost_of(client, model, usage, is_batch=settings.delivery == "batch")
        except PriceFileError as error:
            cost, price_error = None, str(error)
        if cost is None and not price_error:
            unpriced.append(model)
        steps.append(
            StepEstimate(
                step=step,
                client=client,
                model=model,
                n_requests=n_requests,
                n_kept=n_kept,
                n_input=n_input,
                n_output=n_output,
                seconds=seconds if seconds is not None else GUESSED_SECONDS[step],
                n_earlier=earlier.n if earlier else 0,
                cost=cost,
            )
        )
    return LlmEstimate(
        n_videos=n_videos,
        steps=tuple(steps),
        seconds=None if settings.delivery == "batch" else _seconds(steps, settings),
        currency="" if price_error else currency(),
        price_error=price_error,
        unpriced=tuple(dict.fromkeys(unpriced)),
    )


def asked_in(step: Step, settings: LlmSettings) -> tuple[ClientName, str]:
    """Whom a step asks, by whole settings."""
    if step == Step.SCRIPT:
        client = getattr(settings, "script_client", None) or settings.client
        return client, str(getattr(settings, "script_model", "") or settings.model)
    return settings.client, settings.model


def _sizes(study: Study, videos: QuerySet[Video], *, scripts: str) -> Sizes:
    known = videos.filter(duration_ms__isnull=False).aggregate(mean=Avg("duration_ms"))["mean"]
    texts = Script.objects.in_study(study).order_by()
    if scripts:
        texts = texts.filter(model=scripts)
    length = texts.aggregate(mean=Avg(Length("text")))["mean"]
    return Sizes(
        seconds=known / 1000 if known else GUESSED_VIDEO_SECONDS,
        script_tokens=length / CHARACTERS_PER_TOKEN if length else GUESSED_SCRIPT_TOKENS,
    )


def _message_tokens(
    step: Step, spec: PipelineSpec, settings: LlmSettings, client: ClientName, model: str, sizes: Sizes
) -> float:
    """Of what is judged, with the examples that go with it."""
    shots = int(getattr(settings, "shots", 0)) if _shows_gold(settings) and step == Step.VALUES else 0
    examples = shots * sizes.script_tokens
    if step == Step.VALUES and spec.needs == Needs.SCRIPT:
        return sizes.script_tokens + examples
    if step == Step.VALUES and Step.SCRIPT in spec.steps:
        return GUESSED_SCRIPT_TOKENS + examples
    if client in TAKES_CLIPS:
        return sizes.seconds * _tokens_per_second(client, model) + examples
    spoken = sizes.seconds * TOKENS_PER_SPOKEN_SECOND if getattr(settings, "transcript", "") == "local" else 0
    return int(getattr(settings, "frames", 0)) * TOKENS_PER_PICTURE + spoken + examples


def _shows_gold(settings: LlmSettings) -> bool:
    return getattr(settings, "examples", "") == "gold"


def _tokens_per_second(client: ClientName, model: str) -> float:
    try:
        price = price_of(client, model)
    except PriceFileError:
        price = None
    return (price and price.tokens_per_video_second) or TOKENS_PER_VIDEO_SECOND


def _earlier(step: Step, spec: PipelineSpec, *, client: ClientName, model: str) -> Earlier | None:
    """Of the same model, asked the same kind of thing, in the latest runs of this installation."""
    kind: tuple[PipelineName, ...] = (PipelineName.LLM_SCRIPT, PipelineName.LLM_TWO_STEP)
    if step == Step.VALUES:
        kind = SHOWN_VIDEOS if spec.name in SHOWN_VIDEOS else SHOWN_SCRIPTS
    names = Q(settings__model=model) | Q(settings__script_model=model)
    runs = Run.objects.filter(names, pipeline__in=kind, exchanges__isnull=False).distinct()
    keys = list(runs.order_by("-pk").values_list("pk", flat=True)[:RECENT_RUNS])
    if not keys:
        return None
    found = Exchange.objects.filter(
        run__in=keys, step=step, client=client, model=model, turn=0, source=None, state=ExchangeState.ANSWERED
    ).filter(n_input__isnull=False, n_output__isnull=False)
    means = found.order_by().aggregate(
        n=Count("pk"), n_input=Avg("n_input"), n_output=Avg("n_output"), seconds=Avg("seconds")
    )
    return Earlier(**means) if means["n"] else None


def _kept(
    parent: Run, settings: LlmSettings, prompts: Mapping[Step, str], videos: QuerySet[Video]
) -> dict[Step, int]:
    """Of how many videos the repeated run has the very answers, by step; none where that is not certain."""
    now: dict[str, Any] = settings.model_dump(mode="json")
    if any(parent.settings.get(name) != now.get(name) for name in PART_OF_KEY) or _shows_gold(settings):
        return {}
    hashes = dict(RunPrompt.objects.filter(run=parent).values_list("step", "prompt__hash"))
    found: dict[Step, int] = {}
    for step, prompt in prompts.items():
        client, model = asked_in(step, settings)
        if hashes.get(step) != prompt_hash(prompt):
            break  # what comes after it is given another script
        answers = Exchange.objects.filter(
            run=parent, step=step, client=client, model=model, turn=0, state=ExchangeState.ANSWERED
        ).filter(Q(key__isnull=False) | Q(source__isnull=False), video__in=videos.values("pk"))
        found[step] = answers.order_by().values("video").distinct().count()
        if not found[step]:
            break
    return found


def _seconds(steps: list[StepEstimate], settings: LlmSettings) -> float:
    """All steps one after another, as many at a time as the run and the provider's limits allow."""
    total = 0.0
    for step in steps:
        in_flight = min(settings.in_flight, django_settings.LLM_IN_FLIGHT[step.client])
        by_waiting = step.n_requests * step.seconds / max(in_flight, 1)
        rpm, tpm = django_settings.LLM_RPM[step.client], django_settings.LLM_TPM[step.client]
        by_requests = step.n_requests * 60 / rpm if rpm else 0.0
        by_tokens = (step.all_input + step.all_output) * 60 / tpm if tpm else 0.0
        total += max(by_waiting, by_requests, by_tokens)
    return total
