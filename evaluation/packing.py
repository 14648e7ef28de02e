"""Many small answers in few numbers: the database packs, NumPy unpacks (docs/decisions/0002).

A row a video instead of a row an answer is several times faster to group and to fetch.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from annotator.models import Study, Value

WIDTH = 60  # bits used of one 64-bit number


def value_places(study: Study) -> tuple[list[str], dict[int, int]]:
    """The current values' slugs, and the place of each value of any version that means the same."""
    current = list(Value.objects.filter(codebook=study.codebook_id).order_by("position"))
    place = {(value.slug, value.identity): number for number, value in enumerate(current)}
    same = Value.objects.filter(
        codebook__study=study, identity__in={value.identity for value in current}
    ).values_list("pk", "slug", "identity")
    places = {pk: place[slug, identity] for pk, slug, identity in same if (slug, identity) in place}
    return [value.slug for value in current], places


def packed_columns(answer: str, *, of: str, places: Mapping[int, int], n_values: int, bits: int) -> list[str]:
    """SQL of the sums that pack an answer per value: `answer` is SQL, `of` the column with the value's key.

    Only numbers of our own (keys of values, powers of two) stand in the text.
    """
    per_number = WIDTH // bits
    sums = []
    for first in range(0, max(n_values, 1), per_number):
        whens = " ".join(
            f"WHEN {pk} THEN {1 << bits * (place - first)}"
            for pk, place in sorted(places.items())
            if first <= place < first + per_number
        )
        factor = f"CASE {of} {whens} ELSE 0 END" if whens else "0"
        sums.append(f"CAST(SUM(({answer}) * {factor}) AS bigint)")
    return sums


def unpack(packed: npt.NDArray[np.int64], *, n_values: int, bits: int) -> npt.NDArray[np.int8]:
    """The answers, shape (n, V), from packed numbers, shape (n, numbers); 0 where there was none."""
    per_number = WIDTH // bits
    answers = np.empty((len(packed), n_values), dtype=np.int8)
    for place in range(n_values):
        number = packed[:, place // per_number] >> bits * (place % per_number)
        answers[:, place] = number & (1 << bits) - 1
    return answers


def as_table(rows: Sequence[tuple[int | None, ...]], *, n_columns: int) -> npt.NDArray[np.int64]:
    """Rows of a query as numbers, NULL as 0; shape (n, n_columns) also without rows."""
    filled = [[0 if cell is None else cell for cell in row] for row in rows]
    return np.array(filled, dtype=np.int64).reshape(len(rows), n_columns)
