"""What a run that asks language models will take: requests, tokens, money, hours. Told before it starts.

The prompt is always counted by its characters. What is sent with it, the answer and its seconds are as they
were at the model's earlier answers to the same step, where this installation has some; else by the videos'
seconds or the scripts' length, and a guess. It says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Context, Decimal
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Q, QuerySet

from annotator.models import Study, Video
from models_app.clients.base import ClientName, Usage
from models_app.engine.budget import BYTES_PER_TOKEN
from models_app.models import Exchange, ExchangeState, Run, RunPrompt
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import about_tokens, prompt_hash
from models_app.prices import PriceFileError, cost_of, currency
from models_app.queries.earlier_answers import earlier_answers
from models_app.queries.message_sizes import GUESSED_SCRIPT_TOKENS, Message, sizes_of
from models_app.specs import LlmSettings, PipelineName, PipelineSpec

TOKENS_PER_VALUE = 45  # of an answer: a stance, a short reason, a second
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
    most: Decimal | None  # that one request may cost before the first answer is there

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

    @property
    def least_budget(self) -> Decimal | None:
        """Less would pause the run before its first question; None where nothing is paid, or not known."""
        if self.cost is None or not self.n_requests:
            return None
        most = sum((step.most or Decimal(0) for step in self.steps), Decimal(0))
        return most.normalize(Context(prec=2, rounding=ROUND_UP)) or None


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
    sizes = sizes_of(study, videos, scripts=scripts)
    prompts = {step: prompts[step] for step in spec.steps}
    kept = _kept(parent, settings, prompts, videos) if parent else {}
    steps, unpriced, price_error = [], [], ""
    for step in spec.steps:
        client, model = asked_in(step, settings)
        earlier = earlier_answers(step, pipelines=_alike(step, spec), client=client, model=model)
        n_samples = int(getattr(settings, "samples", 1)) if step == Step.VALUES else 1
        n_kept = min(kept.get(step, 0), n_videos) * n_samples
        n_requests = n_videos * n_samples - n_kept
        message = Message(step, spec, client, model, sizes)
        n_input = about_tokens(prompts[step]) + message.tokens(settings.model_dump(), earlier)
        if earlier:
            n_output, seconds = earlier.n_output, earlier.seconds
        else:
            n_output = n_values * TOKENS_PER_VALUE if step == Step.VALUES else GUESSED_SCRIPT_TOKENS
            seconds = None
        usage = Usage(round(n_requests * n_input), round(n_requests * n_output))
        longest = Usage(
            round(len(prompts[step].encode()) / BYTES_PER_TOKEN + message.most_tokens(settings.model_dump())),
            settings.max_output_tokens,
        )
        most = None
        try:
            cost = cost_of(client, model, usage, is_batch=settings.delivery == "batch")
            most = cost_of(client, model, longest, is_batch=settings.delivery == "batch")
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
                most=most,
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


def _alike(step: Step, spec: PipelineSpec) -> tuple[PipelineName, ...]:
    """Pipelines that ask the same kind of thing in the step."""
    if step == Step.SCRIPT:
        return (PipelineName.LLM_SCRIPT, PipelineName.LLM_TWO_STEP)
    return SHOWN_VIDEOS if spec.name in SHOWN_VIDEOS else SHOWN_SCRIPTS


def _kept(
    parent: Run, settings: LlmSettings, prompts: Mapping[Step, str], videos: QuerySet[Video]
) -> dict[Step, int]:
    """Of how many videos the repeated run has the very answers, by step; none where that is not certain."""
    now: dict[str, Any] = settings.model_dump(mode="json")
    is_other = any(parent.settings.get(name) != now.get(name) for name in PART_OF_KEY)
    if is_other or now.get("examples") == "gold":
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
