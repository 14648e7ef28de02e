"""Who saw what is written down; who coded does not consolidate; nothing published tells an account."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.actions.claims import claim
from annotator.exports.catalogue import table_of
from annotator.exports.tables import Wishes
from annotator.models import Consolidation, Exposure, Role, Seen, Video
from tests.access import staged as stages
from tests.access.staged import A, C, Persona, R, Staged
from tests.access.world import both_coded, settle
from tests.factories import make_member, make_study, make_user, make_video


def get(staged: Staged, name: str, *args, app="annotator", **query):
    client = Client()
    client.force_login(staged.me)
    return client.get(reverse(f"{app}:{name}", args=[staged.study.slug, *args]), query)


def sights(staged: Staged) -> set[tuple[str, str]]:
    """Stage and kind of all that the person is known to have seen."""
    rows = Exposure.objects.filter(user=staged.me).values_list("video__external_id", "kind")
    return {(video.removeprefix("stage-"), kind) for video, kind in rows}


@pytest.fixture
def researcher(db):
    return stages.build(Persona(frozenset({R}), codes=False))


def test_a_video_s_labels_leave_a_trace(researcher):
    assert get(researcher, "video_detail", researcher.videos["settled"].pk).status_code == 200
    assert sights(researcher) == {("settled", Seen.CODINGS), ("settled", Seen.GOLD)}


def test_a_video_without_gold_leaves_a_trace_of_codings_only(researcher):
    get(researcher, "video_detail", researcher.videos["submitted"].pk)
    assert sights(researcher) == {("submitted", Seen.CODINGS)}


def test_the_history_leaves_a_trace_of_what_it_tells(researcher):
    get(researcher, "history_list", kind="judgement")
    assert ("submitted", Seen.CODINGS) in sights(researcher)
    assert not any(kind == Seen.GOLD for _stage, kind in sights(researcher))
    get(researcher, "history_list", kind="gold")
    assert ("settled", Seen.GOLD) in sights(researcher)


def test_submissions_in_the_history_tell_no_label_and_leave_no_trace(researcher):
    researcher.study.changes.filter(what="coding.rest_absent").delete()
    get(researcher, "history_list", kind="coding")
    assert sights(researcher) == set()


def test_the_list_of_conflicts_leaves_a_trace(researcher):
    get(researcher, "agreement_conflicts", "face", app="evaluation")
    assert {("submitted", Seen.CODINGS), ("settled", Seen.GOLD)} <= sights(researcher)


def test_a_page_that_hides_labels_leaves_no_trace(db):
    staged = stages.build(Persona(frozenset({A, R})))
    for name in ("in-work", "submitted", "claimed", "settled", "others-released"):
        get(staged, "video_detail", staged.videos[name].pk)
    assert sights(staged) == set()


def test_predictions_and_scripts_leave_traces(researcher):
    get(researcher, "video_models", researcher.videos["in-work"].pk, app="models_app")
    assert {("in-work", Seen.SCRIPT), ("in-work", Seen.PREDICTIONS)} <= sights(researcher)
    run = researcher.study.runs.get(model="a model")
    get(researcher, "run_videos", run.pk, app="models_app")
    assert ("settled", Seen.PREDICTIONS) in sights(researcher)


def test_predictions_that_are_kept_leave_no_trace(db):
    staged = stages.build(Persona(frozenset({C, R}), codes=False))
    for name in ("in-work", "submitted", "mine-claimed"):
        get(staged, "video_models", staged.videos[name].pk, app="models_app")
    assert sights(staged) == set()


def test_consolidating_and_its_precedents_leave_traces(db):
    staged = stages.build(Persona(frozenset({C}), codes=False))
    mine = Consolidation.objects.get(video=staged.videos["mine-claimed"])
    get(staged, "consolidation_edit", mine.pk)
    assert sights(staged) == {("mine-claimed", Seen.CODINGS)}
    get(staged, "precedent_list", mine.pk, "face")
    assert ("others-settled", Seen.GOLD) in sights(staged)


def test_differences_leave_a_trace_on_what_was_released(db):
    staged = stages.build(Persona(frozenset({A})))
    get(staged, "difference_list")
    assert sights(staged) == {("released", Seen.GOLD)}


# --- nobody consolidates what they coded --------------------------------------------------


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility"])


@pytest.fixture
def both(study):
    """An annotator who also consolidates, and a client of theirs."""
    user = make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR)
    client = Client()
    client.force_login(user)
    return user, client


def test_who_coded_can_not_claim(study, both):
    user, client = both
    video = both_coded(study, user, make_user())
    for name, args in (("consolidation_claim", [video.pk]), ("consolidation_next", [])):
        response = client.post(reverse(f"annotator:{name}", args=[study.slug, *args]))
        assert response.headers["Location"] == reverse("annotator:consolidation_list", args=[study.slug])
    assert not Consolidation.objects.exists()
    page = client.get(reverse("annotator:consolidation_list", args=[study.slug])).content.decode()
    assert video.external_id not in page


def test_who_coded_can_not_look_at_anothers_claim(study, both):
    user, client = both
    consolidation = claim(
        video=both_coded(study, user, make_user()), by=make_member(study, Role.CONSOLIDATOR)
    )
    response = client.get(reverse("annotator:consolidation_edit", args=[study.slug, consolidation.pk]))
    assert response.status_code == 302
    url = reverse("annotator:precedent_list", args=[study.slug, consolidation.pk, "face"])
    assert client.get(url).status_code == 404


def test_who_coded_can_not_reopen_into_their_own_hands(study, both):
    user, client = both
    video = both_coded(study, user, make_user())
    done = settle(
        claim(video=video, by=make_member(study, Role.CONSOLIDATOR)),
        by=Consolidation.objects.get().claimed_by,
    )
    client.post(reverse("annotator:consolidation_reopen", args=[study.slug, done.pk]))
    done.refresh_from_db()
    assert done.is_done


def test_an_allowance_that_ended_ends_the_sight(study, both):
    """Claimed while the study allowed it: the screen and the drawer close with the allowance."""
    user, client = both
    study.allow_own_consolidation = True
    study.save()
    consolidation = claim(video=both_coded(study, user, make_user()), by=user)
    assert consolidation.was_own
    edit = reverse("annotator:consolidation_edit", args=[study.slug, consolidation.pk])
    drawer = reverse("annotator:precedent_list", args=[study.slug, consolidation.pk, "face"])
    detail = reverse("annotator:video_detail", args=[study.slug, consolidation.video_id])
    assert client.get(edit).status_code == client.get(drawer).status_code == 200
    make_member(study, Role.RESEARCHER, user=user)
    assert 'class="is-conflict"' in client.get(detail).content.decode()
    study.allow_own_consolidation = False
    study.save()
    assert client.get(edit).status_code == 302
    assert client.get(drawer).status_code == 404
    assert 'class="is-conflict"' not in client.get(detail).content.decode()


# --- nothing published tells an account ---------------------------------------------------

HANDLES = ["zanyzoe", "Zany.Zoe_99", "צילהזוהר", "ｚａｎｙｚｏｅ", "zz", "@zanyzoe", "zany zoe", "q"]
IDS = [
    "{h}",
    "{h}-7301",
    "clip_{h}_2",
    "7301-{h}",
    "https://x.example/@{h}/video/7301",
    "@{h}",
    "{n} at home",
    "7301",
]


def gold_video(study, **fields) -> Video:
    video = make_video(study, slots=False, **fields)
    consolidation = Consolidation.objects.create(video=video, state="done", origin="import")
    for value in study.codebook.values.all():
        video.gold.create(value=value, stance=1, origin=consolidation.origin, decided_at=video.created_at)
    return video


@pytest.mark.parametrize("handle", HANDLES)
def test_the_published_form_tells_no_account(study, handle):
    ids = [pattern.format(h=handle, n="Zilpah Quirk") for pattern in IDS]
    for external_id in ids:
        gold_video(
            study,
            creator=handle,
            external_id=external_id,
            url=f"https://www.tiktok.com/@{handle}/video/7301",
            caption=f"follow @{handle}, says Zilpah Quirk",
            hashtags=[handle],
        )
    study.creators.update(name="Zilpah Quirk")
    rows = list(table_of(study, "published", Wishes()).rows())
    text = str(rows).casefold()
    for secret in (f"@{handle}", "zilpah", "quirk", "tiktok.com", "http"):
        assert secret.casefold() not in text
    given_ids = [row["1_Link1"] for row in rows]
    assert len(set(given_ids)) == len(ids)
    for given_id in given_ids:
        within = given_id.casefold() if len(handle) > 2 else re.split(r"[\W_]", given_id.casefold())
        assert handle.casefold() not in within
    assert "7301" in given_ids  # what tells nothing stays as it is


@given(
    handle=st.text(
        st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]),
        min_size=3,
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_published_form_tells_no_account_however_it_is_written(db, handle):
    if not any(character.isalnum() for character in handle):
        return
    study = make_study(slugs=["face"])
    gold_video(study, creator=handle, external_id=f"7301{handle}0", url=f"https://a.example/@{handle}")
    row = next(iter(table_of(study, "published", Wishes()).rows()))
    assert handle.casefold() not in row["1_Link1"].casefold()


def test_a_published_pseudonym_stays_the_same(study):
    gold_video(study, creator="zanyzoe", external_id="zanyzoe-1")
    first, second = (next(iter(table_of(study, "published", Wishes()).rows())) for _time in range(2))
    assert first["1_Link1"] == second["1_Link1"] != "zanyzoe-1"
