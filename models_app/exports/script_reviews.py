"""What people found of scripts as tables, as far as it is open to the reader: a row a review, a row a gap."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from annotator.blindness import videos_with_models_shown
from annotator.exports.tables import ExportTable
from annotator.exports.writers import Row
from annotator.models import Study, User
from models_app.models import Script, ScriptElement, ScriptGap, ScriptReview
from models_app.queries.scripts import scripts_of, states_of

ABOUT: dict[str, type] = {
    "video_id": str,
    "platform": str,
    "creator": str,  # the code, never the account
    "script": int,
    "parent": int,  # the version that an edit was made from
    "model": str,
    "origin": str,
}
REVIEW_COLUMNS: dict[str, type] = {
    **ABOUT,
    "reviewer": str,
    **dict.fromkeys(ScriptElement.values, str),
    "note": str,
    "state": str,  # what all its reviews come to
    "created_at": str,
}
GAP_COLUMNS: dict[str, type] = {
    **ABOUT,
    "element": str,
    "invented": bool,
    "at_ms": int,
    "text": str,
    "marked_by": str,
    "created_at": str,
}


def reviews_table(study: Study, reader: User) -> ExportTable:
    """A row a review."""
    found = ScriptReview.objects.open_to(reader).filter(script__in=_scripts(study, reader))
    reviews = found.select_related("reviewer", "script__video__creator").order_by("script", "pk")
    videos = list(found.order_by().values_list("script__video", flat=True).distinct())
    return ExportTable(REVIEW_COLUMNS, lambda: _review_rows(reviews), videos)


def gaps_table(study: Study, reader: User) -> ExportTable:
    """A row a gap."""
    found = ScriptGap.objects.open_to(reader).filter(script__in=_scripts(study, reader))
    gaps = found.select_related("created_by", "script__video__creator").order_by("script", "at_ms", "pk")
    videos = list(found.order_by().values_list("script__video", flat=True).distinct())
    return ExportTable(GAP_COLUMNS, lambda: _gap_rows(gaps), videos)


TABLES: dict[str, Callable[[Study, User], ExportTable]] = {"reviews": reviews_table, "gaps": gaps_table}


def _scripts(study: Study, reader: User) -> QuerySet[Script]:
    return scripts_of(study, videos_with_models_shown(reader, study))


def _review_rows(reviews: QuerySet[ScriptReview]) -> Iterator[Row]:
    states = states_of(list(reviews.order_by().values_list("script", flat=True)))
    for review in reviews.defer("script__text", "script__segments", "script__facts"):
        yield (
            _about(review.script)
            | {"reviewer": review.reviewer.get_username(), "note": review.note}
            | {element: getattr(review, element) for element in ScriptElement.values}
            | {"state": str(states[review.script_id]), "created_at": _moment(review.created_at)}
        )


def _gap_rows(gaps: QuerySet[ScriptGap]) -> Iterator[Row]:
    for gap in gaps.defer("script__text", "script__segments", "script__facts"):
        yield (
            _about(gap.script)
            | {"element": gap.element, "invented": gap.is_invented, "at_ms": gap.at_ms, "text": gap.text}
            | {"marked_by": gap.created_by.get_username() if gap.created_by else ""}
            | {"created_at": _moment(gap.created_at)}
        )


def _about(script: Script) -> dict[str, Any]:
    video = script.video
    return {
        "video_id": video.external_id,
        "platform": video.platform,
        "creator": video.creator.code if video.creator else "",
        "script": script.pk,
        "parent": script.parent_id,
        "model": script.model,
        "origin": script.origin,
    }


def _moment(at: Any) -> str:
    return str(at.isoformat(timespec="milliseconds")).replace("+00:00", "Z")
