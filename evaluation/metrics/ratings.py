"""Raw ratings, in whatever form they come, to small integer codes on a declared scale."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

CodeArray = npt.NDArray[np.int16]

MISSING = -1
_UNKNOWN = -2


class RatingError(ValueError):
    """A rating that is not on the declared scale; `row` and `column` count from 0."""

    def __init__(self, rating: object, *, row: int, column: int, categories: Sequence[Any]) -> None:
        self.rating, self.row, self.column = rating, row, column
        scale = ", ".join(map(repr, categories))
        super().__init__(
            f"rating {rating!r} in row {row}, column {column} (counted from 0) "
            f"is not one of the categories {scale}"
        )


def check_categories(categories: Sequence[Any]) -> tuple[Any, ...]:
    """Return the declared scale as a tuple of plain values; ValueError if it cannot be one."""
    if isinstance(categories, str | bytes) or not hasattr(categories, "__iter__"):
        raise ValueError(f"categories must be a list of categories, not {categories!r}")
    scale = tuple(c.item() if isinstance(c, np.generic) else c for c in categories)
    if not scale:
        raise ValueError("categories is empty: declare the scale, unused categories included")
    for position, category in enumerate(scale):
        if not isinstance(category, Hashable):
            raise ValueError(f"category {category!r} at position {position} cannot be compared")
        if is_missing(category) or category in (float("inf"), float("-inf")):
            raise ValueError(f"category {category!r} at position {position} is not a category")
        if category in scale[:position]:
            raise ValueError(f"category {category!r} is declared twice")
    return scale


def are_numbers(categories: Sequence[Any]) -> bool:
    """Whether every category is a real number, so that distances between them mean something."""
    return all(isinstance(c, numbers.Real) for c in categories)


def is_missing(rating: object) -> bool:
    """None, NaN, and anything else that is not equal to itself."""
    if rating is None:
        return True
    try:
        return bool(rating != rating)
    except (TypeError, ValueError):  # pandas.NA refuses to be a truth value
        return True


def encode_ratings(ratings: npt.ArrayLike, *, categories: Sequence[Any]) -> CodeArray:
    """Positions on the declared scale, -1 where a rater skipped.

    Parameters
    ----------
    ratings : array_like, shape (n_subjects, n_raters)
        Members of `categories`; None, NaN or masked where a rater skipped.
    categories : sequence of q distinct hashable values
        The declared scale, in any order, unused categories included.

    Returns
    -------
    int16 array, shape (n_subjects, n_raters), in [-1, q - 1]

    Raises
    ------
    RatingError (a ValueError) for the first rating outside `categories`; ValueError for a shape
    that is not subjects by raters, or a scale that is none.
    """
    scale = check_categories(categories)
    table = _as_table(ratings)
    encode = _encode_numbers if table.dtype.kind in "biuf" else _encode_objects
    codes = encode(table, scale)
    wrong = np.argwhere(codes == _UNKNOWN)
    if len(wrong):
        row, column = (int(i) for i in wrong[0])
        rating = table[row, column]
        rating = rating.item() if isinstance(rating, np.generic) else rating
        raise RatingError(rating, row=row, column=column, categories=scale)
    return codes


def _as_table(ratings: npt.ArrayLike) -> npt.NDArray[Any]:
    table: npt.NDArray[Any]
    if isinstance(ratings, np.ma.MaskedArray):  # asarray would bring masked data back to life
        table = np.array(ratings.data, dtype=object)
        table[np.ma.getmaskarray(ratings)] = None
    elif hasattr(ratings, "__array__"):
        table = np.asarray(ratings)
    else:
        table = _table_of_rows(list(ratings))  # type: ignore[arg-type]
    if table.ndim != 2:
        raise ValueError(f"ratings must be subjects by raters, not of shape {table.shape}")
    if table.shape[1] == 0:
        raise ValueError("ratings have no columns: there must be a column per rater")
    return table


def _table_of_rows(rows: list[Any]) -> npt.NDArray[Any]:
    """Objects as they are: NumPy would turn numbers beside strings, and NaN, into strings."""
    if not rows:
        return np.empty((0, 2), dtype=object)
    for number, row in enumerate(rows):
        if isinstance(row, str | bytes) or not hasattr(row, "__len__"):
            raise ValueError(f"row {number} of ratings is {row!r}, not a row of ratings")
        if len(row) != len(rows[0]):
            raise ValueError(f"row {number} of ratings has {len(row)} columns, row 0 has {len(rows[0])}")
    table = np.empty((len(rows), len(rows[0])), dtype=object)
    for number, row in enumerate(rows):
        table[number, :] = list(row)
    return table


def _encode_numbers(table: npt.NDArray[Any], scale: tuple[Any, ...]) -> CodeArray:
    codes = np.full(table.shape, _UNKNOWN, dtype=np.int16)
    for code, category in enumerate(scale):
        if isinstance(category, numbers.Real):
            codes[table == category] = code
    if table.dtype.kind == "f":
        codes[np.isnan(table)] = MISSING
    return codes


def _encode_objects(table: npt.NDArray[Any], scale: tuple[Any, ...]) -> CodeArray:
    code_of = {category: code for code, category in enumerate(scale)}

    def encode(rating: Any) -> int:
        if is_missing(rating):
            return MISSING
        try:
            return code_of.get(rating, _UNKNOWN)
        except TypeError:  # not hashable, so not a category
            return _UNKNOWN

    codes = np.fromiter((encode(r) for r in table.flat), dtype=np.int16, count=table.size)
    return codes.reshape(table.shape)
