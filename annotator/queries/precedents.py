"""Earlier decisions on the same value between the same stances, for whoever decides now."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from annotator.blindness import is_bound, unblinded_videos
from annotator.models import Consolidation, ConsolidationState, Decision, Study, User
from annotator.queries.sheet import Row


def visible_decisions(*, user: User, study: Study) -> QuerySet[Decision]:
    """Finished decisions on conflicts; to a consolidator who also codes, only of unblinded videos."""
    decisions = Decision.objects.filter(
        consolidation__video__study=study,
        consolidation__state=ConsolidationState.DONE,
        was_conflict=True,
        stance__isnull=False,
    )
    if is_bound(user, study):
        decisions = decisions.filter(consolidation__video__in=unblinded_videos(user, study))
    return decisions


def precedents_of(row: Row, *, user: User, study: Study) -> QuerySet[Decision]:
    """Decisions on this value (under the same wording) between the same stances; the newest first."""
    return (
        visible_decisions(user=user, study=study)
        .filter(value__slug=row.value.slug, value__identity=row.value.identity, pattern=row.pattern)
        .select_related("consolidation__video", "value")
        .order_by("-consolidation__finished_at", "-pk")
    )


def count_precedents(
    rows: Iterable[Row], *, user: User, study: Study, besides: Consolidation
) -> Counter[str]:
    """How many precedents each open row has besides its own decision, by the value's slug, in one query."""
    wanted = Q(pk__in=[])
    for row in rows:
        if row.is_conflict:
            wanted |= Q(value__slug=row.value.slug, value__identity=row.value.identity, pattern=row.pattern)
    counted = visible_decisions(user=user, study=study).filter(wanted).exclude(consolidation=besides)
    return Counter(dict(counted.order_by().values_list("value__slug").annotate(n=Count("pk"))))
