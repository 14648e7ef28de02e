"""The script in a model's answer: freed of what is said around it, and read line by line.

The text is kept as the model wrote it. Its parts are found as far as they can be told; what is nothing else
is action, and times are those that the model marked.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from models_app.clients.base import Finish, Reply
from models_app.pipelines.base import ScriptDraft, Segment, SegmentKind
from models_app.pipelines.llm.answers import UnreadableAnswerError
from models_app.pipelines.llm.places import milliseconds

LONGEST_REFUSAL = 600  # characters; what is longer is taken for a script
LONGEST_NAME = 60
QUOTES = '"“”„«»‟〝＂'
DECORATION = "*_#> \t"  # markup at the ends of a line
FENCE = re.compile(r"```[\w-]*\n(.*?)\n?```", re.DOTALL)
OPENING = re.compile(
    r"(sure|certainly|of course|okay|ok|absolutely|great)\W*"
    r"|(sure|certainly|of course|okay|ok|absolutely|great|here|below|this is)\b.{0,160}"
    r"\b(script|screenplay|transcript|description)\b.{0,160}[:.!]",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"(i )?hope (this|that|it)\b.{0,120}|let me know\b.{0,200}|(please )?feel free to\b.{0,200}"
    r"|would you like me to\b.{0,200}",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"(i['’]?m|i am) (really |very )?(sorry|unable|not able)|sorry,? (but )?i\b|as an ai\b"
    r"|i (can ?not|can['’]t|won['’]t)\b|unfortunately,? i\b|i don['’]t (have|see)\b",
    re.IGNORECASE,
)
HEADER = re.compile(r"(genre|sound)\s*:\s*(.+)", re.IGNORECASE)
HEADING = re.compile(r"(SCENE|INT\.|EXT\.|INT/|EXT/|I/E\b|FADE |CUT TO)|Scene\s*\d", re.ASCII)
TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?"
MARK = re.compile(
    rf"[(\[]\s*({TIME})(?:\s*[-–—]\s*({TIME}))?\s*[)\]]|^({TIME})(?=\s)(?:\s*[-–—]\s*({TIME})(?=\s))?"
)
SPEECH = re.compile(
    rf"(?P<name>[^:{QUOTES}\[\]]{{1,{LONGEST_NAME}}}?)\s*(?:\([^()]*\)\s*)?:\s*"
    rf"(?:\([^()]*\)\s*)?(?P<words>.+)",
    re.DOTALL,
)
CAPTIONS = re.compile(r"\[([^\[\]]+)\]")
HEARD = re.compile(
    r"music|song|sound|noise|silen|laugh|applau|beat\b|melod|tune|piano|guitar|drum|bass|slam|beep|ring|bark",
    re.IGNORECASE,
)


def read_script(reply: Reply, *, duration_ms: int | None = None) -> ScriptDraft:
    """The script; UnreadableAnswerError where the answer holds none, or only a part of one."""
    if reply.finish == Finish.CUT:
        raise UnreadableAnswerError("it breaks off before the end of the script")
    text = freed(reply.text)
    segments = tuple(_ended(list(_segments(text, duration_ms=duration_ms))))
    if not any(segment.text.strip(DECORATION + "`-.") for segment in segments):
        raise UnreadableAnswerError("there is no script in it")
    is_bare = all(segment.kind == SegmentKind.ACTION for segment in segments)
    if is_bare and len(text) <= LONGEST_REFUSAL and REFUSAL.match(text.strip(DECORATION + QUOTES)):
        raise UnreadableAnswerError("it refuses instead of giving a script")
    return ScriptDraft(text=text, segments=segments, facts=_facts(text))


def freed(text: str) -> str:
    """Without a fence around it, and without a line before or after that speaks to whoever asked."""
    text = text.replace("\r\n", "\n").strip().lstrip("\ufeff")
    fenced = FENCE.findall(text)
    if len(fenced) == 1 and len(fenced[0]) > len(text) / 2:
        text = fenced[0].strip()
    lines = text.split("\n")
    while lines and (not lines[0].strip() or OPENING.fullmatch(lines[0].strip(DECORATION))):
        lines.pop(0)
    while lines and (not lines[-1].strip() or CLOSING.fullmatch(lines[-1].strip(DECORATION))):
        lines.pop()
    return "\n".join(lines).strip()


def _facts(text: str) -> dict[str, Any]:
    """Genre and sound, as the first lines say."""
    facts: dict[str, Any] = {}
    for line in _bare_lines(text):
        header = HEADER.fullmatch(line)
        if header is None:
            break
        name, said = header[1].lower(), header[2].strip(DECORATION + QUOTES)  # the prompt quotes its words
        if name == "genre":
            facts["genre"] = said[:200]
        elif kind := _sound(said):
            facts["sound"] = kind
    return facts


def _sound(said: str) -> str:
    """In the words of local-script; empty where it is said otherwise."""
    kinds = (
        (r"none|no sound|silen", "silent"),
        (r"speech\b|spoken|voice|dialog|narrat|yes,? (there is )?speech", "speech"),
        (r"music|other|song|no speech|noise|sound effect|ambient", "other"),
    )
    return next((kind for pattern, kind in kinds if re.match(pattern, said, re.IGNORECASE)), "")


def _bare_lines(text: str) -> Iterator[str]:
    """Lines that hold something, without markup at their ends or around the words before a colon."""
    for line in text.split("\n"):
        bare = re.sub(r"\*{1,2}(?=\s*:|:?\s*$)|(?<=:)\*{1,2}", "", line.strip().strip(DECORATION))
        if bare := bare.strip():
            yield bare


def _segments(text: str, *, duration_ms: int | None) -> Iterator[Segment]:
    cue: Segment | None = None
    is_head = True
    for line in _bare_lines(text):
        if is_head and HEADER.fullmatch(line):
            continue
        is_head = False
        start, end, rest = _timed(line, duration_ms=duration_ms)
        if cue is not None and rest and rest[0] in QUOTES:
            start = cue.start_ms if start is None else start
            parts = [Segment(SegmentKind.SPEECH, _unquoted(rest), speaker=cue.text)]
        else:
            if cue is not None:
                yield cue
            parts = _parts_of(rest, line)
        timed = [replace(part, start_ms=start, end_ms=end) for part in parts if part.text]
        cue = timed.pop() if timed and timed[0].kind == SegmentKind.ACTION and _is_cue(rest) else None
        yield from timed
    if cue is not None:
        yield cue


def _parts_of(line: str, whole: str) -> list[Segment]:
    """What a line is. ``whole``: with its time, without which a heading may be empty."""
    if HEADING.match(line):
        return [Segment(SegmentKind.SCENE, line)]
    captions = CAPTIONS.findall(line)
    if captions and not CAPTIONS.sub("", line).strip(" ,;.–—-"):
        return [Segment(SegmentKind.CAPTION, caption.strip()) for caption in captions if caption.strip()]
    if line.startswith("(") and line.endswith(")"):
        kind = SegmentKind.SOUND if HEARD.search(line) else SegmentKind.ACTION
        return [Segment(kind, line[1:-1].strip())]
    if speech := SPEECH.fullmatch(line):
        name, words = speech["name"].strip(DECORATION), speech["words"].strip()
        if words[:1] in QUOTES or (name.isupper() and len(name) > 1):
            return [Segment(SegmentKind.SPEECH, _unquoted(words), speaker=name)]
    return [Segment(SegmentKind.ACTION, line or whole)]


def _is_cue(line: str) -> bool:
    """A speaker's name on a line of its own, as in screenplays."""
    name = re.sub(r"\([^()]*\)", "", line).strip()
    return (
        1 < len(name) <= LONGEST_NAME
        and name.isupper()
        and not HEADING.match(line)
        and name[-1] not in ".!?]"
    )


def _timed(line: str, *, duration_ms: int | None) -> tuple[int | None, int | None, str]:
    """The time that a line begins with, ends with, or has in its heading; and the line without it.

    Marks that lie behind the end of the video are taken out all the same: the model made them up.
    """
    mark = MARK.search(line)
    if mark is None:
        return None, None, line
    is_edge = mark.start() == 0 or mark.end() == len(line)
    if not is_edge and not HEADING.match(line):
        return None, None, line
    start = milliseconds(mark[1] or mark[3], duration_ms=duration_ms)
    end = milliseconds(mark[2] or mark[4], duration_ms=duration_ms) if start is not None else None
    if start is not None and end is not None and end < start:
        end = None
    rest = " ".join(f"{line[: mark.start()]} {line[mark.end() :]}".split(" ")).strip(" -–—:")
    return start, end, re.sub(r"  +", " ", rest)


def _ended(segments: list[Segment]) -> Iterator[Segment]:
    """A scene lasts until the next one that has a time begins."""
    starts = [s.start_ms for s in segments if s.kind == SegmentKind.SCENE and s.start_ms is not None]
    for segment in segments:
        if segment.kind == SegmentKind.SCENE and segment.start_ms is not None and segment.end_ms is None:
            later = [start for start in starts if start > segment.start_ms]
            segment = replace(segment, end_ms=min(later, default=None))
        yield segment


def _unquoted(words: str) -> str:
    return words.strip().strip(QUOTES).strip()
