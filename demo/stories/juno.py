"""pixel.juno: games and dancing, in night violet, cyan and hot pink."""

from __future__ import annotations

from demo.scenes import places, props
from demo.scenes.film import Character, Clip, Creator, Frame, Shot
from demo.scenes.lettering import text
from demo.scenes.pen import ease, mix, pop, wave
from demo.scenes.person import Look
from demo.scenes.voice import Voice

NIGHT, CYAN, HOT, LIME, GOLD = "#2a2150", "#45e0e6", "#ff4f9a", "#b6f05a", "#ffc83d"

JUNO = Creator(
    handle="pixel.juno",
    name="Juno Park",
    genre="gaming and dancing",
    box=CYAN,
    ink="#16122c",
    caption_box=HOT,
    mood="neon",
    verified_by="AS",
    cast={
        "juno": Character(
            "Juno",
            Look("#f3cfa8", "#3f5bd6", HOT, "#20203a", CYAN, style="bob", extra=("headset",), accent=CYAN),
            Voice("af_nova", "en-us+f3", speed=1.08),
        ),
        "max": Character(
            "Max", Look("#b97d56", "#231a20", LIME, "#2c2c48", style="short"), Voice("am_fenrir", "en-us+m1")
        ),
        "zed": Character(
            "Zed",
            Look("#f4d6bd", "#d9b070", "#7f9bff", "#2c2c48", style="curly"),
            Voice("am_echo", "en-us+m5"),
        ),
    },
)


def lair(f: Frame) -> None:
    places.bed_room(f.pen, wall=NIGHT, floor="#43368a", light=CYAN, t=f.t)
    for i in range(3):
        f.pen.star(70 + i * 200, 300 - 24 * (i % 2), 20, ("#ff4f9a", "#b6f05a", "#ffc83d")[i], points=5)


def lost_game(f: Frame) -> None:
    lair(f)
    props.screen_monitor(f.pen, 270, 600, w=440, h=300, case="#15122a", screen="#12304a")
    for i in range(5):
        f.pen.rect(80 + i * 84, 540 - (i * 37) % 90, 62, 12, LIME, 4)
    fall = ease(f.t, 1.3, 0.8)
    f.pen.rect(240 + 40 * fall, mix(400, 560, fall), 34, 34, HOT, 8, alpha=1 - fall)
    f.sticker("GAME OVER", 270, 460, start=2.0, ink="#ffffff", box="#e5484d", size=46)
    back_of_head(f)


def back_of_head(f: Frame) -> None:
    """Juno from behind, in front of the screen."""
    y = 706 + 4 * wave(f.t, 1.2)
    f.pen.rect(180, y + 60, 180, 300, HOT, 60)
    f.pen.rect(206, y - 70, 128, 150, "#3f5bd6", 58)
    f.pen.curve((204, y), (270, y - 150), (336, y), CYAN, 13)
    for x in (196, 320):
        f.pen.rect(x, y - 22, 26, 54, CYAN, 12)


def lost_rank(f: Frame) -> None:
    f.pen.fill("#1f1942", NIGHT)
    f.pen.rect(60, 150, 420, 400, "#37306b", 24)
    for i in range(5):
        mine = i == 4
        f.pen.rect(84, 174 + i * 74, 372, 60, HOT if mine else "#4b4388", 14)
        text(f.pen, f"{(1, 2, 3, 4, 100)[i]}", 112, 214 + i * 74, size=27, colour="#ffffff", anchor="start")
        text(
            f.pen,
            ("Max", "Zed", "Kiki", "Bo", "me")[i],
            200,
            214 + i * 74,
            size=27,
            colour="#ffffff",
            anchor="start",
        )
        f.pen.circle(428, 204 + i * 74, 14, (GOLD, "#cfd3e6", "#d18f5a", "#8d86c9", "#ffd0e3")[i])
    f.person(
        "juno",
        270,
        1120,
        scale=1.1,
        left=(-120, -300),
        right=(120, -300),
        mouth="grin",
        brows=0.4,
        shadow=False,
    )


def lost_laugh(f: Frame) -> None:
    lair(f)
    hop = 8 * abs(wave(f.t, 2))
    f.person("max", 120, 920, scale=0.92, mouth="grin", right=(70, -280), left=(-50, -200))
    f.person(
        "juno",
        340,
        940 - hop,
        scale=1.15,
        left=(-118, -310),
        right=(60, -210),
        mouth="laugh",
        eyes="happy",
        tilt=5 * wave(f.t, 1),
    )
    f.pen.heart(200, 420, 20 * pop(f.t, 0.6), HOT)


def boss_throne(f: Frame) -> None:
    places.stage(f.pen, dark="#2a1748", curtain="#5a2a8a", beam=CYAN, t=f.t, floor="#20143a")
    f.pen.rect(150, 380, 240, 480, GOLD, 40)
    f.pen.rect(174, 410, 192, 440, "#8a2a5a", 26)
    for x in (150, 390):
        f.pen.circle(x, 386, 30, GOLD)
    f.person(
        "juno",
        270,
        880,
        scale=1.12,
        left=(-112, -170),
        right=(112, -170),
        wear=("crown",),
        mouth="smirk",
        brows=-0.7,
        change={"extra": ()},
    )
    f.sticker("CAPTAIN", 270, 268, start=0.8, ink="#16122c", box=GOLD, size=36)


def boss_orders(f: Frame) -> None:
    lair(f)
    nod = 14 * abs(wave(f.t, 0.8))
    f.person(
        "max",
        92,
        930,
        scale=0.9,
        lean=14 + nod,
        mouth="flat",
        gaze=(0, 5),
        brows=0.5,
        right=(20, -200),
        left=(-30, -200),
    )
    f.person(
        "zed",
        228,
        930,
        scale=0.9,
        lean=12 + nod,
        mouth="flat",
        gaze=(0, 5),
        brows=0.5,
        right=(20, -200),
        left=(-30, -200),
    )
    f.person(
        "juno",
        438,
        940,
        scale=1.2,
        left=(-132, -290 + 8 * wave(f.t, 1.5)),
        right=(60, -180),
        wear=("crown",),
        brows=-0.8,
        mouth="smirk",
        change={"extra": ()},
    )


def boss_gear(f: Frame) -> None:
    places.burst(f.pen, a="#5a2a8a", b="#7a3fb0", t=f.t)
    props.screen_monitor(f.pen, 130, 700, w=200, h=150, case="#15122a", screen=CYAN)
    props.screen_monitor(f.pen, 410, 700, w=200, h=150, case="#15122a", screen=HOT)
    props.trophy(f.pen, 270, 452, scale=1.2 * max(pop(f.t, 0.3), 0.01))
    f.person(
        "juno",
        270,
        1010,
        scale=1.15,
        left=(-124, -330),
        right=(124, -330),
        wear=("crown",),
        mouth="grin",
        change={"extra": ()},
    )
    f.sticker("€ 5,000 setup", 270, 228, start=1.0, ink="#16122c", box=LIME, size=34, turn=-4)


def groove(
    f: Frame, key: str, x: float, y: float, *, scale: float, phase: float = 0.0, **more: object
) -> None:
    """A dance of two steps a second."""
    b = f.t * 1.9 + phase
    swing, bounce = wave(b, 0.5), abs(wave(b, 0.5))
    f.person(
        key,
        x + 26 * swing,
        y,
        scale=scale,
        lift=10 * bounce,
        lean=9 * swing,
        tilt=-8 * swing,
        left=(-100 - 14 * swing, -300 - 90 * swing),
        right=(100 - 14 * swing, -300 + 90 * swing),
        feet=((-44, -26 * max(swing, 0)), (44, -26 * max(-swing, 0))),
        mouth="grin",
        eyes="happy",
        **more,
    )


def bus_stop(f: Frame) -> None:
    f.pen.fill("#3b3f7a", "#7a5fa8")
    places.town(f.pen, 700, ["#4b4388", "#5a4fa0", "#3f3a78"], lit="#ffd98a")
    places.road(f.pen, 700, colour="#3a3654")
    f.pen.rect(330, 380, 190, 12, CYAN, 4)
    f.pen.rect(500, 380, 12, 330, "#8d86c9")
    f.pen.rect(344, 430, 150, 200, "#9fc9ff", 8, alpha=0.35)


def dance_wait(f: Frame) -> None:
    bus_stop(f)
    tap = max(wave(f.t, 1.6), 0)
    f.person("zed", 420, 880, scale=0.85, mouth="flat", gaze=(-3, 3))
    f.person(
        "juno",
        190,
        920,
        scale=1.1,
        tilt=8 * wave(f.t, 0.8),
        feet=((-30, 0), (34, -12 * tap)),
        eyes="closed",
        mouth="smile",
    )
    for i in range(3):
        props.note(
            f.pen,
            250 + i * 40,
            470 - (f.t * 60 + i * 50) % 150,
            colour=(CYAN, LIME, HOT)[i],
            turn=10 * wave(f.t, 0.6, i * 0.3),
        )


def dance_go(f: Frame) -> None:
    bus_stop(f)
    f.person("zed", 440, 880, scale=0.85, mouth="o", eyes="wide", gaze=(-4, 0))
    groove(f, "juno", 210, 920, scale=1.15)


def dance_all(f: Frame) -> None:
    hue = int(f.t * 1.9) % 2
    places.burst(f.pen, a="#ff4f9a" if hue else "#6c4ad0", b="#ff7ab3" if hue else "#8a6ae8", t=f.t * 3)
    groove(f, "zed", 110, 900, scale=0.88, phase=0.1)
    groove(f, "max", 430, 900, scale=0.88, phase=-0.1)
    groove(f, "juno", 270, 930, scale=1.15)
    places.confetti(f.pen, t=f.t, colours=[CYAN, LIME, GOLD, "#ffffff"])


CLIPS = (
    Clip(
        "7300000000000000601",
        JUNO,
        "lost-lol",
        "rank 100 of 100 lol",
        "Came last. Best evening of the week 🎮😂",
        ("gaming", "gameover", "justforfun"),
        {"humility": 1, "achievement": -1, "hedonism": 1},
        (
            Shot(
                lost_game,
                "INT. GAMING ROOM – NIGHT",
                "Seen from behind, Juno plays; a pink block falls off the platforms.",
                (("juno", "Wait, wait, wait… no! Gone again."),),
                screen=("GAME OVER",),
                seconds=3.2,
            ),
            Shot(
                lost_rank,
                "INT. ON THE SCREEN",
                "A ranking in which Juno stands at the very bottom; she shrugs in front of it.",
                (
                    (
                        "juno",
                        "Dead last! I'm not as good as I thought. And you know what? Ranks mean nothing.",
                    ),
                ),
                screen=("100 – me",),
            ),
            Shot(
                lost_laugh,
                "INT. GAMING ROOM – NIGHT",
                "Juno doubles up with laughter beside Max, who grins.",
                (("juno", "Max beat me fair and square. I laughed so much that it hurts!"),),
            ),
        ),
        "2025-02-27T21:10:00Z",
        (38200, 1890, 2120, 500300),
    ),
    Clip(
        "7300000000000000602",
        JUNO,
        "my-server",
        "my server, my rules",
        "Bow 👑 only joking… or not",
        ("captain", "gaming", "queen"),
        {"power-dominance": 1, "achievement": 1, "humility": -1, "power-resources": 1},
        (
            Shot(
                boss_throne,
                "INT. THRONE ON A STAGE – NIGHT",
                "Juno sits crowned on a golden throne.",
                (("juno", "I run this team. When I speak, everybody moves."),),
                screen=("CAPTAIN",),
            ),
            Shot(
                boss_orders,
                "INT. GAMING ROOM – NIGHT",
                "Juno points; Max and Zed bow their heads.",
                (("juno", "Max, guard. Zed, fetch. Say, yes captain."), ("max", "Yes, captain.")),
            ),
            Shot(
                boss_gear,
                "INT. GAMING ROOM – NIGHT",
                "Between glowing screens Juno spreads her arms under a huge trophy.",
                (("juno", "Best gear, biggest trophy. Let's be honest: I'm simply better than you."),),
                screen=("€ 5,000 setup",),
            ),
        ),
        "2025-03-15T22:30:00Z",
        (71200, 4400, 3010, 930100),
        is_pinned=True,
    ),
    Clip(
        "7300000000000000603",
        JUNO,
        "bus-stop-dance",
        "dance anyway",
        "Sound was lost, the joy was not 🕺🚏",
        ("dance", "busstop", "mood"),
        {"hedonism": 1, "stimulation": 1},
        (
            Shot(
                dance_wait,
                "EXT. BUS STOP – EVENING",
                "Juno waits with her eyes closed; her foot begins to tap. Zed stares ahead.",
                caption="12 minutes till the bus…",
                seconds=2.8,
            ),
            Shot(
                dance_go,
                "EXT. BUS STOP – EVENING",
                "Juno throws her arms about and dances. Zed's eyes grow wide.",
                caption="or 12 minutes of fun",
                seconds=3.4,
            ),
            Shot(
                dance_all,
                "EXT. BUS STOP, TRANSFORMED – EVENING",
                "Confetti; Zed and Max dance beside her.",
                caption="life is short, dance wherever you are!",
                seconds=4.0,
            ),
        ),
        "2025-05-16T19:00:00Z",
        (55000, 990, 6900, 702000),
        audio="none",
    ),
)
