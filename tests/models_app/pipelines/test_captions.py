"""From lines in single frames to captions with a beginning and an end."""

import pytest

from models_app.pipelines.boxes import Box
from models_app.pipelines.captions import Caption, CaptionTracker, is_noise, without_subtitles
from models_app.pipelines.lettering import Line
from models_app.pipelines.speech import Utterance, Word


def line(text: str, *, top: float = 0.2, left: float = 0.2, right: float = 0.8, score: float = 0.99) -> Line:
    return Line(text, score, Box(left, top, right, top + 0.05))


def captions_of(*frames: list[Line]) -> list[Caption]:
    """One frame a second, in the middle of it."""
    tracker = CaptionTracker()
    for number, lines in enumerate(frames):
        tracker.add(lines, seconds=number + 0.5)
    return tracker.captions(seconds=float(len(frames)))


def test_a_caption_lasts_from_between_samples_to_between_samples():
    found = captions_of([], [line("wait for it")], [line("wait for it")], [], [])
    assert found == [Caption("wait for it", 1.0, 3.0)]


def test_a_caption_from_the_first_to_the_last_frame_lasts_as_long_as_the_film():
    assert captions_of([line("POV: exams")], [line("POV: exams")]) == [Caption("POV: exams", 0.0, 2.0)]


def test_a_caption_overlooked_for_two_frames_is_still_one():
    text = [line("no sugar")]
    assert captions_of(text, [], [], text) == [Caption("no sugar", 0.0, 4.0)]


def test_a_caption_that_comes_back_much_later_is_another():
    text = [line("no sugar")]
    assert [(c.start, c.end) for c in captions_of(text, [], [], [], [], text)] == [(0.0, 1.0), (5.0, 6.0)]


def test_two_readings_of_one_line_are_one_caption_and_the_frequent_one_wins():
    frames = [[line("Schone Grüße aus Köln", score=0.9)], *[[line("Schöne Grüße aus Köln")]] * 2]
    assert [caption.text for caption in captions_of(*frames)] == ["Schöne Grüße aus Köln"]


@pytest.mark.parametrize(
    ("first", "second"), [("SERVE 1", "SERVE 4"), ("SERVE 1", "SERVE 10"), ("you can go", "you can't go")]
)
def test_what_differs_for_certain_is_two_captions(first: str, second: str):
    assert [caption.text for caption in captions_of([line(first)], [line(second)])] == [first, second]


@pytest.mark.parametrize(
    "readings",
    [
        ("I kept", "I kept going", "I kept going until"),
        ("Peach Project preser", "Peach Project presents", "Peach Project pre"),
    ],
)
def test_a_caption_being_typed_or_fading_is_one_and_whole(readings: tuple[str, ...]):
    whole = max(readings, key=len)
    assert captions_of(*([line(text)] for text in readings)) == [Caption(whole, 0.0, 3.0)]


def test_lines_that_stand_come_and_go_together_are_one_caption_read_from_the_top():
    below, above = line("made by Ro", top=0.26), line("dumplings", top=0.2)
    assert [caption.text for caption in captions_of([below, above])] == ["dumplings made by Ro"]


def test_lines_far_apart_are_two_captions():
    assert len(captions_of([line("dumplings", top=0.1), line("made by Ro", top=0.7)])) == 2


def test_the_two_halves_of_a_row_are_read_from_the_left():
    right, left = line("by Ro", left=0.52, right=0.8), line("made", left=0.2, right=0.5)
    assert [caption.text for caption in captions_of([right, left])] == ["made by Ro"]


def test_the_name_of_an_account_is_no_caption():
    tracker = CaptionTracker()
    tracker.add([line("@mira.makes", top=0.9), line("ask @mira about it")], seconds=0.5)
    assert [caption.text for caption in tracker.captions(seconds=1)] == ["ask @mira about it"]
    assert tracker.n_handles == 1


@pytest.mark.parametrize(
    ("text", "score", "expected"),
    [
        ("BUBKIK", 0.67, True),
        ("D'' D' I", 0.9, True),
        ("X", 0.99, True),
        ("一", 0.57, True),
        ("€ 390", 0.97, False),
        ("11:04", 0.99, False),
        ("my own weird bowl", 0.8, False),
    ],
)
def test_noise_is_told_from_text_by_letters_and_certainty(text: str, score: float, expected: bool):
    assert is_noise(text, score=score) is expected


def spoken(text: str, *, start: float) -> Utterance:
    return Utterance(
        tuple(Word(f" {word}", start + n / 2, start + n / 2 + 0.4) for n, word in enumerate(text.split()))
    )


def test_a_subtitle_is_left_out_and_a_caption_stays():
    subtitle, caption = Caption("I wanted a shape", 2, 4), Caption("my own weird bowl", 2, 4)
    assert without_subtitles([subtitle, caption], [spoken("I wanted a shape.", start=2)]) == ([caption], 1)


def test_words_said_much_later_make_no_subtitle():
    caption = Caption("I wanted a shape", 2, 4)
    assert without_subtitles([caption], [spoken("I wanted a shape.", start=20)]) == ([caption], 0)
