"""Which codings the pages of agreement are about."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from annotator.models import Batch, Purpose, Study
from evaluation.matrices import Selection


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of the filter."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What was asked for in the address, and what can be."""

    selection: Selection
    chosen: str
    choices: list[Choice]

    @property
    def query(self) -> str:
        """The same as the end of an address."""
        parts = [f"of={self.chosen}"] if self.chosen != FIRST else []
        parts += ["feedback=1"] if self.selection.with_feedback else []
        return "?" + "&".join(parts) if parts else ""


FIRST = f"purpose-{Purpose.MAIN.value}"


def read_filter(study: Study, data: QueryDict) -> Filter:
    """The selection that an address asks for; what makes no sense counts as not asked."""
    batches = list(study.batches.order_by("order", "pk"))
    purposes = dict.fromkeys([str(Purpose.MAIN), *(batch.purpose for batch in batches)])
    choices = [
        Choice(f"purpose-{purpose}", _("All batches: %(purpose)s") % {"purpose": Purpose(purpose).label})
        for purpose in purposes
    ]
    choices += [Choice(f"batch-{batch.pk}", batch.name) for batch in batches]
    chosen = data.get("of", FIRST)
    if chosen not in {choice.key for choice in choices}:
        chosen = FIRST
    kind, _dash, key = chosen.partition("-")
    batch: Batch | None = None
    if kind == "batch":
        batch = next(batch for batch in batches if str(batch.pk) == key)
    selection = Selection.of(
        study,
        purpose=None if batch else key,
        batch=batch,
        with_feedback=data.get("feedback") == "1",
    )
    return Filter(selection=selection, chosen=chosen, choices=choices)
