"""What was changed in a run against the one that it repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from models_app.models import Run, RunPrompt
from models_app.pipelines.base import Step
from models_app.queries.prompts import title_of
from models_app.specs import SPECS


@dataclass(frozen=True, slots=True)
class RunChange:
    """One thing that differs."""

    name: str
    before: str
    after: str
    is_prompt: bool = False  # too long to be shown here: the page of the prompt has it


def changes_of(run: Run, parent: Run) -> list[RunChange]:
    """Settings, scope, codebook, prompts and budget that differ, in this order."""
    found = _settings(parent.settings, run.settings, titles=titles_of(run.pipeline))
    found += _differing(
        [
            (_("Videos"), _scope(parent), _scope(run)),
            (_("Scripts by"), parent.scope.get("scripts") or "", run.scope.get("scripts") or ""),
            (_("Only approved scripts"), _yes(parent.scope.get("approved")), _yes(run.scope.get("approved"))),
            (_("Codebook"), _version(parent), _version(run)),
            (_("Budget"), _sum(parent), _sum(run)),
        ]
    )
    return found + _prompts(parent, run)


def titles_of(pipeline: str) -> dict[str, str]:
    """The names of a pipeline's settings, as forms have them."""
    spec = next((spec for name, spec in SPECS.items() if name == pipeline), None)
    fields = spec.settings.model_fields if spec else {}
    return {name: _(info.title) for name, info in fields.items() if info.title}


def trial_before(run: Run) -> Run | None:
    """The trial that a trial is to be compared with: what it repeats, else the one before it."""
    if not run.is_trial:
        return None
    earlier = Run.objects.filter(study=run.study_id, is_trial=True, gives=run.gives, pk__lt=run.pk)
    repeated = earlier.filter(pk=run.cloned_from_id or 0).first()
    return repeated or earlier.order_by("-pk").first()


def _settings(
    before: Mapping[str, Any], after: Mapping[str, Any], *, titles: Mapping[str, str]
) -> list[RunChange]:
    names = [*after, *(name for name in before if name not in after)]
    rows = [(titles.get(name, name), _word(before.get(name)), _word(after.get(name))) for name in names]
    return _differing(rows)


def _differing(rows: list[tuple[str, str, str]]) -> list[RunChange]:
    return [RunChange(name, before, after) for name, before, after in rows if before != after]


def _prompts(parent: Run, run: Run) -> list[RunChange]:
    before, after = (
        {
            row.step: row.prompt.hash
            for row in RunPrompt.objects.filter(run=one).select_related("prompt").defer("prompt__text")
        }
        for one in (parent, run)
    )
    return [
        RunChange(
            title_of(Step(step)),
            before.get(step, "")[:12],
            digest[:12],
            is_prompt=True,
        )
        for step, digest in sorted(after.items())
        if before.get(step) != digest
    ]


def _scope(run: Run) -> str:
    name = run.scope.get("videos") or _("the whole study")
    return f"{name} ({run.scope.get('n_videos', '?')})"


def _version(run: Run) -> str:
    return _("version %(n)d") % {"n": run.codebook.number}


def _sum(run: Run) -> str:
    return "" if run.budget is None else f"{run.budget.normalize():f}"


def _yes(is_so: object) -> str:
    return _("yes") if is_so else _("no")


def _word(value: Any) -> str:
    return "" if value is None else str(value)
