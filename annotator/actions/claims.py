"""Who works on which video: claiming it, prolonging, letting go; and the queue of what waits.

The video's row is locked first in every action, so that two people never hold one video and nobody decides
on codings that are still changing.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.comparison import compare
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import (
    Change,
    Codebook,
    Coding,
    Comparison,
    Consolidation,
    ConsolidationOrder,
    ConsolidationState,
    Study,
    User,
    Video,
)
from annotator.models.consolidation import ComparisonQuerySet
from annotator.queries.conflicts import counted_codings

LEASE = timedelta(hours=2)  # renewed by every save and while the page is open
TRIES = 20


class NotClaimableError(RefusedError):
    """The video cannot be claimed, now or by this person."""


def has_coded(*, user: User, video: Video) -> bool:
    """Whether the user coded the video; a slot that ran out untouched does not count."""
    touched = Q(slot__isnull=False) | Q(touched_at__isnull=False)
    return Coding.objects.filter(touched, video=video, coder=user).exists()


def is_ready(video: Video) -> bool:
    """Handed in by as many coders as the study asks for, by one of them at least with stances."""
    handed_in = list(counted_codings().filter(video=video).values_list("set_aside_at", flat=True))
    return len(handed_in) >= video.study.coders_per_video and None in handed_in


@transaction.atomic
def claim(*, video: Video, by: User) -> Consolidation:
    """Take a video to consolidate, or take it over when another claim has run out; closes its codings."""
    video = lock_video(video)
    now = timezone.now()
    consolidation = locked(Consolidation.objects.filter(video=video)).select_related("claimed_by").first()
    _refuse_claim(video=video, by=by, consolidation=consolidation, at=now)
    if consolidation is None:
        consolidation = Consolidation(
            video=video, sides_seed=secrets.randbelow(2**31), codebook=newest_codebook(video)
        )
    if consolidation.pk is None or consolidation.claimed_by_id != by.pk:
        before = consolidation.claimed_by.username if consolidation.claimed_by else None
        what = "consolidation.taken_over" if before else "consolidation.claimed"
        Change.objects.record(
            study=video.study, by=by, what=what, video=video, before=before, after=by.username
        )
        consolidation.claimed_by, consolidation.claimed_at = by, now
    consolidation.was_own = consolidation.was_own or has_coded(user=by, video=video)
    consolidation.lease_until = now + LEASE
    consolidation.save()
    close_codings(video=video, at=now)
    compare(video=video)
    return consolidation


@transaction.atomic
def claim_next(*, study: Study, by: User) -> Consolidation | None:
    """Go on with what the user has in hand, else claim the first that waits; None if nothing does."""
    in_hand = Consolidation.objects.in_study(study).in_hand_of(by).order_by("claimed_at").first()
    if in_hand:
        return claim(video=in_hand.video, by=by)
    for comparison in queue(study=study, user=by).select_related("video")[:TRIES]:
        try:
            return claim(video=comparison.video, by=by)
        except NotClaimableError:
            continue  # somebody was quicker
    return None


def queue(*, study: Study, user: User) -> ComparisonQuerySet:
    """What waits for the user, batch by batch, in the study's order."""
    waiting = Comparison.objects.in_study(study).waiting().consolidable_by(user, study)
    within: tuple[str, ...] = ("video__position",)
    if study.consolidation_order == ConsolidationOrder.CONFLICTS_FIRST:
        within = ("-n_opposed", "-n_open", "video__position")
    return waiting.order_by("video__batch__order", "video__batch", *within)


def renew(*, consolidation: Consolidation, by: User) -> bool:
    """Prolong the claim; False if it is no longer the user's."""
    now = timezone.now()
    mine = Consolidation.objects.filter(pk=consolidation.pk).in_hand_of(by)
    return bool(mine.update(lease_until=now + LEASE))


@transaction.atomic
def unclaim(*, consolidation: Consolidation, by: User) -> None:
    """Let a video go. With nothing decided and asked its codings open again; else they stay closed."""
    consolidation = held(consolidation, by=by)
    video = consolidation.video
    Change.objects.record(
        study=video.study, by=by, what="consolidation.released", video=video, before=by.username
    )
    begun = consolidation.decisions.exists() or consolidation.questions.exists()
    if begun or consolidation.state == ConsolidationState.REOPENED:
        consolidation.claimed_by = consolidation.lease_until = None
        consolidation.save()
    else:
        consolidation.delete()
        open_codings(video=video)


def close_codings(*, video: Video, at: datetime) -> int:
    """End corrections: whoever consolidates must not have the ground move."""
    return Coding.objects.filter(video=video, closed_at__isnull=True).update(closed_at=at)


def open_codings(*, video: Video) -> int:
    """Allow corrections again."""
    return Coding.objects.filter(video=video, closed_at__isnull=False).update(closed_at=None)


def held(consolidation: Consolidation, *, by: User) -> Consolidation:
    """The consolidation, locked, if it is in the user's hands; call it inside a transaction."""
    found = (
        locked(Consolidation.objects.all())
        .select_related("video__study", "codebook", "claimed_by")
        .get(pk=consolidation.pk)
    )
    if found.is_done:
        raise RefusedError(_("This consolidation is finished. Open it again to change something."))
    if found.claimed_by_id != by.pk:
        raise RefusedError(
            _("Your claim had run out, and %(name)s has taken this video over.") % {"name": found.claimed_by}
            if found.claimed_by
            else _("You have let this video go. Claim it again to go on.")
        )
    return found


def lock_video(video: Video) -> Video:
    return locked(Video.objects.select_related("study")).get(pk=video.pk)


def _refuse_claim(*, video: Video, by: User, consolidation: Consolidation | None, at: datetime) -> None:
    """Say why this person cannot have this video now, if so."""
    if video.withdrawn_at:
        raise NotClaimableError(_("This video was withdrawn."))
    if consolidation and consolidation.is_done:
        raise NotClaimableError(_("This video is already consolidated."))
    if consolidation and consolidation.is_held_at(at) and consolidation.claimed_by_id != by.pk:
        raise NotClaimableError(_("%(name)s is working on this video.") % {"name": consolidation.claimed_by})
    if not is_ready(video):
        raise NotClaimableError(_("Not all coders have handed this video in."))
    refuse_own(video=video, by=by)


def refuse_own(*, video: Video, by: User) -> None:
    if not video.study.allow_own_consolidation and has_coded(user=by, video=video):
        raise NotClaimableError(_("You coded this video yourself: somebody else has to settle it."))


def newest_codebook(video: Video) -> Codebook:
    """The version to decide in: the newest under which the video was coded."""
    coding = (
        counted_codings().filter(video=video).select_related("codebook").order_by("-codebook__number").first()
    )
    if coding is None:
        raise RefusedError(_("Not all coders have handed this video in."))
    return coding.codebook
