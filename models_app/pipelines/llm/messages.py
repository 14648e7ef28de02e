"""Messages: what is judged, between marks that its own text cannot contain.

A mark is made from the hash of what it encloses, so that equal videos give equal messages and nobody who
writes into a video can know it beforehand.
"""

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence

from annotator.labels import Stance
from models_app.clients.base import Clip, Part, Text
from models_app.pipelines.base import Shot
from models_app.pipelines.llm.prompts import WORDS

MARK_LENGTH = 16
SHOWN = re.compile(rf"^=== (?:example|post) ([0-9a-f]{{{MARK_LENGTH}}}) begins ===$", re.MULTILINE)


def script_message(text: str, *, post: str = "", shots: Sequence[Shot] = ()) -> tuple[Part, ...]:
    """A script to judge, after the examples and the text of its post."""
    body = [*_post(post), enclosed("script", text)]
    end = "Judge what stands between the marks by the codebook. Reply with the JSON object alone."
    return (Text("\n\n".join([*examples_of(shots), "This is to be judged:", *body, end])),)


def video_message(
    parts: Sequence[Part], *, order: str, of: str = "", post: str = "", shots: Sequence[Shot] = ()
) -> tuple[Part, ...]:
    """A video, as a clip or as frames with what is said, after the examples and before what is to be done.

    of: the hash of its file, without which the mark of mere frames could be known beforehand.
    """
    texts = [part.text for part in parts if isinstance(part, Text)]
    clips = [part.sha256 for part in parts if isinstance(part, Clip)]
    begin, end = _lines("video", mark_of(*texts, *clips, of))
    return (
        Text("\n\n".join([*examples_of(shots), "This is to be judged:", *_post(post), begin])),
        *parts,
        Text(f"{end}\n\n{order}"),
    )


def enclosed(what: str, text: str) -> str:
    """The text between two lines that bear its mark."""
    begin, end = _lines(what, mark_of(text))
    return f"{begin}\n{text}\n{end}"


def examples_of(shots: Sequence[Shot]) -> list[str]:
    """Scripts with the stances that people settled on."""
    if not shots:
        return []
    blocks = ["These are examples, judged by people:"]
    for n, shot in enumerate(shots, start=1):
        blocks += [f"Example {n}.", *_post(shot.post), enclosed("example", shot.text)]
        blocks.append(f"Stances: {_stances(shot)}")
    return [*blocks, "The examples end here."]


def shows_others(message: str, texts: Iterable[str]) -> bool:
    """Whether a message holds an example or the text of a post that is none of these, or may do so."""
    return not set(SHOWN.findall(message)) <= {mark_of(text) for text in texts}


def mark_of(*texts: str) -> str:
    """A word that is in none of the texts: the same for the same texts."""
    lowered = [text.lower() for text in texts]
    for n in itertools.count():
        seed = "\x1f".join([str(n), *texts]).encode("utf-8", "surrogatepass")
        mark = hashlib.sha256(seed).hexdigest()[:MARK_LENGTH]
        if not any(mark in text for text in lowered):
            return mark
    raise AssertionError("unreachable")


def _post(text: str) -> list[str]:
    """The text of a post; nothing where there is none, as it may only not be known."""
    return [enclosed("post", text)] if text.strip() else []


def _lines(what: str, mark: str) -> tuple[str, str]:
    return f"=== {what} {mark} begins ===", f"=== {what} {mark} ends ==="


def _stances(shot: Shot) -> str:
    by_word: dict[str, list[str]] = {}
    for slug, stance in shot.stances:
        if stance:
            by_word.setdefault(WORDS[Stance(stance)], []).append(slug)
    said = [f"{word}: {', '.join(slugs)}" for word, slugs in by_word.items()]
    return "; ".join([*said, "absent: all others" if said else "absent: all"]) + "."
