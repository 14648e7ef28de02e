"""The answer for each value: the schema that is asked for, and a reader that never guesses a stance.

A name may be spelled otherwise, a key called otherwise, the JSON wrapped in anything. But a value that is
missing, that is answered twice, or whose answer is no stance makes the whole answer unreadable.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models_app.pipelines.base import Briefing, Prediction
from models_app.pipelines.llm.json_text import BadJsonError, objects_in

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
CLOCK = re.compile(r"\(?(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)\)?")
SECONDS = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(?:s|sec|seconds?)?")
LONGEST_VIDEO = 24 * 3600  # seconds; what lies behind is no time


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
        has_sound=said.has_sound,
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
    has_sound: bool | None = None

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
            self.has_sound = _yes_or_no(item)

    def _named(self, part: Mapping[Any, Any]) -> str | None:
        """The value that an entry of a list is about: {"value": "face", "stance": …}."""
        if not any(_plain(str(key)) in STANCE_KEYS for key in part):
            return None
        names = [item for key, item in part.items() if _plain(str(key)) in VALUE_KEYS]
        return self.names.find(names[0]) if len(names) == 1 else None

    def _note(self, slug: str, entry: Any) -> None:
        if slug in self.entries:
            raise UnreadableAnswerError(f"it speaks of “{slug}” twice")
        self.entries[slug] = entry


def _value_answer(slug: str, entry: Any, briefing: Briefing, *, duration_ms: int | None) -> ValueAnswer:
    if not isinstance(entry, dict):
        return ValueAnswer(*_stance(slug, entry, briefing))
    parts = {_plain(str(key)): item for key, item in entry.items()}
    said = _stance(slug, _stance_part(slug, parts), briefing)
    reason = next((item for key, item in parts.items() if key in REASON_KEYS), "")
    second = next((item for key, item in parts.items() if key in SECOND_KEYS), None)
    return ValueAnswer(
        *said,
        reason=_one_line(reason) if isinstance(reason, str) else "",
        evidence_ms=None if said == ABSENT else milliseconds(second, duration_ms=duration_ms),
    )


def _stance_part(slug: str, parts: Mapping[str, Any]) -> Any:
    """What an entry says: by one key, or by two answers."""
    given = [item for key, item in parts.items() if key in STANCE_KEYS]
    if not given and "value" in parts:  # the entry has its name from outside
        given = [parts["value"]]
    if len(given) == 1 and given[0] is not None:  # null is absent only where it is all that is said
        return given[0]
    two = parts.get("endorsed"), parts.get("confronted")
    if not given and isinstance(two[0], bool) and isinstance(two[1], bool):
        return [word for word, yes in zip(("endorsed", "confronted"), two, strict=True) if yes] or "absent"
    raise UnreadableAnswerError(
        f"it gives {'several stances' if len(given) > 1 else 'no stance'} for “{slug}”"
    )


def _stance(slug: str, said: Any, briefing: Briefing) -> tuple[bool, bool]:
    """Endorsed and confronted. Dominant is endorsed, also where the codebook does not offer it."""
    if said is None:
        return ABSENT  # as the published data set writes it
    stances = {_word(item) for item in said} if isinstance(said, list) else {_word(said)}
    stance = BOTH if stances == {ENDORSED, CONFRONTED} else stances.pop() if len(stances) == 1 else None
    if stance is None:
        raise UnreadableAnswerError(f"“{_shown(said)}” is no stance (“{slug}”)")
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


def milliseconds(said: Any, *, duration_ms: int | None = None) -> int | None:
    """Where in the video: seconds, or a time such as 0:07; None where it is neither, or behind the end."""
    seconds: float | None = None
    if isinstance(said, int | float) and not isinstance(said, bool):
        seconds = float(said)
    elif isinstance(said, str) and (clock := CLOCK.fullmatch(said.strip())):
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    elif isinstance(said, str) and (plain := SECONDS.fullmatch(said.strip().lower())):
        seconds = float(plain[1])
    if seconds is None or not 0 <= seconds <= LONGEST_VIDEO:
        return None
    result = round(seconds * 1000)
    return None if duration_ms is not None and result > duration_ms else result


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
