"""tamar.on.the.way: a traveller's vlog, in sky blue, orange and sand; one clip is captioned in Hebrew."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.lettering import text
from demo.scenes.pen import ease, mix, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

SKY, ORANGE, SAND, NAVY, GREEN = "#8fd3e8", "#f2813a", "#f3dcae", "#1f3a5f", "#2f7f6a"

TAMAR = Creator(
    handle="tamar.on.the.way",
    name="Tamar Levin",
    genre="vlogging",
    box=ORANGE,
    ink="#ffffff",
    caption_box="#ffffff",
    caption_ink=NAVY,
    mood="bright",
    nominated_by="language model",
    verified_by="RB",
    cast={
        "tamar": Character(
            "Tamar",
            Look("#dba57c", "#3d2622", ORANGE, NAVY, "#f7efe0", style="ponytail"),
            Voice("af_sarah", "en-us+f2", speed=1.05),
        ),
        "gil": Character(
            "Gil",
            Look("#c68f66", "#2b211f", SKY, "#7a6a4f", style="short", extra=("beard",)),
            Voice("am_michael", "en-us+m2"),
        ),
    },
)


def shore(f: Frame) -> None:
    places.outdoors(f.pen, sky="#a9e0f0", low="#e9f7f4", ground="#3aa6b9", t=f.t, horizon=470)
    places.sea(f.pen, t=f.t)


def litter(f: Frame, *, left: float) -> None:
    """Cups and bottles on the sand, of which this share is still there."""
    for i in range(9):
        if i / 9 < left:
            x, y = 50 + (i * 173) % 450, 720 + (i * 67) % 190
            with f.pen.at(x, y, turn=(i * 53) % 90 - 45):
                if i % 3 == 0:
                    f.pen.poly([(-15, -22), (15, -22), (11, 22), (-11, 22)], "#ffffff", soft=4)
                    f.pen.rect(-17, -27, 34, 9, "#d9483b", 4)
                elif i % 3 == 1:
                    f.pen.rect(-11, -24, 22, 50, "#74c3a5", 8)
                    f.pen.rect(-6, -36, 12, 14, NAVY, 3)
                else:
                    f.pen.rect(-18, -12, 36, 24, "#8a8f9c", 5)
                    f.pen.rect(-18, -12, 36, 7, "#e6c04a", 3)


def beach_before(f: Frame) -> None:
    shore(f)
    litter(f, left=1)
    f.person(
        "tamar",
        270,
        900,
        scale=1.0,
        left=(-60, -180),
        right=(60, -180),
        mouth="sad",
        brows=0.8,
        gaze=(0, 5),
        tilt=5 * wave(f.t, 0.3),
    )


def beach_pick(f: Frame) -> None:
    shore(f)
    litter(f, left=1 - f.u * 0.9)
    dip = abs(wave(f.t, 0.55))
    f.person(
        "gil",
        400,
        860,
        scale=0.9,
        lean=-20 * dip,
        left=(-110, -160 + 60 * dip),
        right=(60, -190),
        mouth="smile",
    )
    f.person(
        "tamar",
        170,
        930,
        scale=1.0,
        lean=24 * dip,
        right=(112, -160 + 60 * dip),
        left=(-50, -200),
        mouth="smile",
    )
    props.rubbish_sack(f.pen, 300, 930, full=f.u)


def beach_after(f: Frame) -> None:
    shore(f)
    for i, x in enumerate((64, 170, 476)):
        props.rubbish_sack(f.pen, x, 752 - 14 * (i % 2), full=0.4, colour=(GREEN, NAVY, GREEN)[i])
    f.person(
        "tamar",
        300,
        930,
        scale=1.08,
        left=(-108, -400),
        right=(108, -400 + 10 * wave(f.t, 1.2)),
        mouth="grin",
        eyes="happy",
    )
    with f.pen.at(110 + 60 * f.u, 560 + 6 * wave(f.t, 0.5)):
        f.pen.oval(0, 0, 40, 25, GREEN)
        f.pen.circle(48, -4, 13, "#7fb58f")
        f.pen.circle(53, -7, 2.6, NAVY)
        for dx in (-26, 22):
            f.pen.oval(dx, 22, 13, 7, "#7fb58f")


def tour_bus(f: Frame) -> None:
    places.outdoors(f.pen, sky=SKY, low="#eaf6f2", ground="#cdb98a", t=f.t, horizon=600)
    places.hills(f.pen, 540, ("#8fbf9a", "#a9cf9f"))
    places.road(f.pen, 700, offset=0)
    f.pen.rect(-50, 420, 400, 320, "#ffffff", 26)
    f.pen.rect(-50, 600, 400, 60, ORANGE)
    for i in range(3):
        f.pen.rect(-20 + i * 84, 456, 70, 96, "#b9e0ec", 10)
        f.pen.circle(15 + i * 84, 524, 26, "#8a8f9c")
    f.pen.rect(256, 470, 74, 250, "#5f6b7c", 10)
    for x in (50, 260):
        f.pen.circle(x, 744, 44, "#2b2f38")
        f.pen.circle(x, 744, 18, "#a7abb8")
    u = ease(f.t, 0.5, 1.2)
    step = wave(f.t, 1.6) * (0.4 < f.t < 1.9)
    f.person(
        "tamar",
        mix(300, 385, u),
        mix(850, 920, u),
        scale=1.0,
        right=(100, -370),
        left=(-50, -200),
        mouth="grin",
        feet=((-30, -18 * max(step, 0)), (30, -18 * max(-step, 0))),
        flip=False,
    )


def tour_fork(f: Frame) -> None:
    places.outdoors(f.pen, sky=SKY, low="#eaf6f2", ground="#a9cf9f", t=f.t, horizon=560)
    places.hills(f.pen, 520, ("#7fb08c", "#96c29a"))
    f.pen.poly(
        [
            (230, 1000),
            (310, 1000),
            (296, 760),
            (520, 580),
            (480, 580),
            (270, 730),
            (60, 580),
            (20, 580),
            (244, 760),
        ],
        SAND,
        soft=26,
    )
    f.pen.rect(262, 420, 14, 300, "#8a5f43", 5)
    f.pen.poly([(120, 430), (262, 430), (262, 486), (120, 486), (92, 458)], "#b9b3a8", soft=5)
    f.pen.poly([(276, 500), (418, 500), (446, 528), (418, 556), (276, 556)], ORANGE, soft=5)
    text(f.pen, "everyone", 186, 468, size=27, colour="#5c5850")
    text(f.pen, "me", 344, 538, size=30, colour="#ffffff")
    f.person(
        "tamar", 112, 935, scale=0.92, right=(104, -360), left=(-60, -190), mouth="grin", wear=("scarf",)
    )


def tour_top(f: Frame) -> None:
    places.outdoors(f.pen, sky="#f7b27a", low="#fde7c4", ground="#c9876a", t=f.t, horizon=760, sun="#fff0c0")
    places.hills(f.pen, 700, ("#d98f6a", "#b9745a"))
    f.pen.blob("M-40 1100 L110 800 L230 730 L340 736 L460 830 L620 1100 Z", "#7a5566")
    f.person(
        "tamar",
        280,
        745,
        scale=0.95,
        left=(-122, -360),
        right=(122, -360 + 12 * wave(f.t, 0.8)),
        mouth="laugh",
        eyes="happy",
        wear=("scarf",),
    )
    for i in range(3):
        x, y = 40 + i * 50 + f.t * 14, 330 - i * 30
        f.pen.curve((x - 18, y - 6 * wave(f.t, 1.4, i * 0.3)), (x - 6, y + 4), (x, y), NAVY, 4)
        f.pen.curve((x + 18, y - 6 * wave(f.t, 1.4, i * 0.3)), (x + 6, y + 4), (x, y), NAVY, 4)


def bike_forgot(f: Frame) -> None:
    f.pen.fill("#cfeaf2", "#eaf6f2")
    places.town(f.pen, 690, ["#f0b98a", "#9fd0d8", "#f3dcae"])
    places.road(f.pen, 690)
    props.bicycle(f.pen, 330, 900, t=0, colour=NAVY)
    f.person(
        "tamar",
        150,
        910,
        scale=1.05,
        right=(108, -240),
        left=(-30, -380),
        mouth="o",
        eyes="wide",
        brows=0.8,
        tilt=-5,
    )
    f.sticker("wait…", 330, 440, start=0.6, ink=NAVY, box="#ffffff", size=38, turn=4)


def bike_helmet(f: Frame) -> None:
    places.burst(f.pen, a="#9fdcea", b="#bfe9f2", t=f.t)
    on = ease(f.t, 0.7, 0.5)
    f.person(
        "tamar",
        270,
        1010,
        scale=1.55,
        left=(-64, mix(-500, -440, on)),
        right=(64, mix(-500, -440, on)),
        wear=("helmet",) if on == 1 else (),
        change={"accent": ORANGE},
        mouth="smile",
        eyes="happy" if on == 1 else "open",
    )
    if on < 1:
        with f.pen.at(270, mix(170, 402, on), scale=1.55):
            f.pen.blob("M-68 -14 C-72 -100 72 -100 68 -14 C40 -30 -40 -30 -68 -14 Z", ORANGE)
    f.sticker("click!", 420, 560, start=1.5, ink="#ffffff", box=GREEN, size=40, turn=8)


def bike_light(f: Frame) -> None:
    f.pen.fill("#cfeaf2", "#eaf6f2")
    go = ease(f.t, 1.9, 1.0)
    places.town(f.pen, 690, ["#f0b98a", "#9fd0d8", "#f3dcae"], offset=-120 * go)
    places.road(f.pen, 690, offset=-400 * go)
    f.pen.rect(440, 330, 16, 370, "#4a5160")
    f.pen.rect(404, 310, 88, 210, "#3a404c", 22)
    green = f.t > 1.7
    f.pen.circle(448, 362, 25, "#e5484d" if not green else "#5c3a40")
    f.pen.circle(448, 415, 25, "#5a5440")
    f.pen.circle(448, 468, 25, "#4fd08a" if green else "#37524a")
    x = mix(210, 300, go)
    f.person(
        "tamar",
        x - 16,
        890,
        scale=0.98,
        lean=8,
        right=(104, -190),
        left=(84, -180),
        feet=((-26, -30 - 22 * wave(f.t, 1.2) * go), (34, -30 + 22 * wave(f.t, 1.2) * go)),
        wear=("helmet",),
        change={"accent": ORANGE},
        mouth="smile",
        shadow=False,
        lift=24,
    )
    props.bicycle(f.pen, x, 910, t=f.t * go, colour=NAVY)


CLIPS = (
    Clip(
        "7300000000000000501",
        TAMAR,
        "beach-hebrew",
        "בוקר בחוף הנקי",
        "שעה אחת, שלושה שקים 🌊🐢",
        ("ניקיוןחופים", "ים", "טבע"),
        {"universalism-nature": 1, "benevolence-dependability": 1},
        (
            Shot(
                beach_before,
                "EXT. BEACH – MORNING",
                "Tamar stands among cups, bottles and cans on the sand, her face sad.",
                caption="הים לא אמור להיראות ככה",
                seconds=3.4,
            ),
            Shot(
                beach_pick,
                "EXT. BEACH – MORNING",
                "Tamar and Gil bend down again and again; the sack between them swells.",
                caption="גיל ואני הבטחנו לבוא בכל שבוע, ובאנו",
                seconds=4.6,
            ),
            Shot(
                beach_after,
                "EXT. BEACH – MORNING",
                "Clean sand, three full sacks, a turtle. Tamar cheers.",
                caption="עכשיו הצבים יכולים לחזור הביתה",
                seconds=4.0,
            ),
        ),
        "2025-04-18T08:00:00Z",
        (22140, 650, 2800, 301000),
        audio="music",
    ),
    Clip(
        "7300000000000000502",
        TAMAR,
        "off-the-tour",
        "I left the tour bus",
        "Nobody tells me where to turn 🗺️🧡",
        ("solotravel", "adventure"),
        {"self-direction-action": 1, "stimulation": 1},
        (
            Shot(
                tour_bus,
                "EXT. COUNTRY ROAD – DAY",
                "Tamar hops off a tour bus with passengers at its windows, and waves.",
                (("tamar", "Ten stops, ten minutes each. No thanks. I'm getting off."),),
            ),
            Shot(
                tour_fork,
                "EXT. FORK IN THE PATH – DAY",
                "A signpost points one way for everyone and the other way for me.",
                (("tamar", "From here, I choose my own way."),),
                screen=("everyone", "me"),
            ),
            Shot(
                tour_top,
                "EXT. MOUNTAIN TOP – SUNSET",
                "On a rock above the valley Tamar throws up her arms and laughs.",
                (("tamar", "I had no idea what was up here. That's the whole thrill!"),),
            ),
        ),
        "2025-05-03T17:55:00Z",
        (44800, 1207, 5010, 588000),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000503",
        TAMAR,
        "helmet-first",
        "helmet. every. time.",
        "Watch without sound, you'll get it 🚲🟢",
        ("bikelife", "safety"),
        {"security-personal": 1, "conformity-rules": 1},
        (
            Shot(
                bike_forgot,
                "EXT. STREET – DAY",
                "Tamar, a hand on her bicycle, stops short and touches her bare head.",
                caption="Almost rode off without it",
                seconds=3.0,
                screen=("wait…",),
            ),
            Shot(
                bike_helmet,
                "EXT. STREET – DAY",
                "She lowers an orange helmet onto her head and smiles.",
                caption="I want to get home in one piece",
                seconds=3.4,
                screen=("click!",),
            ),
            Shot(
                bike_light,
                "EXT. STREET – DAY",
                "She waits at the red light with an empty road ahead, and rides when it turns green.",
                caption="Red means stop, even when nobody is watching",
                seconds=4.2,
            ),
        ),
        "2025-05-22T06:50:00Z",
        (9020, 210, 640, 131000),
        audio="silent",
    ),
)
