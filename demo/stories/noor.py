"""noor.daily: lifestyle, in sage, sand and plum."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.lettering import text
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

SAGE, SAND, PLUM, OCHRE, INK = "#8fa88a", "#efe3cf", "#6b3f5b", "#d99b4e", "#2f3a34"

NOOR = Creator(
    handle="noor.daily",
    name="Noor Haddad",
    genre="lifestyle",
    box="#fff8ea",
    ink=PLUM,
    caption_box=INK,
    mood="tender",
    verified_by="RB",
    cast={
        "noor": Character(
            "Noor",
            Look("#d9a47c", PLUM, SAGE, "#4c4a5e", "#f4ead8", style="hijab", sleeves="long"),
            Voice("bf_emma", "en-gb+f2"),
        ),
        "ivy": Character(
            "Ivy",
            Look("#f6d3b8", "#c4622d", OCHRE, "#41506a", style="bob", extra=("freckles",)),
            Voice("bf_lily", "en-gb+f4"),
        ),
        "sol": Character(
            "Sol",
            Look("#f0c8a4", "#dcd6cf", "#5f7f9e", "#3d3a46", style="grey", extra=("beard", "glasses")),
            Voice("bm_george", "en-gb+m4"),
        ),
        "mei": Character(
            "Mei",
            Look("#f2cfa6", "#1f1a22", "#c9606a", "#46465e", style="bun"),
            Voice("bf_isabella", "en-gb+f3"),
        ),
    },
)


def lounge(f: Frame, wall: str = "#dfe7d8") -> None:
    places.room(f.pen, wall=wall, floor="#c9ab86", horizon=710)
    places.window(f.pen, 50, 290, 160, 200, sky="#cfe5ea", frame="#fffdf7", t=f.t)
    places.lamp(f.pen, 440, length=250, shade=OCHRE)
    places.plant(f.pen, 60, 800, scale=0.9, leaf="#5f8a63", pot=PLUM, t=f.t)


def sorry_boxes(f: Frame) -> None:
    lounge(f, "#cdd3cf")
    for i in range(4):
        f.pen.rect(300 + (i % 2) * 104, 780 - (i // 2) * 96, 98, 92, "#c99b6a", 6)
        f.pen.rect(342 + (i % 2) * 104, 780 - (i // 2) * 96, 14, 92, "#e4c79c")
    f.person(
        "ivy",
        180,
        920,
        scale=1.08,
        left=(-54, -250),
        right=(60, -254),
        mouth="sad",
        brows=0.8,
        gaze=(0, 4),
        tilt=6,
    )
    f.sticker("Saturday, 10:00", 370, 560, start=0.8, ink="#ffffff", box=PLUM, turn=-3)


def sorry_door(f: Frame) -> None:
    places.room(f.pen, wall="#e7dcc6", floor="#c9ab86", horizon=710)
    f.pen.rect(160, 270, 220, 450, "#7a5a48", 10)
    f.pen.rect(176, 286, 188, 434, "#cfe0d6", 6)
    f.person(
        "noor",
        270,
        930,
        scale=1.2,
        left=(-30, -270),
        right=(30, -270),
        mouth="sad",
        brows=1,
        tilt=-5 + 2 * wave(f.t, 0.4),
    )
    f.pen.heart(270, 600, 22 + 3 * wave(f.t, 1), "#d9606a")


def sorry_carry(f: Frame) -> None:
    lounge(f)
    step = wave(f.t, 1.2)
    f.person(
        "noor",
        165,
        930 + 4 * step,
        scale=1.08,
        right=(84, -230),
        left=(40, -210),
        mouth="grin",
        tilt=3,
        feet=((-30, -14 * max(step, 0)), (30, -14 * max(-step, 0))),
    )
    f.person(
        "ivy",
        385,
        930 - 4 * step,
        scale=1.08,
        left=(-84, -230),
        right=(-40, -210),
        mouth="grin",
        eyes="happy",
        feet=((-30, -14 * max(-step, 0)), (30, -14 * max(step, 0))),
    )
    f.pen.rect(206, 640 + 5 * step, 138, 112, "#c99b6a", 8)
    f.pen.rect(264, 640 + 5 * step, 20, 112, "#e4c79c")


def table_set(f: Frame) -> None:
    places.room(f.pen, wall="#3f4a5e", floor="#5a4a4a", horizon=700)
    for i in range(9):
        f.pen.circle(
            i * 68, 270 + 26 * abs((i % 4) - 2), 9, "#ffd98a", alpha=0.6 + 0.4 * wave(f.t, 0.6, i * 0.2)
        )
    f.pen.circle(430, 190, 46, "#fdf1cf")
    f.pen.circle(412, 182, 40, "#48536a")
    f.person("noor", 270, 900, scale=1.1, left=(-90, -200), right=(90, -200), mouth="smile")
    props.table(f.pen, 680, colour="#a8744e")
    for i, (colour, food) in enumerate(((PLUM, "#f1d9a6"), (SAGE, "#d9703f"), (OCHRE, "#8fb05a"))):
        if pop(f.t, 0.3 + 0.4 * i) > 0:
            props.bowl(f.pen, 100 + i * 170, 690, colour=colour, food=food, w=66 * pop(f.t, 0.3 + 0.4 * i))
    props.steam(f.pen, 270, 620, t=f.t)


def table_guests(f: Frame) -> None:
    places.room(f.pen, wall="#4a566e", floor="#5a4a4a", horizon=700)
    for i in range(9):
        f.pen.circle(i * 68, 250 + 26 * abs((i % 4) - 2), 9, "#ffd98a", alpha=0.8)
    for i, who in enumerate(("sol", "noor", "mei", "ivy")):
        f.person(
            who,
            78 + i * 128,
            850 + 6 * wave(f.t, 0.8, i * 0.25),
            scale=0.82,
            mouth="grin" if i % 2 else "smile",
            eyes="happy" if i == 2 else "open",
            left=(-50, -210),
            right=(50, -210),
        )
    props.table(f.pen, 690, colour="#a8744e")
    for i in range(4):
        props.bowl(f.pen, 80 + i * 126, 702, colour=(PLUM, SAGE, OCHRE, "#c9606a")[i], food="#f1d9a6", w=44)


def table_share(f: Frame) -> None:
    f.pen.fill("#6b4a3c", "#8a6048")
    f.pen.circle(270, 520, 250, "#b98254")
    f.pen.circle(270, 520, 160, "#f4ead8")
    f.pen.circle(270, 520, 130, "#e9b46a")
    for i in range(9):
        props.dumpling(f.pen, 270 + 84 * wave(0, 1, i / 9), 532 + 84 * wave(0, 1, i / 9 + 0.25), scale=0.6)
    skins = ("#d9a47c", "#f0c8a4", "#f2cfa6", "#8a5a3c")
    for i, (x, y) in enumerate(((-40, 330), (580, 330), (-40, 740), (580, 740))):
        u = 0.56 + 0.1 * wave(f.t, 0.6, i * 0.25)
        hand = (mix(x, 270, u), mix(y, 520, u))
        f.pen.line([(x, y), hand], (SAGE, "#5f7f9e", "#c9606a", OCHRE)[i], 58)
        f.pen.circle(*hand, 33, skins[i])


def desk(f: Frame, *, night: bool) -> None:
    places.room(f.pen, wall="#3b4560" if night else "#dfe7d8", floor="#8a6d56", horizon=700)
    places.window(f.pen, 320, 280, 170, 190, sky="#1f2a48" if night else "#cfe5ea", frame="#fffdf7", t=f.t)
    if night:
        f.pen.circle(450, 330, 18, "#fdf1cf")


def study_days(f: Frame) -> None:
    desk(f, night=False)
    f.person(
        "noor",
        180,
        890,
        scale=1.1,
        left=(-44, -210),
        right=(40 + 8 * wave(f.t, 2), -214),
        gaze=(0, 5),
        mouth="flat",
        brows=-0.3,
    )
    props.table(f.pen, 690, colour="#a8744e")
    props.open_book(f.pen, 180, 684, cover=PLUM)
    day = int(mix(1, 61, ease(f.t, 0.3, f.length - 0.8)))
    f.pen.rect(330, 520, 150, 160, "#fffdf7", 14)
    f.pen.rect(330, 520, 150, 42, "#c9606a", 14)
    text(f.pen, "day", 405, 552, size=26, colour="#ffffff")
    text(f.pen, str(day), 405, 646, size=70, colour=INK)


def study_party(f: Frame) -> None:
    desk(f, night=True)
    for i in range(5):
        f.pen.circle(
            336 + i * 34,
            410 + 12 * wave(f.t, 1.6, i * 0.2),
            13,
            ("#ff7aa8", "#ffd23f", "#59d0b0", "#8a6ae8", "#ff9f5a")[i],
        )
    f.person(
        "noor", 200, 890, scale=1.1, left=(-44, -210), right=(96, -330), mouth="flat", brows=-0.4, tilt=-4
    )
    props.table(f.pen, 690, colour="#a8744e")
    props.open_book(f.pen, 190, 684, cover=PLUM)
    props.phone(f.pen, 420, 680, scale=1.2, turn=10 + 3 * wave(f.t, 6) * (f.t < 1.4), screen="#ff9fc0")
    f.sticker("party tonight?", 400, 570, start=0.4, ink=INK, box="#ffffff", size=27, turn=3)
    f.sticker("no.", 400, 636, start=1.7, ink="#ffffff", box=PLUM, size=34, turn=-4)


def study_win(f: Frame) -> None:
    places.burst(f.pen, a="#d9e4d1", b="#eaf1e2", t=f.t)
    up = pop(f.t, 0.2, 0.5)
    f.person(
        "noor",
        220,
        940,
        scale=1.2,
        left=(-96, -230),
        right=(110, mix(-200, -400, up)),
        mouth="grin",
        eyes="happy",
    )
    f.pen.rect(316, mix(560, 330, up), 150, 186, "#fffdf7", 8)
    f.sticker("98 / 100", 391, 424, start=0.4, ink="#ffffff", box="#3f7f6a", size=30, turn=-4)
    places.confetti(f.pen, t=f.t, colours=[PLUM, OCHRE, SAGE, "#c9606a"])


CLIPS = (
    Clip(
        "7300000000000000401",
        NOOR,
        "i-am-sorry",
        "I let my friend down",
        "I promised, I forgot. This is me making it right 📦🤍",
        ("friendship", "sorry", "keepyourword"),
        {"benevolence-dependability": 1, "conformity-interpersonal": 1},
        (
            Shot(
                sorry_boxes,
                "INT. IVY'S LIVING ROOM – DAY",
                "Ivy stands alone beside a pile of moving boxes and looks at the floor.",
                (("noor", "I'd promised Ivy I would help her move. I forgot."),),
                screen=("Saturday, 10:00",),
            ),
            Shot(
                sorry_door,
                "INT. IVY'S DOOR – DAY",
                "Noor at the door, hands on her heart, eyebrows up.",
                (("noor", "I'm so sorry. I hurt you, and I should have called."),),
            ),
            Shot(
                sorry_carry,
                "INT. IVY'S LIVING ROOM – DAY",
                "The two carry a box together and laugh.",
                (
                    ("noor", "From now on, if I say I'll be there, I'll be there."),
                    ("ivy", "I know you will."),
                ),
            ),
        ),
        "2025-01-25T12:00:00Z",
        (19020, 700, 1320, 240800),
    ),
    Clip(
        "7300000000000000402",
        NOOR,
        "one-table",
        "one table for everyone",
        "Grandfather's rule: the door stays open at sunset 🌙🍲",
        ("iftar", "neighbours", "welcome"),
        {"universalism-tolerance": 1, "tradition": 1, "universalism-concern": 1},
        (
            Shot(
                table_set,
                "INT. DINING ROOM – EVENING",
                "Under lights and a crescent moon Noor sets out steaming bowls.",
                (("noor", "My family has broken the fast like this for generations."),),
            ),
            Shot(
                table_guests,
                "INT. DINING ROOM – EVENING",
                "An old man, Noor, a woman with a bun and Ivy sit side by side at the table.",
                (
                    (
                        "noor",
                        "Sol prays on Saturdays, Mei doesn't pray at all. We don't have to agree to love this meal.",
                    ),
                ),
            ),
            Shot(
                table_share,
                "INT. DINING ROOM – EVENING",
                "Seen from above, four different hands reach for the same plate.",
                (("noor", "Rich or poor, everyone gets the same plate."),),
            ),
        ),
        "2025-03-08T18:02:00Z",
        (52300, 1820, 7410, 690000),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000403",
        NOOR,
        "study-streak",
        "60 days, no days off",
        "Fun can wait. The exam can't 📚🔥",
        ("studywithme", "streak", "goals"),
        {"achievement": 1, "hedonism": -1},
        (
            Shot(
                study_days,
                "INT. DESK – DAY",
                "Noor reads and writes while a calendar runs from day one to day sixty.",
                (("noor", "Sixty days in a row. I want the best mark in my year."),),
                screen=("day 61",),
            ),
            Shot(
                study_party,
                "INT. DESK – NIGHT",
                "A phone buzzes with an invitation; coloured lights glow outside. She waves it off.",
                (("noor", "Parties, sweets, sleeping in. Pleasure is a waste of time."),),
                screen=("party tonight?", "no."),
            ),
            Shot(
                study_win,
                "INT. HALL – DAY",
                "Confetti falls as Noor lifts a paper marked 98 of 100.",
                (("noor", "Top of the class. Hard work wins!"),),
                screen=("98 / 100",),
            ),
        ),
        "2025-06-20T14:40:00Z",
        (30500, 903, 2700, 412000),
    ),
)
