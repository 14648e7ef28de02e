"""What was changed in a run against the one that it repeats, and what a trial is to be compared with."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from models_app.models import Run
from models_app.pipelines.base import Step
from models_app.queries.prompts import title_of
from models_app.queries.run_changes import changes_of, prompt_changes


@dataclass(frozen=True, slots=True)
class ParentChange:
    """One thing that differs."""

    name: str
    before: str
    after: str
    is_prompt: bool = False  # too long to be shown here: the page of the prompt has it


def changes_since(parent: Run, run: Run) -> list[ParentChange]:
    """Settings, scope, codebook, budget and prompts that differ."""
    pairs = [(change.name, change.a, change.b) for change in changes_of(parent, run)]
    pairs += [
        (_("Number of videos"), parent.scope.get("n_videos"), run.scope.get("n_videos")),
        (_("Only approved scripts"), _yes(parent.scope.get("approved")), _yes(run.scope.get("approved"))),
        (_("Budget"), _sum(parent), _sum(run)),
    ]
    found = [ParentChange(name, _word(before), _word(after)) for name, before, after in pairs]
    found += [
        ParentChange(title_of(Step(prompt.step)), prompt.a_hash[:12], prompt.b_hash[:12], is_prompt=True)
        for prompt in prompt_changes(parent, run)
    ]
    return [change for change in found if change.before != change.after]


def trial_before(run: Run) -> Run | None:
    """The trial that a trial is to be compared with: what it repeats, else the one before it."""
    if not run.is_trial:
        return None
    earlier = Run.objects.filter(study=run.study_id, is_trial=True, gives=run.gives, pk__lt=run.pk)
    repeated = earlier.filter(pk=run.cloned_from_id or 0).first()
    return repeated or earlier.order_by("-pk").first()


def _sum(run: Run) -> str:
    return "" if run.budget is None else f"{run.budget.normalize():f}"


def _yes(is_so: object) -> str:
    return _("yes") if is_so else _("no")


def _word(value: Any) -> str:
    return "" if value is None else str(value)
