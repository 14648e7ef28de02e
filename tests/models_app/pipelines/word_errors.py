"""How far a transcript is from what was said."""

import re
from collections.abc import Sequence


def word_error_rate(said: str, heard: str) -> float:
    """Words put in, left out or changed, over the words said; 0 is perfect, above 1 is possible."""
    return _distance(plain_words(said), plain_words(heard)) / len(plain_words(said))


def plain_words(text: str) -> list[str]:
    """Lower case, hyphens as spaces, "Mr." as it is spoken, no punctuation."""
    spoken = re.sub(r"\bmr\b\.?", "mister", text.lower()).replace("-", " ")
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", spoken)


def _distance(first: Sequence[str], second: Sequence[str]) -> int:
    row = list(range(len(second) + 1))
    for n, word in enumerate(first, start=1):
        before, row[0] = row[0], n
        for m, other in enumerate(second, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (word != other))
    return row[-1]
