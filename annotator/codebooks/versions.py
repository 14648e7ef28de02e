"""Identity of codebooks and their values: hashes, and what differs between two versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from annotator.codebooks.document import CodebookDoc, Guideline, ValueDoc

# What a coder goes by when judging; a change of any of it makes the value a new one.
CONTENT_FIELDS = (
    "name",
    "hint",
    "definition",
    "motivation",
    "signs",
    "apart_from",
    "examples",
    "near_misses",
)
# What only tells where a codebook comes from.
PROVENANCE_FIELDS = {"schema_id", "slug", "name", "version", "version_note", "licence", "sources"}


def codebook_to_dict(doc: CodebookDoc) -> dict[str, Any]:
    """Plain content with the file's keys; what is empty is left out."""
    plain: dict[str, Any] = _plain(doc)
    return plain


def content_hash(value: ValueDoc) -> str:
    """SHA-256 of what a coder reads about the value; order and spelling of keys play no part."""
    return _sha256(value.model_dump(include=set(CONTENT_FIELDS), by_alias=True))


def codebook_hash(doc: CodebookDoc) -> str:
    """SHA-256 of all that guides a coder, without name, version, licence and sources."""
    return _sha256(doc.model_dump(exclude=PROVENANCE_FIELDS, by_alias=True))


@dataclass(frozen=True)
class ValueChange:
    """How a value (or guideline) differs between two versions; `fields` are the file's keys.

    A value whose content is the same may still have moved or been relabelled: kind "same", with fields.
    """

    slug: str
    kind: Literal["added", "removed", "changed", "same"]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodebookDiff:
    """Values in the order of the new version, removed ones last; guidelines likewise; other fields."""

    values: tuple[ValueChange, ...]
    guidelines: tuple[ValueChange, ...]
    fields: tuple[str, ...]

    def of_kind(self, kind: str) -> tuple[ValueChange, ...]:
        return tuple(change for change in self.values if change.kind == kind)

    @property
    def keeps_identities(self) -> bool:
        """Whether judgements made under the old version hold for every value of the new one."""
        return all(change.kind == "same" for change in self.values)


def diff(old: CodebookDoc, new: CodebookDoc) -> CodebookDiff:
    """What happened to each value, guideline and other field from one version to the next."""
    plain_old, plain_new = codebook_to_dict(old), codebook_to_dict(new)
    entries = {"values", "guidelines"}
    return CodebookDiff(
        values=_changes(
            {value.slug: value for value in old.in_order},
            {value.slug: value for value in new.in_order},
        ),
        guidelines=_changes(
            {rule.slug: rule for rule in old.guidelines},
            {rule.slug: rule for rule in new.guidelines},
        ),
        fields=tuple(key for key in _differing(plain_old, plain_new) if key not in entries),
    )


def _changes(
    old: Mapping[str, ValueDoc | Guideline], new: Mapping[str, ValueDoc | Guideline]
) -> tuple[ValueChange, ...]:
    changes = []
    for slug, entry in new.items():
        if slug not in old:
            changes.append(ValueChange(slug, "added"))
            continue
        fields = _differing(_plain(old[slug]), _plain(entry))
        is_same = _identity(old[slug]) == _identity(entry)
        changes.append(ValueChange(slug, "same" if is_same else "changed", fields))
    changes += [ValueChange(slug, "removed") for slug in old if slug not in new]
    return tuple(changes)


def _identity(entry: ValueDoc | Guideline) -> str:
    return content_hash(entry) if isinstance(entry, ValueDoc) else _sha256(entry.model_dump())


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    keys = [*new, *(key for key in old if key not in new)]
    return tuple(key for key in keys if old.get(key) != new.get(key))


def _sha256(content: object) -> str:
    # Empty fields are dropped, so that a field which the format gains later changes no hash.
    canonical = json.dumps(_without_empty(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _plain(part: BaseModel) -> Any:
    return _without_empty(part.model_dump(by_alias=True))


def _without_empty(content: Any) -> Any:
    if isinstance(content, dict):
        kept = {key: _without_empty(item) for key, item in content.items()}
        return {key: item for key, item in kept.items() if item is not None and item != []}
    if isinstance(content, list | tuple):
        return [_without_empty(item) for item in content]
    return content
