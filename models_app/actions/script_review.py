"""What people find of scripts: reviews of the three elements, and gaps that they mark."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, User, Video
from models_app.models import Captured, Script, ScriptElement, ScriptGap, ScriptReview

MOST_GAPS = 200  # of one script, by everybody


@transaction.atomic
def review_script(
    *, script: Script, answers: Mapping[ScriptElement, Captured], note: str, by: User
) -> ScriptReview:
    """Keep somebody's review, or change it while nobody else has given theirs.

    Two review a script; a third only where these two differ in what decides (ReviewQuerySet.verdicts).
    """
    video = _locked_video(script)
    reviews = ScriptReview.objects.filter(script=script)
    own = reviews.filter(reviewer=by).first()
    if own and reviews.exclude(pk=own.pk).exists():
        raise RefusedError(_("somebody else has reviewed this script too: your review stands as it is."))
    if not own and not Script.objects.reviewable_by(by).filter(pk=script.pk).exists():
        raise RefusedError(_("this script has been reviewed by enough people already."))
    before = _said(own) if own else None
    review = own or ScriptReview(script=script, reviewer=by)
    review.visual = answers[ScriptElement.VISUAL]
    review.narration = answers[ScriptElement.NARRATION]
    review.captions = answers[ScriptElement.CAPTIONS]
    review.note = note
    if before == _said(review):
        return review
    review.save()
    Change.objects.record(
        study=video.study,
        by=by,
        what="script.review_changed" if before else "script.reviewed",
        video=video,
        before=before,
        after=_said(review),
    )
    return review


@transaction.atomic
def mark_gap(
    *, script: Script, element: ScriptElement, is_invented: bool, at_ms: int | None, text: str, by: User
) -> ScriptGap:
    """Keep what a script missed or made up; the same marked twice is one."""
    video = _locked_video(script)
    fields = {"element": element, "is_invented": is_invented, "at_ms": at_ms, "text": text, "created_by": by}
    if (twin := script.gaps.filter(**fields).first()) is not None:
        return twin
    if script.gaps.count() >= MOST_GAPS:
        raise RefusedError(_("at most %(n)d gaps can be marked in one script.") % {"n": MOST_GAPS})
    gap = ScriptGap.objects.create(script=script, **fields)
    Change.objects.record(study=video.study, by=by, what="script.gap_marked", video=video, after=_marked(gap))
    return gap


@transaction.atomic
def remove_gap(*, gap: ScriptGap, by: User) -> None:
    """Take back a gap of one's own."""
    if gap.created_by_id != by.pk:
        raise RefusedError(_("only whoever marked a gap can take it back."))
    video = _locked_video(gap.script)
    Change.objects.record(
        study=video.study, by=by, what="script.gap_removed", video=video, before=_marked(gap)
    )
    gap.delete()


def _locked_video(script: Script) -> Video:
    """The script's video, kept from others until the transaction ends; RefusedError once it is withdrawn."""
    video = locked(Video.objects.filter(pk=script.video_id)).select_related("study").get()
    if video.withdrawn_at:
        raise RefusedError(_("the video was withdrawn."))
    return video


def _said(review: ScriptReview) -> dict[str, object]:
    answers = {element: str(getattr(review, element)) for element in ScriptElement.values}
    return {"version": review.script_id, **answers, "note": review.note}


def _marked(gap: ScriptGap) -> dict[str, object]:
    return {
        "version": gap.script_id,
        "element": str(gap.element),
        "invented": gap.is_invented,
        "at_ms": gap.at_ms,
        "text": gap.text,
    }
