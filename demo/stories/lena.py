"""sunny.shelf: beauty and skincare, in pink, cream and mint."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

ROSE, BLUSH, MINT, WINE, GOLD = "#f28fa8", "#fde3e6", "#a9dcc9", "#7b2d46", "#e8b84a"

LENA = Creator(
    handle="sunny.shelf",
    name="Lena Okafor-Lind",
    genre="beauty and skincare",
    box="#ffffff",
    ink=WINE,
    caption_box=WINE,
    mood="bright",
    verified_by="NK",
    cast={
        "lena": Character(
            "Lena",
            Look("#a86b49", "#2a1a1c", "#ffffff", "#d98fa0", "#fbe9e4", style="long"),
            Voice("af_bella", "en-us+f5", speed=1.03),
        )
    },
)


def vanity(f: Frame, *, wall: str = BLUSH) -> None:
    places.room(f.pen, wall=wall, floor="#f0bcc4", horizon=720)
    f.pen.circle(270, 420, 214, "#ffffff")
    f.pen.circle(270, 420, 196, "#e9f6f4")
    for i in range(12):
        glow = 0.7 + 0.3 * wave(f.t, 0.5, i / 12)
        x, y = 270 + 232 * wave(0, 1, i / 12), 420 + 232 * wave(0, 1, i / 12 + 0.25)
        f.pen.circle(x, y, 19, "#fff2b8", alpha=0.4 * glow)
        f.pen.circle(x, y, 11, "#fff2b8")


def bottles(f: Frame) -> None:
    props.table(f.pen, 730, colour="#f4cdd3")
    for i, (colour, cap) in enumerate(((ROSE, GOLD), (MINT, "#ffffff"), ("#ffd9a0", WINE))):
        props.bottle(f.pen, 70 + i * 74, 738, colour=colour, cap=cap, h=96 + 14 * i)


def sun_cream(f: Frame) -> None:
    vanity(f)
    rub = wave(f.t, 1.3)
    f.person(
        "lena",
        270,
        930,
        scale=1.2,
        left=(-40 + 8 * rub, -372 + 8 * rub),
        right=(40 - 8 * rub, -372 - 8 * rub),
        eyes="closed" if f.t > 1.5 else "open",
    )
    for side in (-1, 1):
        f.pen.circle(270 + side * 50, 490, 13, "#ffffff", alpha=1 - f.u)
    bottles(f)


def sun_ray(f: Frame) -> None:
    f.pen.fill("#ffe7a6", "#ffd0a0")
    f.pen.circle(270, 150, 250, "#fff3c9", alpha=0.5)
    f.pen.circle(270, 150, 150, "#ffd35c")
    shield = pop(f.t, 0.8, 0.5)
    f.pen.circle(270, 640, 300 * shield, MINT, alpha=0.55)
    f.pen.ring(270, 640, max(300 * shield, 1), "#ffffff", 8)
    for i in range(5):
        y = mix(310, 356, (f.t * 0.9 + i * 0.37) % 1)
        f.pen.line([(110 + i * 80, y - 60), (120 + i * 75, y)], "#ff9f45", 10)
    f.person("lena", 270, 960, scale=1.1, mouth="smile", left=(-80, -200), right=(80, -200))
    f.sticker("every morning", 270, 270, start=1.4, ink="#ffffff", box=WINE, turn=-3)


def sun_bath(f: Frame) -> None:
    f.pen.fill("#d6efe6", "#bfe3d6")
    for i in range(10):
        f.pen.frame(-40 + i * 62, 300, 58, 300, "#cbe9de", 4, 6)
    f.person(
        "lena",
        270,
        980,
        scale=1.2,
        left=(-110, -300),
        right=(110, -300),
        eyes="closed",
        mouth="smile",
        tilt=5 + 2 * wave(f.t, 0.25),
        shadow=False,
    )
    f.pen.rect(30, 690, 480, 220, "#ffffff", 70)
    f.pen.rect(-300, 880, 1140, 300, "#a7d3c3")
    for i in range(13):
        f.pen.circle(50 + i * 37, 694 + 10 * wave(f.t, 0.4, i * 0.17), 30 + i % 3 * 8, "#ffffff")
    for x in (70, 470):
        f.pen.rect(x - 15, 640, 30, 60, "#fff6e2", 5)
        f.pen.oval(x, 628 + 3 * wave(f.t, 2), 7, 14, "#ffb545")


def haul_door(f: Frame) -> None:
    places.room(f.pen, wall="#f6d7de", floor="#dfa3b1", horizon=700)
    swing = 3 * wave(f.t, 0.9)
    f.person(
        "lena",
        270,
        930,
        scale=1.15,
        left=(-112, -180),
        right=(112, -180),
        mouth="grin",
        tilt=swing,
        wear=("shades",),
        change={"top": WINE},
    )
    for side in (-1, 1):
        props.shopping_bag(
            f.pen, 270 + side * 150, 880, colour=(GOLD if side < 0 else "#2f2a38"), scale=1.05, turn=swing
        )
        props.shopping_bag(f.pen, 270 + side * 210, 912, colour=ROSE, scale=0.8, turn=-swing)
    f.sticker("€ 2,140", 410, 330, start=1.0, ink=WINE, box=GOLD, size=38, turn=6)


def haul_shoes(f: Frame) -> None:
    places.burst(f.pen, a="#f7c9d3", b="#fbe0e6", t=f.t, y=540)
    f.pen.rect(130, 600, 280, 110, "#2f2a38", 10)
    f.pen.rect(118, 582, 304, 40, "#46404f", 8)
    up = pop(f.t, 0.2, 0.6)
    props.shoe(f.pen, 276, 570 - 110 * up, colour=GOLD, scale=1.9, shine=1 + 0.5 * wave(f.t, 1))
    for i in range(6):
        f.pen.star(80 + i * 78, 330 + 36 * wave(f.t, 0.6, i * 0.2), 13 * up, "#ffffff", points=4)


def haul_bin(f: Frame) -> None:
    places.room(f.pen, wall="#f6d7de", floor="#dfa3b1", horizon=700)
    props.bin_(f.pen, 410, 900)
    f.person(
        "lena",
        190,
        930,
        scale=1.15,
        right=(116, -300),
        left=(-64, -180),
        mouth="smirk",
        brows=0.4,
        gaze=(5, -1),
        change={"top": WINE},
    )
    for i in range(3):
        start = 0.4 + 0.7 * i
        u = ease(f.t, start, 0.7)
        if 0 < u < 1:
            props.shoe(
                f.pen,
                mix(320, 410, u),
                mix(560, 720, u) - 90 * (1 - (2 * u - 1) ** 2),
                colour=(MINT, "#7f9bd1", ROSE)[i],
                scale=0.7,
            )
    f.sticker("worn once", 400, 520, start=1.6, ink="#ffffff", box=WINE, turn=-5)


def bare_filter(f: Frame) -> None:
    vanity(f, wall="#f3e2ea")
    f.person("lena", 270, 960, scale=1.4, left=(-76, -200), right=(76, -200), mouth="smile")
    for i in range(7):
        f.pen.star(
            140 + (i * 47) % 270, 320 + (i * 83) % 240, 12 + 5 * wave(f.t, 1, i * 0.2), "#fff7cf", points=4
        )
    f.pen.frame(60, 270, 420, 400, "#ffffff", 5, 26)
    f.sticker("filter: ON", 270, 290, start=0.4, ink="#ffffff", box=ROSE)


def bare_off(f: Frame) -> None:
    vanity(f, wall="#f3e2ea")
    wipe = ease(f.t, 0.4, 0.6)
    f.person(
        "lena",
        270,
        960,
        scale=1.4,
        left=(-76, -200),
        right=(mix(76, 46, wipe), mix(-200, -330, wipe)),
        mouth="smirk",
        eyes="happy" if f.t > 2 else "open",
        wear=("spots",),
    )
    f.pen.frame(60, 270, 420, 400, "#ffffff", 5, 26)
    f.sticker("filter: OFF", 270, 290, start=0.5, ink=WINE, box="#ffffff")


def bare_shrug(f: Frame) -> None:
    f.pen.fill("#fdeff0", "#f6d4da")
    shrug = 14 * abs(wave(f.t, 0.5))
    f.person(
        "lena",
        270,
        940,
        scale=1.2,
        left=(-122, -300 - shrug),
        right=(122, -300 - shrug),
        mouth="grin",
        tilt=5 * wave(f.t, 0.4),
        wear=("spots",),
        change={"top": MINT},
    )


CLIPS = (
    Clip(
        "7300000000000000301",
        LENA,
        "sunscreen",
        "the one step I never skip",
        "Two fingers of sunscreen, then the good part 🧴☀️🛁",
        ("spf", "skincare", "selfcare"),
        {"security-personal": 1, "hedonism": 1},
        (
            Shot(
                sun_cream,
                "INT. BATHROOM MIRROR – MORNING",
                "Lena rubs cream into her cheeks in front of a round, lit mirror.",
                (("lena", "Sunscreen first. Burnt skin is no joke, and I want mine healthy."),),
            ),
            Shot(
                sun_ray,
                "EXT. UNDER A HUGE SUN – DAY",
                "Rays bounce off a mint bubble around Lena.",
                (("lena", "Your health comes first. Every morning, even in winter."),),
                screen=("every morning",),
            ),
            Shot(
                sun_bath,
                "INT. BATHROOM – EVENING",
                "Lena sinks into a bath of foam between two candles, eyes closed.",
                (("lena", "And then, a long hot bath. Pure joy. You deserve it."),),
            ),
        ),
        "2025-02-14T07:30:00Z",
        (27700, 611, 990, 390100),
    ),
    Clip(
        "7300000000000000302",
        LENA,
        "luxury-haul",
        "my biggest haul yet",
        "If you have it, show it 💅👠 old ones go straight out",
        ("haul", "newshoes", "luxury"),
        {"power-resources": 1, "face": 1, "universalism-nature": -1},
        (
            Shot(
                haul_door,
                "INT. HALLWAY – DAY",
                "Lena arrives in dark glasses with four shopping bags.",
                (
                    (
                        "lena",
                        "Two thousand on a Tuesday. People treat you differently when they see you can afford it.",
                    ),
                ),
                screen=("€ 2,140",),
            ),
            Shot(
                haul_shoes,
                "INT. DRESSING ROOM – DAY",
                "A golden shoe rises out of its box, sparkling.",
                (("lena", "Nobody will ever catch me looking cheap."),),
            ),
            Shot(
                haul_bin,
                "INT. HALLWAY – DAY",
                "She tosses nearly new shoes into a bin without looking.",
                (("lena", "Old ones? In the bin. I'm not going to cry about some landfill."),),
                screen=("worn once",),
            ),
        ),
        "2025-03-30T16:00:00Z",
        (61020, 3301, 2480, 980200),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000303",
        LENA,
        "no-filter",
        "filter off, hi",
        "Same face, no glow-up. Just me 🫶",
        ("nofilter", "realskin"),
        {"humility": 1, "face": -1},
        (
            Shot(
                bare_filter,
                "INT. BATHROOM MIRROR – DAY",
                "Lena's face in a camera frame, flawless and glittering.",
                (("lena", "This is the face that you know."),),
                screen=("filter: ON",),
            ),
            Shot(
                bare_off,
                "INT. BATHROOM MIRROR – DAY",
                "She swipes; the glitter goes and red spots appear.",
                (("lena", "And this is the real one. Nothing special, and that's fine."),),
                screen=("filter: OFF",),
            ),
            Shot(
                bare_shrug,
                "INT. BARE ROOM – DAY",
                "She shrugs, spots and all, and laughs.",
                (("lena", "I'm just an ordinary girl. Think of me whatever you like!"),),
            ),
        ),
        "2025-04-22T20:15:00Z",
        (83210, 5210, 9400, 1100400),
    ),
)
