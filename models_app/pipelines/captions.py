"""From lines in single frames to captions with a beginning and an end; noise and watermarks are left out."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import takewhile

from models_app.pipelines.boxes import Box
from models_app.pipelines.lettering import Line
from models_app.pipelines.speech import Utterance

MISSED = 2  # samples in which a line may be overlooked before it counts as gone
ALIKE = 0.8  # share of equal letters in two readings of one line
SURE_ALIKE = 0.93  # ... where both readings are sure of themselves: else "can" and "can't" were the same
SURE = 0.97
SCORES = ((8, 0.75), (4, 0.85), (2, 0.92))  # letters at least: score at least; fewer letters are noise
ONCE = 0.05  # more is asked of what was seen only once
LEAST_PART = 3  # letters of a reading that may be a part of a longer one
PART_SHARE = 0.85  # of the shorter reading's letters, with which the longer begins
HANDLE = re.compile(r"@[\w.\-]+")
SPOKEN_SHARE = 0.8  # of a caption's words said at that time: it is a subtitle
SPOKEN_WITHIN = 1.5  # seconds


@dataclass(frozen=True, slots=True)
class Caption:
    """Text on the screen; seconds."""

    text: str
    start: float
    end: float


@dataclass(slots=True)
class _Track:
    """One line through the frames that show it; samples are counted from 0."""

    first: int
    last: int
    box: Box
    readings: list[Line] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The reading that most frames, and the surest, agree on."""
        votes: Counter[str] = Counter()
        for line in self.readings:
            votes[line.text] += line.score  # type: ignore[assignment]
        return max(votes, key=lambda text: (votes[text], len(text)))

    @property
    def score(self) -> float:
        """Of the surest reading."""
        return max(line.score for line in self.readings)

    def go_on(self, line: Line, number: int) -> None:
        """The line in another frame; of a part and the whole, the whole is kept."""
        before = self.readings[-1].text
        self.last = number
        if _is_part(line.text, before):
            return
        if _is_part(before, line.text):
            self.readings = []
        self.readings.append(line)
        self.box = line.box


class CaptionTracker:
    """Takes the lines of one sampled frame after the other."""

    def __init__(self) -> None:
        self._open: list[_Track] = []
        self._closed: list[_Track] = []
        self._times: list[float] = []
        self.n_handles = 0  # account names: a watermark, and nobody's business
        self.n_unread = 0  # places that look like text, of which no reading is sure

    def add(self, lines: Sequence[Line], *, seconds: float) -> None:
        """The lines seen in the next sample."""
        number = len(self._times)
        self._times.append(seconds)
        self._closed += [track for track in self._open if track.last < number - MISSED - 1]
        self._open = [track for track in self._open if track.last >= number - MISSED - 1]
        free = list(self._open)
        for line in lines:
            track = _best(line, free)
            if track is None:
                self._open.append(_Track(number, number, line.box, [line]))
                continue
            free.remove(track)
            track.go_on(line, number)

    def captions(self, *, seconds: float) -> list[Caption]:
        """What was on the screen, in order of time; ``seconds`` is the length of the video."""
        kept = []
        for track in self._closed + self._open:
            if HANDLE.fullmatch(track.text):
                self.n_handles += 1
            elif is_noise(track.text, score=track.score - ONCE * (track.first == track.last)):
                self.n_unread += 1
            else:
                kept.append(track)
        found = [self._caption(block, seconds=seconds) for block in _blocks(kept)]
        return sorted(found, key=lambda caption: (caption.start, caption.end))

    def _caption(self, block: list[_Track], *, seconds: float) -> Caption:
        first, last = min(track.first for track in block), max(track.last for track in block)
        start = (self._times[first - 1] + self._times[first]) / 2 if first else 0.0
        is_last = last == len(self._times) - 1
        end = seconds if is_last else (self._times[last] + self._times[last + 1]) / 2
        return Caption(" ".join(track.text for track in block), start, max(start, end))


def is_noise(text: str, *, score: float) -> bool:
    """Whether what was read is more likely a pattern in the picture than text."""
    n_letters = sum(char.isalnum() for char in text)
    needed = next((least for letters, least in SCORES if n_letters >= letters), None)
    return needed is None or score < needed or n_letters < 0.5 * len(text.replace(" ", ""))


def without_subtitles(
    captions: Sequence[Caption], utterances: Sequence[Utterance]
) -> tuple[list[Caption], int]:
    """The captions that do not repeat what is being said, and how many did."""
    kept = [caption for caption in captions if not _is_spoken(caption, utterances)]
    return kept, len(captions) - len(kept)


def _is_spoken(caption: Caption, utterances: Sequence[Utterance]) -> bool:
    said = {
        plain
        for utterance in utterances
        for word in utterance.words
        if word.end > caption.start - SPOKEN_WITHIN and word.start < caption.end + SPOKEN_WITHIN
        for plain in _plain_words(word.text)
    }
    words = _plain_words(caption.text)
    if not words or not said:
        return False
    return sum(_is_said(word, said) for word in words) >= SPOKEN_SHARE * len(words)


def _plain_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("'", "").replace("’", ""))


def _is_said(word: str, said: set[str]) -> bool:
    return word in said or (
        len(word) > 3 and any(SequenceMatcher(None, word, other).ratio() >= ALIKE for other in said)
    )


def _best(line: Line, tracks: Sequence[_Track]) -> _Track | None:
    """The track that the line goes on with, if there is one."""
    same = [track for track in tracks if _is_same(track, line)] or [
        track
        for track in tracks
        if _in_place(track, line) and _is_one_text(track.readings[-1].text, line.text)
    ]
    return max(same, key=lambda track: track.box.overlap(line.box), default=None)


def _is_one_text(first: str, second: str) -> bool:
    return _is_part(first, second) or _is_part(second, first)


def _is_same(track: _Track, line: Line) -> bool:
    """Whether both are readings of one text; digits never differ by mistake, a number goes on counting."""
    before = track.readings[-1]
    first, second = (text.casefold().replace(" ", "") for text in (before.text, line.text))
    if first == second:
        return True
    if re.findall(r"\d", first) != re.findall(r"\d", second):
        return False
    needed = SURE_ALIKE if min(before.score, line.score) >= SURE else ALIKE
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= needed


def _is_part(shorter: str, longer: str) -> bool:
    """Whether one reading is the other with an end missing: being typed, or fading or sliding in or out."""
    first, second = (text.casefold().replace(" ", "") for text in (shorter, longer))
    if len(first) < LEAST_PART or len(first) >= len(second):
        return False
    if first in second:
        after = second.find(first) + len(first)
        return not (first[-1].isdigit() and second[after : after + 1].isdigit())
    n_common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    # The letter at the edge may be read as another: half of it is missing.
    return n_common >= PART_SHARE * len(first) and len(second) - len(first) >= 2


def _in_place(track: _Track, line: Line) -> bool:
    height = min(track.box.bottom, line.box.bottom) - max(track.box.top, line.box.top)
    across = min(track.box.right, line.box.right) - max(track.box.left, line.box.left)
    return across > 0 and height > 0.5 * min(track.box.height, line.box.height)


def _blocks(tracks: Sequence[_Track]) -> list[list[_Track]]:
    """Lines that stand together, come together and go together are one caption, read from the top."""
    blocks: list[list[_Track]] = []
    for track in sorted(tracks, key=lambda track: (track.first, round(track.box.top, 2), track.box.left)):
        block = next((block for block in blocks if any(_goes_with(track, other) for other in block)), None)
        if block is None:
            blocks.append([track])
        else:
            block.append(track)
    return [_in_reading_order(block) for block in blocks]


def _goes_with(track: _Track, other: _Track) -> bool:
    if abs(track.first - other.first) > 1 or abs(track.last - other.last) > 1:
        return False
    if max(track.first, other.first) > min(track.last, other.last):
        return False  # one after the other
    heights = sorted((track.box.height, other.box.height))
    if heights[1] > 1.7 * heights[0]:
        return False
    above, below = sorted((track.box, other.box), key=lambda box: box.top)
    gap = below.top - above.bottom
    across = min(above.right, below.right) - max(above.left, below.left)
    if gap < -0.5 * heights[0]:  # in one row: a wide space
        return across > -1.5 * heights[0]
    return gap < 0.9 * heights[1] and across > 0


def _in_reading_order(block: list[_Track]) -> list[_Track]:
    """Rows from the top, each from the left."""
    rows: list[list[_Track]] = []
    for track in sorted(block, key=lambda track: track.box.top):
        if rows and track.box.top < rows[-1][0].box.top + 0.5 * rows[-1][0].box.height:
            rows[-1].append(track)
        else:
            rows.append([track])
    return [track for row in rows for track in sorted(row, key=lambda track: track.box.left)]
