"""What is read in one frame after another, and how seldom the models are asked, with the real models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models_app.pipelines.base import SegmentKind, VideoInput
from models_app.pipelines.frames import Sample, shrunk
from models_app.pipelines.lettering import LetteringReader
from models_app.pipelines.local_script import LocalScript
from tests.models_app.pipelines.films import FONTS, backdrop, font, make_film, write

SIZE = (540, 960)


def leaves(size: tuple[int, int], t: float) -> Image.Image:
    """Patches with hard edges that drift: anything could be lettering."""
    width, height = size
    patches = np.random.default_rng(1).integers(30, 150, (height // 12, width // 12, 3), dtype=np.uint8)
    drifted = np.roll(patches.repeat(12, axis=0).repeat(12, axis=1), round(70 * t), axis=1)
    return Image.fromarray(drifted)


BEHIND = {"soft": backdrop, "leaves": leaves}


def sample(picture: Image.Image, t: float) -> Sample:
    image = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
    return Sample(t, image, shrunk(image))


class Counting(LetteringReader):
    """Counts how often the models are asked."""

    def __init__(self) -> None:
        super().__init__()
        self.n_found = self.n_recognised = 0

    def _find(self, *asked):
        self.n_found += 1
        return super()._find(*asked)

    def _recognise(self, *asked):
        self.n_recognised += 1
        return super()._recognise(*asked)


@pytest.fixture(scope="module")
def engine() -> Counting:
    return Counting()


@pytest.fixture
def reader(engine: Counting) -> Counting:
    engine.forget()
    engine.n_found = engine.n_recognised = 0
    return engine


def read(reader: LetteringReader, *texts: str, behind: Callable = backdrop) -> list[list[str]]:
    """The texts, one a frame, in one place of a picture that moves."""
    found = []
    for t, text in enumerate(texts):
        picture = behind(SIZE, float(t))
        write(picture, text, top=200, size=44)
        found.append([line.text for line in reader.read(sample(picture, t))])
    return found


def test_a_caption_over_a_soft_picture_that_moves_is_looked_for_and_read_once(reader: Counting):
    assert read(reader, *["no sugar, no regrets"] * 8) == [["no sugar, no regrets"]] * 8
    assert (reader.n_found, reader.n_recognised) == (1, 1)


def test_a_caption_over_hard_edges_that_move_is_looked_for_and_not_read_again(reader: Counting):
    found = read(reader, *["no sugar, no regrets"] * 6, behind=leaves)
    assert [lines.count("no sugar, no regrets") for lines in found] == [1] * 6
    assert reader.n_found == 6
    assert reader.n_recognised < 6


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SERVE 47", "SERVE 48"),
        ("SERVE 1", "SERVE 10"),
        ("I can do it", "I can't do it"),
        ("one more cup", "one more cap"),
        ("we won", "we won!"),
        ("read the book", "read the hook"),
    ],
)
def test_a_letter_that_changes_over_a_picture_that_moves_is_noticed(
    first: str, second: str, behind: Callable, reader: Counting
):
    frames = read(reader, first, first, second, behind=behind)
    before, same, after = ({line.replace(" ", "") for line in lines} for lines in frames)
    old, new = first.replace(" ", ""), second.replace(" ", "")
    assert old in before
    assert old in same
    assert new in after
    assert old not in after


def test_a_word_in_another_colour_that_changes_is_noticed(reader: Counting):
    found = []
    for t, digit in enumerate("778"):
        picture = backdrop(SIZE, float(t))
        pen, letters = ImageDraw.Draw(picture), font(FONTS[0], 60)
        pen.text((80, 300), "SCORE", font=letters, fill="white")
        pen.text((330, 300), digit, font=letters, fill=(170, 20, 20))
        found.append("".join(line.text for line in reader.read(sample(picture, t))).replace(" ", ""))
    assert found == ["SCORE7", "SCORE7", "SCORE8"]


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_a_caption_that_goes_is_gone_in_the_next_frame(behind: Callable, reader: Counting):
    found = read(reader, "wait for it", "wait for it", "", "", "wait for it", behind=behind)
    assert [("wait for it" in lines) for lines in found] == [True, True, False, False, True]


def test_a_caption_that_comes_beside_one_that_stands_is_read(reader: Counting):
    for t in range(3):
        picture = backdrop(SIZE, float(t))
        write(picture, "no sugar", top=200, size=44)
        if t == 2:
            write(picture, "small print", top=800, size=22)
        lines = [line.text for line in reader.read(sample(picture, t))]
    assert lines == ["no sugar", "small print"]
    assert (reader.n_found, reader.n_recognised) == (2, 2)


def test_a_frame_of_another_size_is_read_anew(reader: Counting):
    for size in (SIZE, (960, 540)):
        picture = backdrop(size, 0.0)
        write(picture, "no sugar", top=200, size=44)
        assert [line.text for line in reader.read(sample(picture, 0.0))] == ["no sugar"]
    assert reader.n_found == 2


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_a_caption_of_one_second_over_a_picture_that_moves_is_in_the_script(
    behind: Callable, local_script: LocalScript, tmp_path: Path
):
    written = (("no sugar, no regrets", 0, 9), ("Round 1", 2, 3), ("Round 2", 3, 4), ("and gone", 6, 7))

    def draw(t: float) -> Image.Image:
        picture = behind(SIZE, t)
        for number, (text, start, end) in enumerate(written):
            if start <= t < end:
                write(picture, text, top=700 if number else 200, size=44)
        return picture

    film = make_film(tmp_path / "short.mp4", draw, seconds=9)
    draft = local_script.make(VideoInput(1, film), beat=lambda done: None)
    captions = [part for part in draft.segments if part.kind is SegmentKind.CAPTION]
    found = {part.text.replace(" ", ""): (part.start_ms / 1000, part.end_ms / 1000) for part in captions}
    for text, start, end in written:
        assert found[text.replace(" ", "")] == pytest.approx((start, end), abs=0.5), text
    assert len(captions) == len(written)
