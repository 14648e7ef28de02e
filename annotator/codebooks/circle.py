"""Geometry of the wheel of values: any number of values on a circle, under any groups.

Angles are degrees, clockwise from twelve o'clock; x grows to the right and y downwards, as in SVG.
All numbers leave as short strings, because a template would print a float in the reader's locale,
where SVG takes no decimal comma. Labels are meant for `direction="ltr"`, which keeps the anchors
where they are also on right-to-left pages (the letters still run the way their script does).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

FULL = 360.0


@dataclass(frozen=True, slots=True)
class WheelValue:
    """What is to be drawn: a value with up to two groups, the primary one first."""

    slug: str
    label: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Radii:
    """From the centre outwards: the hole, the values' ring, a gap, the groups' ring."""

    hole: float = 70
    values: float = 250
    groups_inner: float = 258
    groups_outer: float = 290

    def __post_init__(self) -> None:
        if not 0 <= self.hole < self.values <= self.groups_inner < self.groups_outer:
            raise ValueError(f"radii must grow outwards: {self}")


@dataclass(frozen=True, slots=True)
class Sector:
    """One value: the outline of its field, and a label along the radius that never stands on its head."""

    slug: str
    label: str
    group: str  # the primary one; empty if the value has none
    second_group: str
    d: str
    label_x: str
    label_y: str
    label_rotation: str  # for transform="rotate(label_rotation label_x label_y)"
    label_anchor: str  # text-anchor


@dataclass(frozen=True, slots=True)
class GroupArc:
    """A run of neighbours in one group: its band, and a line inside it for the group's name to follow."""

    group: str
    n: int  # 1 for the group's first run on the circle, 2 for its next
    d: str
    label_d: str  # for <textPath>, with startOffset 50 % and text-anchor middle


@dataclass(frozen=True, slots=True)
class Wheel:
    view_box: str
    sectors: tuple[Sector, ...]
    arcs: tuple[GroupArc, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    start: float
    end: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    @property
    def is_circle(self) -> bool:
        return self.end - self.start >= FULL - 1e-9


def wheel(
    values: Sequence[WheelValue], *, radii: Radii | None = None, start: float = 0, margin: float = 4
) -> Wheel:
    """The wheel of these values in this order, the first one beginning at the angle `start`."""
    if not values:
        raise ValueError("a wheel needs at least one value")
    radii = radii or Radii()
    edge = radii.groups_outer + margin
    spans = [_span(n, len(values), start=start) for n in range(len(values))]
    return Wheel(
        view_box=" ".join(number(x) for x in (-edge, -edge, 2 * edge, 2 * edge)),
        sectors=tuple(_sector(value, span, radii) for value, span in zip(values, spans, strict=True)),
        arcs=_group_arcs(values, radii=radii, start=start),
    )


def number(value: float) -> str:
    """At most two decimals and no trailing zeros; never "-0"."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def point(angle: float, radius: float) -> str:
    x, y = _xy(angle, radius)
    return f"{number(x)} {number(y)}"


def _xy(angle: float, radius: float) -> tuple[float, float]:
    radians = math.radians(angle)
    return radius * math.sin(radians), -radius * math.cos(radians)


def _span(n: float, n_values: int, *, start: float, width: float = 1) -> _Span:
    step = FULL / n_values
    return _Span(start + n * step, start + (n + width) * step)


def _sector(value: WheelValue, span: _Span, radii: Radii) -> Sector:
    along = span.middle % FULL
    is_left = along > FULL / 2
    # All labels touch the rim: on the left they begin there, on the right they end there.
    pad = (radii.values - radii.hole) * 0.07
    x, y = _xy(along, radii.values - pad)
    return Sector(
        slug=value.slug,
        label=value.label,
        group=value.groups[0] if value.groups else "",
        second_group=value.groups[1] if len(value.groups) > 1 else "",
        d=_band(span, inner=radii.hole, outer=radii.values),
        label_x=number(x),
        label_y=number(y),
        label_rotation=number(along - 270 if is_left else along - 90),
        label_anchor="start" if is_left else "end",
    )


def _band(span: _Span, *, inner: float, outer: float) -> str:
    """Outline of a ring segment; a whole ring is drawn as two outlines, the inner one reversed."""
    if span.is_circle:
        return f"{_ring(span.start, outer, sweep=1)} {_ring(span.start, inner, sweep=0)}".strip()
    large = int(span.end - span.start > FULL / 2)
    rim = f"M {point(span.start, outer)} {_arc(outer, large=large, sweep=1)} {point(span.end, outer)}"
    back = f"{_arc(inner, large=large, sweep=0)} {point(span.start, inner)}" if inner else ""
    return " ".join(f"{rim} L {point(span.end, inner)} {back} Z".split())


def _ring(start: float, radius: float, *, sweep: int) -> str:
    """A full circle as two halves, since an arc back to its own start draws nothing."""
    if not radius:
        return ""
    half = point(start + FULL / 2, radius)
    arc = _arc(radius, large=0, sweep=sweep)
    return f"M {point(start, radius)} {arc} {half} {arc} {point(start, radius)} Z"


def _arc(radius: float, *, large: int, sweep: int) -> str:
    return f"A {number(radius)} {number(radius)} 0 {large} {sweep}"


def _group_arcs(values: Sequence[WheelValue], *, radii: Radii, start: float) -> tuple[GroupArc, ...]:
    seen: dict[str, int] = {}
    arcs = []
    for group, first, n_halves in _runs(_halves(values)):
        seen[group] = seen.get(group, 0) + 1
        span = _span(first / 2, len(values), start=start, width=n_halves / 2)
        arcs.append(
            GroupArc(
                group=group,
                n=seen[group],
                d=_band(span, inner=radii.groups_inner, outer=radii.groups_outer),
                label_d=_label_line(span, (radii.groups_inner + radii.groups_outer) / 2),
            )
        )
    return tuple(arcs)


def _halves(values: Sequence[WheelValue]) -> list[str]:
    """The group of each half field, twice as many as values; empty where there is none."""
    halves: list[str] = []
    for n, value in enumerate(values):
        if len(value.groups) < 2:
            halves += [value.groups[0] if value.groups else ""] * 2
            continue
        first, second = value.groups[:2]
        before, after = values[n - 1].groups, values[(n + 1) % len(values)].groups
        # Each half lies towards the neighbour that is in the same group.
        fits = (first in before) + (second in after)
        fits_swapped = (second in before) + (first in after)
        halves += [second, first] if fits_swapped > fits else [first, second]
    return halves


def _runs(halves: Sequence[str]) -> list[tuple[str, int, int]]:
    """(group, first half, number of halves) of each run on the circle, in order; gaps left out."""
    runs: list[tuple[str, int, int]] = []
    first = 0
    for group, run in groupby(halves):
        n_halves = sum(1 for _ in run)
        runs.append((group, first, n_halves))
        first += n_halves
    if len(runs) > 1 and runs[0][0] == runs[-1][0]:
        # The run that crosses the start of the circle is one: its first part moves to its end.
        group, first, n_halves = runs[-1]
        runs = [*runs[1:-1], (group, first, n_halves + runs[0][2])]
    return [run for run in runs if run[0]]


def _label_line(span: _Span, radius: float) -> str:
    """Clockwise in the upper half and backwards in the lower one, so that text is upright in both."""
    large = int(span.end - span.start > FULL / 2)
    if span.is_circle:
        # From the bottom all the way round, so that the middle of the text is at the top.
        bottom, top = point(FULL / 2, radius), point(0, radius)
        arc = _arc(radius, large=0, sweep=1)
        return f"M {bottom} {arc} {top} {arc} {bottom}"
    is_lower = FULL / 4 < span.middle % FULL < 3 * FULL / 4
    begin, end = (span.end, span.start) if is_lower else (span.start, span.end)
    arc = _arc(radius, large=large, sweep=0 if is_lower else 1)
    return f"M {point(begin, radius)} {arc} {point(end, radius)}"
