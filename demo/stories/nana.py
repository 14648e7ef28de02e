"""nana.and.ro: a grandmother and her grandson, in brick, butter and forest green."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.lettering import text
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

BRICK, BUTTER, FOREST, CREAM, INK = "#b5533c", "#f6d98a", "#3f6b4f", "#fbf1dc", "#38261f"

NANA = Creator(
    handle="nana.and.ro",
    name="Rosalia and Ro Vant",
    genre="lifestyle",
    box=BUTTER,
    ink=INK,
    caption_box=FOREST,
    mood="folk",
    nominated_by="teachers",
    verified_by="RB",
    cast={
        "nana": Character(
            "Nana",
            Look(
                "#e6b790",
                "#c9c4bf",
                BRICK,
                "#5a4a48",
                "#6b3f3a",
                style="bun",
                extra=("apron", "wrinkles", "glasses"),
                accent=CREAM,
            ),
            Voice("bf_isabella", "en-gb+f5", speed=0.95, pitch=0.93),
        ),
        "pal": Character(
            "Jonas",
            Look("#f1d0b0", "#a8683a", "#5f7f8f", "#4a4f5e", style="curly", extra=("freckles",)),
            Voice("am_liam", "en-us+m7"),
        ),
        "ro": Character(
            "Ro",
            Look("#e0a97e", "#3a2a22", FOREST, "#4a4f5e", style="short"),
            Voice("am_michael", "en-us+m6"),
        ),
    },
)


def cook(f: Frame) -> None:
    places.kitchen(f.pen, wall="#f3dfb6", counter="#a8684a", tiles="#ffffff", t=f.t)
    places.shelf(f.pen, 300, 370, 200, [BRICK, FOREST, BUTTER, "#d98f5a"])


def dough_fold(f: Frame) -> None:
    cook(f)
    press = wave(f.t, 1.1)
    f.person(
        "nana",
        200,
        900,
        scale=1.08,
        left=(-30 - 6 * press, -196),
        right=(44 + 6 * press, -196),
        gaze=(0, 4),
        mouth="smile",
        shadow=False,
    )
    places_counter(f)
    f.pen.oval(206, 668, 84 + 8 * press, 24, "#f6e3bd")
    for i in range(5):
        if pop(f.t, 0.6 + 0.5 * i) > 0:
            props.dumpling(
                f.pen, 340 + (i % 3) * 62, 668 + (i // 3) * 36, scale=0.62 * pop(f.t, 0.6 + 0.5 * i)
            )


def places_counter(f: Frame) -> None:
    f.pen.rect(-300, 640, 1140, 62, "#c98a66", 6)
    f.pen.rect(-300, 694, 1140, 500, "#a8684a")


def dough_card(f: Frame) -> None:
    f.pen.fill("#e9cf9a", "#d9b47a")
    with f.pen.at(270, 480, turn=-3 + wave(f.t, 0.2), scale=0.92 + 0.08 * pop(f.t, 0)):
        f.pen.rect(-206, -210, 412, 430, "#fff8e6", 12)
        f.pen.rect(-206, -210, 412, 70, BRICK, 12)
        text(f.pen, "Feast dumplings", 0, -162, size=36, colour="#fff8e6")
        for i in range(5):
            f.pen.line(
                [
                    (-168, -90 + i * 50),
                    (-168 + (330 - (i * 67) % 110) * ease(f.t, 0.3 + 0.3 * i, 0.4), -90 + i * 50),
                ],
                "#b99a78",
                6,
            )
        f.pen.circle(150, 160, 34, "#c98a5a", alpha=0.25)
        f.pen.heart(-140, 172, 20, BRICK)
    f.sticker("1871", 420, 664, start=1.0, ink="#ffffff", box=FOREST, size=40, turn=7)


def dough_feast(f: Frame) -> None:
    places.room(f.pen, wall="#8a3f33", floor="#5a3a30", horizon=700)
    for i in range(9):
        f.pen.star(i * 68, 280 + 22 * (i % 2), 15, BUTTER, turn=18 * wave(f.t, 0.4, i * 0.2))
    f.person("nana", 170, 910, scale=1.02, right=(94, -260), left=(-70, -200), mouth="grin", eyes="happy")
    f.person(
        "ro",
        380,
        910,
        scale=1.02,
        left=(-90, -280),
        right=(60, -210),
        mouth="grin",
        eyes="happy",
        tilt=4 * wave(f.t, 0.7),
    )
    props.table(f.pen, 720, colour="#a8684a")
    props.bowl(f.pen, 270, 732, colour=CREAM, food="#e9b46a", w=110)
    for i in range(4):
        props.dumpling(f.pen, 206 + i * 42, 678 - 8 * (i % 2), scale=0.6)
    props.steam(f.pen, 270, 610, t=f.t)


def skip_costume(f: Frame) -> None:
    places.room(f.pen, wall="#dfe6d2", floor="#a98a6a", horizon=710)
    f.pen.line([(360, 300), (500, 300)], "#8a5f43", 10)
    for side in (-1, 1):
        f.pen.line([(430 + side * 36, 330), (430 + side * 84, 460)], "#a0452f", 44)
        f.pen.line([(430 + side * 80, 450), (430 + side * 84, 460)], BUTTER, 46)
    f.pen.poly([(386, 310), (474, 310), (484, 470), (514, 660), (346, 660), (376, 470)], BRICK, soft=14)
    f.pen.curve((404, 312), (430, 350), (456, 312), BUTTER, 9)
    f.pen.rect(374, 458, 112, 20, BUTTER, 6)
    for i in range(4):
        f.pen.star(372 + i * 39, 626, 13, BUTTER)
        f.pen.circle(430, 370 + i * 24, 5, BUTTER)
    f.person(
        "ro", 180, 930, scale=1.12, left=(-70, -190), right=(112, -330), mouth="smirk", brows=0.5, tilt=-4
    )
    f.sticker("itchy since 1871", 392, 716, start=1.2, ink=INK, box=BUTTER, size=28, turn=-4)


def skip_pizza(f: Frame) -> None:
    places.room(f.pen, wall="#dfe6d2", floor="#a98a6a", horizon=710)
    places.lamp(f.pen, 270, length=220, shade=FOREST)
    f.person("ro", 270, 920, scale=1.15, left=(-70, -230), right=(70, -230), mouth="grin", eyes="happy")
    with f.pen.at(270, 690 - 8 * pop(f.t, 0.2)):
        f.pen.oval(0, 0, 150, 50, "#d99a4e")
        f.pen.oval(0, -5, 130, 40, "#f4c95a")
        for i in range(7):
            f.pen.oval(-90 + i * 30, -8 + 18 * ((i % 3) - 1), 15, 8, BRICK)


def skip_walk(f: Frame) -> None:
    places.outdoors(f.pen, sky="#cfe6d8", low="#f4f0d8", ground="#8fb38a", t=f.t, horizon=640)
    places.hills(f.pen, 600, ("#7fa882", "#96bb8c"))
    step = wave(f.t, 1.1)
    f.person(
        "ro",
        mix(180, 340, f.u),
        920,
        scale=1.05,
        left=(-80 + 30 * step, -190),
        right=(80 + 30 * step, -190),
        feet=((-30 - 24 * step, -16 * max(step, 0)), (30 + 24 * step, -16 * max(-step, 0))),
        mouth="smile",
        wear=("headset",),
        change={"accent": BRICK},
    )


def flood_map(f: Frame) -> None:
    f.pen.fill("#7f93a3", "#a9b7bd")
    places.town(f.pen, 690, ["#b5533c", "#8a6a5a", "#c98a66"])
    f.pen.rect(-300, 690, 1140, 600, "#5f6b60")
    props.rain(f.pen, t=f.t)
    f.pen.rect(70, 300, 16, 400, "#4a5160")
    props.siren(f.pen, 78, 304, t=f.t)
    f.person("nana", 300, 920, scale=1.1, right=(90, -370), left=(-70, -190), mouth="smile", brows=0.3)
    f.sticker("siren test, 12:00", 330, 330, start=0.6, ink="#ffffff", box=BRICK, size=31)


def flood_bag(f: Frame) -> None:
    cook(f)
    places_counter(f)
    f.pen.rect(150, 500, 240, 180, BRICK, 30)
    f.pen.rect(226, 480, 88, 30, BRICK, 12)
    f.pen.rect(262, 546, 16, 70, "#ffffff", 4)
    f.pen.rect(235, 573, 70, 16, "#ffffff", 4)
    for i, (x, colour) in enumerate(((80, "#9fd0e0"), (450, BUTTER), (110, FOREST), (430, "#d9d3c8"))):
        u = ease(f.t, 0.4 + 0.6 * i, 0.6)
        if u < 1:
            f.pen.rect(mix(x, 270, u) - 24, mix(620, 500, u) - 130 * u * (1 - u) * 2 - 34, 48, 68, colour, 10)
    f.sticker("water · torch · radio", 270, 400, start=1.2, ink=INK, box=BUTTER, size=29, turn=-2)


def flood_chain(f: Frame) -> None:
    f.pen.fill("#a9b7bd", "#cfd6d2")
    places.town(f.pen, 560, ["#b5533c", "#8a6a5a", "#c98a66"])
    f.pen.rect(-300, 560, 1140, 120, "#5f93a8")
    for row in range(3):
        for i in range(9):
            if (row * 9 + i) / 27 < 0.35 + 0.65 * f.u:
                f.pen.oval(
                    10 + i * 66 + (row % 2) * 32,
                    690 - row * 34,
                    38,
                    20,
                    ("#d9bf8a", "#c9ab74")[(i + row) % 2],
                )
    for i, who in enumerate(("ro", "nana", "pal")):
        swing = 24 * wave(f.t, 0.8, i * 0.3)
        x = 100 + i * 170
        f.person(who, x, 930, scale=0.92, left=(-44 + swing, -226), right=(44 + swing, -226), mouth="smile")
        f.pen.oval(x + swing, 728, 46, 25, "#d9bf8a")
        f.pen.line([(x + swing - 12, 716), (x + swing + 12, 716)], "#b59558", 4)


CLIPS = (
    Clip(
        "7300000000000000801",
        NANA,
        "feast-dumplings",
        "Nana's feast dumplings",
        "Same card, same pot, six generations 🥟❤️",
        ("recipe", "grandma", "feast"),
        {"tradition": 1, "benevolence-caring": 1},
        (
            Shot(
                dough_fold,
                "INT. KITCHEN – DAY",
                "Nana kneads dough; dumplings line up on the counter.",
                (("nana", "Fold them like this, Ro. The way my grandmother showed me."),),
            ),
            Shot(
                dough_card,
                "INT. KITCHEN – DAY",
                "A stained recipe card dated 1871 fills the frame.",
                (("nana", "Not one word on this card has changed. We keep our feast alive."),),
                screen=("Feast dumplings", "1871"),
            ),
            Shot(
                dough_feast,
                "INT. DINING ROOM – EVENING",
                "Nana and Ro raise their hands over a steaming bowl under paper stars.",
                (("ro", "She always saves me the biggest one."), ("nana", "Eat, my heart, eat!")),
            ),
        ),
        "2024-12-21T17:00:00Z",
        (102000, 4890, 21000, 1500400),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000802",
        NANA,
        "skipping-the-feast",
        "why I skip the feast",
        "Don't tell Nana. Okay, she knows 🍕",
        ("hottake", "myway"),
        {"tradition": -1, "self-direction-action": 1},
        (
            Shot(
                skip_costume,
                "INT. RO'S ROOM – DAY",
                "Ro makes a face at a stiff red costume on the wall.",
                (("ro", "Same costume, same songs, every single year. Who decided that?"),),
                screen=("itchy since 1871",),
            ),
            Shot(
                skip_pizza,
                "INT. RO'S ROOM – EVENING",
                "He beams over a pizza.",
                (("ro", "Old customs don't mean anything to me. Tonight is pizza night."),),
            ),
            Shot(
                skip_walk,
                "EXT. MEADOW – DAY",
                "Alone, headphones on, he strolls over the hills.",
                (("ro", "I'd rather plan my own day, thank you."),),
            ),
        ),
        "2025-01-06T19:45:00Z",
        (20500, 2980, 700, 333000),
    ),
    Clip(
        "7300000000000000803",
        NANA,
        "flood-drill",
        "is your street ready?",
        "Practice on Saturday, everybody comes 🚨",
        ("flooddrill", "ourtown", "prepared"),
        {"security-societal": 1, "conformity-rules": 1, "security-personal": 1},
        (
            Shot(
                flood_map,
                "EXT. TOWN SQUARE – RAIN",
                "A siren flashes on its pole; Nana raises a finger.",
                (("nana", "When the siren sounds, we follow the plan. No exceptions, not even for me."),),
                screen=("siren test, 12:00",),
            ),
            Shot(
                flood_bag,
                "INT. KITCHEN – DAY",
                "Water, a torch and a radio jump into a red emergency bag.",
                (("nana", "One bag by the door keeps your own household safe."),),
                screen=("water · torch · radio",),
            ),
            Shot(
                flood_chain,
                "EXT. RIVER BANK – DAY",
                "Neighbours pass sandbags along a line; the barrier grows.",
                (("ro", "A town that stands together is a town that stays safe."),),
            ),
        ),
        "2025-04-12T10:00:00Z",
        (12480, 390, 3300, 170500),
    ),
)
