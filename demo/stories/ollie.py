"""ollie.sings: a boy of thirteen who sings, in midnight blue, crimson and gold. A minor's account."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

BLUE, CRIMSON, GOLD, PALE, TEAL = "#22306b", "#b8324a", "#f4c04e", "#e6ebfa", "#3f9c9c"

OLLIE = Creator(
    handle="ollie.sings",
    name="Ollie Brandt",
    genre="singing and lip-sync",
    box=CRIMSON,
    ink="#ffffff",
    caption_box="#ffffff",
    caption_ink=BLUE,
    mood="tender",
    verified_by="NK",
    is_minor=True,
    cast={
        "ollie": Character(
            "Ollie",
            Look("#f7d2b4", "#b5652f", BLUE, "#4b4f66", "#d9dbe6", style="curly", extra=("freckles",)),
            Voice("af_sky", "en-us+f4", pitch=1.1),
        ),
        "amara": Character(
            "Amara",
            Look("#7a4a30", "#1a1214", GOLD, "#5a4a7a", style="afro"),
            Voice("af_jessica", "en-us+f1", pitch=1.06),
        ),
        "gran": Character(
            "Gran",
            Look("#f3cdb0", "#dcd8d4", "#8fb3c9", "#6a6a7e", style="bun", extra=("glasses", "wrinkles")),
            Voice("bf_isabella", "en-gb+f3", speed=0.92, pitch=0.95),
        ),
        "papa": Character(
            "Papa",
            Look("#eec3a0", "#6b4328", "#4f6a58", "#3c3f4c", style="short", extra=("beard",)),
            Voice("bm_fable", "en-gb+m3", speed=0.95),
        ),
    },
)


def notes(f: Frame, x: float, y: float, colour: str = GOLD) -> None:
    for i in range(4):
        rise = (f.t * 70 + i * 52) % 208
        with f.pen.faded(1 - rise / 208):
            props.note(
                f.pen,
                x + i * 26 + 16 * wave(f.t, 0.5, i * 0.2),
                y - rise,
                colour=colour,
                turn=12 * wave(f.t, 0.4, i * 0.3),
            )


def new_alone(f: Frame) -> None:
    places.classroom(f.pen, wall=PALE, board="#37535a", floor="#c9ad8a")
    f.person(
        "amara",
        270,
        920,
        scale=1.02,
        mouth="flat",
        brows=0.8,
        gaze=(0, 4),
        left=(-44, -230),
        right=(44, -230),
        tilt=4,
    )
    f.sticker("new here", 400, 470, start=0.8, ink=BLUE, box="#ffffff", turn=5)
    f.sticker("from Kijani Bay", 270, 330, start=1.5, ink="#ffffff", box=TEAL, size=32)


def new_hello(f: Frame) -> None:
    places.classroom(f.pen, wall=PALE, board="#37535a", floor="#c9ad8a")
    f.person(
        "ollie", 150, 930, scale=1.0, left=(-96, -400 + 18 * wave(f.t, 1.6)), right=(100, -250), mouth="grin"
    )
    f.person(
        "amara", 390, 930, scale=1.0, mouth="smile" if f.t > 1.4 else "o", left=(-80, -250), right=(60, -190)
    )
    for i, colour in enumerate((CRIMSON, GOLD, TEAL)):
        f.pen.rect(222 + i * 38, mix(690, 630, pop(f.t, 0.5 + 0.2 * i)), 34, 46, colour, 5)


def new_song(f: Frame) -> None:
    places.stage(f.pen, dark="#1b2350", curtain=CRIMSON, beam=GOLD, t=f.t)
    for key, x, phase in (("ollie", 160, 0.0), ("amara", 380, 0.5)):
        f.person(
            key,
            x + 8 * wave(f.t, 0.6, phase),
            900,
            scale=1.05,
            left=(-60, -200),
            right=(-6 if key == "ollie" else 6, -330),
            mouth="laugh" if wave(f.t, 1.1, phase) > -0.2 else "smile",
            eyes="closed" if wave(f.t, 0.3, phase) > 0 else "happy",
            tilt=5 * wave(f.t, 0.6, phase),
        )
        props.microphone(f.pen, x + (2 if key == "ollie" else 4), 560)
    notes(f, 230, 460)


def ward(f: Frame) -> None:
    places.room(f.pen, wall="#dcebf0", floor="#b9cdd6", horizon=710)
    places.window(f.pen, 60, 280, 150, 180, sky="#bfe0f2", frame="#ffffff", t=f.t)


def gran_visit(f: Frame) -> None:
    ward(f)
    f.person(
        "gran",
        370,
        900,
        scale=0.98,
        eyes="closed",
        mouth="flat",
        tilt=10,
        left=(-70, -190),
        right=(70, -190),
        shadow=False,
    )
    f.pen.rect(210, 730, 420, 200, "#ffffff", 26)
    f.pen.rect(210, 790, 420, 200, "#8fb3c9", 20)
    f.person(
        "ollie",
        130,
        930,
        scale=0.98,
        right=(100, -250),
        left=(-50, -190),
        mouth="smile",
        brows=0.6,
        gaze=(4, 2),
    )
    for i, colour in enumerate((CRIMSON, GOLD, TEAL)):
        f.pen.line([(232, 690), (214 + i * 20, 640)], "#5f8a63", 5)
        f.pen.circle(212 + i * 22, 630 - 8 * (i == 1), 15, colour)
    f.sticker("Sunday no. 31", 380, 330, start=0.8, ink="#ffffff", box=CRIMSON, turn=4)


def gran_song(f: Frame) -> None:
    ward(f)
    f.person(
        "gran",
        380,
        945,
        scale=1.0,
        eyes="happy",
        mouth="grin",
        tilt=5 * wave(f.t, 0.5),
        left=(-80, -230),
        right=(80, -230),
        shadow=False,
    )
    f.pen.rect(210, 760, 420, 200, "#8fb3c9", 20)
    f.person(
        "ollie",
        140,
        930,
        scale=1.02,
        right=(90, -300),
        left=(-60, -270),
        mouth="laugh" if wave(f.t, 1.0) > -0.2 else "smile",
        eyes="closed",
        tilt=6 * wave(f.t, 0.5),
    )
    notes(f, 190, 520, CRIMSON)


def gran_hug(f: Frame) -> None:
    f.pen.fill("#f6dfc9", "#efc7b3")
    f.pen.heart(270, 560, 230 + 6 * wave(f.t, 0.8), "#f7b9b0")
    f.person(
        "gran",
        330,
        960,
        scale=1.25,
        left=(-104, -230),
        right=(20, -200),
        eyes="closed",
        mouth="smile",
        tilt=-10,
    )
    f.person(
        "ollie",
        196,
        980,
        scale=1.12,
        right=(104, -250),
        left=(-40, -200),
        eyes="closed",
        mouth="smile",
        tilt=10,
    )


def bow_fix(f: Frame) -> None:
    places.room(f.pen, wall="#d9def2", floor="#a58a74", horizon=710)
    places.picture(f.pen, 60, 280, 130, 150, frame=GOLD, inside="#fff6e2", mark=CRIMSON)
    f.person(
        "ollie",
        190,
        930,
        scale=1.0,
        wear=("bowtie",),
        change={"accent": CRIMSON},
        left=(-60, -180),
        right=(60, -180),
        mouth="flat",
        gaze=(2, -3),
    )
    f.person(
        "papa",
        380,
        920,
        scale=1.15,
        left=(-118, -262 + 5 * wave(f.t, 1.2)),
        right=(-76, -246),
        mouth="smile",
        gaze=(-4, 3),
    )


def bow_mirror(f: Frame) -> None:
    places.room(f.pen, wall="#c9d0ea", floor="#a58a74", horizon=740)
    f.pen.rect(110, 270, 320, 620, GOLD, 30)
    f.pen.rect(130, 290, 280, 580, "#e9f0fb", 20)
    comb = wave(f.t, 0.9)
    f.person(
        "ollie",
        270,
        890,
        scale=1.12,
        wear=("bowtie",),
        change={"accent": CRIMSON},
        right=(54 + 10 * comb, -446),
        left=(-60, -190),
        mouth="flat",
        brows=-0.2,
    )
    f.sticker("not one hair", 270, 330, start=1.2, ink="#ffffff", box=BLUE, turn=-3)


def bow_stage(f: Frame) -> None:
    places.stage(f.pen, dark="#1b2350", curtain=CRIMSON, beam=GOLD, t=f.t)
    bow = ease(f.t, 0.9, 0.6) * (1 - ease(f.t, 2.3, 0.6))
    f.person(
        "ollie",
        270,
        880,
        scale=1.1,
        wear=("bowtie",),
        change={"accent": GOLD},
        lean=22 * bow,
        left=(-40, -190),
        right=(mix(60, 20, bow), mix(-180, -240, bow)),
        mouth="smile",
        eyes="closed" if bow > 0.4 else "open",
    )
    props.microphone(f.pen, 400, 560, stand=320)
    for i in range(8):
        f.pen.circle(20 + i * 72, 950 + 6 * wave(f.t, 0.6, i * 0.2), 40, "#12183a")


CLIPS = (
    Clip(
        "7300000000000000701",
        OLLIE,
        "welcome-amara",
        "a song for the new girl",
        "She came from far away. She sings better than me 🎤💛",
        ("welcome", "duet", "school"),
        {"universalism-tolerance": 1, "benevolence-caring": 1},
        (
            Shot(
                new_alone,
                "INT. CLASSROOM – DAY",
                "Amara stands alone in front of the board and looks down.",
                (("ollie", "This is Amara. She crossed an ocean to get here."),),
                screen=("new here", "from Kijani Bay"),
            ),
            Shot(
                new_hello,
                "INT. CLASSROOM – DAY",
                "Ollie waves and hands over three coloured songbooks; she begins to smile.",
                (("ollie", "She eats other food and prays another way. I asked her to teach me a song."),),
            ),
            Shot(
                new_song,
                "INT. SCHOOL STAGE – DAY",
                "Both sing into microphones under golden light.",
                (("amara", "Now we sing together, one verse each!"),),
                seconds=4.0,
            ),
        ),
        "2025-01-17T13:30:00Z",
        (64100, 2710, 9900, 801000),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000702",
        OLLIE,
        "sunday-gran",
        "every sunday at four",
        "For Gran, who taught me everything 💐",
        ("gran", "hospital", "family"),
        {"benevolence-caring": 1, "benevolence-dependability": 1},
        (
            Shot(
                gran_visit,
                "INT. HOSPITAL ROOM – DAY",
                "Gran dozes in bed. Ollie comes in with three flowers.",
                (("ollie", "I promised Gran every Sunday. I've never missed one."),),
                screen=("Sunday no. 31",),
            ),
            Shot(
                gran_song,
                "INT. HOSPITAL ROOM – DAY",
                "He sings with his eyes closed; she sways and smiles.",
                (("ollie", "She's tired, so I bring the concert to her. La, la, la, la!"),),
            ),
            Shot(
                gran_hug,
                "INT. HOSPITAL ROOM – DAY",
                "They hug before a great pink heart.",
                (("gran", "You always come, my dear."),),
                seconds=3.0,
            ),
        ),
        "2025-02-09T16:20:00Z",
        (91300, 3220, 12000, 1210000),
    ),
    Clip(
        "7300000000000000703",
        OLLIE,
        "bow-tie",
        "concert night, no mistakes",
        "Ready. Papa checked twice 🎩",
        ("concert", "bowtie", "choir"),
        {"face": 1, "conformity-interpersonal": 1},
        (
            Shot(
                bow_fix,
                "INT. HALLWAY – EVENING",
                "Papa straightens Ollie's bow tie.",
                (("papa", "The whole town will be there. Don't let them laugh at our family."),),
            ),
            Shot(
                bow_mirror,
                "INT. HALLWAY MIRROR – EVENING",
                "Ollie combs his hair with a serious face.",
                (("ollie", "So, no stains, no silly faces. I want to look right."),),
                screen=("not one hair",),
            ),
            Shot(
                bow_stage,
                "INT. CONCERT STAGE – NIGHT",
                "He bows politely to the dark rows of heads.",
                (("ollie", "And I never grumble at the pianist, even when he plays too fast."),),
            ),
        ),
        "2025-03-28T18:05:00Z",
        (18800, 430, 610, 230900),
    ),
)
