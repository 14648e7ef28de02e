"""What became of each file and row of an import."""

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from annotator.imports.errors import ImportFileError, RowError, place


class Kind(enum.StrEnum):
    """What became of one row or file."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"
    SKIPPED = "skipped"  # a bad row, with --skip-bad-rows
    ERROR = "error"

    @property
    def word(self) -> str:
        """For people."""
        return str(WORDS[self])


WORDS = {
    Kind.ADDED: _("added"),
    Kind.UPDATED: _("updated"),
    Kind.UNCHANGED: _("unchanged"),
    Kind.DUPLICATE: _("duplicate"),
    Kind.WITHDRAWN: _("withdrawn"),
    Kind.SKIPPED: _("skipped"),
    Kind.ERROR: _("failed"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the result."""

    source: str
    kind: Kind
    line: int | None = None
    column: str | None = None
    video: str = ""  # external id
    pk: int | None = None
    message: str = ""

    @classmethod
    def of(cls, error: RowError | ImportFileError, *, kind: Kind = Kind.ERROR) -> "Outcome":
        """The line for an error of a reader."""
        return cls(source=error.name, line=error.line, column=error.column, kind=kind, message=error.message)

    @property
    def place(self) -> str:
        """Where in which file."""
        return place(name=self.source, line=self.line, column=self.column)

    def __str__(self) -> str:
        video = f" {self.video}" if self.video else ""
        message = f" ({self.message})" if self.message else ""
        if self.kind is Kind.ERROR:
            return f"{self.place}: {self.kind.word}: {self.message}"
        return f"{self.place}: {self.kind.word}{video}{message}"

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and the page."""
        return {
            "file": self.source,
            "line": self.line,
            "column": self.column,
            "outcome": self.kind.value,
            "word": self.kind.word,
            "video": self.video or None,
            "pk": self.pk,
            "message": self.message,
        }


@dataclass(slots=True)
class Report:
    """All lines of an import, and remarks that concern no single row."""

    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Name of a media file → key of the video that a table or description says it belongs to
    files: dict[str, int] = field(default_factory=dict)
    is_stopped: bool = False  # a table has bad rows: nothing was written, and media should not follow

    @property
    def counts(self) -> dict[str, int]:
        """How many lines of each kind, in a fixed order, zeros left out."""
        found = Counter(outcome.kind for outcome in self.outcomes)
        return {kind.value: found[kind] for kind in Kind if found[kind]}

    @property
    def summary(self) -> str:
        """The counts in words."""
        return ", ".join(f"{n} {Kind(kind).word}" for kind, n in self.counts.items())

    @property
    def has_failed(self) -> bool:
        """Whether any line is an error."""
        return any(outcome.kind is Kind.ERROR for outcome in self.outcomes)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Append lines."""
        self.outcomes.extend(outcomes)

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and the page."""
        return {
            "counts": self.counts,
            "results": [outcome.as_json() for outcome in self.outcomes],
            "notes": self.notes,
            "stopped": self.is_stopped,
        }
