"""The answer for each value: the schema that is asked for, and a reader that never guesses a stance.

A name may be spelled otherwise, a key called otherwise, the JSON wrapped in anything. But a value that is
missing, that is answered twice, or whose answer is no stance, or two that differ, makes the whole answer
unreadable.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models_app.pipelines.base import Briefing, Prediction
from models_app.pipelines.llm.json_text import BadJsonError, objects_in
from models_app.pipelines.llm.places import milliseconds

LONGEST_REASON = 500  # characters kept
MOST_NAMED = 5  # values in an error
DEEPEST = 6  # levels of an answer
PUBLISHED_COLUMN = re.compile(r"(?:\d+_)?value\d*_(.+?)_values?", re.IGNORECASE)
PUBLISHED_NAMES = {"securitysocial": "security-societal", "benevolencecare": "benevolence-caring"}

ENDORSED, ABSENT, CONFRONTED, BOTH = (True, False), (False, False), (False, True), (True, True)
# As models, the published data set and people write them; dominant is a kind of endorsed.
STANCES: Mapping[str, tuple[bool, bool]] = {
    **dict.fromkeys(("endorsed", "endorse", "endorses", "present", "1", "+1", "+"), ENDORSED),
    **dict.fromkeys(("dominant", "2", "+2", "++"), ENDORSED),
    **dict.fromkeys(("absent", "none", "null", "0"), ABSENT),
    **dict.fromkeys(("confronted", "confront", "confronts", "conflict", "-1"), CONFRONTED),
    **dict.fromkeys(
        ("both", "both endorsed and confronted", "endorsed and confronted", "confronted and endorsed"), BOTH
    ),
}
WRAPPERS = frozenset({"values", "answer", "answers", "annotations", "labels", "result", "results", "stances"})
VALUE_KEYS = frozenset({"value", "name", "slug", "key"})
STANCE_KEYS = frozenset({"stance", "label", "answer", "code"})
REASON_KEYS = frozenset({"reason", "reasoning", "explanation", "rationale", "why", "justification"})
SECOND_KEYS = frozenset({"second", "seconds", "evidencesecond", "time", "timestamp", "evidence"})
SOUND_KEYS = frozenset({"hassound", "sound"})


class UnreadableAnswerError(ValueError):
    """An answer from which nothing is taken; says what is wrong, for the model as for people."""


@dataclass(frozen=True, slots=True)
class ValueAnswer:
    """What the model said of one value."""

    endorsed: bool
    confronted: bool
    reason: str = ""
    evidence_ms: int | None = None

    def prediction(self, video_id: int, value: str) -> Prediction:
        """As every pipeline returns it."""
        return Prediction(
            video_id,
            value,
            endorsed=self.endorsed,
            confronted=self.confronted,
            reason=self.reason,
            evidence_ms=self.evidence_ms,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said of one video."""

    values: Mapping[str, ValueAnswer]  # by slug, in the order of the codebook's circle
    has_sound: bool | None = None  # None: not said


def values_schema(briefing: Briefing) -> dict[str, Any]:
    """JSON Schema of the answer, in the part of the language that all providers' strict modes take."""
    words = ["endorsed", "dominant", "absent", "confronted", "both"]
    offered = {"dominant": briefing.allow_dominant, "both": briefing.allow_both}
    entry = _object(
        {
            # The grounds come before what is grounded on them: models write from left to right.
            "reason": {"type": "string"},
            "stance": {"type": "string", "enum": [word for word in words if offered.get(word, True)]},
            "second": {"type": ["number", "null"]},
        }
    )
    return _object(
        {
            "values": _object(dict.fromkeys(briefing.values, entry)),
            "has_sound": {"type": ["boolean", "null"]},
        }
    )


def read_values(text: str, briefing: Briefing, *, duration_ms: int | None = None) -> Answer:
    """The answer in a text; UnreadableAnswerError naming what is wrong. Places behind the end are dropped."""
    try:
        found = objects_in(text)
    except BadJsonError as error:
        raise UnreadableAnswerError(str(error)) from None
    said = _Said(_Names(briefing))
    for part in found:
        said.take(part)
    if not said.entries:
        raise UnreadableAnswerError("none of the codebook's values is in it")
    missing = [slug for slug in briefing.values if slug not in said.entries]
    if missing:
        raise UnreadableAnswerError(f"it says nothing about {_some(missing)}")
    return Answer(
        {
            slug: _value_answer(slug, said.entries[slug], briefing, duration_ms=duration_ms)
            for slug in briefing.values
        },
        has_sound=said.sounds.pop() if len(said.sounds) == 1 else None,
    )


class _Names:
    """Finds the value that a key means, whatever its case, its spaces and its hyphens."""

    def __init__(self, briefing: Briefing) -> None:
        self._slugs = frozenset(briefing.values)
        self._found: dict[str, str] = {}
        known = [PUBLISHED_NAMES.items(), zip(briefing.names, briefing.values, strict=False)]
        for name, slug in (pair for pairs in known for pair in pairs):
            if slug in self._slugs:
                self._found[_plain(name)] = slug
        self._found |= {_plain(slug): slug for slug in briefing.values}

    def find(self, key: Any) -> str | None:
        """The slug, or None if no value is called so."""
        if not isinstance(key, str):
            return None
        if key in self._slugs:
            return key
        if column := PUBLISHED_COLUMN.fullmatch(key.strip()):
            return self._found.get(_plain(column[1]))
        return self._found.get(_plain(key))


@dataclass
class _Said:
    """What an answer says, gathered from wherever it stands in it."""

    names: _Names
    entries: dict[str, Any] = field(default_factory=dict)
    sounds: set[bool] = field(default_factory=set)  # both, where it contradicts itself

    def take(self, part: Any, depth: int = 0) -> None:
        """Whatever this part of the answer says of values."""
        if depth > DEEPEST:
            return
        if isinstance(part, list):
            for item in part:
                self.take(item, depth + 1)
        elif isinstance(part, dict) and (slug := self._named(part)):
            self._note(slug, part)
        elif isinstance(part, dict):
            for key, item in part.items():
                self._take_pair(key, item, depth)

    def _take_pair(self, key: Any, item: Any, depth: int) -> None:
        if slug := self.names.find(key):
            self._note(slug, item)
        elif isinstance(item, dict | list) and _plain(str(key)) in WRAPPERS:
            self.take(item, depth + 1)
        elif _plain(str(key)) in SOUND_KEYS:
            self._note_sound(_yes_or_no(item))

    def _note_sound(self, has_sound: bool | None) -> None:
        if has_sound is not None:
            self.sounds.add(has_sound)

    def _named(self, part: Mapping[Any, Any]) -> str | None:
        """The value that an entry of a list is about: {"value": "face", "stance": …}."""
        if not any(_plain(str(key)) in STANCE_KEYS for key in part):
            return None
        names = [item for key, item in part.items() if _plain(str(key)) in VALUE_KEYS]
        return self.names.find(names[0]) if len(names) == 1 else None

    def _note(self, slug: str, entry: Any) -> None:
        if slug in self.entries:
            raise UnreadableAnswerError(f"it speaks of “{slug}” twice")
        for key, item in entry.items() if isinstance(entry, dict) else ():
            if _plain(str(key)) in VALUE_KEYS and self.names.find(item) not in (None, slug):
                raise UnreadableAnswerError(f"it calls “{slug}” “{_shown(item)}”")
        self.entries[slug] = entry


def _value_answer(slug: str, entry: Any, briefing: Briefing, *, duration_ms: int | None) -> ValueAnswer:
    if not isinstance(entry, dict):
        return ValueAnswer(*_stance(slug, entry, briefing))
    parts: dict[str, list[Any]] = {}  # one key may stand there in several spellings
    for key, item in entry.items():
        parts.setdefault(_plain(str(key)), []).append(item)
    said = _entry_stance(slug, parts, briefing)
    reason = next(iter(_items(parts, REASON_KEYS)), "")
    second = next(iter(_items(parts, SECOND_KEYS)), None)
    return ValueAnswer(
        *said,
        reason=_one_line(reason) if isinstance(reason, str) else "",
        evidence_ms=None if said == ABSENT else milliseconds(second, duration_ms=duration_ms),
    )


def _entry_stance(slug: str, parts: Mapping[str, Sequence[Any]], briefing: Briefing) -> tuple[bool, bool]:
    """What an entry says, by a stance, by two answers or by both; whatever says it has to say the same."""
    given = _items(parts, STANCE_KEYS)
    # “value” is the entry's name or, where it has that from outside, its stance.
    given += [item for item in parts.get("value", ()) if not given or isinstance(item, list) or _word(item)]
    said = [_stance(slug, item, briefing) for item in given if item is not None]
    answers = []
    for place, name in enumerate(("endorsed", "confronted")):
        two = [item for item in parts.get(name, ()) if not (said and item is None)]
        answers.append({*(stance[place] for stance in said), *(_true_or_false(item) for item in two)})
    # null is absent only where it is all that is said.
    if None in given or any(len(yes) != 1 or None in yes for yes in answers):
        raise UnreadableAnswerError(f"it gives {'several stances' if said else 'no stance'} for “{slug}”")
    (endorsed,), (confronted,) = answers
    return _offered(slug, (bool(endorsed), bool(confronted)), briefing)


def _items(parts: Mapping[str, Sequence[Any]], keys: Collection[str]) -> list[Any]:
    """What stands under any of the keys, in the order of the answer."""
    return [item for key, items in parts.items() if key in keys for item in items]


def _stance(slug: str, said: Any, briefing: Briefing) -> tuple[bool, bool]:
    """Endorsed and confronted. Dominant is endorsed, also where the codebook does not offer it."""
    if said is None:
        return ABSENT  # as the published data set writes it
    stances = {_word(item) for item in said} if isinstance(said, list) else {_word(said)}
    stance = BOTH if stances == {ENDORSED, CONFRONTED} else stances.pop() if len(stances) == 1 else None
    if stance is None:
        raise UnreadableAnswerError(f"“{_shown(said)}” is no stance (“{slug}”)")
    return _offered(slug, stance, briefing)


def _offered(slug: str, stance: tuple[bool, bool], briefing: Briefing) -> tuple[bool, bool]:
    if stance == BOTH and not briefing.allow_both:
        raise UnreadableAnswerError(f"it says both of “{slug}”, where one stance has to be chosen")
    return stance


def _word(said: Any) -> tuple[bool, bool] | None:
    """A stance by its word or number; true and false are no stances, as they do not say of which."""
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    return STANCES.get(" ".join(str(said).replace("−", "-").replace("_", " ").lower().split()).strip(" .\"'"))


def _true_or_false(said: Any) -> bool | None:
    """One of an entry's two answers; words for it are not taken."""
    return said if isinstance(said, bool) else None


def _yes_or_no(said: Any) -> bool | None:
    if isinstance(said, str):
        return {"true": True, "yes": True, "false": False, "no": False}.get(said.strip().lower())
    return said if isinstance(said, bool) else None


def _plain(name: str) -> str:
    """Letters and digits alone."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum())


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def _shown(said: Any) -> str:
    text = " ".join(str(said).split())
    return text if len(text) <= 60 else text[:59] + "…"


def _some(slugs: Sequence[str]) -> str:
    named = ", ".join(f"“{slug}”" for slug in slugs[:MOST_NAMED])
    return named if len(slugs) <= MOST_NAMED else f"{named} and {len(slugs) - MOST_NAMED} more"


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
