"""A drawing pen over a Skia canvas, and the easing that moves things."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import skia

WIDTH, HEIGHT = 540, 960
Point = tuple[float, float]


def clamp(x: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(low, min(high, x))


def ease(t: float, start: float = 0.0, seconds: float = 1.0) -> float:
    """0 before start, 1 after start + seconds, slow at both ends."""
    u = clamp((t - start) / seconds)
    return u * u * (3 - 2 * u)


def pop(t: float, start: float = 0.0, seconds: float = 0.45) -> float:
    """Like ease, but overshoots a little, as things do that pop up."""
    u = clamp((t - start) / seconds)
    return 1 + 2.2 * (u - 1) ** 3 + 1.2 * (u - 1) ** 2 if u > 0 else 0.0


def wave(t: float, hertz: float = 1.0, phase: float = 0.0) -> float:
    """Between -1 and 1."""
    return math.sin(2 * math.pi * (hertz * t + phase))


def mix(a: float, b: float, u: float) -> float:
    return a + (b - a) * u


def mix_point(a: Point, b: Point, u: float) -> Point:
    return mix(a[0], b[0], u), mix(a[1], b[1], u)


def rgb(colour: str) -> tuple[int, int, int]:
    c = colour.lstrip("#")
    return int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)


def tint(colour: str, amount: float) -> str:
    """Lighter for amount > 0, darker for amount < 0."""
    towards = 255 if amount > 0 else 0
    return "#" + "".join(f"{round(mix(v, towards, abs(amount))):02x}" for v in rgb(colour))


class Pen:
    """Filled and stroked shapes in flat colour; coordinates are pixels of a 540 × 960 frame."""

    def __init__(self, canvas: skia.Canvas) -> None:
        self.canvas = canvas

    def paint(self, colour: str, alpha: float = 1.0, stroke: float = 0.0) -> skia.Paint:
        red, green, blue = rgb(colour)
        paint = skia.Paint(AntiAlias=True, Color=skia.Color(red, green, blue, round(255 * clamp(alpha))))
        if stroke:
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(stroke)
            paint.setStrokeCap(skia.Paint.kRound_Cap)
            paint.setStrokeJoin(skia.Paint.kRound_Join)
        return paint

    @contextmanager
    def at(
        self, x: float, y: float, *, scale: float = 1.0, turn: float = 0.0, flip: bool = False
    ) -> Iterator[None]:
        """Draw inside with the origin at (x, y); turn in degrees, clockwise."""
        self.canvas.save()
        self.canvas.translate(x, y)
        if turn:
            self.canvas.rotate(turn)
        self.canvas.scale(-scale if flip else scale, scale)
        try:
            yield
        finally:
            self.canvas.restore()

    @contextmanager
    def faded(self, alpha: float) -> Iterator[None]:
        """Draw inside as one layer that is partly see-through."""
        self.canvas.saveLayerAlpha(None, round(255 * clamp(alpha)))
        try:
            yield
        finally:
            self.canvas.restore()

    @contextmanager
    def within(self, path: skia.Path) -> Iterator[None]:
        self.canvas.save()
        self.canvas.clipPath(path, doAntiAlias=True)
        try:
            yield
        finally:
            self.canvas.restore()

    def fill(self, top: str, bottom: str | None = None) -> None:
        """The whole frame, with room to spare for a moving camera."""
        self.gradient(-300, -300, WIDTH + 600, HEIGHT + 600, top, bottom or top)

    def gradient(self, x: float, y: float, w: float, h: float, top: str, bottom: str) -> None:
        paint = skia.Paint(AntiAlias=True)
        colours = [skia.Color(*rgb(top)), skia.Color(*rgb(bottom))]
        paint.setShader(skia.GradientShader.MakeLinear(points=[(x, y), (x, y + h)], colors=colours))
        self.canvas.drawRect(skia.Rect.MakeXYWH(x, y, w, h), paint)

    def rect(
        self, x: float, y: float, w: float, h: float, colour: str, r: float = 0, *, alpha: float = 1.0
    ) -> None:
        self.canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, w, h), r, r, self.paint(colour, alpha))

    def frame(self, x: float, y: float, w: float, h: float, colour: str, width: float, r: float = 0) -> None:
        paint = self.paint(colour, stroke=width)
        self.canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, w, h), r, r, paint)

    def circle(self, x: float, y: float, r: float, colour: str, *, alpha: float = 1.0) -> None:
        self.canvas.drawCircle(x, y, max(r, 0), self.paint(colour, alpha))

    def ring(self, x: float, y: float, r: float, colour: str, width: float, *, alpha: float = 1.0) -> None:
        self.canvas.drawCircle(x, y, max(r, 0), self.paint(colour, alpha, stroke=width))

    def oval(self, x: float, y: float, rx: float, ry: float, colour: str, *, alpha: float = 1.0) -> None:
        self.canvas.drawOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry), self.paint(colour, alpha))

    def poly(self, points: Sequence[Point], colour: str, *, alpha: float = 1.0, soft: float = 0.0) -> None:
        """A filled polygon; soft rounds its corners by that many pixels."""
        path = skia.Path.Polygon([skia.Point(*p) for p in points], True)
        paint = self.paint(colour, alpha)
        if soft:
            paint.setPathEffect(skia.CornerPathEffect.Make(soft))
        self.canvas.drawPath(path, paint)

    def line(
        self, points: Sequence[Point], colour: str, width: float, *, alpha: float = 1.0, soft: float = 0.0
    ) -> None:
        path = skia.Path.Polygon([skia.Point(*p) for p in points], False)
        paint = self.paint(colour, alpha, stroke=width)
        if soft:
            paint.setPathEffect(skia.CornerPathEffect.Make(soft))
        self.canvas.drawPath(path, paint)

    def curve(self, a: Point, control: Point, b: Point, colour: str, width: float) -> None:
        path = skia.Path()
        path.moveTo(*a)
        path.quadTo(*control, *b)
        self.canvas.drawPath(path, self.paint(colour, stroke=width))

    def blob(self, svg: str, colour: str, *, alpha: float = 1.0) -> None:
        """A filled shape from the path syntax of SVG."""
        self.canvas.drawPath(skia_path(svg), self.paint(colour, alpha))

    def star(self, x: float, y: float, r: float, colour: str, *, turn: float = 0.0, points: int = 5) -> None:
        corners = []
        for i in range(points * 2):
            radius = r if i % 2 == 0 else r * 0.45
            angle = math.radians(turn - 90 + i * 180 / points)
            corners.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
        self.poly(corners, colour, soft=r * 0.18)

    def heart(self, x: float, y: float, size: float, colour: str, *, alpha: float = 1.0) -> None:
        with self.at(x, y, scale=size / 20):
            self.blob(
                "M0 17 C-24 2 -22 -16 -10 -16 C-4 -16 0 -11 0 -7 C0 -11 4 -16 10 -16 C22 -16 24 2 0 17Z",
                colour,
                alpha=alpha,
            )


def skia_path(svg: str) -> skia.Path:
    """The path of M, L, Q, C and Z commands in absolute coordinates; inner contours are holes."""
    path = skia.Path()
    path.setFillType(skia.PathFillType.kEvenOdd)
    numbers: list[float] = []
    command = ""
    arity = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
    calls = {"M": path.moveTo, "L": path.lineTo, "Q": path.quadTo, "C": path.cubicTo}
    for token in svg.replace("Z", " Z ").replace(",", " ").split():
        if token[0].isalpha():
            command, numbers = token[0], []
            token = token[1:]
            if command == "Z":
                path.close()
            if not token:
                continue
        numbers.append(float(token))
        if len(numbers) == arity[command]:
            calls[command](*numbers)
            numbers = []
    return path
