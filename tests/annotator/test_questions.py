"""Questions to coders: nothing is reopened, nothing of the other side is shown."""

import pytest
from django.urls import reverse

from annotator.actions.claims import claim
from annotator.actions.questions import QuestionError, answer, ask, n_unanswered, questions_to
from annotator.errors import RefusedError
from annotator.models import Answer, Change, Coding, Consolidation, ConsolidationState, Question, Role
from tests.factories import make_coding, make_member, make_study, make_user, make_video


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility"])


@pytest.fixture
def ann(study):
    return make_member(study, Role.ANNOTATOR, user=make_user("zoe-k"))


@pytest.fixture
def bob(study):
    return make_member(study, Role.ANNOTATOR, user=make_user("bob-k"))


@pytest.fixture
def consolidation(study, ann, bob):
    video = make_video(study, external_id="7123")
    make_coding(video, ann, {"face": 1}, note="ann's remark")
    make_coding(video, bob, {"face": -1}, note="bob's remark")
    return claim(video=video, by=make_member(study, Role.CONSOLIDATOR))


@pytest.fixture
def face(study):
    return study.codebook.values.get(slug="face")


@pytest.fixture
def question(consolidation, face):
    return ask(consolidation=consolidation, by=consolidation.claimed_by, text="Did you see it?", value=face)


def test_asking_reopens_nothing(consolidation, question):
    assert not Coding.objects.filter(closed_at=None).exists()
    assert Consolidation.objects.get().state == ConsolidationState.CLAIMED
    assert Change.objects.get(what="question.asked").after == "Did you see it?"


def test_both_coders_and_nobody_else_are_asked(study, question, ann, bob):
    stranger = make_member(study, Role.ANNOTATOR)
    asked = [questions_to(user=user, study=study).count() for user in (ann, bob, stranger)]
    assert asked == [1, 1, 0]
    assert n_unanswered(user=ann, study=study) == 1


def test_an_answer_can_be_changed_and_keeps_what_it_was(study, question, ann):
    answer(question=question, by=ann, text="Yes")
    answer(question=question, by=ann, text="No")
    assert Answer.objects.get().text == "No"
    assert Answer.objects.get().edited_at is not None
    assert Change.objects.filter(what="question.answered").order_by("pk").last().before == "Yes"
    assert n_unanswered(user=ann, study=study) == 0


def test_finished_consolidation_takes_no_answers(consolidation, question, ann):
    Consolidation.objects.update(state=ConsolidationState.DONE)
    with pytest.raises(QuestionError, match="settled"):
        answer(question=question, by=ann, text="Late")
    assert n_unanswered(user=ann, study=consolidation.video.study) == 0


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x00b"])
def test_texts_that_cannot_be_stored_are_refused(consolidation, question, ann, text):
    with pytest.raises(QuestionError):
        ask(consolidation=consolidation, by=consolidation.claimed_by, text=text)
    with pytest.raises(QuestionError):
        answer(question=question, by=ann, text=text)
    assert Question.objects.count() == 1


def test_only_the_holder_asks(study, consolidation):
    with pytest.raises(RefusedError):
        ask(consolidation=consolidation, by=make_member(study, Role.CONSOLIDATOR), text="?")


def test_coders_page_shows_own_judgement_and_not_the_other_side(client, study, question, ann, bob):
    answer(question=question, by=bob, text="bob answered")
    client.force_login(ann)
    html = client.get(reverse("annotator:question_list", args=[study.slug])).content.decode()
    assert "Did you see it?" in html
    assert "endorsed" in html
    assert "confronted" not in html
    assert "bob" not in html  # neither the name nor the remark nor the answer


def test_coder_answers_on_the_page(client, study, question, ann):
    client.force_login(ann)
    address = reverse("annotator:question_answer", args=[study.slug, question.pk])
    response = client.post(address, {"text": "At the end"}, HTTP_HX_REQUEST="true")
    assert "answered" in response.content.decode()
    assert Answer.objects.get().by == ann
    html = client.post(address, {"text": " "}, HTTP_HX_REQUEST="true").content.decode()
    assert "Write something first." in html
    assert Answer.objects.get().text == "At the end"


def test_nobody_answers_what_they_were_not_asked(client, study, question):
    client.force_login(make_member(study, Role.ANNOTATOR))
    address = reverse("annotator:question_answer", args=[study.slug, question.pk])
    assert client.post(address, {"text": "x"}).status_code == 404
    assert not Answer.objects.exists()


def test_consolidator_sees_answers_by_side_without_names(client, study, consolidation, question, ann):
    answer(question=question, by=ann, text="At the end")
    client.force_login(consolidation.claimed_by)
    address = reverse("annotator:consolidation_edit", args=[study.slug, consolidation.pk])
    html = client.get(address).content.decode()
    assert "At the end" in html
    assert "zoe-k" not in html


def test_consolidator_asks_beside_a_value(client, study, consolidation, face):
    client.force_login(consolidation.claimed_by)
    address = reverse("annotator:question_ask", args=[study.slug, consolidation.pk])
    html = client.post(address, {"value": "face", "text": "Where?"}).content.decode()
    assert "Where?" in html
    assert Question.objects.get().value == face
    client.post(address, {"value": "", "text": "Whole?"})
    assert Question.objects.filter(value=None).count() == 1
    assert client.post(address, {"value": "nothing", "text": "?"}).status_code == 404
    assert "Write something first." in client.post(address, {"text": ""}).content.decode()


def test_question_page_takes_the_same_queries_for_many(
    client, study, consolidation, ann, django_assert_max_num_queries
):
    for n in range(12):
        ask(consolidation=consolidation, by=consolidation.claimed_by, text=f"Question {n}?")
    client.force_login(ann)
    with django_assert_max_num_queries(14):
        client.get(reverse("annotator:question_list", args=[study.slug]))


def test_a_character_that_no_database_takes_is_left_out_of_a_question(client, study, consolidation):
    client.force_login(consolidation.claimed_by)
    address = reverse("annotator:question_ask", args=[study.slug, consolidation.pk])
    assert client.post(address, {"text": "What is\x00 meant?"}).status_code == 200
    assert Question.objects.filter(text="What is meant?").count() == 1
    assert client.post(address, {"text": "?", "value": "fa\x00ce"}).status_code in (200, 404)
