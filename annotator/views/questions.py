"""Questions of consolidators to coders: asking beside a conflict, answering on a page."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.actions.questions import QuestionError, answer, ask, questions_to
from annotator.errors import RefusedError
from annotator.http import posted
from annotator.models import Answer, Consolidation, Judgement, Question, Role, Study, Value
from annotator.queries.sheet import read_sheet


@require_POST
@study_view(Role.CONSOLIDATOR)
def question_ask(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Store a question and show the thread it belongs to."""
    consolidation = get_object_or_404(Consolidation.objects.open_to(request.user, study), pk=pk)
    slug, text = posted(request, "value"), posted(request, "text")
    value = None
    if slug:
        value = get_object_or_404(Value, codebook=consolidation.codebook_id, slug=slug)
    error = ""
    try:
        ask(consolidation=consolidation, by=request.user, text=text, value=value)
    except RefusedError as refusal:
        error = str(refusal)
    context = {
        "consolidation": consolidation,
        "value": value,
        "questions": thread(consolidation, value=value),
        "error": error,
        "text_typed": text if error else "",
        "is_editable": True,
    }
    return render(request, "annotator/question_thread.html", context)


@study_view(Role.ANNOTATOR)
def question_list(request: StudyRequest, study: Study) -> HttpResponse:
    """What consolidators ask this coder, with the coder's own judgement and answers."""
    return render(request, "annotator/question_list.html", {"questions": _asked(request, study)})


@require_POST
@study_view(Role.ANNOTATOR)
def question_answer(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Store an answer and show the question again."""
    question = get_object_or_404(questions_to(user=request.user, study=study), pk=pk)
    text, error, is_saved = posted(request, "text"), "", False
    try:
        answer(question=question, by=request.user, text=text)
    except QuestionError as refusal:
        error = str(refusal)
    else:
        is_saved = True
    shown = next(item for item in _asked(request, study, pk=pk))
    context = {"question": shown, "error": error, "text": text if error else None, "is_saved": is_saved}
    template = "annotator/question_list.html#question" if request.htmx else "annotator/question_list.html"
    return render(request, template, {**context, "questions": _asked(request, study)})


def thread(consolidation: Consolidation, *, value: Value | None) -> list[Question]:
    """Questions on one value (None: on the whole video) with answers under the letters of the sides."""
    letters = {side.coding.coder_id: side.letter for side in read_sheet(consolidation).sides}
    questions = list(consolidation.questions.filter(value=value).prefetch_related("answers"))
    for question in questions:
        for given in question.answers.all():
            given.letter = letters.get(given.by_id, "?")  # type: ignore[attr-defined]
    return questions


def _asked(request: StudyRequest, study: Study, *, pk: int | None = None) -> list[Question]:
    """The user's questions, unanswered first, with their own answer and judgement: three queries."""
    found = questions_to(user=request.user, study=study).select_related(
        "value", "consolidation__video__study", "consolidation__video__batch"
    )
    if pk is not None:
        found = found.filter(pk=pk)
    questions = list(found[:200])
    answers = {a.question_id: a for a in Answer.objects.filter(question__in=questions, by=request.user)}
    judgements = {
        (judgement.coding.video_id, judgement.value.slug): judgement
        for judgement in Judgement.objects.filter(
            coding__coder=request.user,
            coding__slot__isnull=False,
            coding__video__in=[question.consolidation.video_id for question in questions],
        ).select_related("coding", "value")
    }
    codings = {video: judgement.coding_id for (video, _slug), judgement in judgements.items()}
    for question in questions:
        video = question.consolidation.video_id
        question.mine = answers.get(question.pk)  # type: ignore[attr-defined]
        slug = question.value.slug if question.value else ""
        question.judgement = judgements.get((video, slug))  # type: ignore[attr-defined]
        question.coding_pk = codings.get(video)  # type: ignore[attr-defined]
        question.is_over = question.consolidation.is_done  # type: ignore[attr-defined]
    return sorted(questions, key=lambda q: bool(q.mine) or q.is_over)  # type: ignore[attr-defined]
