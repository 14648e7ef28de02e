"""Things people hold, ride and stand beside."""

from __future__ import annotations

import math

from .pen import Pen, tint, wave


def table(pen: Pen, y: float, *, colour: str, front: str | None = None) -> None:
    pen.rect(-300, y, 1140, 26, tint(colour, 0.14), 8)
    pen.rect(-300, y + 24, 1140, 500, front or colour)


def phone(
    pen: Pen, x: float, y: float, *, scale: float = 1.0, turn: float = 0.0, screen: str = "#bfe3ff"
) -> None:
    with pen.at(x, y, scale=scale, turn=turn):
        pen.rect(-24, -46, 48, 92, "#26242e", 10)
        pen.rect(-19, -40, 38, 80, screen, 6)


def wheel(pen: Pen, x: float, y: float, *, t: float, wood: str = "#8b6a52") -> None:
    """A potter's wheel."""
    pen.rect(x - 26, y + 10, 52, 140, tint(wood, -0.2), 8)
    pen.oval(x, y + 8, 128, 30, tint(wood, -0.25))
    pen.oval(x, y, 128, 30, wood)
    for i in range(3):
        a = t * 9 + i * 2.1
        pen.oval(x + 90 * math.cos(a), y + 20 * math.sin(a), 12, 4, tint(wood, 0.22))


def pot(
    pen: Pen, x: float, y: float, *, rise: float, wonk: float, colour: str, band: str | None = None
) -> None:
    """A bowl growing from a lump (rise 0) to a tall shape (rise 1), leaning by wonk."""
    h, w = 46 + 110 * rise, 78 - 18 * rise
    lip = w * (0.8 + 0.5 * rise)
    pen.blob(
        f"M{x - w * 0.7} {y} C{x - w * 1.5} {y - h * 0.5} {x - w * 0.6 + wonk} {y - h * 0.7} {x - lip + wonk} {y - h} "
        f"L{x + lip + wonk} {y - h - wonk * 0.3} C{x + w * 0.7 + wonk} {y - h * 0.7} {x + w * 1.5} {y - h * 0.5} {x + w * 0.7} {y} Z",
        colour,
    )
    pen.oval(x + wonk, y - h - wonk * 0.15, lip, 12 + 4 * rise, tint(colour, -0.28))
    if band:
        pen.curve((x - w * 0.98, y - h * 0.45), (x, y - h * 0.32), (x + w * 0.98, y - h * 0.45), band, 12)
        for i in range(5):
            pen.circle(x - w * 0.7 + i * w * 0.35, y - h * 0.2, 6, band)


def skateboard(
    pen: Pen, x: float, y: float, *, turn: float = 0.0, colour: str = "#e5484d", t: float = 0.0
) -> None:
    with pen.at(x, y, turn=turn):
        pen.line([(-98, -26), (-76, -16), (76, -16), (98, -26)], colour, 13, soft=20)
        for wx in (-56, 56):
            pen.circle(wx, 0, 13, "#f4f1ea")
            pen.circle(wx, 0, 5, "#575a66")


def stairs(pen: Pen, x: float, y: float, *, steps: int = 6, colour: str = "#b9b3c9") -> None:
    for i in range(steps):
        pen.rect(x + i * 62, y + i * 44, 1000, 500, tint(colour, -0.06 * (i % 2) - 0.02 * i))
        pen.rect(x + i * 62, y + i * 44, 1000, 8, tint(colour, 0.3))


def chair(pen: Pen, x: float, y: float, *, colour: str, turn: float = 0.0, back: int = -1) -> None:
    with pen.at(x, y, turn=turn):
        for lx in (-46, 46):
            pen.line([(lx, -110), (lx * 1.12, 0)], tint(colour, -0.25), 12)
        pen.line([(back * 54, -110), (back * 62, -240)], tint(colour, -0.2), 14)
        pen.rect(-62, -128, 124, 24, colour, 10)
        pen.rect(back * 62 - 14, -250, 28, 84, colour, 12)


def shopping_bag(
    pen: Pen, x: float, y: float, *, colour: str, scale: float = 1.0, mark: str = "#ffffff", turn: float = 0
) -> None:
    with pen.at(x, y, scale=scale, turn=turn):
        pen.curve((-26, -100), (0, -160), (26, -100), tint(colour, -0.3), 7)
        pen.poly([(-54, -104), (54, -104), (62, 0), (-62, 0)], colour, soft=8)
        pen.star(0, -50, 24, mark, points=4)


def shoe(
    pen: Pen,
    x: float,
    y: float,
    *,
    colour: str,
    scale: float = 1.0,
    sole: str = "#ffffff",
    shine: float = 0.0,
) -> None:
    with pen.at(x, y, scale=scale):
        pen.blob(
            "M-70 -58 C-54 -70 -34 -66 -24 -50 C0 -42 30 -36 62 -24 C78 -18 80 -4 74 0 L-74 0 C-80 -20 -78 -44 -70 -58 Z",
            colour,
        )
        pen.rect(-78, -8, 158, 20, sole, 10)
        for i in range(3):
            pen.line([(-16 + i * 18, -48 + i * 6), (-6 + i * 18, -34 + i * 4)], sole, 5)
        if shine:
            pen.star(44, -66, 20 * shine, "#fff3b0", points=4)


def bin_(pen: Pen, x: float, y: float, *, colour: str = "#8a8f9c") -> None:
    pen.poly([(x - 70, y - 170), (x + 70, y - 170), (x + 56, y), (x - 56, y)], colour, soft=10)
    pen.rect(x - 80, y - 186, 160, 24, tint(colour, -0.2), 10)
    for i in (-28, 0, 28):
        pen.line([(x + i, y - 140), (x + i * 0.85, y - 30)], tint(colour, -0.18), 8)


def bicycle(pen: Pen, x: float, y: float, *, t: float, colour: str, speed: float = 2.2) -> None:
    for wx in (-104, 104):
        pen.ring(x + wx, y - 66, 62, "#2f3340", 9)
        for i in range(4):
            a = t * speed * 2 + i * math.pi / 4
            dx, dy = 58 * math.cos(a), 58 * math.sin(a)
            pen.line([(x + wx - dx, y - 66 - dy), (x + wx + dx, y - 66 + dy)], "#a7abb8", 2.5)
    a, b, seat, bar = (x - 104, y - 66), (x + 6, y - 62), (x - 34, y - 168), (x + 78, y - 178)
    pen.line([a, seat, bar, b, a], colour, 11)
    pen.line([seat, b], colour, 11)
    pen.line([(x + 104, y - 66), bar, (x + 72, y - 206)], colour, 10)
    pen.line([(x + 60, y - 210), (x + 96, y - 200)], "#2f3340", 11)
    pen.rect(x - 68, y - 188, 66, 17, "#2f3340", 8)


def book(pen: Pen, x: float, y: float, *, colour: str, w: float = 130, turn: float = 0.0) -> None:
    with pen.at(x, y, turn=turn):
        pen.rect(-w / 2, -26, w, 26, colour, 5)
        pen.rect(-w / 2 + 8, -21, w - 8, 16, "#fbf6ea", 3)


def open_book(pen: Pen, x: float, y: float, *, cover: str) -> None:
    pen.poly(
        [
            (x - 112, y - 34),
            (x, y - 20),
            (x + 112, y - 34),
            (x + 112, y + 10),
            (x, y + 20),
            (x - 112, y + 10),
        ],
        cover,
        soft=6,
    )
    pen.poly([(x - 104, y - 42), (x, y - 24), (x, y + 12), (x - 104, y)], "#fffaf0")
    pen.poly([(x + 104, y - 42), (x, y - 24), (x, y + 12), (x + 104, y)], "#f4ecdc")
    for i in range(3):
        pen.line([(x - 88, y - 30 + i * 10), (x - 16, y - 18 + i * 10)], "#cdbfa9", 3)
        pen.line([(x + 88, y - 30 + i * 10), (x + 16, y - 18 + i * 10)], "#cdbfa9", 3)


def microphone(pen: Pen, x: float, y: float, *, stand: float = 0.0, colour: str = "#3a3745") -> None:
    if stand:
        pen.rect(x - 4, y, 8, stand, "#23212c")
        pen.rect(x - 52, y + stand - 8, 104, 12, "#23212c", 6)
    pen.rect(x - 11, y - 14, 22, 62, colour, 9)
    pen.circle(x, y - 26, 23, "#8d8a9c")
    for i in (-10, 0, 10):
        pen.line([(x - 19 + abs(i) * 0.4, y - 26 + i), (x + 19 - abs(i) * 0.4, y - 26 + i)], "#6b6879", 3)


def note(pen: Pen, x: float, y: float, *, colour: str, scale: float = 1.0, turn: float = 0.0) -> None:
    with pen.at(x, y, scale=scale, turn=turn):
        pen.oval(-8, 18, 13, 10, colour)
        pen.rect(1, -30, 5, 48, colour, 2)
        pen.poly([(1, -30), (28, -20), (28, -6), (1, -16)], colour)


def steam(pen: Pen, x: float, y: float, *, t: float, colour: str = "#ffffff") -> None:
    for i in range(3):
        rise = (t * 40 + i * 34) % 100
        with pen.faded(0.6 * (1 - rise / 100)):
            pen.curve(
                (x - 26 + i * 26, y - rise),
                (x - 14 + i * 26 + 10 * wave(t, 0.6, i * 0.3), y - rise - 18),
                (x - 26 + i * 26, y - rise - 36),
                colour,
                7,
            )


def dumpling(pen: Pen, x: float, y: float, *, scale: float = 1.0, dough: str = "#f6e3bd") -> None:
    with pen.at(x, y, scale=scale):
        pen.blob("M-44 0 C-48 -40 48 -40 44 0 Q0 16 -44 0 Z", dough)
        for i in range(5):
            pen.line([(-26 + i * 13, -26 + abs(i - 2) * 4), (-22 + i * 11, -12)], tint(dough, -0.16), 4)


def bowl(pen: Pen, x: float, y: float, *, colour: str, food: str, w: float = 80) -> None:
    pen.oval(x, y - w * 0.52, w, w * 0.22, food)
    pen.blob(
        f"M{x - w} {y - w * 0.5} Q{x - w * 0.8} {y} {x - w * 0.3} {y} L{x + w * 0.3} {y} Q{x + w * 0.8} {y} {x + w} {y - w * 0.5} Q{x} {y - w * 0.1} {x - w} {y - w * 0.5} Z",
        colour,
    )


def bottle(pen: Pen, x: float, y: float, *, colour: str, cap: str, h: float = 120, word: str = "") -> None:
    pen.rect(x - 32, y - h, 64, h, colour, 16)
    pen.rect(x - 17, y - h - 34, 34, 38, cap, 8)
    pen.rect(x - 22, y - h * 0.66, 44, h * 0.34, tint(colour, 0.55), 6)


def rubbish_sack(pen: Pen, x: float, y: float, *, full: float, colour: str = "#2f6f5e") -> None:
    h = 80 + 80 * full
    w = 58 + 26 * full
    pen.blob(
        f"M{x - w} {y} C{x - w - 18} {y - h * 0.6} {x - 34} {y - h} {x - 20} {y - h - 6} L{x + 20} {y - h - 6} C{x + 34} {y - h} {x + w + 18} {y - h * 0.6} {x + w} {y} Z",
        colour,
    )
    pen.line([(x - 22, y - h - 4), (x + 22, y - h - 4)], "#f6d365", 9)


def screen_monitor(pen: Pen, x: float, y: float, *, w: float, h: float, case: str, screen: str) -> None:
    pen.rect(x - 30, y, 60, 60, tint(case, -0.2))
    pen.rect(x - 84, y + 52, 168, 16, case, 8)
    pen.rect(x - w / 2, y - h, w, h + 10, case, 16)
    pen.rect(x - w / 2 + 13, y - h + 13, w - 26, h - 18, screen, 8)


def trophy(pen: Pen, x: float, y: float, *, scale: float = 1.0, colour: str = "#ffc83d") -> None:
    with pen.at(x, y, scale=scale):
        pen.ring(-40, -96, 24, colour, 9)
        pen.ring(40, -96, 24, colour, 9)
        pen.blob("M-48 -136 L48 -136 C48 -70 24 -50 0 -48 C-24 -50 -48 -70 -48 -136 Z", colour)
        pen.rect(-8, -52, 16, 36, tint(colour, -0.12))
        pen.rect(-40, -22, 80, 24, "#6a4a3c", 6)
        pen.star(0, -100, 20, tint(colour, 0.55))


def siren(pen: Pen, x: float, y: float, *, t: float) -> None:
    on = wave(t, 1.4) > 0
    pen.circle(x, y - 38, 66, "#ff6b5e", alpha=0.28 if on else 0.06)
    pen.blob(
        f"M{x - 34} {y - 18} C{x - 34} {y - 76} {x + 34} {y - 76} {x + 34} {y - 18} Z",
        "#ff5a4f" if on else "#c43d36",
    )
    pen.rect(x - 46, y - 22, 92, 24, "#3d4354", 8)


def rain(pen: Pen, *, t: float, colour: str = "#d4e6f5") -> None:
    for i in range(40):
        x = (i * 71) % 620 - 30
        y = ((i * 131) % 1000 + t * 760) % 1040 - 40
        pen.line([(x, y), (x - 7, y + 26)], colour, 3, alpha=0.5)


def bubble(
    pen: Pen, x: float, y: float, w: float, h: float, *, colour: str = "#ffffff", tail: float = -1
) -> None:
    """A speech bubble, its tail to the left (-1) or right (1)."""
    pen.rect(x - w / 2, y - h / 2, w, h, colour, 26)
    pen.poly(
        [
            (x + tail * w * 0.2, y + h / 2 - 8),
            (x + tail * w * 0.42, y + h / 2 + 30),
            (x + tail * w * 0.36, y + h / 2 - 14),
        ],
        colour,
    )


def quilt(pen: Pen, x: float, y: float, w: float, h: float, colours: list[str], *, seen: float = 1.0) -> None:
    """A patchwork of 4 × 5 squares of which the first share is sewn already."""
    cw, ch = w / 4, h / 5
    for i in range(round(20 * seen)):
        cx, cy = x + (i % 4) * cw, y + (i // 4) * ch
        pen.rect(cx + 1.5, cy + 1.5, cw - 3, ch - 3, colours[(i * 3 + i // 4) % len(colours)], 6)
        if i % 3 == 0:
            pen.heart(cx + cw / 2, cy + ch / 2, cw * 0.24, "#ffffff", alpha=0.75)
        elif i % 3 == 1:
            pen.circle(cx + cw / 2, cy + ch / 2, cw * 0.17, "#ffffff", alpha=0.55)
