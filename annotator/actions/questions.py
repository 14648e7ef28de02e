"""Asking the coders of a video something, and answering; nothing is reopened by it."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.claims import held
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Answer, Change, Consolidation, Question, Study, User, Value
from annotator.outbox import is_storable
from annotator.queries.conflicts import counted_codings

MAX_LENGTH = 2_000


class QuestionError(RefusedError):
    """A question or an answer that cannot be stored."""


def questions_to(*, user: User, study: Study) -> QuerySet[Question]:
    """Questions about videos that the user handed in, unless withdrawn since; the newest first."""
    mine = counted_codings().filter(video=OuterRef("consolidation__video"), coder=user)
    return Question.objects.filter(
        Exists(mine), consolidation__video__study=study, consolidation__video__withdrawn_at__isnull=True
    ).order_by("-asked_at", "-pk")


def n_unanswered(*, user: User, study: Study) -> int:
    """How many open questions wait for the user."""
    answered = Answer.objects.filter(question=OuterRef("pk"), by=user)
    return (
        questions_to(user=user, study=study)
        .exclude(Exists(answered))
        .exclude(consolidation__state="done")
        .count()
    )


@transaction.atomic
def ask(*, consolidation: Consolidation, by: User, text: str, value: Value | None = None) -> Question:
    """Put a question about a value, or about the whole video, to its coders."""
    consolidation = held(consolidation, by=by)
    text = _checked(text)
    if value is not None and value.codebook_id != consolidation.codebook_id:
        raise QuestionError(_("This value is not in the codebook of the video."))
    question = Question.objects.create(consolidation=consolidation, value=value, text=text, asked_by=by)
    video = consolidation.video
    Change.objects.record(
        study=video.study,
        by=by,
        what="question.asked",
        video=video,
        value=value.slug if value else "",
        after=text,
    )
    return question


@transaction.atomic
def answer(*, question: Question, by: User, text: str) -> Answer:
    """Answer a question, or change one's answer, as long as the consolidation is not finished."""
    consolidation = locked(Consolidation.objects.all()).get(pk=question.consolidation_id)
    if consolidation.is_done:
        raise QuestionError(_("This video is settled: the question needs no answer any more."))
    text = _checked(text)
    known = Answer.objects.filter(question=question, by=by).first()
    if known is not None and known.text == text:
        return known
    before = known.text if known else None
    if known is None:
        known = Answer.objects.create(question=question, by=by, text=text)
    else:
        known.text, known.edited_at = text, timezone.now()
        known.save()
    video = consolidation.video
    Change.objects.record(
        study=video.study,
        by=by,
        what="question.answered",
        video=video,
        value=question.value.slug if question.value else "",
        before=before,
        after=text,
    )
    return known


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise QuestionError(_("Write something first."))
    if len(text) > MAX_LENGTH:
        raise QuestionError(_("At most %(n)s characters, please.") % {"n": MAX_LENGTH})
    if not is_storable(text):
        raise QuestionError(_("The text contains characters that cannot be stored."))
    return text
