"""Scripts as models write them: freed of chat, read line by line, kept word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.clients.base import Finish, Reply
from models_app.pipelines.base import SegmentKind
from models_app.pipelines.llm.answers import UnreadableAnswerError
from models_app.pipelines.llm.script_answers import freed, read_script

SCRIPT = """\
Genre: sketch comedy
Sound: speech, in English

SCENE 1 (0:00) A HALLWAY WITH COATS ON HOOKS

(A door slams.)

BOY WITH A BACKPACK comes in without looking up: his jaw is set. (0:02)

[when they read the marks out loud] [pt. 2]

BOY WITH A BACKPACK (quietly): "It went “fine”." (0:03-0:05)

SCENE 2 (0:09) THE KITCHEN

(She nods.)

ילדה: "שלום 🙂 <b>"
"""


def read(text, **options):
    return read_script(Reply(text), **options)


def parts(text, **options):
    return [
        (str(part.kind), part.speaker, part.text, part.start_ms, part.end_ms)
        for part in read(text, **options).segments
    ]


def test_script_in_the_form_asked_for_is_read_whole():
    draft = read(SCRIPT)
    assert draft.text == SCRIPT.strip()
    assert draft.facts == {"genre": "sketch comedy", "sound": "speech"}
    assert parts(SCRIPT) == [
        ("scene", "", "SCENE 1 A HALLWAY WITH COATS ON HOOKS", 0, 9000),
        ("sound", "", "A door slams.", None, None),
        (
            "action",
            "",
            "BOY WITH A BACKPACK comes in without looking up: his jaw is set.",
            2000,
            None,
        ),
        ("caption", "", "when they read the marks out loud", None, None),
        ("caption", "", "pt. 2", None, None),
        ("speech", "BOY WITH A BACKPACK", "It went “fine”.", 3000, 5000),
        ("scene", "", "SCENE 2 THE KITCHEN", 9000, None),
        ("action", "", "She nods.", None, None),
        ("speech", "ילדה", "שלום 🙂 <b>", None, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + SCRIPT + "```",
        "```text\n" + SCRIPT + "\n```",
        "Sure! Here's a movie script of the given TikTok video:\n\n" + SCRIPT + "\nHope that helps!",
        "**Here is the script:**\n" + SCRIPT,
        "Certainly!\n\nBelow is the screenplay of the video.\n\n```\n" + SCRIPT + "```\nI hope this helps.",
        SCRIPT + "\n\nLet me know if you need anything else.",
        SCRIPT.replace("\n", "\r\n"),
        "\ufeff" + SCRIPT,
        "\n\n" + SCRIPT + "\n\n",
    ],
)
def test_chat_and_fences_around_a_script_are_taken_away(text):
    assert read(text).text == SCRIPT.strip()


def test_lines_that_only_look_like_chat_stay():
    text = 'GIRL: "Hope that helps."\nSure, she nods.\n[Let me know]\nGIRL: "Here is the script:"'
    assert freed(text) == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('**YOUNG GIRL:** "Wow!"', ("speech", "YOUNG GIRL", "Wow!")),
        ('**YOUNG GIRL**: "Wow!"', ("speech", "YOUNG GIRL", "Wow!")),
        ("NARRATOR: And then it rained.", ("speech", "NARRATOR", "And then it rained.")),
        ('GIRL (V.O.): (laughing) "No!"', ("speech", "GIRL", "No!")),
        ("GIRL: “No!”", ("speech", "GIRL", "No!")),
        ("She sees it: the sea.", ("action", "", "She sees it: the sea.")),
        ("## SCENE 3: THE BEACH", ("scene", "", "SCENE 3: THE BEACH")),
        ("**INT. CAR - NIGHT**", ("scene", "", "INT. CAR - NIGHT")),
        ("(Slow piano music.)", ("sound", "", "Slow piano music.")),
        ("*[SALE]*", ("caption", "", "SALE")),
        ("A sign [SALE] hangs there.", ("action", "", "A sign [SALE] hangs there.")),
    ],
)
def test_line_is_told_by_its_form(line, expected):
    assert [part[:3] for part in parts(line)] == [expected]


def test_name_on_a_line_of_its_own_speaks_the_next():
    assert parts('(0:04) OLD MAN\n"Come in."\n\nBLACK SCREEN') == [
        ("speech", "OLD MAN", "Come in.", 4000, None),
        ("action", "", "BLACK SCREEN", None, None),
    ]


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("(0:07) She leaves.", 7000, None),
        ("[0:07] She leaves.", 7000, None),
        ("0:07 She leaves.", 7000, None),
        ("(0:07–0:09) She leaves.", 7000, 9000),
        ("0:07 - 0:09 She leaves.", 7000, 9000),
        ("She leaves. (0:07)", 7000, None),
        ("(0:09-0:07) She leaves.", 9000, None),
        ("(9:59) She leaves.", None, None),
    ],
)
def test_time_is_read_and_one_behind_the_end_is_dropped(line, start, end):
    assert parts(line, duration_ms=10_000) == [("action", "", "She leaves.", start, end)]


def test_time_within_a_line_stays():
    assert parts("At (0:07) she leaves.") == [("action", "", "At (0:07) she leaves.", None, None)]


@pytest.mark.parametrize(
    ("line", "sound"),
    [
        ("speech, in Hebrew", "speech"),
        ("**Speech**", "speech"),
        ("music or other sound, no speech", "other"),
        ('"music or other sound, no speech"', "other"),
        ('"speech", in Hebrew', "speech"),
        ("“none”", "silent"),
        ("speechless dance to a song", None),
        ("No speech", "other"),
        ("none", "silent"),
        ("No sound.", "silent"),
        ("perhaps", None),
    ],
)
def test_sound_is_told_in_the_words_of_local_script(line, sound):
    assert read(f"Sound: {line}\n\nShe leaves.").facts.get("sound") == sound


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "```\n```",
        "Sure! Here is the script:",
        "Genre: comedy\nSound: none",
        "I'm sorry, but I can't help with that.",
        "I cannot describe this video, as it shows a minor.",
        "As an AI model I am not able to watch videos.",
        "Unfortunately, I don't see a video.",
    ],
)
def test_answer_without_a_script_is_refused(text):
    with pytest.raises(UnreadableAnswerError):
        read(text)


def test_speech_that_sounds_like_a_refusal_is_a_script():
    assert read("GIRL: \"I'm sorry, but I can't.\"").segments[0].kind == SegmentKind.SPEECH


def test_script_that_was_cut_is_no_script():
    with pytest.raises(UnreadableAnswerError, match="breaks off"):
        read_script(Reply(SCRIPT, finish=Finish.CUT))


@given(text=st.text(max_size=400))
def test_any_text_is_kept_or_refused(text):
    try:
        draft = read("[x]\n" + text + "\n[y]")
    except UnreadableAnswerError:
        return
    kept = text.replace("\r\n", "\n")
    assert draft.text in (f"[x]\n{kept}\n[y]", freed(f"[x]\n{kept}\n[y]"))
    assert all(part.text for part in draft.segments)


@given(said=st.text(alphabet=st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60))
def test_speech_in_any_script_passes_unharmed(said):
    draft = read(f'GIRL: "{said}"\nShe nods.')
    assert draft.text == f'GIRL: "{said}"\nShe nods.'


def test_emoji_alone_are_a_script():
    assert parts("[🙂]") == [("caption", "", "🙂", None, None)]


def test_line_that_holds_nothing_is_no_part():
    assert parts('GIRL: ""\n()\nShe nods.') == [("action", "", "She nods.", None, None)]
