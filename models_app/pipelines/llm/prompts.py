"""Prompts, rendered from a codebook and a template: what a model is told before it sees anything."""

import hashlib
import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from annotator.codebooks.document import DEFAULT_STANCES, CodebookDoc, Example, StanceDoc, ValueDoc
from annotator.labels import Stance, scale
from models_app.pipelines.base import Step
from models_app.pipelines.llm.templates import BadTemplateError, rendered

FOLDER = Path(__file__).parents[2] / "prompts"
GIVEN = ("video", "script")
EXAMPLES = ("none", "codebook", "gold")
WORDS = {  # what a model answers with, in whatever language the codebook is
    Stance.CONFRONTED: "confronted",
    Stance.ABSENT: "absent",
    Stance.ENDORSED: "endorsed",
    Stance.DOMINANT: "dominant",
}
ORDER = (Stance.ENDORSED, Stance.DOMINANT, Stance.ABSENT, Stance.CONFRONTED)


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the codebook as templates see it: plain, with nothing to call."""

    name: str = ""
    slug: str = ""
    word: str = ""
    label: str = ""
    title: str = ""
    text: str = ""
    why: str = ""
    example: str = ""
    instead: tuple[str, ...] = ()
    definition: str = ""
    summary: str = ""
    language: str = ""
    motivation: str = ""
    signs: tuple[str, ...] = ()
    apart_from: tuple["Item", ...] = ()
    examples: tuple["Item", ...] = ()
    near_misses: tuple["Item", ...] = ()


def render(
    step: Step, codebook: CodebookDoc, *, given: str, examples: str, template: str | None = None
) -> str:
    """The prompt of a step; BadTemplateError, naming the line, where the template gives none.

    given: "video" or "script"; examples: "none", "codebook", "gold"; template: instead of the one that ships.
    """
    source = template_source(step) if template is None else template
    text = tidied(rendered(source, context_of(codebook, given=given, examples=examples)))
    if not text:
        raise BadTemplateError("the template renders to nothing")
    return text


@cache
def template_source(step: Step) -> str:
    """The template that ships."""
    return (FOLDER / f"{step}.j2").read_text(encoding="utf-8")


def check_template(source: str) -> None:
    """BadTemplateError, naming the line, unless the template gives a prompt in every situation."""
    for dominant, both in itertools.product((False, True), repeat=2):
        codebook = _specimen(allow_dominant=dominant, allow_both=both)
        for given, examples in itertools.product(GIVEN, EXAMPLES):
            render(Step.VALUES, codebook, given=given, examples=examples, template=source)


def prompt_hash(text: str) -> str:
    """What a prompt is known by: SHA-256 of its text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prompts_hash(prompts: Mapping[Step, str]) -> str:
    """What the prompts of a run are known by together: SHA-256 of a line with the hash of each step."""
    lines = [f"{step} {prompt_hash(prompts[step])}\n" for step in sorted(prompts)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def about_tokens(text: str) -> int:
    """An estimate, for no model in particular: four ASCII characters a token, two of any others.

    Providers count differently, by a tenth in English and by far more in other scripts.
    """
    n_ascii = sum(char.isascii() for char in text)
    return math.ceil(n_ascii / 4 + (len(text) - n_ascii) / 2)


def tidied(text: str) -> str:
    """Without spaces at the ends of lines, and with one empty line where there were several."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def context_of(codebook: CodebookDoc, *, given: str, examples: str) -> dict[str, Any]:
    """All that a template can use."""
    if given not in GIVEN or examples not in EXAMPLES:
        raise ValueError(f"given {given!r}, examples {examples!r}")
    with_examples = examples == "codebook"
    return {
        "given": given,
        "examples": examples,
        "allow_dominant": codebook.allow_dominant,
        "allow_both": codebook.allow_both,
        "codebook": Item(
            name=codebook.name, summary=codebook.summary or "", language=codebook.language, slug=codebook.slug
        ),
        "stances": _stances(codebook),
        "guidelines": tuple(
            Item(
                slug=rule.slug,
                title=rule.title,
                text=rule.text,
                example=(rule.example or "") if with_examples else "",
            )
            for rule in codebook.guidelines
        ),
        "values": tuple(_value(value, codebook, with_examples=with_examples) for value in codebook.in_order),
    }


def _stances(codebook: CodebookDoc) -> tuple[Item, ...]:
    """Those on offer, in the codebook's words; a study may offer dominant that its file does not define."""
    defined: dict[int, StanceDoc] = {stance.code: stance for stance in (*DEFAULT_STANCES, *codebook.stances)}
    offered = scale(allow_dominant=codebook.allow_dominant)
    return tuple(
        Item(word=WORDS[code], label=defined[code].label, definition=defined[code].definition)
        for code in ORDER
        if code in offered
    )


def _value(value: ValueDoc, codebook: CodebookDoc, *, with_examples: bool) -> Item:
    names = {other.slug: other.name for other in codebook.values}
    near_misses = value.near_misses if with_examples else ()
    return Item(
        slug=value.slug,
        name=value.name,
        definition=value.definition,
        motivation=value.motivation or "",
        signs=value.signs,
        apart_from=tuple(
            Item(name=names[other.value], slug=other.value, text=other.text) for other in value.apart_from
        ),
        examples=tuple(
            Item(word=WORDS[example.code], text=example.text, why=example.why or "")
            for example in (value.examples if with_examples else ())
            if _is_offered(example, codebook)
        ),
        near_misses=tuple(
            Item(text=miss.text, why=miss.why or "", instead=tuple(names[slug] for slug in miss.instead))
            for miss in near_misses
        ),
    )


def _is_offered(example: Example, codebook: CodebookDoc) -> bool:
    """Whether people who code by this version see it, too."""
    return example.code != Stance.DOMINANT or codebook.allow_dominant


def _specimen(*, allow_dominant: bool, allow_both: bool) -> CodebookDoc:
    """A codebook of one value with everything and one with nothing but what is required."""
    return CodebookDoc.model_validate(
        {
            "slug": "specimen",
            "name": "Specimen",
            "summary": "What is asked.",
            "allow_dominant": allow_dominant,
            "allow_both": allow_both,
            "guidelines": [
                {"slug": "whole", "title": "Whole", "text": "Judge all of it.", "example": "A film."},
                {"slug": "short", "title": "Short", "text": "Be brief."},
            ],
            "values": [
                {
                    "slug": "full",
                    "name": "Full",
                    "definition": "Having it all.",
                    "motivation": "They want all.",
                    "signs": ["Much of it"],
                    "apart_from": [{"value": "bare", "text": "More than nothing."}],
                    "examples": [{"stance": "endorsed", "text": "A feast.", "why": "All is there."}],
                    "not": [{"text": "A crumb.", "why": "Too little.", "instead": ["bare"]}],
                },
                {"slug": "bare", "name": "Bare", "definition": "Having nothing."},
            ],
        }
    )
