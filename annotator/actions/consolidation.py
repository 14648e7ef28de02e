"""Finishing a consolidation into gold, opening it again, and gold by full agreement.

Claiming is annotator.actions.claims; single decisions are stored by annotator.actions.decisions.
"""

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.claims import (
    LEASE,
    NotClaimableError,
    claim,
    claim_next,
    close_codings,
    has_coded,
    held,
    is_ready,
    lock_video,
    newest_codebook,
    refuse_own,
    unclaim,
)
from annotator.actions.comparison import compare, refresh_comparisons
from annotator.actions.gold import set_gold, withdraw_gold
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import (
    Change,
    Comparison,
    Consolidation,
    ConsolidationState,
    Exposure,
    Origin,
    Role,
    Study,
    User,
    Value,
    Video,
)
from annotator.queries.conflicts import counted_codings
from annotator.queries.sheet import Sheet, read_sheet

__all__ = [
    "NotClaimableError",
    "UndecidedError",
    "claim",
    "claim_next",
    "consolidate_by_agreement",
    "finish",
    "gold_where_agreed",
    "is_ready",
    "may_reopen",
    "reopen",
    "set_aside",
    "unclaim",
]


class UndecidedError(RefusedError):
    """Values are open and no stance was chosen for them."""

    def __init__(self, values: list[Value]) -> None:
        self.values = values
        names = ", ".join(value.name for value in values)
        super().__init__(_("Still to decide: %(names)s.") % {"names": names})


@transaction.atomic
def finish(*, consolidation: Consolidation, by: User) -> Consolidation:
    """Turn decisions over agreed stances into gold; refused while an open value is undecided."""
    consolidation = held(consolidation, by=by)
    sheet = read_sheet(consolidation)
    if undecided := [row.value for row in sheet.rows if row.is_open and row.decided is None]:
        raise UndecidedError(undecided)
    set_gold(
        video=consolidation.video,
        stances={row.value: row.outcome for row in sheet.rows if row.outcome is not None},
        origin=Origin.PERSON,
        by=by,
        conflicts={row.value for row in sheet.rows if row.is_conflict},
        predictions_seen=_decided_after_predictions(sheet, by=by),
    )
    return _done(consolidation, by=by, is_set_aside=False)


@transaction.atomic
def set_aside(*, consolidation: Consolidation, by: User) -> Consolidation:
    """Finish without gold a video that a coder could not code, and the consolidator cannot either."""
    consolidation = held(consolidation, by=by)
    if not counted_codings().filter(video=consolidation.video, set_aside_at__isnull=False).exists():
        raise RefusedError(_("No coder set this video aside."))
    withdraw_gold(video=consolidation.video, by=by, because="set aside")
    return _done(consolidation, by=by, is_set_aside=True)


@transaction.atomic
def reopen(*, consolidation: Consolidation, by: User) -> Consolidation:
    """Open a finished consolidation again; its gold stands until it is finished anew.

    Whoever finished it, or a consolidator where nobody did, gets it in hand; a researcher sends it back.
    """
    video = lock_video(consolidation.video)
    consolidation = locked(Consolidation.objects.select_related("claimed_by")).get(pk=consolidation.pk)
    if not consolidation.is_done:
        raise RefusedError(_("This consolidation is not finished."))
    if not may_reopen(consolidation=consolidation, user=by):
        raise RefusedError(_("Only who finished it, or a researcher, can open it again."))
    now = timezone.now()
    takes = consolidation.claimed_by_id in (by.pk, None) and Role.CONSOLIDATOR in video.study.roles_of(by)
    if takes:
        refuse_own(video=video, by=by)
        consolidation.claimed_by, consolidation.claimed_at = by, now
        consolidation.was_own = consolidation.was_own or has_coded(user=by, video=video)
    if consolidation.codebook is None:
        consolidation.codebook = newest_codebook(video)
    consolidation.sides_seed = consolidation.sides_seed or secrets.randbelow(2**31)
    consolidation.state = ConsolidationState.REOPENED
    consolidation.is_set_aside = False
    consolidation.lease_until = now + LEASE if takes else now
    consolidation.save()
    close_codings(video=video, at=now)
    Change.objects.record(study=video.study, by=by, what="consolidation.reopened", video=video)
    return consolidation


def may_reopen(*, consolidation: Consolidation, user: User) -> bool:
    """Who finished it or a researcher; any consolidator where no person did. Needs codings to look at."""
    roles = consolidation.video.study.roles_of(user)
    if not counted_codings().filter(video=consolidation.video).exists():
        return False  # imported gold without codings: there are no sides to decide between
    if Role.RESEARCHER in roles:
        return True
    return Role.CONSOLIDATOR in roles and consolidation.claimed_by_id in (user.pk, None)


@transaction.atomic
def consolidate_by_agreement(*, video: Video) -> Consolidation | None:
    """Take note that a coding was handed in or corrected; gold by itself where the study allows it.

    Such gold holds as long as the coders agree: nobody has closed the codings, and a correction that makes
    a conflict takes it back and puts the video in the queue.
    """
    video = lock_video(video)
    comparison = compare(video=video)
    consolidation = Consolidation.objects.filter(video=video).first()
    by_itself = (
        consolidation is not None and consolidation.is_done and consolidation.origin == Origin.AUTOMATIC
    )
    if consolidation is not None and not by_itself:
        return None
    agreed = comparison is not None and comparison.n_open == 0 and comparison.n_set_aside == 0
    if agreed and (by_itself or video.study.auto_gold):
        return _gold_by_agreement(video=video, consolidation=consolidation)
    if consolidation is not None:
        withdraw_gold(video=video, by=None, because="a correction made a conflict")
        consolidation.delete()
    return None


def gold_where_agreed(study: Study) -> int:
    """Make gold of what waits though its coders agree: for a study that begins to allow it; how many videos.

    Each video in a transaction of its own, so that nobody waits behind a large study.
    """
    refresh_comparisons(study=study)
    agreed = Comparison.objects.in_study(study).filter(
        n_open=0, n_set_aside=0, video__consolidation__isnull=True
    )
    videos = [row.video for row in agreed.select_related("video").order_by("video")]
    return sum(consolidate_by_agreement(video=video) is not None for video in videos)


def _decided_after_predictions(sheet: Sheet, *, by: User) -> set[Value]:
    """Values decided after a sight of predictions; what was left as agreed counts at this moment."""
    seen_now = Exposure.objects.of_predictions(user=by, video=sheet.video).exists()
    return {
        row.value
        for row in sheet.rows
        if (row.decision.predictions_seen if row.decided is not None and row.decision else seen_now)
    }


def _done(consolidation: Consolidation, *, by: User, is_set_aside: bool) -> Consolidation:
    consolidation.state = ConsolidationState.DONE
    consolidation.origin = Origin.PERSON
    consolidation.is_set_aside = is_set_aside
    consolidation.finished_at = timezone.now()
    consolidation.lease_until = None
    consolidation.save()
    what = "consolidation.set_aside" if is_set_aside else "consolidation.finished"
    Change.objects.record(study=consolidation.video.study, by=by, what=what, video=consolidation.video)
    return consolidation


def _gold_by_agreement(*, video: Video, consolidation: Consolidation | None) -> Consolidation:
    """Gold from stances that all coders gave."""
    if consolidation is None:
        consolidation = Consolidation(video=video, origin=Origin.AUTOMATIC, state=ConsolidationState.DONE)
    consolidation.codebook = newest_codebook(video)
    consolidation.finished_at = timezone.now()
    consolidation.save()
    sheet = read_sheet(consolidation)
    stances = {row.value: row.agreed for row in sheet.rows if row.agreed is not None}
    set_gold(video=video, stances=stances, origin=Origin.AUTOMATIC, by=None)
    return consolidation
