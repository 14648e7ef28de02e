"""What a codebook consists of, as immutable documents; knows neither files nor the database."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from annotator.codebooks.strict_yaml import Path, forbidden_character, shown
from annotator.labels import Stance

SCHEMA: Literal["axial-codebook/1"] = "axial-codebook/1"
MAX_VALUES = 60
MAX_SHORT = 22
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
STANCE_CODES = {
    "endorsed": Stance.ENDORSED,
    "confronted": Stance.CONFRONTED,
    "dominant": Stance.DOMINANT,
}


def _clean(text: str) -> str:
    """One spelling of the same text: NFC, single spaces, paragraphs apart by one empty line."""
    index = forbidden_character(text)
    if index is not None:
        raise ValueError(f"holds the control character U+{ord(text[index]):04X}; remove it")
    paragraphs = re.split(r"\n[ \t]*\n\s*", unicodedata.normalize("NFC", text).strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _number_to_text(value: Any) -> Any:
    """Ids and version numbers are often written without quotes."""
    return str(value) if type(value) is int else value


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


Text = Annotated[
    str, Strict(), StringConstraints(max_length=5_000), AfterValidator(_clean), AfterValidator(_not_empty)
]
Label = Annotated[Text, StringConstraints(max_length=120)]
Slug = Annotated[str, Strict(), StringConstraints(pattern=SLUG_PATTERN, max_length=60)]
Identifier = Annotated[
    str,
    BeforeValidator(_number_to_text),
    Strict(),
    StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]+$", max_length=200),
]
Version = Annotated[Label, BeforeValidator(_number_to_text)]
WebAddress = Annotated[str, Strict(), StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=500)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(Part):
    citation: Text
    url: WebAddress | None = None
    note: Text | None = None


class StanceDoc(Part):
    code: Annotated[int, Strict(), Field(ge=-1, le=2)]
    label: Label
    definition: Text


class GroupDoc(Part):
    """A higher-order group; `opposite` is the group across the circle, `axis` what they contest."""

    slug: Slug
    name: Label
    description: Text | None = None
    axis: Label | None = None
    opposite: Slug | None = None


class Guideline(Part):
    """A rule that holds for every value."""

    slug: Slug
    title: Label
    text: Text
    example: Text | None = None


class ApartFrom(Part):
    """What sets a value apart from the named neighbour."""

    value: Slug
    text: Text


class Example(Part):
    """What a video shows, and why that is a case; `video` is the study's own video it comes from."""

    stance: Literal["endorsed", "confronted", "dominant"]
    text: Text
    why: Text | None = None
    video: Identifier | None = None

    @property
    def code(self) -> Stance:
        return STANCE_CODES[self.stance]


class NearMiss(Part):
    """What looks like a case of the value and is none; `instead` names values that do apply."""

    text: Text
    why: Text | None = None
    instead: tuple[Slug, ...] = ()
    video: Identifier | None = None


class ValueDoc(Part):
    slug: Slug
    name: Label
    short: Annotated[Text, StringConstraints(max_length=MAX_SHORT)] | None = None
    hint: Annotated[Text, StringConstraints(max_length=70)] | None = None
    position: Annotated[int, Strict(), Field(ge=1, le=MAX_VALUES)]
    groups: Annotated[tuple[Slug, ...], Field(max_length=2)] = ()
    definition: Text
    motivation: Text | None = None
    signs: tuple[Text, ...] = ()
    apart_from: tuple[ApartFrom, ...] = ()
    examples: tuple[Example, ...] = ()
    near_misses: Annotated[tuple[NearMiss, ...], Field(alias="not")] = ()

    @property
    def short_name(self) -> str:
        """The label for a compact row, at most 22 characters."""
        short = self.short or self.name
        return short if len(short) <= MAX_SHORT else f"{short[: MAX_SHORT - 1]}…"

    @property
    def primary_group(self) -> str | None:
        return self.groups[0] if self.groups else None


DEFAULT_STANCES = (
    StanceDoc(code=1, label="Endorsed", definition="The video stands for the value."),
    StanceDoc(code=0, label="Absent", definition="The value plays no part in the video."),
    StanceDoc(code=-1, label="Confronted", definition="The video goes against the value."),
    StanceDoc(code=2, label="Dominant", definition="Endorsed, and what the video is mainly about."),
)


class CodebookDoc(Part):
    """A whole codebook. `values` keeps the order of the file, `in_order` that of the circle."""

    schema_id: Annotated[Literal["axial-codebook/1"], Field(alias="schema")] = SCHEMA
    slug: Slug
    name: Label
    language: Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = (
        "en"
    )
    version: Version | None = None
    version_note: Text | None = None
    licence: Label | None = None
    summary: Text | None = None
    sources: tuple[Source, ...] = ()
    stances: tuple[StanceDoc, ...] = DEFAULT_STANCES
    allow_dominant: Annotated[bool, Strict()] = False
    # Came later: left out where it is false, so that no hash made before changes.
    allow_both: Annotated[bool, Strict(), Field(exclude_if=operator.not_)] = False
    groups: tuple[GroupDoc, ...] = ()
    guidelines: tuple[Guideline, ...] = ()
    values: Annotated[tuple[ValueDoc, ...], Field(min_length=1, max_length=MAX_VALUES)]

    @property
    def in_order(self) -> tuple[ValueDoc, ...]:
        return tuple(sorted(self.values, key=lambda value: value.position))

    def value(self, slug: str) -> ValueDoc:
        """The value with this slug; KeyError if there is none."""
        for value in self.values:
            if value.slug == slug:
                return value
        raise KeyError(slug)

    @model_validator(mode="before")
    @classmethod
    def _number_values(cls, data: Any) -> Any:
        """Where no value has a position, the order of the file is the order of the circle."""
        values = data.get("values") if isinstance(data, dict) else None
        if not isinstance(values, list | tuple) or not all(isinstance(v, dict) for v in values):
            return data
        if any("position" in value for value in values):
            return data
        return {**data, "values": [{**v, "position": n} for n, v in enumerate(values, start=1)]}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for path, problem in _inconsistencies(self):
            raise PydanticCustomError("inconsistent", "{problem}", {"problem": problem, "path": path})
        return self


def _inconsistencies(doc: CodebookDoc) -> Iterator[tuple[Path, str]]:
    """Where parts of a codebook contradict each other, in the order in which one would mend them."""
    yield from _repeats(("stances",), "code", [stance.code for stance in doc.stances])
    yield from _missing_stances(doc)
    yield from _repeats(("groups",), "slug", [group.slug for group in doc.groups])
    yield from _repeats(("guidelines",), "slug", [rule.slug for rule in doc.guidelines])
    yield from _repeats(("values",), "slug", [value.slug for value in doc.values])
    yield from _repeats(("values",), "position", [value.position for value in doc.values])
    groups = {group.slug for group in doc.groups}
    for index, group in enumerate(doc.groups):
        if group.opposite is not None and group.opposite not in groups - {group.slug}:
            yield ("groups", index, "opposite"), f"{shown(group.opposite)} is no other group"
    slugs = {value.slug for value in doc.values}
    for index, value in enumerate(doc.values):
        for path, problem in _value_problems(value, doc=doc, slugs=slugs, groups=groups):
            yield ("values", index, *path), problem


def _missing_stances(doc: CodebookDoc) -> Iterator[tuple[Path, str]]:
    needed = {1, 0, -1} | ({2} if doc.allow_dominant else set())
    for code in sorted(needed - {stance.code for stance in doc.stances}):
        yield ("stances",), f"has no entry with code {code}"


def _repeats(path: Path, key: str, items: Iterable[str | int]) -> Iterator[tuple[Path, str]]:
    seen: Counter[str | int] = Counter()
    for index, item in enumerate(items):
        seen[item] += 1
        if seen[item] > 1:
            yield (*path, index, key), f"{shown(str(item))} is used twice"


def _value_problems(
    value: ValueDoc, *, doc: CodebookDoc, slugs: set[str], groups: set[str]
) -> Iterator[tuple[Path, str]]:
    for n, group in enumerate(value.groups):
        if group not in groups:
            yield ("groups", n), f"{shown(group)} is not among the codebook's groups"
        if group in value.groups[:n]:
            yield ("groups", n), f"{shown(group)} is named twice"
    if groups and not value.groups:
        yield (), "has no group, though the codebook defines groups"
    others = slugs - {value.slug}
    for n, neighbour in enumerate(value.apart_from):
        if neighbour.value not in others:
            yield ("apart_from", n, "value"), f"{shown(neighbour.value)} is no other value"
        if neighbour.value in {earlier.value for earlier in value.apart_from[:n]}:
            yield ("apart_from", n, "value"), f"{shown(neighbour.value)} is named twice"
    for n, near_miss in enumerate(value.near_misses):
        for m, slug in enumerate(near_miss.instead):
            if slug not in others:
                yield ("not", n, "instead", m), f"{shown(slug)} is no other value"
    for n, example in enumerate(value.examples):
        if example.stance == "dominant" and not doc.allow_dominant:
            yield (
                ("examples", n, "stance"),
                "is dominant, which this codebook does not allow (allow_dominant)",
            )
