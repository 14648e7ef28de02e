"""The colours of static/css/tokens.css are readable on what they stand on, in both themes."""

import itertools
import math
import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parent.parent / "static/css"
TOKEN = re.compile(r"--([\w-]+):\s*light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)")
GROUNDS = ["ground", "ground-sunk", "ground-raised"]
STANCES = ["confronted", "absent", "endorsed", "dominant"]
HUES = [f"hue-{n}" for n in range(1, 7)]

TEXT_PAIRS = [  # WCAG 2.2 AA, 1.4.3
    *[(ink, ground) for ink in ["ink", "ink-soft", "ink-faint"] for ground in GROUNDS],
    ("ink", "ground-deep"),
    ("ink-soft", "ground-deep"),
    ("ink-inverse", "ink"),
    *[(f"stance-{name}-ink", f"stance-{name}") for name in STANCES],
    *[(f"stance-{name}", f"stance-{name}-soft") for name in STANCES],
    *[(f"stance-{name}", ground) for name in STANCES for ground in GROUNDS],
    *[("ink", f"stance-{name}-soft") for name in STANCES],
    *[("ink", f"{hue}-soft") for hue in HUES],
    *[(name, ground) for name in ["good", "warn", "bad"] for ground in [*GROUNDS, f"{name}-soft"]],
    *[("ink", f"{name}-soft") for name in ["good", "warn", "bad"]],
    *[("ink-soft", f"{name}-soft") for name in ["good", "warn", "bad"]],
]
UI_PAIRS = [  # WCAG 2.2 AA, 1.4.11
    *[("line-strong", ground) for ground in GROUNDS],
    *[("focus", ground) for ground in [*GROUNDS, "ground-deep"]],
    *[(hue, ground) for hue in HUES for ground in GROUNDS],
    *[(hue, f"{hue}-soft") for hue in HUES],
]


def tokens():
    text = (CSS / "tokens.css").read_text(encoding="utf-8")
    found = {name: (light, dark) for name, light, dark in TOKEN.findall(text)}
    assert len(found) > 30
    return found


def luminance(colour):
    """Relative luminance of an sRGB colour, in [0, 1]: WCAG 2.2's definition."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_matches_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_token_is_readable(front, back, theme):
    colours = tokens()
    ratio = contrast(colours[front][theme], colours[back][theme])
    assert ratio >= 4.5, f"{front} on {back}: {ratio:.2f}"


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), UI_PAIRS)
def test_ui_token_is_visible(front, back, theme):
    colours = tokens()
    ratio = contrast(colours[front][theme], colours[back][theme])
    assert ratio >= 3, f"{front} on {back}: {ratio:.2f}"


# Severe colour vision deficiencies on linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.0
DEFICIENCIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def oklab(colour, matrix):
    """The colour as seen with a deficiency, in Oklab (Ottosson 2020)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    r, g, b = (min(1, max(0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stance-confronted", "stance-endorsed"),
        ("stance-confronted", "stance-dominant"),
        ("stance-confronted", "stance-absent-soft"),
        ("stance-endorsed", "stance-absent-soft"),
        ("stance-endorsed", "stance-dominant"),
    ],
)
def test_stances_differ_for_every_eye(one, other, theme, deficiency):
    """Beside their signs. A just noticeable difference in Oklab is about 0.02."""
    colours, matrix = tokens(), DEFICIENCIES[deficiency]
    distance = math.dist(oklab(colours[one][theme], matrix), oklab(colours[other][theme], matrix))
    assert distance > 0.1, f"{distance:.3f}"


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_groups_differ_from_each_other_and_from_the_stances(theme, deficiency):
    """Lightness keeps apart what hue cannot; groups are always named beside their colour."""
    colours, matrix = tokens(), DEFICIENCIES[deficiency]
    names = ["stance-confronted", "stance-endorsed", *HUES[:4]]
    seen = {name: oklab(colours[name][theme], matrix) for name in names}
    least = 0.03 if deficiency == "tritanopia" else 0.07
    close = [pair for pair in itertools.combinations(names, 2) if math.dist(*map(seen.get, pair)) < least]
    assert not close
