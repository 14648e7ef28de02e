"""How far the people who review scripts agree: the figures and their page."""

import pytest
from django.test import Client
from django.urls import reverse

from annotator.models import Role
from evaluation.metrics.agreement import agreement
from evaluation.script_agreement import ANSWERS, agreement_on
from models_app.models import Script
from tests.factories import make_member, make_study, make_video
from tests.run_factories import make_review, make_script

pytestmark = pytest.mark.django_db
GIVEN = [  # what two people said of what is seen, script by script
    ("whole", "whole"),
    ("whole", "partly"),
    ("partly", "partly"),
    ("wrong", "wrong"),
    ("whole", "whole"),
    ("nothing", "whole"),
]


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def people(study):
    return [make_member(study, Role.RESEARCHER) for _n in range(3)]


@pytest.fixture
def scripts(study, people):
    scripts = []
    for n, (first, second) in enumerate(GIVEN):
        script = make_script(make_video(study, creator=f"c{n // 2}"))
        make_review(script, people[0], visual=first)
        make_review(script, people[1], visual=second)
        scripts.append(script)
    return scripts


def page_of(user, **query):
    client = Client()
    client.force_login(user)
    return client.get(reverse("evaluation:script_agreement", args=["study"]), query)


def test_figures_are_those_of_the_library_on_the_same_answers(scripts):
    report = agreement_on(Script.objects.all())
    visual, narration, _captions = report.elements
    assert (visual.element, visual.n, visual.n_differing) == ("visual", 6, 2)
    assert visual.percent.coef == pytest.approx(4 / 6)
    assert visual.ac1.coef == pytest.approx(agreement(GIVEN, ANSWERS).coef)
    assert narration.percent.coef == 1
    units = [*GIVEN, *[("whole", "whole")] * 12]
    assert (report.pooled.n, report.pooled.n_differing) == (18, 2)
    assert report.pooled.ac1.coef == pytest.approx(agreement(units, ANSWERS).coef)
    assert visual.ac1_by_creator.n_clusters == 3
    assert visual.ac1_by_creator.ci_low < visual.ac1.coef < visual.ac1_by_creator.ci_high


def test_a_third_review_does_not_count(scripts, people):
    before = agreement_on(Script.objects.all())
    make_review(scripts[1], people[2], "wrong")
    after = agreement_on(Script.objects.all())
    assert after.elements == before.elements
    assert after.n_people == 2


def test_single_reviews_are_counted_and_nothing_else(study, people):
    make_review(make_script(make_video(study)), people[0])
    report = agreement_on(Script.objects.all())
    assert (report.n_scripts, report.n_one) == (0, 1)
    assert report.pooled.ac1.undefined_because
    assert "so far 1 script has one review" in page_of(people[0]).content.decode()


def test_the_page_narrows_to_one_model(study, people, scripts):
    other = make_script(make_video(study), model="another")
    for by in people[:2]:
        make_review(other, by)
    assert page_of(people[0]).context["report"].n_scripts == 7
    assert page_of(people[0], model="another").context["report"].n_scripts == 1
    assert page_of(people[0], model="nobody").context["report"].n_scripts == 7


def test_an_undefined_figure_is_a_dash_with_its_reason(study, people):
    script = make_script(make_video(study))
    for by in people[:2]:
        make_review(script, by)
    text = " ".join(page_of(people[0]).content.decode().split())
    assert "an interval" in text
    assert "nan" not in text.lower().replace("finance", "")


def test_scripts_that_are_kept_are_not_in_the_figures(study, people, scripts):
    both = make_member(study, Role.RESEARCHER, Role.CONSOLIDATOR)
    assert page_of(both).context["report"].n_scripts == 0
