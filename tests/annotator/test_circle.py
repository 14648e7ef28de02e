"""The wheel's sectors tile the circle, and its labels can be read."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.codebooks.circle import Radii, WheelValue, number, wheel
from annotator.codebooks.file import load_built_in

NUMBER = r"(-?[0-9]+(?:\.[0-9]{1,2})?)"
SECTOR = re.compile(
    rf"M {NUMBER} {NUMBER} A {NUMBER} {NUMBER} 0 ([01]) 1 {NUMBER} {NUMBER} "
    rf"L {NUMBER} {NUMBER} A {NUMBER} {NUMBER} 0 ([01]) 0 {NUMBER} {NUMBER} Z"
)


def values_in(*groups):
    return [
        WheelValue(slug=f"v{n}", label=f"Value {n}", groups=tuple(names.split()))
        for n, names in enumerate(groups)
    ]


def outline(d):
    """(start angle, end angle, outer radius, large flag, inner radius) of a ring segment's path."""
    x0, y0, outer, _, large, x1, y1, x2, y2, inner, _, inner_large, x3, y3 = map(
        float, SECTOR.fullmatch(d).groups()
    )
    assert large == inner_large
    assert angle(x1, y1) == pytest.approx(angle(x2, y2), abs=0.1)
    assert angle(x0, y0) == pytest.approx(angle(x3, y3), abs=0.1)
    assert math.hypot(x0, y0) == pytest.approx(outer, abs=0.02)
    assert math.hypot(x3, y3) == pytest.approx(inner, abs=0.02)
    return angle(x0, y0), angle(x1, y1), outer, int(large), inner


def angle(x, y):
    """Degrees clockwise from the top; just below 360 counts as 0."""
    degrees = math.degrees(math.atan2(x, -y)) % 360
    return 0.0 if degrees > 359.99 else degrees


def width(start, end):
    return (end - start) % 360 or 360.0


@given(n=st.integers(2, 60), start=st.integers(-720, 720))
def test_sectors_tile_the_circle_at_any_number_and_start(n, start):
    drawn = [outline(sector.d) for sector in wheel(values_in(*[""] * n), start=start).sectors]

    assert drawn[0][0] == pytest.approx(start % 360, abs=0.1)
    for (_, end, *_), (next_start, *_) in zip(drawn, drawn[1:] + drawn[:1], strict=True):
        assert abs((end - next_start + 180) % 360 - 180) < 0.1
    assert sum(width(begin, end) for begin, end, *_ in drawn) == pytest.approx(360, abs=1)
    assert all(width(begin, end) == pytest.approx(360 / n, abs=0.2) for begin, end, *_ in drawn)


def test_single_value_is_a_whole_ring_of_closed_halves():
    (sector,) = wheel(values_in("a")).sectors

    rim, hole = sector.d.split(" Z")[:2]
    assert rim.count("A 250 250 0 0 1") == 2
    assert hole.count("A 70 70 0 0 0") == 2
    assert rim.startswith("M 0 -250")
    assert rim.endswith("0 -250")


def test_wheel_without_a_hole_has_wedges():
    (sector, _) = wheel(values_in("a", "b"), radii=Radii(hole=0)).sectors
    assert sector.d == "M 0 -250 A 250 250 0 0 1 0 250 L 0 0 Z"


def test_arc_of_more_than_half_a_circle_has_the_large_flag():
    arcs = {arc.group: outline(arc.d) for arc in wheel(values_in("a", "a", "a", "b")).arcs}

    assert arcs["a"][3] == 1
    assert width(*arcs["a"][:2]) == pytest.approx(270, abs=0.1)
    assert arcs["b"][3] == 0
    assert width(*arcs["b"][:2]) == pytest.approx(90, abs=0.1)


def test_large_arc_keeps_its_label_on_the_large_side():
    arcs = {arc.group: arc.label_d for arc in wheel(values_in("a", "a", "a", "b")).arcs}
    assert " 0 1 " in arcs["a"]
    assert " 0 0 " in arcs["b"]


def test_shared_value_splits_in_the_middle_between_its_neighbours():
    drawn = wheel(values_in("a", "a b", "b", "b a"))

    arcs = {arc.group: outline(arc.d)[:2] for arc in drawn.arcs}
    assert arcs["a"] == pytest.approx((315, 135), abs=0.1)
    assert arcs["b"] == pytest.approx((135, 315), abs=0.1)
    assert [(s.group, s.second_group) for s in drawn.sectors] == [
        ("a", ""),
        ("a", "b"),
        ("b", ""),
        ("b", "a"),
    ]


def test_shared_value_leans_to_its_neighbours_whichever_group_is_primary():
    arcs = {arc.group: outline(arc.d)[:2] for arc in wheel(values_in("a", "b a", "b", "b")).arcs}
    assert arcs["a"] == pytest.approx((0, 135), abs=0.1)
    assert arcs["b"] == pytest.approx((135, 0), abs=0.1)


def test_group_that_crosses_the_start_is_one_arc():
    arcs = wheel(values_in("a", "b", "a")).arcs
    assert sorted(arc.group for arc in arcs) == ["a", "b"]


def test_scattered_group_has_an_arc_for_each_run():
    arcs = wheel(values_in("a", "b", "a", "b")).arcs
    assert [(arc.group, arc.n) for arc in arcs] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_values_without_groups_have_no_arc():
    assert wheel(values_in("", "", "")).arcs == ()
    assert len(wheel(values_in("", "a", "")).arcs) == 1


def test_one_group_for_all_is_a_whole_ring_with_its_label_on_top():
    (arc,) = wheel(values_in("a", "a", "a")).arcs
    assert arc.d.count("A 290 290 0 0 1") == 2
    assert arc.label_d == "M 0 274 A 274 274 0 0 1 0 -274 A 274 274 0 0 1 0 274"


@given(n=st.integers(1, 60), start=st.integers(0, 359))
def test_labels_never_stand_on_their_head_and_stay_in_their_sector(n, start):
    for k, sector in enumerate(wheel(values_in(*["a"] * n), start=start).sectors):
        assert -90.01 <= float(sector.label_rotation) <= 90.01
        x, y = float(sector.label_x), float(sector.label_y)
        assert 70 < math.hypot(x, y) < 250
        middle = start + (k + 0.5) * 360 / n
        assert abs((angle(x, y) - middle + 180) % 360 - 180) < 0.1
        # the text runs from its anchor towards the centre
        turned = math.radians(float(sector.label_rotation))
        sign = 1 if sector.label_anchor == "start" else -1
        assert math.hypot(x + sign * 50 * math.cos(turned), y + sign * 50 * math.sin(turned)) < math.hypot(
            x, y
        )


def test_lower_group_label_runs_backwards_so_that_it_is_upright():
    arcs = {arc.group: arc.label_d for arc in wheel(values_in("top", "low", "low", "top")).arcs}
    assert " 0 0 1 " in arcs["top"]
    assert " 0 0 0 " in arcs["low"]


def test_built_in_wheel_has_four_arcs_that_meet_inside_the_shared_values():
    book = load_built_in()
    drawn = wheel([WheelValue(v.slug, v.short_name, v.groups) for v in book.in_order])

    assert [arc.group for arc in drawn.arcs] == [group.slug for group in book.groups]
    step = 360 / 19
    ends = [outline(arc.d)[:2] for arc in drawn.arcs]
    borders = [0, 3.5 * step, 7.5 * step, 13.5 * step]  # hedonism, face, humility
    for (begin, end), border, following in zip(ends, borders, borders[1:] + borders[:1], strict=True):
        assert (begin, end) == pytest.approx((border, following), abs=0.1)


def test_numbers_are_short_and_have_no_negative_zero():
    assert [number(x) for x in (-0.001, 0.5, 10, 1.239, -2.5)] == ["0", "0.5", "10", "1.24", "-2.5"]


def test_wheel_without_values_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        wheel([])


def test_radii_out_of_order_are_refused():
    with pytest.raises(ValueError, match="grow outwards"):
        Radii(hole=300)
