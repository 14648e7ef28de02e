"""Pages of scripts: the list and its search, one script, the queue of reviews, edits, side by side, files."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.exports.catalogue import table_of
from annotator.exports.tables import Wishes
from annotator.models import Change, Exposure, Role, Seen, Video
from models_app.models import Gives, Script, ScriptGap, ScriptReview
from models_app.queries.scripts import hits_in
from models_app.queries.scripts_beside import side_by_side
from models_app.queries.scripts_difference import difference, n_words
from tests.factories import make_batch, make_member, make_study, make_video
from tests.run_factories import make_review, make_run, make_script

pytestmark = pytest.mark.django_db
WHOLE = {"visual": "whole", "narration": "whole", "captions": "nothing", "note": ""}
GAP = {"element": "visual", "kind": "missed", "at": "0:12.5", "text": "driving in the air"}


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def people(study):
    return [make_member(study, Role.RESEARCHER) for _n in range(3)]


@pytest.fixture
def client(people):
    return client_of(people[0])


@pytest.fixture
def script(study):
    return make_script(make_video(study), "INT. KITCHEN\n\nMIRA: “Cold coffee, again.”")


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, *args):
    return reverse(f"models_app:{name}", args=["study", *args])


def listed(client, **query):
    return [row.script for row in client.get(url("script_list"), query).context["rows"]]


def text_of(response):
    return " ".join(response.content.decode().split())


# --- the list -----------------------------------------------------------------------------


def test_the_list_shows_the_newest_version_of_each_model(study, client, script, people):
    edit = make_script(script.video, "Edited", origin="edit", parent=script, created_by=people[1])
    other = make_script(script.video, "Other", model="another")
    assert set(listed(client)) == {edit, other}
    assert set(listed(client, versions="all")) == {script, edit, other}
    assert listed(client, origin="edit") == [edit]
    assert listed(client, model="another") == [other]


def test_filters_find_by_state_batch_and_gaps(study, client, script, people):
    batch = make_batch(study, "Second")
    approved, differing, one = (make_script(make_video(study, batch=batch)) for _n in range(3))
    for by in people[:2]:
        make_review(approved, by)
    make_review(differing, people[1])
    make_review(differing, people[2], visual="wrong")
    make_review(one, people[0])
    ScriptGap.objects.create(script=one, text="a gap", created_by=people[0])
    assert listed(client, state="approved") == [approved]
    assert listed(client, state="differing") == [differing]
    assert listed(client, state="one") == [one]
    assert listed(client, state="unreviewed") == [script]
    assert listed(client, state="lacking") == []
    assert listed(client, state="gaps") == [one]
    assert set(listed(client, state="mine")) == {script, differing}
    assert set(listed(client, batch=batch.pk)) == {approved, differing, one}
    assert set(listed(client, batch="nonsense", state="?")) == {script, approved, differing, one}


@pytest.mark.parametrize("words", ["בוקר טוב", "صباح", "100%", "a_b", "Coffee"])
def test_words_are_found_in_any_script_and_marked(study, client, words):
    found = make_script(make_video(study), f"[בוקר טוב] صباح الخير 100% a_b coffee <b>{words}</b>")
    make_script(make_video(study), "nothing of it: 100, aXb")
    response = client.get(url("script_list"), {"q": words})
    assert [row.script for row in response.context["rows"]] == [found]
    assert f"<mark>{words}</mark>" in response.content.decode()
    assert "<b>" not in response.content.decode().partition("<mark>")[2][:60]
    assert Exposure.objects.get().video == found.video


def test_the_list_itself_shows_no_words_and_leaves_no_trace(client, script):
    assert "Cold coffee" not in text_of(client.get(url("script_list")))
    assert not Exposure.objects.exists()


def test_hits_that_touch_are_shown_once():
    assert len(hits_in("tea tea tea", "tea")) == 1
    assert len(hits_in(f"tea {'x' * 300} TEA {'x' * 300} tea {'x' * 300} tea", "tea")) == 3


def test_models_are_counted_with_reviews_and_gaps(study, client, people):
    scripts = [make_script(make_video(study)) for _n in range(3)]
    for by in people[:2]:
        make_review(scripts[0], by)
    make_review(scripts[1], people[1], "partly")
    for n, element in enumerate(("visual", "visual", "captions")):
        ScriptGap.objects.create(script=scripts[n % 2], element=element, text=f"gap {n}", is_invented=n == 2)
    (count,) = client.get(url("script_list")).context["counts"]
    assert (count.n_scripts, count.n_reviewed, count.n_approved) == (3, 1, 1)
    assert count.gaps == {"visual": 2, "narration": 0, "captions": 1}
    assert (count.n_invented, count.n_looked_at, count.gaps_per_script) == (1, 2, 1.5)


def test_gaps_a_script_are_undefined_where_nobody_has_looked(client, script):
    assert "nobody has looked at one yet" in text_of(client.get(url("script_list")))


def test_the_list_asks_as_often_for_many_as_for_few(study, client, people):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(url("script_list"), {"q": "INT"}).status_code == 200
        return len(caught)

    for n in range(3):
        make_review(make_script(make_video(study), model=f"model {n}"), people[1])
    few = queries()
    for n in range(12):
        script = make_script(make_video(study), model=f"model {n}", created_by=people[2])
        make_review(script, people[1])
        ScriptGap.objects.create(script=script, text="a gap")
    assert queries() == few


def test_an_empty_list_says_how_to_get_scripts(client):
    assert "No scripts yet" in text_of(client.get(url("script_list")))


def test_no_page_of_scripts_shows_more_than_blindness_allows(study, script):
    both = client_of(make_member(study, Role.RESEARCHER, Role.CONSOLIDATOR))
    response = both.get(url("script_list"), {"versions": "all"})
    assert (response.context["rows"], response.context["counts"]) == ([], [])
    assert "Scripts of 1 more video are kept from you" in text_of(response)
    for name in ("script_detail", "script_edit"):
        assert both.get(url(name, script.pk)).status_code == 404
    assert both.get(url("script_compare"), {"a": script.pk, "b": script.pk}).status_code == 404
    assert both.post(url("script_review", script.pk), WHOLE).status_code == 404
    assert both.post(url("script_gap_add", script.pk), GAP).status_code == 404
    assert not ScriptReview.objects.exists()


# --- one script ---------------------------------------------------------------------------


def test_a_script_is_shown_with_its_versions_and_what_an_edit_changed(study, client, script, people):
    edit = make_script(
        script.video, script.text.replace("Cold", "Old"), origin="edit", parent=script, created_by=people[1]
    )
    response = client.get(url("script_detail", edit.pk))
    page = text_of(response)
    assert "<del>Cold</del><ins>Old</ins>" in page
    assert "1 words added, 1 removed" in page
    assert f"?a={script.pk}&amp;b={edit.pk}" in page
    assert Exposure.objects.get().kind == Seen.SCRIPT
    older = text_of(client.get(url("script_detail", script.pk)))
    assert "There is a newer version" in older
    assert "There is a newer version" not in page


def test_a_review_is_kept_and_leads_back(client, script, people):
    response = client.post(url("script_review", script.pk), WHOLE)
    assert response.headers["Location"] == url("script_detail", script.pk)
    assert ScriptReview.objects.get().reviewer == people[0]


def test_a_review_without_all_answers_is_shown_again_with_those_given(client, script):
    response = client.post(url("script_review", script.pk), {"visual": "partly", "note": "Look"})
    page = text_of(response)
    assert re.search(r'name="visual" value="partly" required checked', page)
    assert "Look</textarea>" in page
    assert page.count("This field is required") == 2
    assert not ScriptReview.objects.exists()


def test_another_s_review_is_not_on_the_page_before_one_s_own(client, script, people):
    make_review(script, people[1], "partly", note="zq-note")
    ScriptGap.objects.create(script=script, text="zq-gap", created_by=people[1])
    page = text_of(client.get(url("script_detail", script.pk)))
    assert "zq-" not in page
    assert "1 person has reviewed this script" in page
    assert "1 gap marked by others" in page
    client.post(url("script_review", script.pk), WHOLE)
    page = text_of(client.get(url("script_detail", script.pk)))
    assert "zq-note" in page
    assert "zq-gap" in page


def test_the_history_does_not_tell_what_a_reviewer_said(client, script, people):
    client_of(people[1]).post(url("script_review", script.pk), {**WHOLE, "note": "zq-note"})
    client_of(people[1]).post(url("script_gap_add", script.pk), {**GAP, "text": "zq-gap"})
    page = text_of(client.get(reverse("annotator:history_list", args=["study"])))
    assert "reviewed a script" in page
    assert "zq-" not in page


@pytest.mark.parametrize(
    ("given", "at_ms"),
    [
        ("0:12.5", 12_500),
        ("12", 12_000),
        ("1:02:03.25", 3_723_250),
        ("", None),
        ("2:5,125", 125_125),
        ("90", 90_000),
    ],
)
def test_a_gap_is_marked_at_a_time_of_the_player(client, script, given, at_ms):
    client.post(url("script_gap_add", script.pk), {**GAP, "at": given})
    gap = ScriptGap.objects.get()
    assert (gap.at_ms, gap.text, gap.is_invented) == (at_ms, "driving in the air", False)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"at": at} for at in ("soon", "5:61", "1:60:00")),
        *({"text": " "}, {"element": "smell"}, {"kind": ""}),
    ],
)
def test_a_gap_that_makes_no_sense_is_shown_again(client, script, wrong):
    response = client.post(url("script_gap_add", script.pk), {**GAP, **wrong})
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert not ScriptGap.objects.exists()


def test_no_gap_lies_behind_the_video_s_end(client, script):
    Video.objects.filter(pk=script.video_id).update(duration_ms=13_000)
    page = client.post(url("script_gap_add", script.pk), {**GAP, "at": "0:14.5"}).content.decode()
    assert "The video ends at 0:13.0." in page
    assert not ScriptGap.objects.exists()


def test_only_own_gaps_are_taken_back(client, script, people):
    mine, theirs = (ScriptGap.objects.create(script=script, text="g", created_by=by) for by in people[:2])
    assert client.post(url("script_gap_delete", mine.pk)).status_code == 302
    assert client.post(url("script_gap_delete", theirs.pk)).status_code == 404
    assert list(ScriptGap.objects.all()) == [theirs]


# --- the queue ----------------------------------------------------------------------------


def test_the_queue_leads_from_script_to_script_until_none_is_left(study, client, people):
    scripts = [make_script(make_video(study), model="by Gemini 1.5 & co") for _n in range(3)]
    make_script(make_video(study), model="another")
    for by in people[1:]:
        make_review(scripts[1], by)  # two have approved it: no third is needed
    seen = []
    response = client.get(url("script_next"), {"queue": "by Gemini 1.5 & co"}, follow=True)
    for _n in range(2):
        seen.append(response.context["script"])
        queue = response.context["queue"]
        action = re.search(r'action="([^"]*/review/[^"]*)"', response.content.decode()).group(1)
        response = client.post(action.replace("&amp;", "&"), WHOLE, follow=True)
    assert seen == [scripts[0], scripts[2]]
    assert (queue.n_own, queue.n) == (1, 2)
    assert "Nothing is left for you to review: you have reviewed 2 scripts" in text_of(response)


def test_the_queue_can_be_one_of_a_batch_and_scripts_can_be_skipped(study, client):
    batch = make_batch(study, "Development", purpose="development")
    make_script(make_video(study, batch=make_batch(study)))
    first, second = (make_script(make_video(study, batch=batch)) for _n in range(2))
    asked = {"queue": "transcriber", "batch": batch.pk}
    response = client.get(url("script_next"), asked, follow=True)
    assert response.context["script"] == first
    assert response.context["queue"].n == 2
    response = client.get(url("script_next"), {**asked, "after": first.video_id}, follow=True)
    assert response.context["script"] == second
    response = client.get(url("script_next"), {**asked, "after": second.video_id}, follow=True)
    assert response.context["script"] == first  # what was skipped comes again


@pytest.mark.parametrize(
    "query", [{}, {"queue": "nobody"}, {"queue": "\x00"}, {"queue": "x", "batch": "9" * 30}]
)
def test_a_queue_of_nothing_leads_to_the_list(client, script, query):
    assert client.get(url("script_next"), query).headers["Location"] == url("script_list")


# --- edits --------------------------------------------------------------------------------


def test_an_edit_is_kept_as_a_version(client, script):
    response = client.get(url("script_edit", script.pk))
    assert response.context["form"]["text"].value() == script.text
    sent = {"text": script.text.replace("Cold", "Old").replace("\n", "\r\n"), "base": script.pk}
    response = client.post(url("script_edit", script.pk), sent)
    edit = Script.objects.get(parent=script)
    assert response.headers["Location"] == url("script_detail", edit.pk)
    assert edit.text == script.text.replace("Cold", "Old")


def test_a_second_tab_s_edit_is_refused_with_both_texts_on_the_page(client, script):
    client.post(url("script_edit", script.pk), {"text": "From the first tab", "base": script.pk})
    newer = Script.objects.get(parent=script)
    sent = {"text": "From the second tab", "base": script.pk}
    page = text_of(client.post(url("script_edit", script.pk), sent))
    assert "Somebody has made a newer version meanwhile" in page
    assert "From the second tab</textarea>" in page
    assert "From the <del>first</del><ins>second</ins> tab" in page
    assert Script.objects.count() == 2
    client.post(url("script_edit", script.pk), {**sent, "base": newer.pk})
    assert Script.objects.get(parent=newer).text == "From the second tab"


@pytest.mark.parametrize("base", ["", "x", "99999999999999999999999"])
def test_an_edit_of_nothing_known_changes_nothing(client, script, base):
    response = client.post(url("script_edit", script.pk), {"text": "Other", "base": base})
    assert response.status_code in (200, 404)
    assert Script.objects.count() == 1


def test_an_edit_cannot_be_laid_on_another_video_s_script(study, client, script):
    other = make_script(make_video(study))
    response = client.post(url("script_edit", script.pk), {"text": "Other", "base": other.pk})
    assert response.status_code == 404
    assert Script.objects.count() == 2


# --- side by side -------------------------------------------------------------------------


def timed(text, *starts):
    lines = text.split("\n")
    return {
        "text": text,
        "segments": [{"text": t, "start_ms": s} for t, s in zip(lines, starts, strict=False)],
    }


def test_timed_scripts_stand_side_by_side_by_time(study):
    video = make_video(study)
    left = make_script(video, **timed("one\ntwo\nfive", 0, 2_000, 5_000))
    right = make_script(video, model="another", **timed("uno\ncinque", 900, 5_100))
    rows = [
        (row.at_ms, [line.text for line in row.left], [line.text for line in row.right])
        for row in side_by_side(left, right)
    ]
    assert rows == [(0, ["one"], ["uno"]), (2_000, ["two"], []), (5_000, ["five"], ["cinque"])]


def test_what_comes_before_the_first_time_stands_alone(study):
    video = make_video(study)
    left = make_script(video, "Sound: speech.\none", segments=[{"text": "one", "start_ms": 0}])
    right = make_script(video, model="another", **timed("uno", 0))
    assert [row.at_ms for row in side_by_side(left, right)] == [None, 0]


def test_scripts_without_times_stand_line_by_line(study):
    video = make_video(study)
    left, right = make_script(video, "one\ntwo"), make_script(video, "uno", model="another")
    rows = [([x.text for x in row.left], [x.text for x in row.right]) for row in side_by_side(left, right)]
    assert rows == [(["one"], ["uno"]), (["two"], [])]


def test_versions_are_compared_word_by_word():
    lines = difference("Hello there\nsame\ngone", "Hello you there\nsame")
    assert [line.is_changed for line in lines] == [True, False, True]
    assert [piece.text for piece in lines[0].after if piece.kind == "added"] == ["you "]
    assert (n_words(lines, "added"), n_words(lines, "removed")) == (1, 1)


def test_a_line_changed_beside_one_that_came_is_compared_with_itself():
    lines = difference("MIRA: Cold coffee, again.", "She laughs.\nMIRA: Old coffee, again.\nShe sits.")
    texts = [[(piece.kind, piece.text) for piece in line.pieces] for line in lines]
    assert texts[0] == [("added", "She laughs.")]
    assert texts[1][1:3] == [("removed", "Cold"), ("added", "Old")]
    assert texts[2] == [("added", "She sits.")]


def test_two_scripts_are_shown_side_by_side(study, client, script):
    other = make_script(script.video, "Anderes", model="another")
    response = client.get(url("script_compare"), {"a": script.pk, "b": other.pk})
    assert not response.context["are_versions"]
    assert "Anderes" in text_of(response)
    strange = make_script(make_video(study))
    assert client.get(url("script_compare"), {"a": script.pk, "b": strange.pk}).status_code == 404


# --- files --------------------------------------------------------------------------------


def rows_of_file(response):
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_reviews_and_gaps_can_be_downloaded_as_far_as_they_are_open(study, client, script, people):
    hidden = make_script(make_video(study))
    make_review(hidden, people[1], note="kept")
    ScriptGap.objects.create(script=hidden, text="kept", created_by=people[1])
    for by in people[:2]:
        make_review(script, by, note="=1+1")
    ScriptGap.objects.create(script=script, element="visual", at_ms=5, text="a gap", created_by=people[1])
    (first, second) = rows_of_file(client.get(url("script_download", "reviews", "csv")))
    assert (first["video_id"], first["state"], first["note"]) == (
        script.video.external_id,
        "approved",
        "'=1+1",
    )
    assert {first["reviewer"], second["reviewer"]} == {user.username for user in people[:2]}
    (gap,) = rows_of_file(client.get(url("script_download", "gaps", "csv")))
    assert (gap["text"], gap["element"], gap["at_ms"], gap["invented"]) == ("a gap", "visual", "5", "no")
    assert b"".join(client.get(url("script_download", "gaps", "xlsx")).streaming_content)[:2] == b"PK"
    assert client.get(url("script_download", "secrets", "csv")).status_code == 404
    assert client.get(url("script_download", "gaps", "exe")).status_code == 404
    assert Change.objects.filter(what="export.downloaded").count() == 3
    assert set(Exposure.objects.values_list("video", flat=True)) == {script.video_id}


def test_the_export_of_scripts_tells_of_edits_reviews_and_gaps(study, script, people):
    run = make_run(study, [script.video], gives=Gives.SCRIPTS, model="m")
    by_run = make_script(script.video, run=run)
    edit = make_script(script.video, "Edited", origin="edit", parent=script, created_by=people[0])
    for by in people[:2]:
        make_review(edit, by)
    for element in ("visual", "captions", "captions"):
        ScriptGap.objects.create(script=edit, element=element, text="g")
    rows = {row["script"]: row for row in table_of(study, "scripts", Wishes()).rows()}
    assert set(rows) == {script.pk, by_run.pk, edit.pk}
    row = rows[edit.pk]
    assert (row["parent"], row["origin"], row["edited"], row["model"]) == (
        script.pk,
        "edit",
        True,
        script.model,
    )
    assert (row["approved"], row["n_reviews"], row["n_gaps"]) == (True, 2, 3)
    assert (row["n_gaps_visual"], row["n_gaps_narration"], row["n_gaps_captions"]) == (1, 0, 2)
    row = rows[by_run.pk]
    assert (row["parent"], row["edited"], row["approved"], row["n_reviews"], row["n_gaps"]) == (
        None,
        False,
        False,
        0,
        0,
    )
