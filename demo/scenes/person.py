"""People: one jointed figure, dressed and posed in many ways.

Local units: the feet stand at the origin, the head's centre is 392 above, y grows downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .pen import Pen, Point, tint, wave

SHOULDER_Y, HIP_Y, HEAD_Y, HEAD_R = -296.0, -168.0, -392.0, 56.0
ARM, LEG = 75.0, 76.0


@dataclass(frozen=True)
class Look:
    """How somebody looks throughout."""

    skin: str
    hair: str
    top: str
    bottom: str = "#3b4252"
    shoes: str = "#f4f1ea"
    style: str = "short"  # short bun long curly bob hijab cap grey ponytail afro
    sleeves: str = "short"
    extra: tuple[str, ...] = ()  # glasses freckles beard apron bowtie helmet headset spots crown scarf
    accent: str = "#ffffff"


@dataclass
class Pose:
    """How somebody stands in one frame; hands and feet in local units, angles in degrees."""

    left: Point = (-84.0, -140.0)
    right: Point = (84.0, -140.0)
    feet: tuple[Point, Point] = ((-30.0, 0.0), (30.0, 0.0))
    lift: float = 0.0
    lean: float = 0.0
    tilt: float = 0.0
    gaze: Point = (0.0, 0.0)
    mouth: str = "smile"  # smile grin sad flat o smirk laugh
    talk: float = 0.0
    eyes: str = "open"  # open happy closed wide
    brows: float = 0.0  # -1 angry ... 1 worried or surprised
    t: float = 0.0


def joint(a: Point, b: Point, *, length: float, bend: float) -> Point:
    """The elbow or knee between a and b; both bones have this length."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    distance = max(math.hypot(dx, dy), 1.0)
    height = math.sqrt(max(length**2 - (distance / 2) ** 2, 0.0))
    return (a[0] + dx / 2 - dy / distance * height * bend, a[1] + dy / 2 + dx / distance * height * bend)


def person(
    pen: Pen,
    look: Look,
    x: float,
    y: float,
    *,
    scale: float = 1.0,
    pose: Pose | None = None,
    flip: bool = False,
    shadow: bool = True,
) -> None:
    pose = pose or Pose()
    if shadow:
        pen.oval(x, y + 4 * scale, 82 * scale, 11 * scale, "#1a1420", alpha=0.14)
    breathe = 1.6 * wave(pose.t, 0.35)
    with pen.at(x, y - pose.lift * scale, scale=scale, flip=flip):
        _legs(pen, look, pose)
        with pen.at(0, HIP_Y, turn=pose.lean), pen.at(0, -HIP_Y + breathe):
            _behind(pen, look, pose)
            _torso(pen, look)
            _arm(pen, look, (-50, SHOULDER_Y + 20), pose.left, side=-1)
            _head(pen, look, pose)
            _arm(pen, look, (50, SHOULDER_Y + 20), pose.right, side=1)


def _legs(pen: Pen, look: Look, pose: Pose) -> None:
    for hip_x, foot, bend in ((-24, pose.feet[0], 1.0), (24, pose.feet[1], -1.0)):
        hip = (hip_x, HIP_Y - 6)
        ankle = (foot[0], foot[1] - 26)
        knee = joint(hip, ankle, length=LEG, bend=bend)
        pen.line([hip, knee, ankle], look.bottom, 42, soft=18)
        side = 1 if foot[0] >= 0 else -1
        pen.rect(foot[0] - 24 + side * 8, foot[1] - 24, 50, 25, look.shoes, 12)
        pen.rect(foot[0] - 24 + side * 8, foot[1] - 6, 50, 8, tint(look.shoes, -0.25), 4)


def _torso(pen: Pen, look: Look) -> None:
    pen.blob(
        "M-40 -312 C-66 -310 -72 -290 -68 -262 L-56 -168 C-54 -152 -44 -148 -30 -148 L30 -148 "
        "C44 -148 54 -152 56 -168 L68 -262 C72 -290 66 -310 40 -312 Z",
        look.top,
    )
    pen.rect(-19, -350, 38, 58, tint(look.skin, -0.12), 16)
    pen.oval(0, -309, 27, 13, look.skin)
    if "stripes" in look.extra:
        for i in range(3):
            pen.rect(-61 + i * 2, -268 + i * 34, 122 - i * 4, 13, look.accent)
    if "apron" in look.extra:
        pen.blob("M-34 -262 L34 -262 L40 -228 L58 -220 L56 -130 L-56 -130 L-58 -220 L-40 -228 Z", look.accent)
        pen.line([(-32, -262), (-30, -310)], look.accent, 7)
        pen.line([(32, -262), (30, -310)], look.accent, 7)
        pen.rect(-24, -206, 48, 36, tint(look.accent, -0.12), 8)
    if "bowtie" in look.extra:
        pen.poly([(0, -298), (-26, -312), (-26, -284)], look.accent, soft=5)
        pen.poly([(0, -298), (26, -312), (26, -284)], look.accent, soft=5)
        pen.circle(0, -298, 7, tint(look.accent, -0.2))
    if "badge" in look.extra:
        pen.star(0, -240, 26, look.accent)
    if "scarf" in look.extra:
        pen.rect(-38, -330, 76, 28, look.accent, 14)
        pen.rect(10, -316, 26, 70, look.accent, 10)


def _arm(pen: Pen, look: Look, shoulder: Point, hand: Point, *, side: int) -> None:
    reach = math.hypot(hand[0] - shoulder[0], hand[1] - shoulder[1])
    if reach > 2 * ARM:
        k = 2 * ARM / reach
        hand = (shoulder[0] + (hand[0] - shoulder[0]) * k, shoulder[1] + (hand[1] - shoulder[1]) * k)
    # Of the two places where the elbow can be, people choose the one further out and lower.
    elbow = max(
        (joint(shoulder, hand, length=ARM, bend=b) for b in (-1, 1)), key=lambda e: side * e[0] + 0.6 * e[1]
    )
    shade = tint(look.top, -0.1)
    if look.sleeves == "long":
        pen.line([shoulder, elbow, hand], shade, 33, soft=22)
    else:
        pen.line([shoulder, elbow, hand], look.skin, 27, soft=22)
        part = (shoulder[0] + (elbow[0] - shoulder[0]) * 0.62, shoulder[1] + (elbow[1] - shoulder[1]) * 0.62)
        pen.line([shoulder, part], shade, 35)
    pen.circle(*hand, 20, look.skin)


def _behind(pen: Pen, look: Look, pose: Pose) -> None:
    """Hair that falls behind the body."""
    with pen.at(0, HEAD_Y + 40, turn=pose.tilt), pen.at(0, -40):
        if look.style == "long":
            pen.blob("M-62 -20 C-70 60 -78 110 -58 138 L58 138 C78 110 70 60 62 -20 Z", look.hair)
        elif look.style == "ponytail":
            sway = 6 * wave(pose.t, 0.7)
            pen.blob(f"M30 -40 C96 -40 {96 + sway} 40 {70 + sway} 96 C60 60 60 10 30 0 Z", look.hair)
        elif look.style == "bob":
            pen.rect(-66, -44, 132, 112, look.hair, 40)
        elif look.style == "afro":
            pen.circle(0, -18, 88, look.hair)
        elif look.style == "curly":
            for i in range(9):
                angle = math.radians(180 + i * 22.5)
                pen.circle(58 * math.cos(angle), -8 + 56 * math.sin(angle), 27, look.hair)
            for side in (-1, 1):
                pen.circle(side * 60, 22, 24, look.hair)
        elif look.style == "hijab":
            pen.blob("M-66 -10 C-70 60 -84 92 -60 108 L60 108 C84 92 70 60 66 -10 Z", look.hair)


def _head(pen: Pen, look: Look, pose: Pose) -> None:
    with pen.at(0, HEAD_Y + 40, turn=pose.tilt), pen.at(0, -40):
        if look.style != "hijab":
            for side in (-1, 1):
                pen.circle(side * 54, 8, 13, tint(look.skin, -0.08))
        pen.rect(-54, -56, 108, 116, look.skin, 52)
        _face(pen, look, pose)
        _hair(pen, look)
        _worn(pen, look, pose)


def _hair(pen: Pen, look: Look) -> None:
    cap = "M-57 2 C-66 -72 -30 -78 0 -76 C34 -78 66 -70 57 2 C52 -22 44 -32 30 -36 C6 -30 -24 -30 -40 -38 C-50 -28 -55 -14 -57 2 Z"
    if look.style in ("short", "curly", "afro", "grey"):
        pen.blob(cap, look.hair)
    elif look.style in ("long", "bob", "ponytail"):
        pen.blob(
            "M-59 22 C-70 -74 -26 -80 0 -78 C34 -80 70 -72 59 22 C54 -10 40 -30 12 -42 C-6 -22 -46 -22 -59 22 Z",
            look.hair,
        )
    elif look.style == "bun":
        pen.circle(0, -86, 28, look.hair)
        pen.blob(cap, look.hair)
    elif look.style == "hijab":
        pen.blob(
            "M-64 10 C-70 -84 70 -84 64 10 C66 52 40 84 0 84 C-40 84 -66 52 -64 10 Z "
            "M-46 2 C-46 44 -22 60 0 60 C22 60 46 44 46 2 C46 -36 24 -48 0 -48 C-24 -48 -46 -36 -46 2 Z",
            look.hair,
        )
    elif look.style == "cap":
        pen.blob(
            "M-57 4 C-60 -30 -50 -40 50 -40 C60 -30 60 -10 57 4 C54 -10 48 -22 40 -26 L-40 -26 C-50 -18 -54 -8 -57 4 Z",
            look.hair,
        )
        pen.blob("M-60 -26 C-62 -88 62 -88 60 -26 Z", look.accent)
        pen.rect(-20, -36, 96, 16, tint(look.accent, -0.18), 8)


def _worn(pen: Pen, look: Look, pose: Pose) -> None:
    worn = look.extra
    if "glasses" in worn:
        for side in (-1, 1):
            pen.ring(side * 22, 2, 17, "#3a2e3c", 4)
        pen.line([(-6, 0), (6, 0)], "#3a2e3c", 4)
    if "shades" in worn:
        for side in (-1, 1):
            pen.rect(side * 24 - 20, -12, 40, 30, "#241a26", 11)
        pen.line([(-8, -4), (8, -4)], "#241a26", 6)
    if "helmet" in worn:
        pen.blob("M-68 -14 C-72 -100 72 -100 68 -14 C40 -30 -40 -30 -68 -14 Z", look.accent)
        for x in (-26, 0, 26):
            pen.rect(x - 6, -76 + abs(x) * 0.3, 12, 34, tint(look.accent, -0.25), 6)
        pen.line([(-56, -12), (-40, 56)], "#2b2b33", 5)
        pen.line([(56, -12), (40, 56)], "#2b2b33", 5)
    if "headset" in worn:
        pen.curve((-58, 0), (0, -150), (58, 0), look.accent, 11)
        for side in (-1, 1):
            pen.rect(side * 60 - 13, -16, 26, 46, look.accent, 12)
    if "crown" in worn:
        pen.poly(
            [(-46, -56), (-54, -108), (-24, -80), (0, -118), (24, -80), (54, -108), (46, -56)],
            "#ffc83d",
            soft=6,
        )
        for x in (-26, 0, 26):
            pen.circle(x, -68, 6, "#e5484d")


def _face(pen: Pen, look: Look, pose: Pose) -> None:
    gx, gy = pose.gaze
    ink = "#33222b"
    blink = (pose.t % 3.1) > 2.97
    for side in (-1, 1):
        x, y = side * 22 + gx, 2 + gy
        if pose.eyes == "happy":
            pen.curve((x - 10, y + 4), (x, y - 11), (x + 10, y + 4), ink, 5)
        elif pose.eyes == "closed" or (blink and pose.eyes == "open"):
            pen.curve((x - 10, y), (x, y + 9), (x + 10, y), ink, 5)
        elif pose.eyes == "wide":
            pen.oval(x, y, 12, 14, "#ffffff")
            pen.circle(x, y, 6.5, ink)
        else:
            pen.oval(x, y, 7, 9, ink)
            pen.circle(x + 2.2, y - 3, 2.2, "#ffffff")
        lift = -24 + (-6 if pose.eyes == "wide" else 0)
        inner, outer = lift - 7 * pose.brows, lift + 4 * pose.brows
        if look.style != "hijab" or pose.brows:
            pen.line(
                [(side * 12 + gx, inner), (side * 32 + gx, outer)],
                tint(look.hair, -0.2) if look.style != "hijab" else "#3a2a28",
                5.5,
            )
        else:
            pen.line([(side * 12 + gx, lift), (side * 32 + gx, lift)], "#3a2a28", 5)
        pen.oval(side * 36 + gx * 0.6, 24, 11, 7, "#f0616d", alpha=0.28)
    pen.curve(
        (gx * 1.2 - 4, 12 + gy), (gx * 1.2 + 6, 19 + gy), (gx * 1.2 - 2, 20 + gy), tint(look.skin, -0.28), 4
    )
    if "freckles" in look.extra:
        for dx, dy in ((-34, 16), (-26, 20), (-38, 22), (34, 16), (26, 20), (38, 22)):
            pen.circle(dx, dy, 2, tint(look.skin, -0.3))
    if "spots" in look.extra:
        for dx, dy in ((-30, 30), (18, -34), (37, 14), (-12, -32), (12, 50)):
            pen.circle(dx, dy, 5, "#cf3f45", alpha=0.85)
    if "wrinkles" in look.extra:
        for side in (-1, 1):
            pen.curve((side * 40, -4), (side * 46, 2), (side * 40, 8), tint(look.skin, -0.2), 2.5)
    if "beard" in look.extra:
        pen.blob("M-54 14 C-54 74 54 74 54 14 C44 34 30 30 0 28 C-30 30 -44 34 -54 14 Z", look.hair)
    _mouth(pen, pose, gx * 0.8, 36 + gy * 0.6)


def _mouth(pen: Pen, pose: Pose, x: float, y: float) -> None:
    dark, tongue = "#6d1f2f", "#f0808a"
    if pose.talk > 0.12:
        h = 4 + 15 * min(pose.talk, 1.0)
        w = 17 - 4 * pose.talk
        pen.oval(x, y, w, h * 0.75, dark)
        pen.oval(x, y + h * 0.38, w * 0.6, h * 0.3, tongue)
    elif pose.mouth in ("laugh", "grin"):
        deep = 26 if pose.mouth == "laugh" else 16
        pen.blob(
            f"M{x - 24} {y - 7} Q{x} {y - 1} {x + 24} {y - 7} C{x + 22} {y + deep} {x - 22} {y + deep} {x - 24} {y - 7} Z",
            dark,
        )
        pen.blob(
            f"M{x - 20} {y - 5} Q{x} {y} {x + 20} {y - 5} L{x + 17} {y + 1} Q{x} {y + 5} {x - 17} {y + 1} Z",
            "#ffffff",
        )
    elif pose.mouth == "o":
        pen.oval(x, y + 2, 10, 13, dark)
    elif pose.mouth == "sad":
        pen.curve((x - 16, y + 8), (x, y - 8), (x + 16, y + 8), dark, 5)
    elif pose.mouth == "flat":
        pen.line([(x - 13, y), (x + 13, y)], dark, 5)
    elif pose.mouth == "smirk":
        pen.curve((x - 13, y + 2), (x + 6, y + 9), (x + 19, y - 6), dark, 5)
    else:
        pen.curve((x - 18, y - 4), (x, y + 15), (x + 18, y - 4), dark, 5)
