"""The codebook's text on a value, ready to stand beside a decision."""

from dataclasses import dataclass

from annotator.codebooks.file import CodebookDoc, CodebookFileError, ValueDoc, codebook_from_dict
from annotator.models import Codebook


@dataclass(frozen=True, slots=True)
class GuideEntry:
    """One value: its text, its place among the groups, and its neighbours by name."""

    text: ValueDoc
    hue: int  # place of its group in the circle, from 1; 0 if it has none
    neighbours: tuple[tuple[str, str], ...]  # name, what sets it apart


def guide_to(codebook: Codebook | None) -> dict[str, GuideEntry]:
    """Entries by slug; empty where the version has no text."""
    if codebook is None or not codebook.document:
        return {}
    try:
        doc = codebook_from_dict(codebook.document)
    except CodebookFileError:  # stored by an older release: the page works without the text
        return {}
    return {value.slug: _entry(value, doc=doc) for value in doc.values}


def _entry(value: ValueDoc, *, doc: CodebookDoc) -> GuideEntry:
    hues = {group.slug: n for n, group in enumerate(doc.groups, start=1)}
    names = {other.slug: other.name for other in doc.values}
    return GuideEntry(
        text=value,
        hue=hues.get(value.primary_group or "", 0),
        neighbours=tuple((names.get(apart.value, apart.value), apart.text) for apart in value.apart_from),
    )
