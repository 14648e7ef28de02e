"""What every page knows: the study it is in and the way to its other pages."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from annotator.models import Role, Study, User
from annotator.queries.work import open_questions, waiting_for

EVERYBODY = frozenset(Role)
MANY = 99  # a count in the navigation says no more than this


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation, for whom, and which pages belong to it."""

    label: Promise
    view: str
    roles: frozenset[Role]
    nouns: tuple[str, ...]  # what the names of its pages begin with


@dataclass(frozen=True, slots=True)
class NavItem:
    """A link of the navigation; what waits there is counted only when it is drawn."""

    url: str
    label: Promise
    is_current: bool
    counter: Callable[[], int] | None = None

    @property
    def count(self) -> str:
        """How much waits there; empty for nothing."""
        count = self.counter() if self.counter else 0
        return f"{MANY}+" if count > MANY else str(count or "")


PLACES = (
    Place(_("Overview"), "annotator:study_detail", EVERYBODY, ("study_detail", "study_edit", "history")),
    Place(_("Code"), "annotator:coding_next", frozenset({Role.ANNOTATOR}), ("coding_next", "coding_edit")),
    Place(
        _("My codings"),
        "annotator:coding_list",
        frozenset({Role.ANNOTATOR}),
        ("coding_list", "difference", "question"),
    ),
    Place(
        _("Consolidate"),
        "annotator:consolidation_list",
        frozenset({Role.CONSOLIDATOR}),
        ("consolidation", "precedent"),
    ),
    Place(_("Codebook"), "annotator:codebook_detail", EVERYBODY, ("codebook",)),
    Place(_("Videos"), "annotator:video_list", frozenset({Role.RESEARCHER}), ("video", "creator")),
    Place(_("Batches"), "annotator:batch_list", frozenset({Role.RESEARCHER}), ("batch", "slot")),
    Place(_("People"), "annotator:member_list", frozenset({Role.RESEARCHER}), ("member",)),
    Place(_("Agreement"), "evaluation:agreement_detail", frozenset({Role.RESEARCHER}), ("agreement",)),
    Place(
        _("Models"),
        "evaluation:leaderboard",
        frozenset({Role.RESEARCHER}),
        ("run", "script", "leaderboard", "video_models"),
    ),
    Place(_("Export"), "annotator:export_list", frozenset({Role.RESEARCHER}), ("export", "label")),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """Variables of ``templates/base.html``."""
    study: Study | None = getattr(request, "study", None)
    return {
        "study": study,
        "roles": getattr(request, "roles", frozenset()),
        # Lazy: a page that draws a bar of its own, or is a part of a page, asks the database nothing.
        "nav": SimpleLazyObject(lambda: navigation(request, study)) if study else [],
        "app_version": settings.VERSION,
    }


def navigation(request: HttpRequest, study: Study) -> list[NavItem]:
    """The way to the study's other pages, for the roles that the person holds; at most two queries."""
    roles: frozenset[Role] = getattr(request, "roles", frozenset())
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    counters = _counters(cast(User, request.user), study)
    current = max(PLACES, key=lambda place: _closeness(place, name))
    return [
        NavItem(
            url=reverse(place.view, args=[study.slug]),
            label=place.label,
            is_current=place is current and name.startswith(place.nouns),
            counter=counters.get(place.view),
        )
        for place in PLACES
        if roles & place.roles
    ]


def _closeness(place: Place, name: str) -> int:
    """How much of a page's name the place answers to: `video_models` is of models, not of videos."""
    return max(len(noun) if name.startswith(noun) else 0 for noun in place.nouns)


def _counters(user: User, study: Study) -> dict[str, Callable[[], int]]:
    return {
        # Cached, as a template asks twice: whether there is a count, and which.
        "annotator:coding_list": cache(lambda: open_questions(user, [study])[: MANY + 1].count()),
        "annotator:consolidation_list": cache(lambda: waiting_for(user, [study])[: MANY + 1].count()),
    }
