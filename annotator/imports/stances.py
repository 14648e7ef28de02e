"""Stances and value columns as files write them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports.cells import CellError
from annotator.imports.errors import shorten
from annotator.labels import Stance

# Names of the published data set that differ from the slugs of the built-in codebook by more than spelling.
PUBLISHED_ALIASES = {
    "security-social": "security-societal",
    "benevolence-care": "benevolence-caring",
}
WORDS: Mapping[str, Stance] = {
    "confronted": Stance.CONFRONTED,
    "absent": Stance.ABSENT,
    "endorsed": Stance.ENDORSED,
    "dominant": Stance.DOMINANT,
}
PUBLISHED_WORDS: Mapping[str, Stance] = {
    "": Stance.ABSENT,
    "absent": Stance.ABSENT,
    "present": Stance.ENDORSED,
    "dominant": Stance.DOMINANT,
    "conflict": Stance.CONFRONTED,
}
NUMBER = re.compile(r"[+\-−]?[0-2](\.0+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value of the codebook by the names that a header may use for it."""

    slug: str
    name: str = ""
    short: str = ""


class ValueNames:
    """Finds the value that a column or a cell names, whatever its case and its spaces."""

    def __init__(self, values: Sequence[NamedValue]) -> None:
        self.slugs = [value.slug for value in values]
        self._found: dict[str, str] = {}
        for value in values:
            for name in (value.slug, value.name, value.short):
                self._found.setdefault(plain(name), value.slug)
        for alias, slug in PUBLISHED_ALIASES.items():
            if slug in self.slugs:
                self._found.setdefault(alias, slug)
        self._found.pop("", None)

    def find(self, name: Any) -> str | None:
        """The slug, or None if no value is called so."""
        return self._found.get(plain(name)) if isinstance(name, str) else None


def plain(name: str) -> str:
    """A name as slugs are written."""
    return re.sub(r"[\W_]+", "-", name.strip().lower()).strip("-")


def read_stance(cell: Any) -> Stance | None:
    """−1, 0, 1, 2 or the words for them; None for an empty cell; CellError for anything else."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, str):
        text = cell.strip()
        if stance := WORDS.get(text.lower()):
            return stance
        if text.lower() == "absent":
            return Stance.ABSENT
        if NUMBER.fullmatch(text):
            return _stance_of(int(text.replace("−", "-").partition(".")[0]), cell)
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and cell in (-1, 0, 1, 2):
        return Stance(int(cell))
    raise CellError(_("expected −1, 0, 1 or 2, found “%(cell)s”.") % {"cell": shorten(cell)})


def read_published(cell: Any) -> Stance:
    """present, dominant, conflict; an empty cell is absent; CellError for anything else."""
    word = "" if cell is None else cell.strip().lower() if isinstance(cell, str) else None
    stance = PUBLISHED_WORDS.get(word) if word is not None else None
    if stance is None:
        raise CellError(
            _("expected present, dominant, conflict or nothing, found “%(cell)s”.") % {"cell": shorten(cell)}
        )
    return stance


def _stance_of(number: int, cell: Any) -> Stance:
    try:
        return Stance(number)
    except ValueError:
        raise CellError(_("expected −1, 0, 1 or 2, found “%(cell)s”.") % {"cell": shorten(cell)}) from None
