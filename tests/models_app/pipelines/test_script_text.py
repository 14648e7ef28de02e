"""What was seen and heard, in the form of a script."""

from models_app.pipelines.base import SegmentKind
from models_app.pipelines.captions import Caption
from models_app.pipelines.script_text import Seen, SoundReport, script_of, stretches_without_speech, written
from models_app.pipelines.speech import Utterance, Word

HELLO = Utterance((Word(" Hello", 1.0, 1.4), Word(" there.", 1.5, 2.0)))


def test_a_script_has_its_parts_in_the_order_of_time_in_the_form_of_the_study():
    seen = Seen([0.0, 4.0], [Caption("GAME OVER", 4.0, 6.0), Caption("part 1", 0.0, 2.0)])
    sound = SoundReport("speech", language="en", stretches=[(2.5, 6.0)])
    draft = script_of(seen, [HELLO], sound, seconds=8)
    assert draft.text.split("\n\n") == [
        "Sound: speech, in English.",
        "SCENE 1",
        "[part 1]",
        'SPEAKER: "Hello there."',
        "(Music or other sound.)",
        "SCENE 2",
        "[GAME OVER]",
    ]
    assert [written(part) for part in draft.segments] == draft.text.split("\n\n")[1:]


def test_parts_are_timed_in_milliseconds():
    draft = script_of(Seen([0.0, 4.0], []), [HELLO], SoundReport("speech"), seconds=8)
    assert [(part.kind, part.start_ms, part.end_ms) for part in draft.segments] == [
        (SegmentKind.SCENE, 0, 4000),
        (SegmentKind.SPEECH, 1000, 2000),
        (SegmentKind.SCENE, 4000, 8000),
    ]


def test_sound_without_a_picture_says_so():
    draft = script_of(None, [HELLO], SoundReport("speech", language="de"), seconds=3)
    assert draft.text == 'Sound: speech, in German.\n\nThere is no picture.\n\nSPEAKER: "Hello there."'


def test_a_silent_still_picture_says_so():
    draft = script_of(Seen([0.0], [], is_still=True), [], SoundReport("silent"), seconds=3)
    assert draft.text == "Sound: none.\n\nSCENE 1\n\nA still picture."


def test_what_is_heard_between_the_words_is_told_when_it_lasts():
    audible = [True] * 60 + [False] * 20 + [True] * 10
    assert stretches_without_speech(audible, [HELLO], window=0.1) == [(2.1, 6.0)]
