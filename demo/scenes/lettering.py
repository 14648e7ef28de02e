"""Text on the screen: captions, titles and labels, left to right or right to left."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import skia
from bidi.algorithm import get_display

from .pen import WIDTH, Pen, clamp, ease, pop

# Rubik (OFL) has Latin and Hebrew; Debian's Noto Sans needs a second file for Hebrew.
FAMILIES = {"latin": ["Rubik", "Noto Sans"], "hebrew": ["Rubik", "Noto Sans Hebrew"]}
_extra_fonts: list[Path] = []


def use_font(path: Path) -> None:
    """Prefer this font file to what fontconfig finds."""
    _extra_fonts.append(path)
    typeface.cache_clear()


@functools.cache
def typeface(script: str) -> skia.Typeface:
    for path in _extra_fonts:
        return skia.Typeface.MakeFromFile(str(path))
    for family in FAMILIES[script]:
        pattern = f"{family}:bold"
        found = subprocess.run(
            ["fc-match", "-f", "%{family}|%{file}", pattern], capture_output=True, text=True, check=True
        ).stdout
        name, _, path = found.partition("|")
        if family in name.split(","):
            return skia.Typeface.MakeFromFile(path)
    raise SystemExit(f"no font for {script}: install fonts-noto-core, or give --font FILE")


def script_of(text: str) -> str:
    return "hebrew" if any("֐" <= c <= "׿" for c in text) else "latin"


def font(text: str, size: float) -> skia.Font:
    made = skia.Font(typeface(script_of(text)), size)
    made.setSubpixel(True)
    made.setEdging(skia.Font.Edging.kAntiAlias)
    return made


def width_of(text: str, size: float) -> float:
    return float(font(text, size).measureText(text))


def wrap(text: str, *, size: float, width: float) -> list[str]:
    """As few lines as fit, of about equal length."""
    n = len(_fill(text, size=size, width=width))
    narrow = width
    while narrow > 120 and len(_fill(text, size=size, width=narrow - 12)) == n:
        narrow -= 12
    return _fill(text, size=size, width=narrow)


def _fill(text: str, *, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def text(
    pen: Pen, words: str, x: float, y: float, *, size: float, colour: str, anchor: str = "middle"
) -> None:
    """One line with its baseline at y."""
    shown = get_display(words) if script_of(words) == "hebrew" else words
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width_of(shown, size)
    pen.canvas.drawString(shown, x - shift, y, font(shown, size), pen.paint(colour))


def boxed(
    pen: Pen,
    lines: list[str],
    *,
    y: float,
    size: float,
    ink: str,
    box: str,
    alpha: float = 1.0,
    x: float = WIDTH / 2,
) -> None:
    """Centred lines, each in its own rounded box, the boxes melting into each other; y is the top."""
    step = size * 1.42
    for i, line in enumerate(lines):
        w = width_of(line, size) + size * 0.9
        pen.rect(x - w / 2, y + i * step - 2, w, step + 4, box, size * 0.34, alpha=alpha)
    for i, line in enumerate(lines):
        text(pen, line, x, y + i * step + size * 1.06, size=size, colour=ink)


def caption(pen: Pen, words: str, *, t: float, ink: str = "#ffffff", box: str = "#15131a") -> None:
    """What is being said, low in the frame but above where players put their controls."""
    size = 33.0
    lines = wrap(words, size=size, width=452)
    grow = 0.92 + 0.08 * clamp(pop(t, 0, 0.25), 0, 1.1)
    height = len(lines) * size * 1.42
    with pen.at(WIDTH / 2, 800 - height / 2, scale=grow):
        boxed(pen, lines, y=0, size=size, ink=ink, box=box, x=0)


def title(pen: Pen, words: str, *, t: float, ink: str, box: str, size: float = 44.0) -> None:
    """The post's headline, a tilted sticker at the top."""
    lines = wrap(words, size=size, width=440)
    with pen.at(WIDTH / 2, 118, scale=max(pop(t, 0.1, 0.5), 0.01), turn=-2):
        boxed(pen, lines, y=0, size=size, ink=ink, box=box, x=0)


def handle(pen: Pen, words: str, *, ink: str = "#ffffff") -> None:
    with pen.faded(0.85):
        w = width_of(words, 21) + 26
        pen.rect(24, 30, w, 36, "#15131a", 18, alpha=0.55)
        text(pen, words, 37, 55, size=21, colour=ink, anchor="start")


def sticker(
    pen: Pen,
    words: str,
    x: float,
    y: float,
    *,
    t: float,
    start: float,
    ink: str,
    box: str,
    size: float = 30.0,
    turn: float = 0.0,
) -> None:
    """A word that pops up inside the scene."""
    grow = pop(t, start, 0.4)
    if grow <= 0.01:
        return
    with pen.at(x, y, scale=grow, turn=turn):
        w = width_of(words, size) + size * 0.9
        pen.rect(-w / 2, -size * 0.8, w, size * 1.6, box, size * 0.35)
        text(pen, words, 0, size * 0.36, size=size, colour=ink)


def label(pen: Pen, words: str, x: float, y: float, *, size: float, colour: str, t: float = 9.0) -> None:
    with pen.faded(ease(t, 0, 0.3)):
        text(pen, words, x, y, size=size, colour=colour)
