"""A video's script and predictions beside the human labels, and the videos of a run, as pages."""

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.actions.claims import claim
from annotator.actions.comparison import compare
from annotator.actions.consolidation import reopen
from annotator.actions.videos import withdraw_video
from annotator.models import Exposure, GoldLabel, Role, Seen
from models_app.queries.script_lines import lines_of_script
from tests.access.world import settle
from tests.factories import make_codebook, make_coding, make_member, make_study, make_user, make_video
from tests.llm_factories import block, make_llm_run, say
from tests.run_factories import fail, make_run, make_script, predict

pytestmark = pytest.mark.django_db
SLUGS = ["face", "humility", "tradition", "hedonism"]


@pytest.fixture
def study():
    return make_study("study", slugs=SLUGS)


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


@pytest.fixture
def video(study):
    """Gold: face endorsed, all else absent."""
    return gold_video(study)


def gold_video(study, **fields):
    video = make_video(study, **fields)
    make_coding(video, make_user(), {"face": 1})
    make_coding(video, make_user(), {"face": -1})
    compare(video=video)
    con = make_member(study, Role.CONSOLIDATOR)
    settle(claim(video=video, by=con), by=con)
    return video


def get(user, name, study, *args, **query):
    client = Client()
    client.force_login(user)
    return client.get(reverse(f"models_app:{name}", args=[study.slug, *args]), query)


def table_of(response):
    return response.context["table"]


def cells_of(response, slug):
    return next(row for row in response.context["rows"] if row.value.slug == slug).answers


def test_predictions_are_closed_again_when_a_video_is_reopened_and_gold_tells_that_they_were_seen(study):
    video = gold_video(study)
    predict(make_run(study, [video]), video, {"face": (False, True)})
    consolidation = video.consolidation
    by = consolidation.claimed_by
    assert not GoldLabel.objects.filter(video=video, predictions_seen=True).exists()
    assert get(by, "video_models", study, video.pk).status_code == 200
    reopen(consolidation=consolidation, by=by)
    assert get(by, "video_models", study, video.pk).status_code == 404
    consolidation.refresh_from_db()
    client = Client()
    client.force_login(by)
    parcel = {"mutation": str(uuid.uuid4()), "changes": [{"key": "face", "base": 1, "stance": -1}]}
    for name, body in (("consolidation_save", parcel), ("consolidation_finish", {})):
        address = reverse(f"annotator:{name}", args=[study.slug, consolidation.pk])
        response = client.post(address, json.dumps(body), content_type="application/json")
        assert response.status_code == 200, response.content
    face = GoldLabel.objects.get(video=video, value__slug="face")
    assert (face.stance, face.predictions_seen) == (-1, True)
    assert get(by, "video_models", study, video.pk).status_code == 200


# --- one video ----------------------------------------------------------------------------


def test_coders_gold_and_runs_stand_side_by_side(study, researcher, video):
    run = make_run(study, [video], model="all-MiniLM")
    predict(run, video, {"face": (True, False, 0.914, 0.021), "humility": (True, True)})
    response = get(researcher, "video_models", study, video.pk)
    table = table_of(response)
    assert (len(table.coders), table.has_gold, [column.run for column in table.runs]) == (2, True, [run])
    face = next(row for row in table.rows if row.value.slug == "face")
    assert (face.stances, face.gold, face.is_conflict) == ([1, -1], 1, True)
    assert [cell.stance for cell in face.answers] == [1]
    page = response.content.decode()
    assert ".91" in page
    assert ".02" in page
    assert 'data-stance="both"' in page


def test_differences_from_gold_are_counted_and_marked(study, researcher, video):
    run = make_run(study, [video])
    predict(run, video, {"face": (False, True), "humility": (True, False), "tradition": (None, None)})
    response = get(researcher, "video_models", study, video.pk)
    assert table_of(response).runs[0].n_differs == 3
    assert [row.value.slug for row in table_of(response).rows if row.is_different] == ["face", "humility"]
    assert len(re.findall(r'class="is-different"', response.content.decode())) == 2


def test_only_rows_that_differ_are_left_by_the_filter(study, researcher, video):
    run = make_run(study, [video])
    predict(run, video, {"face": (True, False), "humility": (True, False)})
    response = get(researcher, "video_models", study, video.pk, only="differs")
    assert [row.value.slug for row in response.context["rows"]] == ["humility"]


def test_what_was_not_said_is_neither_absent_nor_missing(study, researcher, video):
    run = make_run(study, [video])
    predict(run, video, {"face": (None, None), "humility": (True, None), "tradition": None})
    response = get(researcher, "video_models", study, video.pk)
    assert [cells_of(response, slug)[0].stance for slug in SLUGS] == ["not-said", 1, "missing", 0]
    page = response.content.decode()
    assert "confronted: not said" in page


def test_what_its_samples_did_not_agree_on_is_unsaid_beside_the_shares(study, researcher, video):
    run = make_run(study, [video])
    predict(run, video, {"face": (None, None, 0.41, 0.39)})
    response = get(researcher, "video_models", study, video.pk)
    assert cells_of(response, "face")[0].stance == "not-said"
    page = response.content.decode()
    assert '<span class="visually-hidden">not said</span>' in page
    for share in (".41", ".39"):
        assert share in page


def test_what_a_run_never_says_is_told_once_in_its_column_s_head(study, researcher, video):
    dictionary, other = make_run(study, [video], model="words"), make_run(study, [video], model="other")
    half = dict.fromkeys(SLUGS[1:], (False, None))
    predict(dictionary, video, half | {"face": (None, None)})
    predict(other, video, half | {"face": (True, True)})
    table = table_of(response := get(researcher, "video_models", study, video.pk))
    never = {column.run: column.never for column in table.runs}
    assert never == {dictionary: "confronted", other: ""}
    place = [column.run for column in table.runs].index(dictionary)
    assert {row.answers[place].unsaid for row in table.rows} == {""}
    assert [row.answers[1 - place].unsaid for row in table.rows] == ["", *["confronted"] * 3]
    page = response.content.decode()
    assert page.count('<span class="beside-note">confronted: not said</span>') == 1
    assert page.count('<span class="visually-hidden">confronted: not said</span>') == 3
    assert "this one answer was not said" in page
    only = get(researcher, "video_models", study, video.pk, run=dictionary.pk).content.decode()
    assert only.count("confronted: not said") == 1
    assert "this one answer was not said" not in only


def test_a_failed_video_says_why_it_is_missing(study, researcher, video):
    run = make_run(study, [video])
    fail(run, video, error="The script holds nothing to judge.")
    response = get(researcher, "video_models", study, video.pk)
    assert table_of(response).runs[0].n_differs is None
    assert {cell.stance for row in table_of(response).rows for cell in row.answers} == {"missing"}
    assert "The script holds nothing to judge." in response.content.decode()


def test_a_run_that_was_not_asked_for_the_video_is_no_column(study, researcher, video):
    make_run(study, [make_video(study)])
    assert table_of(get(researcher, "video_models", study, video.pk)).runs == []


def test_runs_can_be_chosen(study, researcher, video):
    runs = [make_run(study, [video], model=f"m{n}") for n in range(5)]
    for run in runs:
        predict(run, video)
    silent = make_run(study, [video], model="silent")
    newest = [column.run for column in table_of(get(researcher, "video_models", study, video.pk)).runs]
    assert newest == runs[:1:-1]  # the newest that say something
    response = get(researcher, "video_models", study, video.pk, run=silent.pk)
    assert [column.run for column in table_of(response).runs] == [silent]
    response = get(researcher, "video_models", study, video.pk, run=[runs[0].pk, runs[2].pk])
    assert {column.run for column in table_of(response).runs} == {runs[0], runs[2]}


def test_predictions_under_another_meaning_are_not_compared(study, researcher, video):
    run = make_run(study, [video])
    predict(run, video, {"face": (False, False)})
    make_codebook(study, slugs=SLUGS, number=2)
    study.codebook.values.filter(slug="face").update(identity="another")
    GoldLabel.objects.filter(video=video, value__slug="face").update(
        value=study.codebook.values.get(slug="face")
    )
    cell = cells_of(get(researcher, "video_models", study, video.pk), "face")[0]
    assert cell.is_other_meaning
    assert cell.n_differs == 0


def test_a_script_has_times_to_go_to(study, researcher, video):
    text = 'INT. KITCHEN\n\nMIRA: "Cold coffee again."\n\n[day 3]\n\nShe laughs.'
    segments = [
        {"kind": "scene", "start_ms": 0, "end_ms": 900, "text": "INT. KITCHEN"},
        {"kind": "speech", "start_ms": 1200, "end_ms": 2000, "text": "Cold coffee again."},
        {"kind": "caption", "start_ms": 2100, "end_ms": 2900, "text": "[day 3]"},
    ]
    script = make_script(video, text, segments=segments)
    lines = lines_of_script(script)
    assert [line.text for line in lines] == [part for part in text.split("\n") if part]
    assert [(line.kind, line.start_ms) for line in lines] == [
        ("scene", 0),
        ("speech", 1200),
        ("caption", 2100),
        ("", None),
    ]
    page = get(researcher, "video_models", study, video.pk).content.decode()
    assert 'data-seek-ms="1200"' in page
    assert "Cold coffee again." in page


def test_a_script_is_shown_as_text_whatever_it_holds(study, researcher, video):
    make_script(video, "<script>alert(1)</script>", segments=[{"odd": True}, {"text": ""}])
    page = get(researcher, "video_models", study, video.pk).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_script_with_times_comes_before_a_newer_one_without(study, researcher, video):
    timed = make_script(video, "SAID", segments=[{"kind": "speech", "start_ms": 5, "text": "SAID"}])
    make_script(video, "TYPED", model="a person")
    assert get(researcher, "video_models", study, video.pk).context["script"] == timed


def test_one_of_several_scripts_can_be_chosen(study, researcher, video):
    first, second = make_script(video, "FIRST"), make_script(video, "SECOND", model="other")
    assert get(researcher, "video_models", study, video.pk).context["script"] == second
    response = get(researcher, "video_models", study, video.pk, script=first.pk)
    assert response.context["script"] == first
    elsewhere = make_script(make_video(study), "ELSEWHERE")
    assert get(researcher, "video_models", study, video.pk, script=elsewhere.pk).context["script"] == second


def test_one_goes_from_video_to_video_within_a_run(study, researcher):
    videos = [make_video(study, external_id=f"v{n}") for n in range(4)]
    run = make_run(study, [videos[0], videos[2], videos[3]])
    make_run(study, videos)
    around = get(researcher, "video_models", study, videos[2].pk, of=run.pk).context["around"]
    assert (around.before, around.after) == (videos[0], videos[3])
    around = get(researcher, "video_models", study, videos[2].pk).context["around"]
    assert (around.before, around.after) == (videos[1], videos[3])


def test_a_withdrawn_video_is_not_shown(study, researcher, video):
    make_run(study, [video])
    withdraw_video(video=video, because="asked", by=researcher)
    assert get(researcher, "video_models", study, video.pk).status_code == 404


@pytest.mark.parametrize("name", ["run", "script", "of", "only"])
@pytest.mark.parametrize("strange", [str(10**30), "-1", "²", "\x00", "x' --", "9" * 18])
def test_strange_queries_are_ignored(study, researcher, video, name, strange):
    run = make_run(study, [video])
    predict(run, video)
    make_script(video)
    response = get(researcher, "video_models", study, video.pk, **{name: strange})
    assert response.status_code == 200
    assert [column.run for column in table_of(response).runs] == [run]


# --- who sees it, and that it is written down ---------------------------------------------


def test_a_coder_finds_predictions_once_their_batch_is_released(study, video):
    coder = video.codings.first().coder
    make_member(study, Role.ANNOTATOR, user=coder)
    predict(make_run(study, [video]), video)
    assert get(coder, "video_models", study, video.pk).status_code == 404
    video.batch.released_at = timezone.now()
    video.batch.save()
    response = get(coder, "video_models", study, video.pk)
    assert response.status_code == 200
    assert "/runs/" not in response.content.decode()  # those pages are for researchers


def test_a_consolidator_finds_predictions_after_deciding(study):
    video = make_video(study)
    for stance in (1, -1):
        make_coding(video, make_user(), {"face": stance})
    compare(video=video)
    con = make_member(study, Role.CONSOLIDATOR)
    predict(make_run(study, [video]), video)
    consolidation = claim(video=video, by=con)
    assert get(con, "video_models", study, video.pk).status_code == 404
    settle(consolidation, by=con)
    assert get(con, "video_models", study, video.pk).status_code == 200


def test_whoever_is_shown_something_is_written_down(study, researcher, video):
    predict(make_run(study, [video]), video)
    make_script(video)
    get(researcher, "video_models", study, video.pk)
    kinds = Exposure.objects.filter(user=researcher, video=video).values_list("kind", flat=True)
    assert set(kinds) == {Seen.SCRIPT, Seen.PREDICTIONS, Seen.CODINGS, Seen.GOLD}


def test_what_is_not_there_leaves_no_trace(study, researcher):
    video = make_video(study)
    run = make_run(study, [video])
    fail(run, video)
    get(researcher, "video_models", study, video.pk)
    assert not Exposure.objects.exists()


# --- the videos of a run ------------------------------------------------------------------


def test_the_videos_of_a_run_are_sorted_by_their_distance_from_gold(study, researcher):
    near, far, exact, bare = (gold_video(study), gold_video(study), gold_video(study), make_video(study))
    missing = make_video(study)
    run = make_run(study, [near, far, exact, bare, missing])
    predict(run, near, {"face": (True, True)})
    predict(run, far, {"face": (False, True), "humility": (True, True)})
    predict(run, exact, {"face": (True, False)})
    predict(run, bare, {"face": (True, False)})
    fail(run, missing, error="It has no picture.")
    response = get(researcher, "run_videos", study, run.pk)
    lines = response.context["page"].object_list
    assert [line.n_differs for line in lines] == [4, 1, 0, None, None]
    assert [line.video for line in lines[:3]] == [far, near, exact]
    assert "It has no picture." in response.content.decode()
    for only, expected in (("differs", {far, near}), ("same", {exact}), ("missing", {missing})):
        page = get(researcher, "run_videos", study, run.pk, only=only).context["page"]
        assert {line.video for line in page.object_list} == expected
    by_id = get(researcher, "run_videos", study, run.pk, sort="-id").context["page"].object_list
    assert [line.video.external_id for line in by_id] == sorted(
        (line.video.external_id for line in by_id), reverse=True
    )


def test_the_list_leaves_a_trace_where_it_tells_a_distance(study, researcher, video):
    bare = make_video(study)
    run = make_run(study, [video, bare])
    predict(run, video)
    predict(run, bare)
    get(researcher, "run_videos", study, run.pk)
    rows = set(Exposure.objects.filter(user=researcher).values_list("video", "kind"))
    assert rows == {(video.pk, Seen.PREDICTIONS), (video.pk, Seen.GOLD)}


def test_a_run_of_scripts_lists_who_has_one(study, researcher):
    with_one, without = make_video(study), make_video(study)
    run = make_run(study, [with_one, without], gives="scripts", pipeline="local-script")
    make_script(with_one, run=run)
    response = get(researcher, "run_videos", study, run.pk, only="missing")
    assert [line.video for line in response.context["page"].object_list] == [without]


def test_a_researcher_who_codes_sees_that_videos_are_kept(study, video):
    both = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    run = make_run(study, [video])
    predict(run, video)
    response = get(both, "run_videos", study, run.pk)
    assert (response.context["n_lines"], response.context["n_kept"]) == (0, 1)
    assert video.external_id not in response.content.decode()


def test_a_model_s_reason_and_moment_are_there_on_demand(study, researcher, video):
    run = make_llm_run(study, [video])
    say(run, video, {"face": (True, False)}, why="<b>She laughs</b>", evidence_ms=2_500)
    page = get(researcher, "video_models", study, video.pk)
    text = " ".join(page.content.decode().split())
    assert text.count('<details class="answer-why">') == 1  # closed, and only where something is said
    assert "&lt;b&gt;She laughs&lt;/b&gt;" in text
    assert 'data-seek-ms="2500"' in text
    cells = {row.value.slug: row.answers[0] for row in table_of(page).rows}
    assert (cells["face"].reason, cells["face"].evidence_ms) == ("<b>She laughs</b>", 2500)
    assert (cells["humility"].reason, cells["humility"].evidence_ms) == ("", None)


def test_a_blocked_video_says_so_among_the_run_s(study, researcher, video):
    run = make_llm_run(study, [video])
    block(run, video, reason="SAFETY")
    (line,) = get(researcher, "run_videos", study, run.pk).context["page"].object_list
    assert (line.is_blocked, line.why_missing) == (True, "The provider blocked this (SAFETY).")
    (column,) = table_of(get(researcher, "video_models", study, video.pk, run=run.pk)).runs
    assert column.why_missing == "The provider blocked this (SAFETY)."
