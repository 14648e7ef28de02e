"""Whose labels a person may see: the one place that says so (docs/decisions/0003-blindness.md).

Whoever codes in a study sees others' judgements, notes and gold of a video only when their own coding of
it is submitted, the video is consolidated and its batch released. This binds a person across all their
roles; the exception is a switch of the study. A consolidator sees the codings of videos that they claimed.
"""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from annotator.models import Coding, Consolidation, ConsolidationState, Role, Study, User, Video


def is_coder(user: User, study: Study) -> bool:
    """Whether the user codes in the study, or ever did."""
    return Role.ANNOTATOR in study.roles_of(user) or Coding.objects.filter(study=study, coder=user).exists()


def binds(study: Study, *, roles: Collection[Role], has_coded: bool) -> bool:
    """The rule itself: it binds coders, unless the study lifts it for their other roles."""
    if Role.ANNOTATOR not in roles and not has_coded:
        return False
    return not (study.lift_blindness and set(roles) - {Role.ANNOTATOR})


def is_bound(user: User, study: Study) -> bool:
    """Whether blindness binds the user."""
    return binds(study, roles=study.roles_of(user), has_coded=is_coder(user, study))


def unblinded_videos(user: User, study: Study) -> QuerySet[Video]:
    """The study's videos whose codings, notes and gold by others the user may see."""
    videos = Video.objects.filter(study=study)
    roles = study.roles_of(user)
    if not is_bound(user, study) and Role.RESEARCHER in roles:
        return videos
    seen = Q(pk__in=[])
    if is_coder(user, study):
        seen |= Q(pk__in=_settled_for(user, study))
    if Role.CONSOLIDATOR in roles:
        seen |= Q(pk__in=Consolidation.objects.open_to(user, study).values("video"))
    return videos.filter(seen)


def sees_every_model(user: User, study: Study) -> bool:
    """Whether no video's scripts and predictions are kept from a researcher: they neither code nor decide."""
    roles = study.roles_of(user)
    return Role.RESEARCHER in roles and Role.CONSOLIDATOR not in roles and not is_bound(user, study)


def videos_with_models_shown(user: User, study: Study) -> QuerySet[Video]:
    """The study's videos whose scripts and predictions the user may see.

    To a coder as late as others' labels; to a consolidator only after deciding, whatever else they are: a
    prediction seen before is a prediction copied. A researcher who neither codes nor consolidates sees all.
    """
    videos = Video.objects.filter(study=study)
    roles = study.roles_of(user)
    seen = Q(pk__in=[])
    if Role.RESEARCHER in roles and not is_bound(user, study):
        if Role.CONSOLIDATOR not in roles:
            return videos
        seen |= Q(consolidation__state=ConsolidationState.DONE)
    if is_coder(user, study):
        seen |= Q(pk__in=_settled_for(user, study))
    if Role.CONSOLIDATOR in roles:
        decided = Consolidation.objects.open_to(user, study).filter(state=ConsolidationState.DONE)
        seen |= Q(pk__in=decided.values("video"))
    return videos.filter(seen)


def may_see_counts(user: User, study: Study) -> bool:
    """Likes and other counts are hidden from coders."""
    return Role.RESEARCHER in study.roles_of(user) and not is_bound(user, study)


def _settled_for(user: User, study: Study) -> QuerySet[Coding, Any]:
    """Keys of the videos that the user has coded, that are consolidated, and whose batch is released."""
    return Coding.objects.filter(
        study=study,
        coder=user,
        submitted_at__isnull=False,
        video__consolidation__state=ConsolidationState.DONE,
        video__batch__released_at__isnull=False,
    ).values("video")
