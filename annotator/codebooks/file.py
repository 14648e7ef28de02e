"""Reading, writing, hashing and comparing codebook files (docs/codebook-format.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from annotator.codebooks import strict_yaml
from annotator.codebooks.document import (
    ApartFrom,
    CodebookDoc,
    Example,
    GroupDoc,
    Guideline,
    NearMiss,
    Source,
    StanceDoc,
    ValueDoc,
)
from annotator.codebooks.problems import CodebookFileError, Problem, problems_of
from annotator.codebooks.strict_yaml import StrictYamlError, shown
from annotator.codebooks.versions import (
    CodebookDiff,
    ValueChange,
    codebook_hash,
    codebook_to_dict,
    content_hash,
    diff,
)

__all__ = [
    "BUILT_IN",
    "ApartFrom",
    "CodebookDiff",
    "CodebookDoc",
    "CodebookFileError",
    "Example",
    "GroupDoc",
    "Guideline",
    "NearMiss",
    "Problem",
    "Source",
    "StanceDoc",
    "ValueChange",
    "ValueDoc",
    "codebook_from_dict",
    "codebook_hash",
    "codebook_to_dict",
    "content_hash",
    "diff",
    "dump_codebook",
    "example_videos",
    "load_built_in",
    "load_codebook",
]

BUILT_IN = Path(__file__).parent / "schwartz-19.yaml"


def load_codebook(source: str | os.PathLike[str] | bytes) -> CodebookDoc:
    """Read and check a codebook, given as a path or as the bytes of a file."""
    try:
        document = strict_yaml.read(_read_bytes(source))
    except StrictYamlError as exc:
        problem = Problem(text=f"the file {exc.problem}", line=exc.line)
        raise CodebookFileError((problem,)) from exc
    return _validated(document)


def load_built_in() -> CodebookDoc:
    """Schwartz's 19 values, the codebook of a study that names no other."""
    return load_codebook(BUILT_IN)


def codebook_from_dict(content: Mapping[str, Any]) -> CodebookDoc:
    """Check a codebook that did not come from a file; keys as in the file."""
    return _validated(strict_yaml.Document(dict(content), {}))


def dump_codebook(doc: CodebookDoc) -> str:
    """The text of a file that loads as exactly this codebook."""
    return yaml.dump(codebook_to_dict(doc), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def example_videos(doc: CodebookDoc) -> set[str]:
    """Ids of the study's own videos that examples cite; their creators are left out of scoring."""
    cited = {example.video for value in doc.values for example in value.examples}
    cited |= {near_miss.video for value in doc.values for near_miss in value.near_misses}
    return {video for video in cited if video is not None}


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, as people write them; nothing shared by reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _read_bytes(source: str | os.PathLike[str] | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with Path(source).open("rb") as file:
            return file.read(strict_yaml.MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "not a usable path"
        raise CodebookFileError((Problem(f"cannot open {shown(str(source), limit=120)}: {reason}"),)) from exc


def _validated(document: strict_yaml.Document) -> CodebookDoc:
    if not isinstance(document.content, dict):
        text = "the file must hold fields such as `name: …` and `values: …` at its top level"
        raise CodebookFileError((Problem(text, line=document.line_of(())),))
    try:
        return CodebookDoc.model_validate(document.content, by_alias=True, by_name=False)
    except ValidationError as exc:
        raise CodebookFileError(problems_of(exc, document)) from exc
