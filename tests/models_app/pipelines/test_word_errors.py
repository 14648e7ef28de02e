"""How far a transcript is from what was said."""

import pytest

from tests.models_app.pipelines.word_errors import word_error_rate


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("he was not ill disposed", "He was not ill-disposed.", 0.0),
        ("and mister john dashwood", "And Mr. John Dashwood,", 0.0),
        ("one two three four", "one two four", 0.25),
        ("one two three four", "one two and three four", 0.25),
        ("one two three four", "one too three for", 0.5),
        ("one two", "", 1.0),
        ("one", "another word entirely", 3.0),
    ],
)
def test_word_error_rate_counts_changes(said: str, heard: str, expected: float):
    assert word_error_rate(said, heard) == expected
