"""Backgrounds; each fills the frame behind the people, whose feet stand at about y = 900."""

from __future__ import annotations

from .pen import HEIGHT, WIDTH, Pen, tint, wave


def room(pen: Pen, *, wall: str, floor: str, horizon: float = 700) -> None:
    pen.fill(tint(wall, 0.12), wall)
    pen.rect(-300, horizon, WIDTH + 600, 700, floor)
    pen.rect(-300, horizon - 14, WIDTH + 600, 14, tint(wall, 0.45))


def window(pen: Pen, x: float, y: float, w: float, h: float, *, sky: str, frame: str, t: float = 0) -> None:
    pen.rect(x - 10, y - 10, w + 20, h + 20, frame, 12)
    pen.rect(x, y, w, h, sky, 6)
    drift = 10 * wave(t, 0.05)
    cloud(pen, x + w * 0.42 + drift, y + h * 0.34, w / 230)
    pen.rect(x + w / 2 - 4, y, 8, h, frame)
    pen.rect(x, y + h * 0.52, w, 8, frame)
    pen.rect(x - 20, y + h + 6, w + 40, 14, tint(frame, -0.06), 6)


def plant(
    pen: Pen,
    x: float,
    y: float,
    *,
    scale: float = 1.0,
    leaf: str = "#4f8a5b",
    pot: str = "#c96f4a",
    t: float = 0,
) -> None:
    with pen.at(x, y, scale=scale):
        for i, angle in enumerate((-48, -22, 0, 24, 50)):
            with pen.at(0, -58, turn=angle + 1.5 * wave(t, 0.25, i * 0.2)):
                pen.blob(
                    "M0 0 C-26 -40 -20 -92 0 -124 C20 -92 26 -40 0 0 Z", leaf if i % 2 else tint(leaf, -0.14)
                )
        pen.blob("M-38 -64 L38 -64 L28 0 L-28 0 Z", pot)
        pen.rect(-44, -76, 88, 20, tint(pot, 0.12), 6)


def shelf(pen: Pen, x: float, y: float, w: float, colours: list[str], *, wood: str = "#a9774f") -> None:
    """A shelf with jars, books and a bowl; y is its top edge."""
    step = w / max(len(colours), 1)
    for i, colour in enumerate(colours):
        cx = x + step * (i + 0.5)
        if i % 3 == 0:
            pen.rect(cx - 17, y - 58, 34, 58, colour, 8)
            pen.rect(cx - 13, y - 66, 26, 12, tint(colour, -0.2), 4)
        elif i % 3 == 1:
            for j in range(3):
                pen.rect(cx - 22 + j * 15, y - 66 + j * 7, 13, 66 - j * 7, tint(colour, 0.16 * j), 2)
        else:
            pen.blob(
                f"M{cx - 26} {y - 34} L{cx + 26} {y - 34} Q{cx + 22} {y} {cx} {y} Q{cx - 22} {y} {cx - 26} {y - 34} Z",
                colour,
            )
    pen.rect(x - 8, y, w + 16, 13, wood, 4)


def picture(pen: Pen, x: float, y: float, w: float, h: float, *, frame: str, inside: str, mark: str) -> None:
    pen.rect(x, y, w, h, frame, 6)
    pen.rect(x + 9, y + 9, w - 18, h - 18, inside, 3)
    pen.circle(x + w * 0.62, y + h * 0.4, w * 0.13, mark)
    pen.poly(
        [(x + 12, y + h - 12), (x + w * 0.4, y + h * 0.5), (x + w - 12, y + h - 12)], tint(mark, -0.2), soft=6
    )


def lamp(pen: Pen, x: float, *, length: float = 120, shade: str, glow: str = "#fff3c4") -> None:
    pen.rect(x - 2, -300, 4, 300 + length, "#55443c")
    pen.circle(x, length + 46, 120, glow, alpha=0.18)
    pen.blob(
        f"M{x - 22} {length} L{x + 22} {length} L{x + 56} {length + 50} L{x - 56} {length + 50} Z", shade
    )


def cloud(
    pen: Pen, x: float, y: float, scale: float = 1.0, colour: str = "#ffffff", alpha: float = 0.9
) -> None:
    with pen.at(x, y, scale=scale), pen.faded(alpha):
        pen.circle(-38, 4, 24, colour)
        pen.circle(0, -10, 36, colour)
        pen.circle(40, 4, 26, colour)
        pen.rect(-62, 2, 128, 28, colour, 14)


def outdoors(
    pen: Pen, *, sky: str, low: str, ground: str, t: float = 0, horizon: float = 640, sun: str = "#ffe08a"
) -> None:
    pen.fill(sky, low)
    pen.circle(424, 214, 96, sun, alpha=0.3)
    pen.circle(424, 214, 62, sun)
    for x, y, k in ((90, 250, 0.9), (330, 330, 0.7), (520, 380, 0.6)):
        cloud(pen, (x + t * 9) % 760 - 90, y, k)
    pen.rect(-300, horizon, WIDTH + 600, 700, ground)


def hills(pen: Pen, y: float, colours: tuple[str, str]) -> None:
    pen.blob(
        f"M-300 {y + 40} C-100 {y - 150} 120 {y - 130} 300 {y + 40} L300 {y + 200} L-300 {y + 200} Z",
        colours[0],
    )
    pen.blob(
        f"M120 {y + 40} C280 {y - 190} 520 {y - 170} 840 {y + 40} L840 {y + 200} L120 {y + 200} Z", colours[0]
    )
    pen.blob(
        f"M-300 {y + 60} C40 {y - 60} 260 {y - 50} 840 {y + 60} L840 {y + 200} L-300 {y + 200} Z", colours[1]
    )


def tree(pen: Pen, x: float, y: float, *, scale: float = 1.0, leaf: str = "#5b9b62", t: float = 0) -> None:
    with pen.at(x, y, scale=scale):
        pen.rect(-12, -120, 24, 122, "#8a5f43", 8)
        with pen.at(0, -120, turn=1.2 * wave(t, 0.2, x * 0.01)):
            pen.circle(-38, -28, 50, tint(leaf, -0.1))
            pen.circle(40, -34, 52, leaf)
            pen.circle(0, -80, 60, tint(leaf, 0.1))


def sea(pen: Pen, *, t: float, top: float = 470, water: str = "#3aa6b9", sand: str = "#f3dcae") -> None:
    pen.rect(-300, top, WIDTH + 600, 700, water)
    for i in range(6):
        x = (i * 150 + t * 22) % 900 - 200
        pen.rect(x, top + 26 + (i * 41) % 120, 86, 6, "#ffffff", 3, alpha=0.4)
    edge = 650 + 9 * wave(t, 0.3)
    pen.blob(
        f"M-300 {edge + 8} C-60 {edge - 22} 160 {edge + 34} 330 {edge} C460 {edge - 22} 640 {edge + 20} 840 {edge} L840 1300 L-300 1300 Z",
        "#ffffff",
        alpha=0.75,
    )
    pen.blob(
        f"M-300 {edge + 24} C-60 {edge - 6} 160 {edge + 50} 330 {edge + 16} C460 {edge - 6} 640 {edge + 36} 840 {edge + 16} L840 1300 L-300 1300 Z",
        sand,
    )


def town(pen: Pen, base: float, colours: list[str], *, offset: float = 0, lit: str = "#ffe9a8") -> None:
    """A row of houses standing on base."""
    widths, heights = (120, 96, 140, 104, 128, 110), (230, 300, 200, 270, 330, 240)
    x = -240 + offset % 240
    for i in range(9):
        w, h, colour = widths[i % 6], heights[i % 6], colours[i % len(colours)]
        pen.rect(x, base - h, w - 6, h, colour)
        if i % 2:
            pen.poly(
                [(x - 8, base - h), (x + w / 2 - 3, base - h - 52), (x + w + 2, base - h)],
                tint(colour, -0.25),
            )
        for row in range(int(h // 70)):
            for column in range(2):
                pen.rect(
                    x + 18 + column * (w * 0.44),
                    base - h + 22 + row * 64,
                    26,
                    34,
                    lit if (i + row + column) % 3 else tint(colour, 0.35),
                    4,
                )
        x += w


def road(pen: Pen, y: float, *, offset: float = 0, colour: str = "#575a66") -> None:
    pen.rect(-300, y, WIDTH + 600, 600, colour)
    pen.rect(-300, y - 18, WIDTH + 600, 20, "#c9c3b8")
    for i in range(9):
        pen.rect(-300 + (i * 150 + offset) % 1300, y + 90, 84, 12, "#f4efe2", 5)


def kitchen(pen: Pen, *, wall: str, counter: str, tiles: str, t: float = 0) -> None:
    pen.fill(tint(wall, 0.15), wall)
    for row in range(3):
        for column in range(11):
            pen.rect(-30 + column * 58 + (row % 2) * 29, 420 + row * 44, 54, 40, tiles, 6, alpha=0.55)
    pen.rect(-300, 640, WIDTH + 600, 30, tint(counter, 0.2), 6)
    pen.rect(-300, 668, WIDTH + 600, 500, counter)
    for x in (40, 220, 400):
        pen.frame(x, 704, 150, 210, tint(counter, -0.16), 5, 12)
        pen.circle(x + 128, 800, 7, tint(counter, -0.35))


def classroom(pen: Pen, *, wall: str, board: str, floor: str, words: str = "") -> None:
    room(pen, wall=wall, floor=floor, horizon=720)
    pen.rect(44, 216, 452, 236, "#b98a5e", 10)
    pen.rect(56, 228, 428, 212, board, 5)
    for i in range(3):
        pen.line([(90, 290 + i * 48), (90 + 90 + i * 40, 290 + i * 48)], tint(board, 0.35), 5)
    pen.rect(56, 444, 428, 14, "#d9b083", 4)


def stage(pen: Pen, *, dark: str, curtain: str, beam: str, t: float, floor: str = "#5a3a34") -> None:
    pen.fill(dark, tint(dark, -0.3))
    for x, phase in ((120, 0.0), (270, 0.3), (420, 0.6)):
        sway = 70 * wave(t, 0.16, phase)
        pen.poly(
            [(x - 14, -20), (x + 14, -20), (x + 130 + sway, 840), (x - 130 + sway, 840)], beam, alpha=0.16
        )
    for side in (0, 1):
        for i in range(4):
            x = -40 + i * 34 if side == 0 else WIDTH + 6 - i * 34
            pen.rect(x, -40, 36, 900, curtain if i % 2 else tint(curtain, -0.18), 16)
    for i in range(8):
        pen.circle(i * 78, -6, 56, tint(curtain, 0.08 if i % 2 else -0.1))
    pen.rect(-300, 800, WIDTH + 600, 500, floor)
    pen.rect(-300, 800, WIDTH + 600, 12, tint(floor, 0.25))


def burst(pen: Pen, *, a: str, b: str, t: float, x: float = WIDTH / 2, y: float = 460) -> None:
    """Slowly turning rays, for a big moment."""
    pen.fill(a)
    with pen.at(x, y, turn=t * 9):
        for i in range(12):
            with pen.at(0, 0, turn=i * 30):
                pen.poly([(0, 0), (-130, -1100), (130, -1100)], b, alpha=0.5)


def bed_room(pen: Pen, *, wall: str, floor: str, light: str, t: float) -> None:
    """A player's room at night, with a strip of light."""
    pen.fill(tint(wall, -0.2), wall)
    pen.rect(-300, 720, WIDTH + 600, 600, floor)
    glow = 0.75 + 0.25 * wave(t, 0.4)
    pen.rect(-300, 186, WIDTH + 600, 30, light, alpha=0.16 * glow)
    pen.rect(-300, 198, WIDTH + 600, 7, light, alpha=glow)


def confetti(pen: Pen, *, t: float, colours: list[str], n: int = 46, start: float = 0.0) -> None:
    if t < start:
        return
    for i in range(n):
        x = (i * 97) % (WIDTH + 40) - 20 + 24 * wave(t, 0.5, i * 0.13)
        y = ((i * 173) % 700 + (t - start) * (170 + (i * 37) % 120)) % (HEIGHT + 700) - 700
        with pen.at(x, y, turn=(i * 40 + t * 200) % 360):
            pen.rect(-7, -4, 14, 9, colours[i % len(colours)], 2)
