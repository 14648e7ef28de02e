"""From arrays of ratings to counts of patterns, which is all that agreement needs; no database here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_CELLS = 20_000_000  # of counts by cluster, value and pattern: 160 MB
MAX_BINS = 1 << 16  # of a table of all patterns that there could be

IntArray = npt.NDArray[np.intp]
Patterns = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class PatternCounts:
    """How often each pattern of ratings occurs, by cluster and value."""

    patterns: Patterns  # (P, r): members of the scale, None where missing
    counts: IntArray  # (C, V, P)
    units: IntArray  # (n, V): the pattern of each video for each value
    is_clustered: bool = True  # False where counts by cluster would be too many: C is 1 then

    @property
    def by_value(self) -> IntArray:
        """(V, P)"""
        return np.asarray(self.counts.sum(axis=0))


def count_patterns(
    codes: npt.NDArray[np.int8], *, clusters: npt.NDArray[np.int64], scale: tuple[int, ...]
) -> PatternCounts:
    """Patterns whoever sat in which seat: the ratings of a video in descending order.

    codes: shape (n, k, V), -1 = missing; clusters: shape (n,). For AC1, alpha and percent agreement, which
    do not ask who gave a rating.
    """
    base, n_seats = len(scale) + 1, codes.shape[1]
    seen, unit = _distinct(_keys(codes, base=base), below=base**n_seats)
    digits = [seen // base**place % base for place in range(n_seats)]
    ordered = -np.sort(-np.stack(digits, axis=1), axis=1)
    found, same = np.unique(ordered, axis=0, return_inverse=True)
    units = same.ravel()[unit]
    _names, cluster = np.unique(clusters, return_inverse=True)
    return PatternCounts(
        patterns=_as_ratings(found - 1, scale=scale),
        counts=_tally(cluster, units, n_clusters=len(_names), n_patterns=len(found)),
        units=units,
    )


def count_by_coder(
    codes: npt.NDArray[np.int8],
    *,
    coders: npt.NDArray[np.int64],
    clusters: npt.NDArray[np.int64],
    scale: tuple[int, ...],
) -> PatternCounts:
    """Patterns with a column per person, for Conger's kappa, which does ask.

    coders: shape (n, k), -1 for an empty seat. A person who rated nothing has no column. With many people
    on many clusters the clusters are given up (`is_clustered`).
    """
    seats = np.argsort(coders, axis=1)
    people_at = np.take_along_axis(coders, seats, axis=1)
    ordered = np.take_along_axis(codes, seats[:, :, None], axis=1)
    teams, team = np.unique(people_at, axis=0, return_inverse=True)
    base, n_seats = len(scale) + 1, codes.shape[1]
    keys = _keys(ordered, base=base) + team.reshape(-1, 1) * base**n_seats
    found, units = _distinct(keys, below=len(teams) * base**n_seats)
    names, cluster = np.unique(clusters, return_inverse=True)
    is_clustered = len(names) * codes.shape[2] * len(found) <= MAX_CELLS
    if not is_clustered:
        names, cluster = names[:1], np.zeros_like(cluster)
    people = [person for person in np.unique(coders).tolist() if person != -1]
    column_of = {person: column for column, person in enumerate(people)}
    wide = np.full((len(found), max(2, len(people))), -1, dtype=np.int64)
    for row, key in enumerate(found.tolist()):
        members = teams[key // base**n_seats].tolist()
        for seat, person in enumerate(members):
            if person != -1:
                wide[row, column_of[person]] = key // base ** (n_seats - 1 - seat) % base - 1
    return PatternCounts(
        patterns=_as_ratings(wide, scale=scale),
        counts=_tally(cluster, units, n_clusters=len(names), n_patterns=len(found)),
        units=units,
        is_clustered=is_clustered,
    )


def as_binary(counted: PatternCounts) -> PatternCounts:
    """The same ratings as 2V labels of 0 and 1: V endorsed (x >= 1), then V confronted (x = -1)."""
    collapsed: dict[tuple[Any, ...], int] = {}
    n_patterns = len(counted.patterns)
    target = np.zeros((2, n_patterns), dtype=np.intp)
    for row, pattern in enumerate(counted.patterns.tolist()):
        labels = (
            tuple(None if x is None else int(x >= 1) for x in pattern),
            tuple(None if x is None else int(x < 0) for x in pattern),
        )
        for direction, label in enumerate(labels):
            target[direction, row] = collapsed.setdefault(label, len(collapsed))
    n_clusters, n_values, _n = counted.counts.shape
    counts = np.zeros((n_clusters, 2 * n_values, len(collapsed)), dtype=np.intp)
    for direction in (0, 1):
        part = counts[:, direction * n_values : (direction + 1) * n_values]
        for row in range(n_patterns):
            part[:, :, target[direction, row]] += counted.counts[:, :, row]
    patterns = np.empty((len(collapsed), counted.patterns.shape[1]), dtype=object)
    for label, row in collapsed.items():
        patterns[row, :] = label
    units = np.concatenate([target[direction][counted.units] for direction in (0, 1)], axis=1)
    return PatternCounts(patterns=patterns, counts=counts, units=units)


def _keys(codes: npt.NDArray[np.int8], *, base: int) -> npt.NDArray[np.int64]:
    """Each unit's ratings as digits of one number, the first seat's leading; codes (n, k, V) → (n, V)."""
    keys = codes[:, 0].astype(np.int64) + 1
    for seat in range(1, codes.shape[1]):
        keys *= base
        keys += codes[:, seat]
        keys += 1
    return keys


def _distinct(
    keys: npt.NDArray[np.int64], *, below: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """The numbers that occur, in order, and each key's place among them; nothing is sorted where few can."""
    if below > MAX_BINS:
        found, place = np.unique(keys, return_inverse=True)
        return found, place.reshape(keys.shape)
    found = np.flatnonzero(np.bincount(keys.ravel(), minlength=below))
    place_of = np.zeros(below, dtype=np.intp)
    place_of[found] = np.arange(len(found))
    return found, place_of[keys]


def _tally(
    cluster: npt.NDArray[np.intp],
    pattern: npt.NDArray[np.intp],
    *,
    n_clusters: int,
    n_patterns: int,
) -> IntArray:
    """Counts (C, V, P) from each video's cluster (n,) and each unit's pattern (n, V)."""
    n_values = pattern.shape[1]
    cells = (cluster[:, None] * n_values + np.arange(n_values)) * n_patterns + pattern
    flat = np.bincount(cells.ravel(), minlength=n_clusters * n_values * n_patterns)
    return flat.reshape(n_clusters, n_values, n_patterns)


def _as_ratings(codes: npt.NDArray[np.int64], *, scale: tuple[int, ...]) -> Patterns:
    lookup = np.array([*scale, None], dtype=object)  # -1 finds the last
    return lookup[codes]


def unique_rows(rows: Sequence[Sequence[Any]]) -> tuple[Patterns, IntArray]:
    """Distinct rows of ratings (P, r) and how often each occurs (1, P)."""
    times = Counter(tuple(row) for row in rows)
    patterns = np.empty((len(times), len(rows[0])), dtype=object)
    for number, row in enumerate(times):
        patterns[number, :] = row
    return patterns, np.array([list(times.values())], dtype=np.intp)
