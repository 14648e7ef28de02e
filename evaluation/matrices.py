"""From the database to arrays: the only module of this application's agreement that reads labels.

Reliability is measured on what was first submitted, on one meaning of each value, for one purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Count, F, Max, Q, Sum

from annotator.errors import RefusedError
from annotator.models import Batch, Coding, Purpose, Study, Video
from evaluation.packing import as_table, packed_columns, unpack, value_places

BITS = 3  # of one packed stance: 0 missing, 1 confronted, 2 absent, 3 endorsed, 4 dominant


class NoCodebookError(RefusedError):
    """A study in which nothing can have been coded."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which codings are compared."""

    study: Study
    purpose: str = Purpose.MAIN
    batch: Batch | None = None
    with_feedback: bool = False  # also codings whose coder had seen feedback on that batch

    @classmethod
    def of(
        cls,
        study: Study,
        *,
        purpose: str | None = None,
        batch: Batch | None = None,
        with_feedback: bool = False,
    ) -> "Selection":
        """A batch brings its purpose, unless another is asked for."""
        return cls(study, purpose or (batch.purpose if batch else Purpose.MAIN), batch, with_feedback)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Submitted or set-aside codings of the selection that are not compared, and why."""

    saw_feedback: int
    set_aside: int  # and never submitted
    withdrawn: int  # the video was withdrawn


@dataclass(frozen=True, slots=True)
class Ratings:
    """First submissions of n videos by up to k coders each on V values.

    `codes` are positions on `scale`, -1 where a rating is missing: set aside, not yet handed in, or
    given under another meaning of the value.
    """

    values: tuple[str, ...]  # slugs, in the order of the circle
    scale: tuple[int, ...]
    codes: npt.NDArray[np.int8]  # (n, k, V)
    coders: npt.NDArray[np.int64]  # (n, k): keys of the people, -1 for an empty seat
    clusters: npt.NDArray[np.int64]  # (n,): the creator; a video without one is a group of its own
    left_out: LeftOut


def read_ratings(selection: Selection) -> Ratings:
    """The ratings of a selection, in four queries whatever its size."""
    study = selection.study
    if study.codebook is None:
        raise NoCodebookError(f"{study.slug}: this study has no codebook yet")
    slugs, places = value_places(study)
    rows = _packed(selection, places=places, n_values=len(slugs))
    scale = tuple(int(stance) for stance in study.codebook.scale)
    codes, coders, clusters = _arranged(rows, n_values=len(slugs), scale=scale)
    return Ratings(
        values=tuple(slugs),
        scale=scale,
        codes=codes,
        coders=coders,
        clusters=clusters,
        left_out=_left_out(selection),
    )


def data_version(selection: Selection) -> str:
    """Changes whenever the ratings of the selection may have changed: a key to remember figures by."""
    codings = Coding.objects.filter(study=selection.study).aggregate(
        n=Count("pk", filter=Q(submitted_at__isnull=False)),
        counted=Count("slot", filter=Q(submitted_at__isnull=False)),
        aside=Count("set_aside_at", filter=Q(submitted_at__isnull=True)),
        feedback=Count("pk", filter=Q(saw_feedback=True)),
        last=Max("submitted_at"),
    )
    videos = Video.objects.filter(study=selection.study).aggregate(
        n=Count("pk"),
        withdrawn=Count("withdrawn_at"),
        creators=Sum(F("pk") * F("creator")),
        batches=Sum(F("pk") * F("batch")),
    )
    study = selection.study
    parts = [study.pk, study.codebook_id, study.coders_per_video, *codings.values(), *videos.values()]
    chosen = [selection.purpose, selection.batch and selection.batch.pk, selection.with_feedback]
    return "|".join(str(part) for part in (*parts, *chosen))


def _packed(selection: Selection, *, places: dict[int, int], n_values: int) -> list[tuple[int, ...]]:
    """(video, creator, coder, packed stances…) of every coding that counts, ordered by video and slot.

    The database packs the stances of a coding into numbers: a row a coding instead of a row a judgement,
    several times faster than grouping the judgements themselves by their patterns.
    """
    sums = packed_columns("j.first_stance + 2", of="j.value_id", places=places, n_values=n_values, bits=BITS)
    where = ["c.study_id = %s", "c.purpose = %s"]
    params: list[int | str] = [selection.study.pk, selection.purpose]
    if selection.batch is not None:
        where.append("v.batch_id = %s")
        params.append(selection.batch.pk)
    if not selection.with_feedback:
        where.append("NOT c.saw_feedback")
    # Only numbers of our own (keys of values, powers of two) stand in the text of the query.
    query = f"""
        SELECT c.video_id, v.creator_id, c.coder_id, {", ".join(sums)}
        FROM annotator_coding c
        JOIN annotator_video v ON v.id = c.video_id
        JOIN annotator_slot s ON s.id = c.slot_id
        JOIN annotator_judgement j ON j.coding_id = c.id
        WHERE {" AND ".join(where)} AND c.submitted_at IS NOT NULL
          AND c.pass_number = 1 AND v.withdrawn_at IS NULL
        GROUP BY c.id, c.video_id, v.creator_id, c.coder_id, s.n
        ORDER BY c.video_id, s.n
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def _arranged(
    rows: Sequence[tuple[int, ...]], *, n_values: int, scale: tuple[int, ...]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Codes (n, k, V), coders (n, k) and clusters (n,) from packed rows ordered by video."""
    if not rows:
        empty = np.zeros(0, dtype=np.int64)
        return np.empty((0, 2, n_values), dtype=np.int8), np.empty((0, 2), dtype=np.int64), empty
    table = as_table(rows, n_columns=len(rows[0]))
    video, creator, coder = table[:, 0], table[:, 1], table[:, 2]
    starts = np.flatnonzero(np.r_[True, video[1:] != video[:-1]])
    row_of = np.cumsum(np.r_[False, video[1:] != video[:-1]])
    seat = np.arange(len(video)) - starts[row_of]
    n_seats = max(2, int(seat.max()) + 1)
    code_of = np.array([-1, *(scale.index(min(stance, scale[-1])) for stance in (-1, 0, 1, 2)), -1, -1, -1])
    codes = np.full((len(starts), n_seats, n_values), -1, dtype=np.int8)
    codes[row_of, seat] = code_of[unpack(table[:, 3:], n_values=n_values, bits=BITS)]
    coders = np.full((len(starts), n_seats), -1, dtype=np.int64)
    coders[row_of, seat] = coder
    clusters = np.where(creator[starts] > 0, creator[starts], -video[starts])
    return codes, coders, clusters


def _left_out(selection: Selection) -> LeftOut:
    codings = Coding.objects.filter(study=selection.study, purpose=selection.purpose, slot__isnull=False)
    if selection.batch is not None:
        codings = codings.filter(video__batch=selection.batch)
    # One set aside after it was submitted still counts: what was first submitted is kept for ever.
    is_judged = Q(submitted_at__isnull=False)
    active = Q(video__withdrawn_at__isnull=True)
    counts = codings.aggregate(
        saw_feedback=Count("pk", filter=is_judged & active & Q(saw_feedback=True)),
        set_aside=Count("pk", filter=active & ~is_judged & Q(set_aside_at__isnull=False)),
        withdrawn=Count("pk", filter=is_judged & Q(video__withdrawn_at__isnull=False)),
    )
    if selection.with_feedback:
        counts["saw_feedback"] = 0
    return LeftOut(**counts)
