"""Clips made of shots: timing, pictures, sound and the MP4 file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import skia

from . import lettering, music
from .pen import HEIGHT, WIDTH, Pen, Point, clamp, ease, mix
from .person import Look, Pose, person
from .voice import RATE, Sound, Voice, speak

FPS = 25
LEAD, TAIL, CUT = 0.3, 0.45, 0.3  # seconds before and after a shot's speech, and of a change of shot
IMAGE = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Character:
    name: str
    look: Look
    voice: Voice


@dataclass(frozen=True)
class Creator:
    """An account: who speaks, how it looks on the screen, and what a study would note about it."""

    handle: str
    name: str
    genre: str
    cast: Mapping[str, Character]
    box: str  # colours of the title and the captions
    ink: str
    caption_box: str = "#15131a"
    caption_ink: str = "#ffffff"
    mood: str = "warm"
    nominated_by: str = "survey"
    verified_by: str = "NK"
    is_minor: bool = False


@dataclass(frozen=True)
class Shot:
    """One camera position; `heading` and `action` describe what `draw` draws."""

    draw: Callable[[Frame], None]
    heading: str
    action: str
    lines: tuple[tuple[str, str], ...] = ()  # (speaker's key in the cast, what is said)
    caption: str = ""  # shown where nothing is said
    seconds: float = 2.4  # at least
    screen: tuple[str, ...] = ()  # words that draw itself puts into the picture
    zoom: tuple[float, float] = (1.0, 1.05)


@dataclass(frozen=True)
class Clip:
    id: str
    creator: Creator
    slug: str  # what the project calls it
    title: str  # on the screen
    post: str  # the text under the post
    hashtags: tuple[str, ...]
    truth: Mapping[str, int]
    shots: tuple[Shot, ...]
    posted_at: str
    counts: tuple[int, int, int, int]  # likes, comments, shares, views
    is_pinned: bool = False
    audio: str = "full"  # full, music, silent (a stream with nothing in it) or none (no stream)


@dataclass
class Frame:
    """What a shot draws itself with: the pen, the seconds since it began, and who is speaking how loudly."""

    pen: Pen
    t: float
    length: float
    cast: Mapping[str, Character]
    talk: Mapping[str, float] = field(default_factory=dict)

    @property
    def u(self) -> float:
        return clamp(self.t / self.length)

    def person(
        self,
        key: str,
        x: float,
        y: float,
        *,
        scale: float = 1.0,
        flip: bool = False,
        shadow: bool = True,
        **pose: Any,
    ) -> None:
        """Draw a member of the cast; `wear` and `change` alter the look, the rest are fields of Pose."""
        look = self.cast[key].look
        wear, change = pose.pop("wear", ()), dict(pose.pop("change", {}))
        change["extra"] = (*change.get("extra", look.extra), *wear)
        look = replace(look, **change)
        made = Pose(t=self.t + len(key) * 0.7, talk=self.talk.get(key, 0.0), **pose)
        person(self.pen, look, x, y, scale=scale, pose=made, flip=flip, shadow=shadow)

    def sticker(self, words: str, x: float, y: float, **how: Any) -> None:
        lettering.sticker(self.pen, words, x, y, t=self.t, **how)


@dataclass(frozen=True)
class Timed:
    """A shot with its place in time and the speech in it."""

    shot: Shot
    start: float
    length: float
    speech: tuple[tuple[str, str, float, Sound], ...]  # speaker, words, seconds into the shot, sound

    def talk(self, t: float) -> dict[str, float]:
        """How wide each speaker's mouth is open."""
        open_: dict[str, float] = {}
        for speaker, _, at, sound in self.speech:
            i = int((t - at) * RATE)
            if 0 <= i < len(sound):
                part = sound[i : i + RATE // FPS]
                open_[speaker] = clamp(float(np.sqrt(np.mean(part**2))) * 4.6)
        return open_

    def caption(self, t: float) -> tuple[str, float] | None:
        """The words on the screen at t, and for how long they have been there."""
        for _, words, at, sound in self.speech:
            pieces = chunks(words)
            total = sum(map(len, pieces))
            begin, whole = at, len(sound) / RATE + 0.25
            for part in pieces:
                end = begin + whole * len(part) / total
                if begin - 0.05 <= t < end:
                    return part, t - begin + 0.05
                begin = end
        if self.shot.caption and t > 0.2:
            return self.shot.caption, t - 0.2
        return None


def chunks(words: str, *, limit: int = 44) -> list[str]:
    """The line in captions: sentence by sentence, a long sentence in parts of about equal length."""
    out: list[str] = []
    for sentence in re.findall(r"[^.!?…]+[.!?…]*", words):
        if out and len(out[-1]) + len(sentence) < limit * 0.7:
            out[-1] += sentence
        else:
            out += parts(sentence.strip(), limit=limit)
    return [chunk.strip() for chunk in out]


def parts(sentence: str, *, limit: int) -> list[str]:
    """Cut where the halves are most alike, by preference after a comma."""
    if len(sentence) <= limit:
        return [sentence]
    words = sentence.split()
    cuts = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    left, right = min(cuts, key=lambda c: abs(len(c[0]) - len(c[1])) - 14 * (c[0][-1] in ",:;"))
    return parts(left, limit=limit) + parts(right, limit=limit)


def timeline(clip: Clip, *, kokoro: Path | None, cache: Path | None) -> list[Timed]:
    """Every shot lasts as long as its speech, and no shorter than it asks for."""
    made, start = [], 0.0
    for shot in clip.shots:
        at, speech = LEAD, []
        for speaker, words in shot.lines:
            sound = speak(words, clip.creator.cast[speaker].voice, kokoro, cache)
            speech.append((speaker, words, at, sound))
            at += len(sound) / RATE + 0.22
        length = round(max(shot.seconds, at + TAIL if speech else 0.0) * FPS) / FPS
        made.append(Timed(shot, start, length, tuple(speech)))
        start += length
    return made


def draw_shot(pen: Pen, clip: Clip, timed: Timed, t: float) -> None:
    zoom = mix(*timed.shot.zoom, ease(t, 0, timed.length))
    focus: Point = (WIDTH / 2, 440)
    pen.canvas.save()
    pen.canvas.translate(*focus)
    pen.canvas.scale(zoom, zoom)
    pen.canvas.translate(-focus[0], -focus[1])
    timed.shot.draw(Frame(pen, t, timed.length, clip.creator.cast, timed.talk(t)))
    pen.canvas.restore()


def draw(pen: Pen, clip: Clip, shots: list[Timed], time: float) -> None:
    """The whole frame at this time of the clip."""
    n = max(i for i, s in enumerate(shots) if s.start <= time + 1e-6)
    now = shots[n]
    t = time - now.start
    slide = ease(t, 0, CUT) if n else 1.0
    if slide < 1:
        pen.canvas.save()
        pen.canvas.translate(-slide * WIDTH, 0)
        pen.canvas.clipRect(skia.Rect.MakeWH(WIDTH, HEIGHT))
        draw_shot(pen, clip, shots[n - 1], shots[n - 1].length)
        pen.canvas.restore()
    pen.canvas.save()
    pen.canvas.translate((1 - slide) * WIDTH, 0)
    pen.canvas.clipRect(skia.Rect.MakeWH(WIDTH, HEIGHT))
    draw_shot(pen, clip, now, t)
    pen.canvas.restore()
    creator = clip.creator
    lettering.handle(pen, f"@{creator.handle}")
    if n == 0:
        lettering.title(pen, clip.title, t=t, ink=creator.ink, box=creator.box)
    if words := now.caption(t):
        lettering.caption(pen, words[0], t=words[1], ink=creator.caption_ink, box=creator.caption_box)


def frames(clip: Clip, shots: list[Timed], *, every: int = 1) -> Iterator[IMAGE]:
    """RGBA pictures, shape (960, 540, 4), of every n-th frame."""
    surface = skia.Surface(WIDTH, HEIGHT)
    total = round((shots[-1].start + shots[-1].length) * FPS)
    for i in range(0, total, every):
        with surface as canvas:
            canvas.clear(skia.ColorWHITE)
            draw(Pen(canvas), clip, shots, i / FPS)
        yield surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)


def soundtrack(clip: Clip, shots: list[Timed]) -> Sound | None:
    """Speech over backing, mono at RATE; None where the file is to have no audio stream."""
    seconds = shots[-1].start + shots[-1].length
    mixed = np.zeros(round(seconds * RATE), np.float32)
    if clip.audio == "none":
        return None
    if clip.audio == "silent":
        return mixed
    spoken = any(s.speech for s in shots)
    mixed += music.backing(clip.creator.mood, seconds) * (0.2 if spoken else 0.75)
    for n, timed in enumerate(shots):
        sounds = [(at, sound) for _, _, at, sound in timed.speech]
        if n:
            sounds.append((-0.1, music.whoosh()))
        for at, sound in sounds:
            i = int((timed.start + at) * RATE)
            end = min(i + len(sound), len(mixed))
            mixed[i:end] += sound[: end - i]
    return np.clip(mixed, -0.98, 0.98)


def encode(path: Path, clip: Clip, shots: list[Timed], *, crf: int = 28) -> None:
    """H.264 and AAC in an MP4 whose index stands first, so that players can seek at once."""
    sound = soundtrack(clip, shots)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        video: Any = file.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = Fraction(1, FPS)
        video.options = {
            "crf": str(crf),
            "preset": "medium",
            "tune": "animation",
            "g": str(2 * FPS),
            "threads": "2",
        }
        audio: Any = None
        if sound is not None:
            audio = file.add_stream("aac", rate=RATE)
            audio.layout, audio.bit_rate = "mono", 48_000
        for i, image in enumerate(frames(clip, shots)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgba")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if sound is not None:
            for begin in range(0, len(sound), 1024):
                part = np.ascontiguousarray(sound[None, begin : begin + 1024])
                packet = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                packet.sample_rate, packet.pts, packet.time_base = RATE, begin, Fraction(1, RATE)
                file.mux(audio.encode(packet))
            file.mux(audio.encode(None))
