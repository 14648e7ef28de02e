"""The pages of agreement: what they show, to whom, and that they keep blindness."""

import csv

import pytest
from django.urls import reverse

from annotator.actions.simulation import simulate_codings
from annotator.models import Coding, Exposure, GoldLabel, Judgement, Role, Seen, Value
from evaluation.agreement_page import interval, short
from tests.factories import SCHWARTZ, make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def simulated():
    study = make_study("sim", slugs=SCHWARTZ)
    simulate_codings(study=study, n_videos=60, n_creators=8, seed=2)
    return study


def address(name, *args):
    return reverse(f"evaluation:{name}", args=args)


def test_page_shows_headline_values_by_trouble_and_method(simulated, client):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    response = client.get(address("agreement_detail", "sim"))
    rows = response.context["rows"]
    report = response.context["report"]
    assert [row.value.slug for row in rows] == [
        value.value for value in sorted(report.values, key=lambda v: v.figures["ac1"].estimate.coef)
    ]
    page = response.content.decode()
    assert short(report.mean_over_values.ac1) in page
    assert "60 videos" in page
    assert "1000 bootstraps of 8 creators" in page
    assert "AC1 .77 and alpha .30 can both be true" in page
    assert page.count('class="interval"') == 19


def test_page_shows_both_intervals_of_every_value_and_summary(simulated, client):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    response = client.get(address("agreement_detail", "sim"))
    report, page = response.context["report"], response.content.decode()
    for mean in (report.mean_over_values, report.mean_over_binary_labels):
        assert f"95 % CI {interval(mean.clustered.ci_low, mean.clustered.ci_high)}, by creator" in page
        analytic = interval(mean.analytic.ci_low, mean.analytic.ci_high)
        assert f"{analytic} if videos were independent" in page
    pooled = report.pooled["ac1"].estimate
    assert f"{interval(pooled.ci_low, pooled.ci_high)} if all units were independent" in page
    figures = {value.value: value.figures["ac1"] for value in report.values}
    for row in response.context["rows"]:
        figure = figures[row.value.slug]
        assert row.ac1.interval == interval(figure.clustered.ci_low, figure.clustered.ci_high)
        assert row.ac1.analytic == interval(figure.estimate.ci_low, figure.estimate.ci_high)
        assert f">{row.ac1.analytic}</td>" in page
    assert page.count('class="interval-tick"') == 2 * 19


def test_page_warns_of_few_creators_and_only_then(client):
    for slug, n_creators in (("few", 19), ("many", 20)):
        study = make_study(slug, slugs=SCHWARTZ)
        simulate_codings(study=study, n_videos=40, n_creators=n_creators, seed=2)
        client.force_login(make_member(study, Role.RESEARCHER))
        response = client.get(address("agreement_detail", slug))
        assert response.context["report"].n_clusters == n_creators
        assert ("tend to be too narrow" in response.content.decode()) == (slug == "few")


@pytest.mark.parametrize("sort", ["circle", "-alpha", "prevalence", "-differing", "nonsense"])
def test_table_sorts(simulated, client, sort):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    rows = client.get(address("agreement_detail", "sim"), {"sort": sort}).context["rows"]
    assert len(rows) == 19
    if sort == "circle":
        assert [row.value.position for row in rows] == list(range(1, 20))
    if sort == "-differing":
        counts = [row.n_differing for row in rows]
        assert counts == sorted(counts, reverse=True)


def test_page_says_why_there_is_nothing(client):
    study = make_study("new", slugs=["face"])
    make_coding(make_video(study), make_member(study, Role.ANNOTATOR))
    client.force_login(make_member(study, Role.RESEARCHER))
    assert "No agreement to measure yet" in client.get(address("agreement_detail", "new")).content.decode()
    assert "so far 1 video has one coding" in client.get(address("agreement_summary", "new")).content.decode()
    assert client.get(address("agreement_table", "new")).status_code == 404


def test_undefined_figure_is_a_dash_with_its_reason(client):
    study = make_study("flat", slugs=["face"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    for creator in ("a", "b"):
        video = make_video(study, creator=creator)
        for person in people:
            make_coding(video, person)
    client.force_login(make_member(study, Role.RESEARCHER))
    page = client.get(address("agreement_detail", "flat")).content.decode()
    assert "undefined, because everybody gave the same stance always" in page
    assert page.count("undefined, because no video coded twice was given this stance") == 4  # − and +, twice


def test_value_coded_by_nobody_twice_comes_last_and_says_why(client):
    """After its meaning has changed, what was said of a value before counts as missing."""
    study = make_study("half", slugs=["face", "tradition"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    for creator, stances in (("a", (0, 1)), ("b", (0, 0))):
        video = make_video(study, creator=creator)
        for person, stance in zip(people, stances, strict=True):
            coding = make_coding(video, person, {"face": 0, "tradition": stance})
            coding.judgements.filter(value__slug="face").update(first_stance=None)
    client.force_login(make_member(study, Role.RESEARCHER))
    response = client.get(address("agreement_detail", "half"))
    last = response.context["rows"][-1]
    assert last.value.slug == "face"
    assert (last.ac1.text, last.ac1.interval, last.ac1.analytic, last.shares) == ("–", "", "", None)
    page = response.content.decode()
    assert "undefined, because nothing has been coded yet" in page
    assert "Face: AC1 is undefined" in page
    assert "Mean AC1 over 1 value<" in page


def test_page_of_a_batch_and_of_feedback_keeps_its_choice_in_links(simulated, client):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    batch = simulated.batches.first()
    response = client.get(address("agreement_detail", "sim"), {"of": f"batch-{batch.pk}", "feedback": "1"})
    chosen = response.context["filter"]
    assert (chosen.selection.batch, chosen.selection.with_feedback) == (batch, True)
    assert f"?of=batch-{batch.pk}&amp;feedback=1" in response.content.decode()
    other = client.get(address("agreement_detail", "sim"), {"of": "batch-999999"}).context["filter"]
    assert other.selection.batch is None


def test_summary_shows_the_headline(simulated, client):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    page = client.get(address("agreement_summary", "sim")).content.decode()
    assert "60 videos coded twice" in page
    assert "<html" not in page


def test_files_hold_the_same_numbers(simulated, client):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    report = client.get(address("agreement_detail", "sim")).context["report"]
    response = client.get(address("agreement_table", "sim"))
    rows = list(csv.DictReader(response.content.decode().splitlines()))
    assert len(rows) == 22
    assert float(rows[0]["ac1"]) == report.values[0].figures["ac1"].estimate.coef
    pooled, mean, binary = rows[-3:]
    assert float(pooled["kappa"]) == report.pooled["kappa"].estimate.coef
    assert float(mean["ac1_ci_low"]) == report.mean_over_values.analytic.ci_low
    assert float(mean["ac1_ci_low_by_creator"]) == report.mean_over_values.clustered.ci_low
    assert float(binary["ac1"]) == report.mean_over_binary_labels.ac1
    assert binary["kappa"] == ""
    figure = client.get(address("agreement_figure", "sim", "svg"))
    assert figure["Content-Type"] == "image/svg+xml"
    assert b"AC1 with 95 % interval" in figure.content
    assert figure.content == client.get(address("agreement_figure", "sim", "svg")).content
    assert client.get(address("agreement_figure", "sim", "pdf")).content.startswith(b"%PDF")
    assert client.get(address("agreement_figure", "sim", "exe")).status_code == 404


def test_conflicts_show_both_sides_unnamed_and_are_counted_as_seen(client):
    study = make_study("one", slugs=["face"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video = make_video(study, external_id="71")
    for person, stance in zip(people, (1, -1), strict=True):
        coding = make_coding(video, person, {"face": stance})
        Judgement.objects.filter(coding=coding).update(note=f"note {stance}")
    same = make_video(study, external_id="72")
    for person in people:
        make_coding(same, person)
    value = Value.objects.get(codebook=study.codebook)
    GoldLabel.objects.create(
        video=video, value=value, stance=1, origin="person", decided_at="2026-01-01T00:00Z"
    )
    researcher = make_member(study, Role.RESEARCHER)
    client.force_login(researcher)
    response = client.get(address("agreement_conflicts", "one", "face"))
    page = response.content.decode()
    assert [case.video.external_id for case in response.context["cases"]] == ["71"]
    assert "note 1" in page
    assert "note -1" in page
    assert not any(person.username in page for person in people)
    assert response.context["cases"][0].gold == 1
    seen = set(Exposure.objects.filter(user=researcher).values_list("video", "kind"))
    assert seen == {(video.pk, Seen.CODINGS), (video.pk, Seen.GOLD)}
    assert client.get(address("agreement_conflicts", "one", "nothing")).status_code == 404


def test_conflicts_of_videos_that_are_kept_from_a_coder_stay_hidden(client):
    study = make_study("one", slugs=["face"])
    person = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    others = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video = make_video(study, external_id="71")
    for other, stance in zip(others, (1, -1), strict=True):
        make_coding(video, other, {"face": stance})
    client.force_login(person)
    response = client.get(address("agreement_conflicts", "one", "face"))
    assert response.context["cases"] == []
    assert "71" not in response.content.decode().split("<main")[1]
    assert response.context["are_some_kept"]
    assert not Exposure.objects.filter(user=person).exists()


def test_few_videos_are_kept_from_a_researcher_who_codes(client, simulated):
    study = make_study("few", slugs=["face"])
    person = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    others = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video = make_video(study)
    for other in others:
        make_coding(video, other)
    client.force_login(person)
    response = client.get(address("agreement_detail", "few"))
    assert "Kept from you for now" in response.content.decode()
    assert "rows" not in response.context
    assert client.get(address("agreement_table", "few")).status_code == 404
    assert client.get(address("agreement_figure", "few", "svg")).status_code == 404
    assert "stat-number" not in client.get(address("agreement_summary", "few")).content.decode()
    make_member(simulated, Role.RESEARCHER, Role.ANNOTATOR, user=person)
    assert len(client.get(address("agreement_detail", "sim")).context["rows"]) == 19


def test_pages_are_for_researchers(client, simulated):
    addresses = [
        address("agreement_detail", "sim"),
        address("agreement_summary", "sim"),
        address("agreement_table", "sim"),
        address("agreement_figure", "sim", "svg"),
        address("agreement_conflicts", "sim", "face"),
    ]
    for roles, status in (((Role.ANNOTATOR,), 403), ((Role.CONSOLIDATOR,), 403), ((), 404)):
        client.force_login(make_member(simulated, *roles))
        assert {client.get(one).status_code for one in addresses} == {status}


def test_codings_after_feedback_are_left_out_and_can_be_taken_in(client, simulated):
    first = Coding.objects.filter(study=simulated).first()
    Coding.objects.filter(pk=first.pk).update(saw_feedback=True)
    client.force_login(make_member(simulated, Role.RESEARCHER))
    page = client.get(address("agreement_detail", "sim"))
    assert page.context["report"].n_videos == 59
    assert "1 coding made after its coder had seen feedback" in page.content.decode()
    assert client.get(address("agreement_detail", "sim"), {"feedback": "1"}).context["report"].n_videos == 60


def test_page_asks_the_same_queries_whatever_the_size(client, simulated, django_assert_max_num_queries):
    client.force_login(make_member(simulated, Role.RESEARCHER))
    with django_assert_max_num_queries(25):
        client.get(address("agreement_detail", "sim"))
    with django_assert_max_num_queries(25):
        client.get(address("agreement_conflicts", "sim", "face"))
