"""Two runs of predictions on the videos that both were asked about: where their stances differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from annotator.models import GoldLabel, Value, Video
from models_app.models import Prediction, Run, RunVideo
from models_app.queries.answers import MISSING, Answer

FIRST, SECOND = 0, 1
Key = tuple[int, str]  # a video and a value's slug


@dataclass(slots=True)
class Tally:
    """How often one answer, endorsed or confronted, is yes."""

    both: int = 0
    only_a: int = 0
    only_b: int = 0

    def count(self, a: bool, b: bool) -> None:
        """One more video."""
        self.both += a and b
        self.only_a += a and not b
        self.only_b += b and not a


@dataclass(slots=True)
class ValueAgreement:
    """How far the two agree on one value."""

    value: Value
    n: int = 0
    n_same: int = 0
    endorsed: Tally = field(default_factory=Tally)
    confronted: Tally = field(default_factory=Tally)

    @property
    def share(self) -> float | None:
        """Of the videos, on how many the stance is the same; None without any."""
        return self.n_same / self.n if self.n else None

    @property
    def tallies(self) -> tuple[Tally, Tally]:
        """Of endorsed, then of confronted."""
        return self.endorsed, self.confronted

    @property
    def n_differs(self) -> int:
        """Videos with two stances."""
        return self.n - self.n_same


@dataclass(frozen=True, slots=True)
class GoldTally:
    """Differing stances of which gold may be seen: which run is nearer to it."""

    n: int = 0
    a_nearer: int = 0
    b_nearer: int = 0


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs on their common videos."""

    n_common: int  # videos in both scopes that the reader may see
    n_both: int  # of which both say anything
    n_only_a: int
    n_only_b: int
    values: list[ValueAgreement]
    n_other_meaning: int  # values that the two runs' codebooks understand differently, or one lacks
    differing: list[Key]  # in the order of the videos' ids, then of the circle
    gold: GoldTally

    @property
    def n_answers(self) -> int:
        """Pairs of stances compared."""
        return sum(row.n for row in self.values)

    @property
    def n_same(self) -> int:
        """Pairs of one stance."""
        return sum(row.n_same for row in self.values)

    @property
    def share(self) -> float | None:
        """Of all pairs, how many are of one stance; None without any."""
        return self.n_same / self.n_answers if self.n_answers else None


@dataclass(frozen=True, slots=True)
class Said:
    """One run's answer, with what it gives for it."""

    answer: Answer | None = None
    reason: str = ""
    evidence_ms: int | None = None

    @property
    def stance(self) -> int | str:
        """For the table."""
        return MISSING if self.answer is None else self.answer.stance


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A (video, value) on which the two runs differ."""

    video: Video
    value: Value
    a: Said
    b: Said
    gold: int | None  # None: there is none, or it may not be seen


def compare_runs(a: Run, b: Run, *, videos: QuerySet[Video], unblinded: QuerySet[Video]) -> RunComparison:
    """The comparison on those of these videos that are in both scopes: a fixed number of queries.

    The caller has asked `annotator.blindness`: videos, whose predictions, unblinded, whose gold may be seen.
    """
    common = common_videos(a, b, videos=videos)
    values, n_other_meaning = _common_values(a, b)
    answers = [_answers(run, common) for run in (a, b)]
    ids = list(common.order_by("external_id", "pk").values_list("pk", flat=True))
    both = [pk for pk in ids if pk in answers[FIRST] and pk in answers[SECOND]]
    rows = {value.slug: ValueAgreement(value) for value in values}
    differing: list[Key] = []
    for pk in both:
        first, second = answers[FIRST][pk], answers[SECOND][pk]
        for slug, row in rows.items():
            if _count(row, first.get(slug), second.get(slug)):
                differing.append((pk, slug))
    gold = _gold(differing, values=values, videos=unblinded.filter(pk__in=common.values("pk")))
    return RunComparison(
        n_common=len(ids),
        n_both=len(both),
        n_only_a=sum(pk in answers[FIRST] and pk not in answers[SECOND] for pk in ids),
        n_only_b=sum(pk in answers[SECOND] and pk not in answers[FIRST] for pk in ids),
        values=list(rows.values()),
        n_other_meaning=n_other_meaning,
        differing=differing,
        gold=_gold_tally(differing, gold, answers),
    )


def common_videos(a: Run, b: Run, *, videos: QuerySet[Video]) -> QuerySet[Video]:
    """Those of the videos that both runs were asked about."""
    scopes = [RunVideo.objects.filter(run=run).values("video") for run in (a, b)]
    return videos.filter(withdrawn_at__isnull=True, pk__in=scopes[FIRST]).filter(pk__in=scopes[SECOND])


def lines_of(
    keys: Sequence[Key],
    a: Run,
    b: Run,
    *,
    values: Collection[ValueAgreement],
    unblinded: QuerySet[Video],
) -> list[DifferenceLine]:
    """The differences of one page, with reasons, and gold where it may be seen."""
    ids = {pk for pk, _slug in keys}
    videos = Video.objects.filter(pk__in=ids).in_bulk()
    by_slug = {row.value.slug: row.value for row in values}
    said = {
        (said.run_id, said.video_id, said.value.slug): Said(
            Answer(said.endorsed, said.confronted, said.p_endorsed, said.p_confronted),
            said.reason,
            said.evidence_ms,
        )
        for said in Prediction.objects.filter(run__in=(a, b), video__in=ids).select_related("value")
    }
    gold = _gold(keys, values=by_slug.values(), videos=unblinded.filter(pk__in=ids))
    return [
        DifferenceLine(
            video=videos[pk],
            value=by_slug[slug],
            a=said.get((a.pk, pk, slug), Said()),
            b=said.get((b.pk, pk, slug), Said()),
            gold=gold.get((pk, slug)),
        )
        for pk, slug in keys
    ]


def _gold(keys: Collection[Key], *, values: Iterable[Value], videos: QuerySet[Video]) -> dict[Key, int]:
    """Gold of these on the videos, where it means the same by the value."""
    meant = {value.slug: value.identity for value in values}
    wanted = set(keys)
    found = GoldLabel.objects.filter(video__in=videos.values("pk")).values_list(
        "video", "value__slug", "value__identity", "stance"
    )
    return {
        (pk, slug): stance
        for pk, slug, identity, stance in found
        if (pk, slug) in wanted and meant.get(slug) == identity
    }


def _common_values(a: Run, b: Run) -> tuple[list[Value], int]:
    """The values that both runs understand alike, in the order of the first run's circle; how many others."""
    ours, theirs = (list(run.codebook.values.order_by("position")) for run in (a, b))
    meant = {(value.slug, value.identity) for value in theirs}
    common = [value for value in ours if (value.slug, value.identity) in meant]
    return common, max(len(ours), len(theirs)) - len(common)


def _answers(run: Run, videos: QuerySet[Video]) -> dict[int, dict[str, Answer]]:
    """By video and slug what the run said."""
    found: dict[int, dict[str, Answer]] = defaultdict(dict)
    rows = Prediction.objects.filter(run=run, video__in=videos.values("pk"))
    for pk, slug, endorsed, confronted in rows.values_list("video", "value__slug", "endorsed", "confronted"):
        found[pk][slug] = Answer(endorsed, confronted)
    return found


def _count(row: ValueAgreement, a: Answer | None, b: Answer | None) -> bool:
    """Count one pair of stances; True where they differ."""
    is_same = _stance(a) == _stance(b)
    row.n += 1
    row.n_same += is_same
    row.endorsed.count(bool(a and a.endorsed), bool(b and b.endorsed))
    row.confronted.count(bool(a and a.confronted), bool(b and b.confronted))
    return not is_same


def _stance(answer: Answer | None) -> int | str:
    return MISSING if answer is None else answer.stance


def _gold_tally(
    keys: Sequence[Key], gold: Mapping[Key, int], answers: Sequence[Mapping[int, Mapping[str, Answer]]]
) -> GoldTally:
    """What was not said counts as no, as in scoring."""
    n = a_nearer = b_nearer = 0
    for pk, slug in keys:
        if (stance := gold.get((pk, slug))) is None:
            continue
        first, second = (
            answers[side][pk].get(slug, Answer(None, None)).differs_from(stance) for side in (FIRST, SECOND)
        )
        n += 1
        a_nearer += first < second
        b_nearer += second < first
    return GoldTally(n, a_nearer, b_nearer)
