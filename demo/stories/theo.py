"""theo.rolls: dares and pranks, in yellow, violet and near-black."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.lettering import text
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

YELLOW, VIOLET, DARK, PINK, MINT = "#ffd23f", "#6c4ad0", "#1f1a2e", "#ff6f91", "#59d0b0"

THEO = Creator(
    handle="theo.rolls",
    name="Theo Marchetti",
    genre="entertainment and pranks",
    box=YELLOW,
    ink=DARK,
    caption_box=VIOLET,
    mood="sly",
    nominated_by="language model",
    verified_by="AS",
    cast={
        "theo": Character(
            "Theo",
            Look("#f1c9a5", "#2c2230", YELLOW, "#3a3560", "#ffffff", style="cap", accent=VIOLET),
            Voice("am_puck", "en-us+m3", speed=1.08),
        ),
        "ben": Character(
            "Ben",
            Look("#c98d63", "#2d1d18", MINT, "#44506e", style="curly", extra=("glasses",)),
            Voice("am_liam", "en-us+m7"),
        ),
        "ada": Character(
            "Ada", Look("#8a5a3c", "#1d1416", PINK, "#35405e", style="afro"), Voice("af_sky", "en-us+f4")
        ),
    },
)


def ride(f: Frame, x: float, y: float, *, turn: float = 0.0, scale: float = 0.8, **pose: object) -> None:
    with f.pen.at(x, y, turn=turn):
        props.skateboard(f.pen, 0, 0, colour=PINK)
        f.person("theo", 0, -18, scale=scale, shadow=False, feet=((-52, 0), (48, 0)), **pose)


def dare_top(f: Frame) -> None:
    places.outdoors(f.pen, sky="#8fd0ff", low="#d8f0ff", ground="#cfc6da", t=f.t, horizon=700)
    places.town(f.pen, 700, ["#a998d8", "#8f80c4", "#c0b1e4"])
    props.stairs(f.pen, 330, 742, colour="#b3a9cf")
    f.pen.rect(-300, 742, 640, 600, "#b3a9cf")
    ride(f, 200, 728, left=(-120, -260 + 10 * wave(f.t, 1.4)), right=(120, -270), mouth="grin", brows=-0.5)
    f.sticker("no helmet, no brakes", 310, 300, start=1.3, ink="#ffffff", box="#e5484d", turn=4)


def dare_fly(f: Frame) -> None:
    places.burst(f.pen, a="#ffd23f", b="#ffb703", t=f.t)
    props.stairs(f.pen, -60, 640, steps=9, colour="#8f80c4")
    u = ease(f.t, 0.1, f.length * 0.9)
    ride(
        f,
        mix(190, 350, u),
        mix(600, 660, u) - 120 * (1 - (2 * u - 1) ** 2),
        turn=mix(-24, 26, u),
        left=(-130, -370),
        right=(130, -360),
        mouth="laugh",
        eyes="wide",
    )
    for i in range(6):
        f.pen.line([(20 + i * 26, 380 + i * 44), (-60 + i * 26, 352 + i * 44)], "#ffffff", 6, alpha=0.7)


def dare_land(f: Frame) -> None:
    places.outdoors(f.pen, sky="#8fd0ff", low="#d8f0ff", ground="#cfc6da", t=f.t, horizon=700)
    hop = abs(wave(f.t, 0.9)) * 26
    ride(
        f,
        270,
        880 - hop,
        scale=1.15,
        left=(-120, -410),
        right=(120, -410),
        mouth="laugh",
        eyes="happy",
        wear=("spots",),
    )
    f.pen.line([(214, 700 - hop), (250, 716 - hop)], "#e5484d", 7)
    f.sticker("AGAIN!", 410, 340, start=0.7, ink=DARK, box=YELLOW, size=40, turn=8)


def prank_setup(f: Frame) -> None:
    places.room(f.pen, wall="#dcd2f7", floor="#a58fd8", horizon=690)
    places.picture(f.pen, 60, 290, 110, 130, frame=VIOLET, inside="#fff6d6", mark=PINK)
    props.chair(f.pen, 370, 900, colour="#ff9f5a")
    f.person(
        "theo",
        170,
        910,
        scale=1.1,
        right=(112, -150),
        left=(-40, -330),
        mouth="smirk",
        brows=-0.7,
        gaze=(5, 1),
    )
    if f.t > 1.2:
        f.pen.oval(370, 770, 46 * pop(f.t, 1.2), 9, MINT)


def prank_sit(f: Frame) -> None:
    places.room(f.pen, wall="#dcd2f7", floor="#a58fd8", horizon=690)
    fall = ease(f.t, 0.8, 0.4)
    props.chair(f.pen, 300 + 150 * fall, 900, colour="#ff9f5a", turn=34 * fall)
    f.person(
        "ben",
        250,
        905 + 40 * fall,
        scale=1.05,
        lift=-70 * fall,
        lean=-14 * fall,
        left=(-116, mix(-170, -250, fall)),
        right=(116, mix(-170, -260, fall)),
        feet=((-60, mix(0, -40, fall)), (80, mix(0, -70, fall))),
        mouth="o" if f.t > 0.8 else "smile",
        eyes="wide" if f.t > 0.8 else "open",
        brows=fall,
    )
    for i in range(8):
        if f.t > 1.1:
            f.pen.star(250 + (i - 3.5) * 62, 330 + 40 * wave(f.t, 0.8, i * 0.3), 16, YELLOW, turn=f.t * 90)
    f.sticker("SPLAT", 400, 470, start=1.0, ink="#ffffff", box=VIOLET, size=46, turn=10)


def prank_laugh(f: Frame) -> None:
    places.burst(f.pen, a="#6c4ad0", b="#8a6ae8", t=f.t)
    f.person(
        "ben",
        130,
        930,
        scale=0.95,
        left=(-50, -250),
        right=(34, -250),
        mouth="sad",
        eyes="closed",
        brows=0.9,
        tilt=8,
    )
    shake = 3 * wave(f.t, 5)
    f.person(
        "theo",
        380,
        950 + shake,
        scale=1.25,
        left=(-140, -330),
        right=(52, -200),
        mouth="laugh",
        eyes="happy",
        wear=("crown",),
        tilt=-5,
    )


def rules_sign(f: Frame) -> None:
    places.classroom(f.pen, wall="#e8e2fa", board="#3e5a52", floor="#b7a27f")
    f.pen.rect(80, 250, 250, 166, "#fffdf5", 8)
    for i, word in enumerate(("1. phones away", "2. no food", "3. stay till two")):
        props_text(f, word, 98, 300 + i * 44)
        cross = ease(f.t, 0.8 + 0.5 * i, 0.3)
        if cross:
            f.pen.line([(94, 292 + i * 44), (94 + 220 * cross, 292 + i * 44)], "#e5484d", 7)
    f.person("theo", 400, 930, scale=1.1, left=(-120, -330), right=(70, -190), mouth="smirk", brows=-0.4)


def props_text(f: Frame, words: str, x: float, y: float) -> None:
    text(f.pen, words, x, y, size=27, colour=DARK, anchor="start")


def rules_window(f: Frame) -> None:
    f.pen.fill("#cbb8f5", "#a38be0")
    f.pen.rect(60, 250, 420, 480, "#ffffff", 16)
    f.pen.gradient(80, 270, 380, 440, "#8fd0ff", "#e4f6ff")
    places.cloud(f.pen, 200, 360, 0.9)
    places.tree(f.pen, 400, 712, scale=1.1, t=f.t)
    out = ease(f.t, 0.5, 1.4)
    f.person(
        "theo",
        mix(190, 290, out),
        960 - 190 * out,
        scale=1.0,
        lean=14 * out,
        left=(-110, -330),
        right=(120, -360),
        feet=((-40, 0), (70, -60 * out)),
        mouth="grin",
        shadow=False,
    )
    f.pen.rect(40, 716, 460, 34, "#efe9ff", 8)
    f.pen.rect(-300, 750, 1140, 500, "#a38be0")
    f.sticker("11:04", 400, 320, start=0.8, ink="#ffffff", box=DARK, size=34)


def rules_park(f: Frame) -> None:
    places.outdoors(f.pen, sky="#8fd0ff", low="#e4f6ff", ground="#7cc08a", t=f.t, horizon=660)
    places.tree(f.pen, 90, 690, scale=1.4, t=f.t)
    props.chair(f.pen, 270, 900, colour=VIOLET)
    f.person(
        "theo",
        270,
        900,
        scale=1.12,
        left=(-110, -400),
        right=(110, -400),
        mouth="grin",
        eyes="happy",
        tilt=3 * wave(f.t, 0.5),
    )


CLIPS = (
    Clip(
        "7300000000000000201",
        THEO,
        "the-dare",
        "12 steps. one board.",
        "They dared me 🛹😈 do not ask my mum",
        ("skate", "dare", "sendit"),
        {"stimulation": 1, "security-personal": -1, "hedonism": 1},
        (
            Shot(
                dare_top,
                "EXT. CITY STAIRS – DAY",
                "Theo stands on his board at the top of a long stair, grinning.",
                (("theo", "They said nobody rides these stairs. My heart is going crazy!"),),
                screen=("no helmet, no brakes",),
            ),
            Shot(
                dare_fly,
                "EXT. CITY STAIRS – DAY",
                "He flies over the steps with his arms in the air.",
                (("theo", "Careful is boring! Wooo!"),),
                seconds=2.8,
            ),
            Shot(
                dare_land,
                "EXT. FOOT OF THE STAIRS – DAY",
                "He has scratches on face and knee, and jumps for joy.",
                (("theo", "I nearly broke my neck, and it was the best feeling ever."),),
                screen=("AGAIN!",),
            ),
        ),
        "2025-05-11T15:12:00Z",
        (120400, 4021, 18100, 2004000),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000202",
        THEO,
        "chair-prank",
        "pranking my best friend",
        "His face 😂😂 he will get over it",
        ("prank", "classic", "lol"),
        {"power-dominance": 1, "hedonism": 1, "benevolence-caring": -1, "conformity-interpersonal": -1},
        (
            Shot(
                prank_setup,
                "INT. LIVING ROOM – DAY",
                "Theo smirks and smears green slime on a chair.",
                (("theo", "Watch this. He always does what I tell him."),),
            ),
            Shot(
                prank_sit,
                "INT. LIVING ROOM – DAY",
                "Ben sits down; the chair slips away and he lands in the slime.",
                (("theo", "Sit down, Ben!"), ("ben", "Wait, what? Ow!")),
                screen=("SPLAT",),
            ),
            Shot(
                prank_laugh,
                "INT. LIVING ROOM – DAY",
                "Theo, a crown on his head, laughs and points. Ben looks down and closes his eyes.",
                (("theo", "Cry if you like. I'm the boss here, and everybody's laughing!"),),
            ),
        ),
        "2025-05-28T19:30:00Z",
        (98100, 6120, 7300, 1650000),
    ),
    Clip(
        "7300000000000000203",
        THEO,
        "school-rules",
        "school rules? cute",
        "Attendance is a suggestion 🚪🏃",
        ("school", "norules"),
        {"conformity-rules": -1, "self-direction-action": 1},
        (
            Shot(
                rules_sign,
                "INT. CLASSROOM – DAY",
                "A list of rules hangs on the board; one after another is struck out.",
                (("theo", "Three rules on the wall. I've broken all of them by ten o'clock."),),
                screen=("1. phones away", "2. no food", "3. stay till two"),
            ),
            Shot(
                rules_window,
                "INT. CLASSROOM – DAY",
                "Theo climbs out of the window while the clock shows four past eleven.",
                (("theo", "Nobody's looking, so why should I stay?"),),
                screen=("11:04",),
            ),
            Shot(
                rules_park,
                "EXT. PARK – DAY",
                "In the sun, in front of a garden chair, he throws his arms up and laughs.",
                (("theo", "I decide what I do with my day. Not a timetable."),),
            ),
        ),
        "2025-06-09T11:10:00Z",
        (40110, 2210, 1500, 610000),
    ),
)
