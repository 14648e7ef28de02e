"""mira.makes: crafts and do-it-yourself, in clay, cream and teal."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

CLAY, CREAM, TEAL, DARK, MUSTARD = "#c8714f", "#f6ead7", "#2f7f7a", "#3d3230", "#e6a73c"

MIRA = Creator(
    handle="mira.makes",
    name="Mira Aldous",
    genre="crafts and DIY",
    box=TEAL,
    ink="#fff6e8",
    mood="warm",
    verified_by="NK",
    cast={
        "mira": Character(
            "Mira",
            Look(
                "#e9b48f",
                "#5a3326",
                TEAL,
                "#584a5e",
                style="bun",
                extra=("apron", "freckles"),
                accent="#f0c7a0",
            ),
            Voice("af_heart", "en-us+f3"),
        )
    },
)


def studio(f: Frame) -> None:
    places.room(f.pen, wall=CREAM, floor="#cfa27c", horizon=720)
    places.window(f.pen, 350, 280, 150, 190, sky="#bfe0e2", frame="#ffffff", t=f.t)
    places.shelf(f.pen, 36, 350, 230, [CLAY, TEAL, MUSTARD, "#8fb3a0", CLAY, "#f0c7a0"])
    places.plant(f.pen, 486, 790, scale=0.9, pot=CLAY, t=f.t)


def bowl_throw(f: Frame) -> None:
    studio(f)
    f.person(
        "mira",
        270,
        880,
        scale=1.12,
        left=(-54, -190 - 40 * f.u),
        right=(54, -190 - 40 * f.u),
        tilt=3 * wave(f.t, 0.3),
        gaze=(0, 4),
    )
    props.wheel(f.pen, 270, 706, t=f.t)
    props.pot(f.pen, 270, 704, rise=ease(f.t, 0.2, f.length * 0.8), wonk=9 * wave(f.t, 0.8), colour=CLAY)
    for side in (-1, 1):
        f.pen.circle(270 + side * 74, 640 - 40 * f.u, 22, "#e9b48f")


def bowl_tries(f: Frame) -> None:
    places.room(f.pen, wall="#dcebe6", floor="#cfa27c", horizon=640)
    for row in range(3):
        for i in range(4):
            shown = pop(f.t, 0.15 * (row * 4 + i) + 0.2, 0.4)
            if shown > 0.01:
                with f.pen.at(90 + i * 120, 400 + row * 120, scale=0.52 * shown):
                    props.pot(
                        f.pen,
                        0,
                        0,
                        rise=0.2 + 0.06 * ((row * 5 + i * 3) % 7),
                        wonk=((row * 7 + i * 5) % 9 - 4) * 9,
                        colour=(CLAY, "#a9573c", "#d98f6c")[(row + i) % 3],
                    )
        f.pen.rect(24, 402 + row * 120, 492, 12, "#a9774f", 4)
    f.sticker("try no. 40", 400, 288, start=1.6, ink="#ffffff", box=CLAY, turn=5)


def bowl_done(f: Frame) -> None:
    places.room(f.pen, wall="#f3d6b8", floor="#b98a62", horizon=740)
    f.pen.circle(270, 500, 210, "#ffffff", alpha=0.35)
    up = pop(f.t, 0.1, 0.6)
    f.person(
        "mira",
        270,
        1000,
        scale=1.35,
        left=(-64, -248 * up - 150 * (1 - up)),
        right=(64, -248 * up - 150 * (1 - up)),
        mouth="grin",
        eyes="happy",
        tilt=4 * wave(f.t, 0.5),
    )
    with f.pen.at(270, 690 - 40 * up, scale=0.85):
        props.pot(f.pen, 0, 30, rise=0.85, wonk=12, colour="#34568b", band=MUSTARD)
    for i in range(5):
        f.pen.star(
            90 + i * 92, 320 + 30 * wave(f.t, 0.4, i * 0.2), 15 * pop(f.t, 0.3 + i * 0.1), MUSTARD, points=4
        )


def mend_sock(f: Frame) -> None:
    studio(f)
    f.person(
        "mira",
        270,
        900,
        scale=1.15,
        left=(-70, -210),
        right=(62 + 14 * wave(f.t, 1.2), -240 + 20 * wave(f.t, 1.2)),
        gaze=(0, 4),
        tilt=-3,
    )
    props.table(f.pen, 690, colour="#b98a62")
    whale(f, 270, 660, grow=0.55, patched=ease(f.t, 1, 2))


def whale(f: Frame, x: float, y: float, *, grow: float, patched: float) -> None:
    with f.pen.at(x, y, scale=grow * 2):
        f.pen.blob(
            "M-80 0 C-96 -70 20 -86 54 -28 C66 -22 72 -34 66 -52 C84 -50 92 -50 100 -66 C108 -40 96 -16 70 -8 C40 14 -70 22 -80 0 Z",
            "#5f9fb5",
        )
        f.pen.blob("M-80 -4 C-60 12 0 14 44 -2 C20 20 -76 24 -80 -4 Z", "#d7ecef")
        f.pen.circle(-50, -24, 6, DARK)
        f.pen.rect(-14, -52, 38 * patched, 34, MUSTARD, 6)
        if patched > 0.9:
            for i in range(4):
                f.pen.line([(-18 + i * 13, -56), (-14 + i * 13, -48)], DARK, 2.5)


def mend_price(f: Frame) -> None:
    places.room(f.pen, wall="#cfe3e0", floor="#9fc4bd", horizon=700)
    f.person(
        "mira", 180, 940, scale=1.2, right=(104, -300), left=(-70, -180), brows=0.4, mouth="smirk", tilt=-4
    )
    props.shopping_bag(f.pen, 408, 690, colour="#d8b24a", scale=1.5, turn=3 * wave(f.t, 0.6))
    f.sticker("€ 390", 408, 470, start=0.4, ink=DARK, box="#ffffff", size=40, turn=-6)
    cross = ease(f.t, 1.7, 0.4)
    if cross:
        f.pen.line([(326, 440), (326 + 164 * cross, 440 + 60 * cross)], "#d9483b", 12)


def mend_sea(f: Frame) -> None:
    f.pen.fill("#bfe6ec", "#5fb4c4")
    for i in range(4):
        whale(
            f,
            (140, 400, 170, 390)[i],
            (420, 520, 640, 690)[i] + 12 * wave(f.t, 0.4, i * 0.3),
            grow=(0.55, 0.7, 0.6, 0.42)[i] * pop(f.t, 0.15 * i),
            patched=1,
        )
    for i in range(9):
        f.pen.circle(40 + i * 60, 900 - (f.t * 90 + i * 111) % 700, 7 + i % 3 * 4, "#ffffff", alpha=0.5)


QUILT = [TEAL, CLAY, MUSTARD, "#8fb3a0", "#d98f9b", "#4e6e8e"]


def flood_news(f: Frame) -> None:
    f.pen.fill("#8fa7b8", "#6d8799")
    places.town(f.pen, 700, ["#b98a7a", "#a39a8a", "#8a7f92"])
    f.pen.rect(-300, 610 - 20 * f.u, 1140, 600, "#5b7f91")
    for i in range(6):
        f.pen.rect((i * 130 + f.t * 40) % 760 - 120, 650 + (i * 53) % 220, 100, 8, "#ffffff", 4, alpha=0.35)
    with f.pen.at(150 + 30 * f.u, 690 + 6 * wave(f.t, 0.6), turn=3 * wave(f.t, 0.4)):
        f.pen.poly([(-80, -40), (80, -40), (54, 10), (-54, 10)], CLAY, soft=10)
        f.pen.rect(-30, -90, 60, 56, CREAM, 6)
        f.pen.heart(0, -62, 18, "#d9483b")
    props.rain(f.pen, t=f.t)


def flood_quilt(f: Frame) -> None:
    studio(f)
    f.person("mira", 270, 900, scale=1.12, left=(-96, -300), right=(96, -300), mouth="smile")
    props.quilt(f.pen, 130, 560, 280, 350, QUILT, seen=mix(0.25, 1, ease(f.t, 0.2, f.length * 0.75)))
    f.sticker("12 quilts sewn", 270, 320, start=1.2, ink="#ffffff", box=CLAY, turn=-3)


def flood_wall(f: Frame) -> None:
    places.outdoors(f.pen, sky="#bfdfe6", low="#eaf3ea", ground="#8fb38a", t=f.t, horizon=660)
    for row in range(3):
        for i in range(8):
            up = ease(f.t, 0.1 * i + 0.25 * row, 0.4)
            f.pen.rect(
                -40 + i * 84 + (row % 2) * 40,
                660 - row * 46 - 46 * up,
                80,
                42 * up,
                ("#b7b2a8", "#a8a297")[(i + row) % 2],
                6,
            )
    f.person(
        "mira",
        190,
        930,
        scale=1.05,
        left=(-90, -300 + 20 * wave(f.t, 1)),
        right=(84, -180),
        mouth="smile",
        brows=0.2,
    )
    f.pen.rect(318, 700, 170, 210, "#fffdf5", 8)
    for i in range(5):
        f.pen.line([(342, 756 + i * 28), (342 + 120 * ease(f.t, 0.4 + 0.3 * i, 0.4), 756 + i * 28)], TEAL, 5)


CLIPS = (
    Clip(
        "7300000000000000101",
        MIRA,
        "wonky-bowl",
        "my own weird bowl",
        "No mould, no template. Fortieth time lucky 🏺✨",
        ("pottery", "handmade", "myowndesign"),
        {"self-direction-thought": 1, "achievement": 1},
        (
            Shot(
                bowl_throw,
                "INT. POTTERY STUDIO – DAY",
                "Mira, in an apron, shapes a wobbling lump of clay on the wheel.",
                (("mira", "No template, no mould. I wanted a shape that nobody has thought of yet."),),
            ),
            Shot(
                bowl_tries,
                "INT. POTTERY STUDIO – DAY",
                "Shelves fill with a dozen crooked, cracked bowls.",
                (("mira", "Thirty-nine of them collapsed. I kept going until I got it right."),),
                screen=("try no. 40",),
            ),
            Shot(
                bowl_done,
                "INT. POTTERY STUDIO – DAY",
                "Mira holds out a tall blue bowl with a yellow band and beams.",
                (("mira", "And here it is. My design, done properly!"),),
            ),
        ),
        "2025-03-02T17:20:00Z",
        (48210, 812, 1930, 602400),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000102",
        MIRA,
        "sock-whales",
        "odd socks? whales!",
        "Repair first. The sea says thanks 🐋🧦",
        ("mending", "zerowaste", "upcycling"),
        {"universalism-nature": 1, "power-resources": -1, "self-direction-thought": 1},
        (
            Shot(
                mend_sock,
                "INT. POTTERY STUDIO – DAY",
                "At her table Mira stitches a patch onto an old sock that is becoming a toy whale.",
                (("mira", "Every sock I mend is one less thing in the ocean."),),
            ),
            Shot(
                mend_price,
                "INT. SHOP CORNER – DAY",
                "Mira raises an eyebrow at a golden bag. Its price is struck out in red.",
                (("mira", "An expensive bag won't make you somebody. Honestly, who cares what it cost?"),),
                screen=("€ 390",),
            ),
            Shot(
                mend_sea,
                "EXT. AN IMAGINED SEA – DAY",
                "Four patched sock whales swim among bubbles.",
                (("mira", "Use your imagination, and leave the planet some room."),),
            ),
        ),
        "2025-03-19T09:05:00Z",
        (15120, 340, 2204, 210900),
    ),
    Clip(
        "7300000000000000103",
        MIRA,
        "flood-quilts",
        "quilts for strangers",
        "We never met them and that does not matter. Link for the flood fund below 💙",
        ("floodrelief", "quilting", "everyonecounts"),
        {"universalism-concern": 1, "security-societal": 1},
        (
            Shot(
                flood_news,
                "EXT. FLOODED TOWN – RAIN",
                "Brown water stands at the windows. A boat with a heart on its cabin drifts past.",
                (("mira", "I don't know anybody in that valley. They still deserve a dry bed."),),
            ),
            Shot(
                flood_quilt,
                "INT. POTTERY STUDIO – DAY",
                "Mira holds up a patchwork quilt that grows square by square.",
                (("mira", "All of this week's sales go to the families who lost everything."),),
                screen=("12 quilts sewn",),
            ),
            Shot(
                flood_wall,
                "EXT. RIVER BANK – DAY",
                "A stone wall rises behind Mira; lines appear on a petition.",
                (("mira", "And sign for the new wall. A country has to keep its people safe."),),
            ),
        ),
        "2025-04-07T18:45:00Z",
        (33980, 1502, 8800, 455000),
    ),
)
