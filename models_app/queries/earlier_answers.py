"""What earlier answers of a model tell of the next ones: how long, how slow, for how much that was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Q

from models_app.clients.base import ClientName
from models_app.models import Exchange, ExchangeState, Prompt, Run
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import about_tokens
from models_app.specs import PipelineName

RECENT_RUNS = 10  # whose answers tell what the next will take


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions of one run with one prompt."""

    n: int
    n_input: float  # as the provider counted, on average
    n_prompt: int  # of the prompt, as we estimate it
    settings: Mapping[str, Any]  # of the run


@dataclass(frozen=True, slots=True)
class Earlier:
    """Means of earlier answers."""

    n: int
    n_output: float
    seconds: float | None
    asked: tuple[Asked, ...]


def earlier_answers(
    step: Step, *, pipelines: tuple[PipelineName, ...], client: ClientName, model: str
) -> Earlier | None:
    """Of the same model, asked in a step of such pipelines, in the latest runs of this installation."""
    names = Q(settings__model=model) | Q(settings__script_model=model)
    has_asked = Exists(Exchange.objects.filter(run=OuterRef("pk")))
    runs = Run.objects.filter(names, has_asked, pipeline__in=pipelines)
    settings_of = dict(runs.order_by("-pk").values_list("pk", "settings")[:RECENT_RUNS])
    if not settings_of:
        return None
    found = Exchange.objects.filter(
        run__in=settings_of,
        step=step,
        client=client,
        model=model,
        turn=0,
        source=None,
        state=ExchangeState.ANSWERED,
    ).filter(n_input__isnull=False, n_output__isnull=False)
    means = found.order_by().aggregate(n=Count("pk"), n_output=Avg("n_output"), seconds=Avg("seconds"))
    if not means["n"]:
        return None
    groups = list(
        found.order_by().values_list("run", "prompt").annotate(n=Count("pk"), n_input=Avg("n_input"))
    )
    texts = Prompt.objects.filter(pk__in={prompt for _run, prompt, *_means in groups})
    n_prompt = {pk: about_tokens(text) for pk, text in texts.values_list("pk", "text")}
    asked = (Asked(n, n_input, n_prompt[prompt], settings_of[run]) for run, prompt, n, n_input in groups)
    return Earlier(**means, asked=tuple(asked))
