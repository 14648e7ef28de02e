"""The colours of static/css/tokens.css are readable on what they stand on, in both themes."""

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
