"""Who may open what: one decorator for every view inside a study.

An outsider gets 404, so that a study's existence stays unknown; a member without the role gets 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from annotator.models import Membership, Role, Study, User

P = ParamSpec("P")


class StudyRequest(HttpRequest):
    """A request inside a study, by a member of it."""

    htmx: HtmxDetails
    study: Study
    roles: frozenset[Role]
    if TYPE_CHECKING:
        user: User


def study_view(
    *roles: Role,
) -> Callable[
    [Callable[Concatenate[StudyRequest, Study, P], HttpResponseBase]], Callable[..., HttpResponseBase]
]:
    """Open a view at ``/s/<slug>/…`` to members holding one of the roles; to any member if none is named.

    The view gets the request (with ``study`` and ``roles`` on it) and the study in place of the slug.
    """

    def decorate(
        view: Callable[Concatenate[StudyRequest, Study, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def opened(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            study, held = _study_and_roles(cast(User, request.user), slug)
            if roles and held.isdisjoint(roles):
                raise PermissionDenied
            study_request = cast(StudyRequest, request)
            study_request.study, study_request.roles = study, held
            return view(study_request, study, *args, **kwargs)

        return opened

    return decorate


def _study_and_roles(user: User, slug: str) -> tuple[Study, frozenset[Role]]:
    """The study and what the user is in it, in the one query that every request pays for."""
    # The codebook's document is as long as a booklet: whoever reads it fetches it.
    memberships = (
        Membership.objects.filter(user=user, study__slug=slug)
        .select_related("study__codebook")
        .defer("study__codebook__document")
    )
    held = list(memberships)
    if not held:
        raise Http404
    return held[0].study, frozenset(Role(membership.role) for membership in held)
