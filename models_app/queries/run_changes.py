"""What differs between two runs beside their answers: settings, scope, prompts."""

import difflib
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from models_app.models import PromptStep, Run, RunPrompt
from models_app.specs import SPECS

AROUND = 2  # lines that stay, shown around those that do not
MOST_LINES = 5000  # of a prompt, compared line by line; a longer one is shown to differ, no more

DiffKind = Literal["same", "added", "removed", "gap"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is one thing in the first run and another in the second."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of two prompts."""

    kind: DiffKind
    text: str


@dataclass(frozen=True, slots=True)
class PromptChange:
    """The prompt of one step in the two runs."""

    step: str
    a_hash: str  # empty: the run has no such step
    b_hash: str
    lines: list[DiffLine]
    is_too_long: bool = False

    @property
    def is_same(self) -> bool:
        """Whether both say the same, word for word."""
        return self.a_hash == self.b_hash


def changes_of(a: Run, b: Run) -> list[Change]:
    """Settings, and what else was fixed when the runs started, where they differ; seeds always do."""
    titles = _titles(a) | _titles(b)
    pairs = [
        (_("Pipeline"), a.pipeline, b.pipeline),
        (_("Model"), a.model, b.model),
        (_("Videos"), _videos(a), _videos(b)),
        (_("Scripts by"), a.scope.get("scripts") or "", b.scope.get("scripts") or ""),
        (_("Codebook"), a.codebook.number, b.codebook.number),
    ]
    names = [name for name in {**a.settings, **b.settings} if name != "model"]
    pairs += [(titles.get(name, name), a.settings.get(name), b.settings.get(name)) for name in names]
    return [Change(name, first, second) for name, first, second in pairs if first != second]


def prompt_changes(a: Run, b: Run) -> list[PromptChange]:
    """Step by step, in the order in which they are asked."""
    frozen: dict[tuple[int, str], RunPrompt] = {
        (row.run_id, row.step): row
        for row in RunPrompt.objects.filter(run__in=(a, b)).select_related("prompt")
    }
    steps = [step for step in PromptStep.values if (a.pk, step) in frozen or (b.pk, step) in frozen]
    return [_prompt_change(step, frozen.get((a.pk, step)), frozen.get((b.pk, step))) for step in steps]


def diff_lines(a: str, b: str) -> list[DiffLine]:
    """The lines that differ, with a few around them; a gap stands for those left out."""
    found: list[DiffLine] = []
    before, after = a.splitlines(), b.splitlines()
    groups = difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND)
    for number, group in enumerate(groups):
        if number:
            found.append(DiffLine("gap", ""))
        for what, a1, a2, b1, b2 in group:
            if what == "equal":
                found += [DiffLine("same", line) for line in before[a1:a2]]
            else:
                found += [DiffLine("removed", line) for line in before[a1:a2]]
                found += [DiffLine("added", line) for line in after[b1:b2]]
    return found


def _prompt_change(step: str, a: RunPrompt | None, b: RunPrompt | None) -> PromptChange:
    a_hash, b_hash = (row.prompt.hash if row else "" for row in (a, b))
    if a is None or b is None or a_hash == b_hash:
        return PromptChange(step, a_hash, b_hash, lines=[])
    texts = (a.prompt.text, b.prompt.text)
    if max(text.count("\n") for text in texts) > MOST_LINES:
        return PromptChange(step, a_hash, b_hash, lines=[], is_too_long=True)
    return PromptChange(step, a_hash, b_hash, lines=diff_lines(*texts))


def _titles(run: Run) -> dict[str, str]:
    spec = next((spec for name, spec in SPECS.items() if name == run.pipeline), None)
    fields = spec.settings.model_fields if spec else {}
    return {name: _(info.title) for name, info in fields.items() if info.title}


def _videos(run: Run) -> str:
    return str(run.scope.get("videos") or _("the whole study"))
