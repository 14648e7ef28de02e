import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from annotator.actions.videos import store_media, withdraw_video
from annotator.models import (
    Change,
    Consolidation,
    ConsolidationState,
    Creator,
    Exposure,
    GoldLabel,
    Origin,
    Role,
    Video,
)
from tests.factories import make_batch, make_coding, make_member, make_study, make_video
from tests.media_files import make_clip

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("s")


@pytest.fixture
def researcher(client, study):
    user = make_member(study, Role.RESEARCHER)
    client.force_login(user)
    return user


def url(name: str, *args) -> str:
    return reverse(f"annotator:{name}", args=["s", *args])


def page(client, name: str, *args, **query) -> str:
    response = client.get(url(name, *args), query)
    assert response.status_code == 200
    return response.content.decode()


# --- access -------------------------------------------------------------------------------

RESEARCHERS_ONLY = ["video_list", "video_import", "video_withdraw", "creator_list", "creator_edit"]


@pytest.mark.parametrize("name", [*RESEARCHERS_ONLY, "video_detail"])
@pytest.mark.parametrize("role", [None, Role.ANNOTATOR, Role.CONSOLIDATOR, Role.RESEARCHER])
def test_page_is_open_to_those_whom_it_concerns(client, study, name, role):
    video = make_video(study, creator="mia")
    args = {"video_withdraw": [video.pk], "video_detail": [video.pk], "creator_edit": [video.creator_id]}
    client.force_login(make_member(study if role else make_study(), role or Role.RESEARCHER))
    expected = 404 if role is None else 403 if name in RESEARCHERS_ONLY and role != Role.RESEARCHER else 200
    assert client.get(url(name, *args.get(name, []))).status_code == expected


@pytest.mark.parametrize("name", ["video_detail", "video_withdraw", "creator_edit"])
def test_what_belongs_to_another_study_is_not_found(client, study, researcher, name):
    other = make_video(make_study("t"), creator="mia")
    assert client.get(url(name, other.creator_id if "creator" in name else other.pk)).status_code == 404


# --- list ---------------------------------------------------------------------------------


def shown(html: str, *videos: Video) -> list[bool]:
    return [f">{video.external_id}<" in html for video in videos]


def test_list_is_narrowed_by_every_filter(client, study, researcher, tmp_path):
    first = make_video(study, creator="mia", caption="Tomatoes in the garden")
    second = make_video(study, creator="noa", batch=make_batch(study, "Pilot"))
    gone = make_video(study)
    withdraw_video(video=gone, because="asked for", by=researcher)
    store_media(video=first, path=make_clip(tmp_path / "a.mp4", seconds=1, size=(64, 64), sound=None))
    make_coding(second, make_member(study, Role.ANNOTATOR))

    def found(**query) -> list[bool]:
        return shown(page(client, "video_list", **query), first, second, gone)

    assert found() == [True, True, False]
    assert found(withdrawn="all") == [True, True, True]
    assert found(withdrawn="yes") == [False, False, True]
    assert found(q="tomatoes") == [True, False, False]
    assert found(q="NOA") == [False, True, False]
    assert found(q=f"{first.external_id} garden") == [True, False, False]
    assert found(batch=second.batch.pk) == [False, True, False]
    assert found(batch="none") == [False, False, False]
    assert found(has_media="yes") == [True, False, False]
    assert found(has_media="no") == [False, True, False]
    assert found(sound="silent") == [True, False, False]
    assert found(sound="unknown") == [False, True, False]
    assert found(creator=second.creator_id) == [False, True, False]
    assert found(state="begun") == [False, True, False]
    assert found(state="free") == [True, False, False]


def test_state_filter_and_state_column_agree(client, study, researcher):
    free, begun, half, coded, gold = (make_video(study) for _ in range(5))
    anna, ben = make_member(study, Role.ANNOTATOR), make_member(study, Role.ANNOTATOR)
    make_coding(begun, anna, submitted=False)
    make_coding(half, anna)
    for video in (coded, gold):
        make_coding(video, anna)
        make_coding(video, ben)
    Consolidation.objects.create(video=gold, state=ConsolidationState.DONE)
    words = {"free": "Not begun", "begun": "Being coded", "coded": "Coded, no gold yet", "gold": "Gold"}
    expected = {"free": [free], "begun": [begun, half], "coded": [coded], "gold": [gold]}
    for state, videos in expected.items():
        table = page(client, "video_list", state=state).partition("<tbody>")[2]
        everything = (free, begun, half, coded, gold)
        assert shown(table, *everything) == [video in videos for video in everything]
        assert len(re.findall(rf"</svg>\s*{words[state]}", table)) == len(videos)


@pytest.mark.parametrize(
    "sort", ["id", "-id", "creator", "batch", "-duration", "posted", "added", "nonsense", "--id"]
)
def test_list_is_sorted_and_nonsense_is_ignored(client, study, researcher, sort):
    make_video(study, external_id="b1")
    make_video(study, external_id="a1", creator="mia")
    html = page(client, "video_list", sort=sort)
    assert shown(html, *Video.objects.all()) == [True, True]
    if sort.lstrip("-") == "id" and not sort.startswith("--"):
        assert (html.index(">a1<") < html.index(">b1<")) == (sort == "id")


@pytest.mark.parametrize(
    "query", [{"batch": "x"}, {"creator": "x"}, {"creator": "9" * 30}, {"page": "x"}, {"q": "\x00"}]
)
def test_list_survives_nonsense_in_its_address(client, study, researcher, query):
    make_video(study)
    page(client, "video_list", **query)


def test_list_asks_the_same_few_questions_whatever_its_size(
    client, study, researcher, django_assert_max_num_queries
):
    coder = make_member(study, Role.ANNOTATOR)
    for n in range(60):
        make_coding(make_video(study, creator=f"c{n}"), coder)
    with django_assert_max_num_queries(16) as few:
        page(client, "video_list")
    for n in range(60):
        make_video(study, creator=f"d{n}")
    with django_assert_max_num_queries(len(few)):
        page(client, "video_list")


def test_empty_list_says_what_to_do(client, study, researcher):
    assert url("video_import") in page(client, "video_list")


def test_list_shows_no_counts(client, study, researcher):
    make_video(study, counts={"likes": 987654})
    assert "987654" not in page(client, "video_list")


# --- one video ----------------------------------------------------------------------------


def test_video_known_by_its_link_shows_the_link(client, study, researcher):
    video = make_video(study, url="https://www.tiktok.com/@mia/video/1")
    html = page(client, "video_detail", video.pk)
    assert "Open on tiktok.com" in html
    assert 'rel="noopener noreferrer"' in html
    assert "<axial-player" not in html


def test_link_that_is_no_web_address_is_never_a_link(client, study, researcher):
    video = make_video(study, url="javascript:alert(1)")
    assert "javascript:" not in page(client, "video_detail", video.pk)


def test_video_with_media_has_a_player_that_tells_the_sound(client, study, researcher, tmp_path):
    video = make_video(study)
    store_media(video=video, path=make_clip(tmp_path / "a.mp4", seconds=1, size=(64, 64), sound=0.0))
    html = page(client, "video_detail", video.pk)
    assert 'data-sound="silent"' in html
    assert "No sound in this video" in html
    assert "nothing can be heard, though the file has an audio track" in html


def test_caption_is_text_and_not_markup(client, study, researcher):
    video = make_video(study, caption="<script>alert(1)</script>", genre="<b>")
    html = page(client, "video_detail", video.pk)
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_counts_are_for_researchers_who_do_not_code(client, study):
    video = make_video(study, counts={"likes": 987654})
    for roles, visible in [
        ((Role.RESEARCHER,), True),
        ((Role.ANNOTATOR,), False),
        ((Role.CONSOLIDATOR,), False),
        ((Role.RESEARCHER, Role.ANNOTATOR), False),
    ]:
        client.force_login(make_member(study, *roles))
        html = page(client, "video_detail", video.pk)
        assert ("987654" in html or "987,654" in html) is visible


@pytest.fixture
def labelled(study):
    video = make_video(study)
    coder = make_member(study, Role.ANNOTATOR)
    make_coding(video, coder, {"face": -1})
    make_coding(video, make_member(study, Role.ANNOTATOR), {"face": 1})
    GoldLabel.objects.create(
        video=video, value=study.codebook.values.get(slug="face"), stance=1, origin=Origin.PERSON,
        decided_at=timezone.now(),
    )  # fmt: skip
    Change.objects.record(study=study, by=coder, what="judgement.set", video=video, value="face",
                          before={"stance": None}, after={"stance": -1})  # fmt: skip
    return video


def test_labels_and_history_are_shown_to_a_researcher_and_written_down(client, study, labelled, researcher):
    html = page(client, "video_detail", labelled.pk)
    assert html.count('data-stance="-1"') >= 2
    assert "differs" in html
    assert "judged" in html[html.index("History") :]
    assert set(Exposure.objects.filter(user=researcher).values_list("kind", flat=True)) == {"codings", "gold"}


@pytest.mark.parametrize(
    "roles", [(Role.ANNOTATOR,), (Role.CONSOLIDATOR,), (Role.RESEARCHER, Role.ANNOTATOR)]
)
def test_labels_and_history_stay_hidden_from_everybody_else(client, study, labelled, roles):
    user = make_member(study, *roles)
    client.force_login(user)
    html = page(client, "video_detail", labelled.pk)
    assert 'class="stance"' not in html
    assert "judged" not in html
    assert not Exposure.objects.exists()


def test_coder_finds_the_way_to_the_own_coding_only(client, study, labelled):
    coder = labelled.codings.first().coder
    client.force_login(coder)
    html = page(client, "video_detail", labelled.pk)
    own, other = labelled.codings.get(coder=coder), labelled.codings.exclude(coder=coder).get()
    assert url("coding_edit", own.pk) in html
    assert url("coding_edit", other.pk) not in html
    assert str(other.coder) not in html


# --- withdrawing --------------------------------------------------------------------------


def test_withdrawing_needs_a_reason_and_a_post(client, study, researcher, django_capture_on_commit_callbacks):
    video = make_video(study)
    client.get(url("video_withdraw", video.pk))
    assert client.post(url("video_withdraw", video.pk), {"because": " "}).status_code == 200
    video.refresh_from_db()
    assert video.withdrawn_at is None
    response = client.post(url("video_withdraw", video.pk), {"because": "asked by the creator"})
    assert response.url == url("video_detail", video.pk)
    html = page(client, "video_detail", video.pk)
    assert "asked by the creator" in html
    assert "<axial-player" not in html
    again = client.post(url("video_withdraw", video.pk), {"because": "once more"})
    assert "was withdrawn already" in again.content.decode()


# --- creators -----------------------------------------------------------------------------


def test_creators_are_listed_with_their_videos(client, study, researcher):
    make_video(study, creator="mia")
    withdraw_video(video=make_video(study, creator="mia"), because="gone", by=None)
    Creator.objects.create(study=study, handle="noa", is_minor=True)
    html = page(client, "creator_list")
    assert html.index("@mia") < html.index("@noa")
    assert '<td class="num" data-label="Videos">1</td>' in html
    assert "@mia" not in page(client, "creator_list", minor="yes")
    assert "@noa" not in page(client, "creator_list", q="mi")


def test_creator_is_edited_and_the_change_recorded(client, study, researcher):
    creator = Creator.objects.create(study=study, handle="mia")
    given = {"name": "Mia", "genre": "art", "nominated_by": "Forbes", "verified_by": "two", "is_minor": "on"}
    assert client.post(url("creator_edit", creator.pk), given).url == url("creator_list")
    creator.refresh_from_db()
    assert (creator.name, creator.genre, creator.is_minor) == ("Mia", "art", True)
    change = Change.objects.get(what="creator.edited")
    assert (change.by, change.after["genre"], change.after["creator"]) == (researcher, "art", creator.code)
    client.post(url("creator_edit", creator.pk), given)
    assert Change.objects.count() == 1, "nothing changed, nothing recorded"


def test_creator_with_a_name_too_long_is_not_saved(client, study, researcher):
    creator = Creator.objects.create(study=study, handle="mia")
    response = client.post(url("creator_edit", creator.pk), {"name": "x" * 201})
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()


# --- import page --------------------------------------------------------------------------


def upload(client, *files, **fields):
    return client.post(
        url("video_import"), {"uploads": list(files), **fields}, headers={"Accept": "application/json"}
    )


def table(text: str, name: str = "v.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


@pytest.fixture
def clip(tmp_path) -> bytes:
    return make_clip(tmp_path / "clip.mp4", seconds=1, size=(64, 64)).read_bytes()


def test_page_without_a_script_imports_everything_at_once(client, study, researcher, clip):
    response = client.post(
        url("video_import"),
        {"uploads": [table("video_id,file\n1,a.mp4\n"), SimpleUploadedFile("a.mp4", clip)], "batch": "Pilot"},
    )
    html = response.content.decode()
    assert "1 added, 1 updated" in html
    video = Video.objects.get()
    assert (video.external_id, video.batch.name, bool(video.media)) == ("1", "Pilot", True)
    assert Change.objects.filter(by=researcher, what="video.added").exists()


def test_tables_go_first_and_tell_which_clip_is_whose(client, study, researcher, clip):
    first = upload(client, table("video_id,file\n1,A.mp4\n"), names=json.dumps(["a.mp4"])).json()
    video = Video.objects.get()
    assert first["files"] == {"a.mp4": video.pk}
    assert first["counts"] == {"added": 1}
    second = upload(client, SimpleUploadedFile("a.mp4", clip), video=video.pk).json()
    assert second["results"][0]["outcome"] == "updated"
    assert second["results"][0]["pk"] == video.pk


def test_clip_for_a_video_of_another_study_is_not_given_to_it(client, study, researcher, clip):
    other = make_video(make_study())
    upload(client, SimpleUploadedFile("a.mp4", clip), video=other.pk)
    other.refresh_from_db()
    assert not other.media


def test_bad_files_get_their_lines(client, study, researcher):
    answer = upload(
        client, SimpleUploadedFile("a.mp4", b"I am a text"), SimpleUploadedFile("b.mp4", b"")
    ).json()
    assert [(line["file"], line["outcome"]) for line in answer["results"]] == [
        ("a.mp4", "error"),
        ("b.mp4", "error"),
    ]
    assert not Video.objects.exists()


def test_upload_over_the_limit_is_refused_while_it_arrives(client, study, researcher, clip, settings):
    settings.MAX_VIDEO_BYTES = 1000
    answer = upload(client, SimpleUploadedFile("a.mp4", clip), table("video_id\n1\n")).json()
    lines = {line["file"]: line["outcome"] for line in answer["results"]}
    assert lines == {"v.csv": "added", "a.mp4": "error"}


def test_upload_cannot_name_a_path(client, study, researcher, clip):
    answer = upload(client, SimpleUploadedFile("../../../etc/evil.mp4", clip)).json()
    assert answer["results"][0]["file"] == "evil.mp4"
    assert Video.objects.get().external_id == "evil"


@pytest.mark.parametrize("names", ["", "{", "5", "[1, {}]", "[" * 100_000])
def test_nonsense_beside_the_files_is_ignored(client, study, researcher, names):
    assert upload(client, table("video_id\n1\n"), names=names, video="x").json()["counts"] == {"added": 1}


def test_page_is_told_not_to_send_clips_after_a_bad_table(client, study, researcher):
    assert upload(client, table("video_id,likes\n1,many\n")).json()["stopped"] is True
    assert upload(client, table("{", "bad.info.json")).json()["stopped"] is False


def test_nothing_chosen_is_said(client, study, researcher):
    assert "Choose at least one file" in client.post(url("video_import"), {}).content.decode()


def test_import_checks_the_csrf_token(study, researcher, clip):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(researcher)
    response = strict.post(url("video_import"), {"uploads": [table("video_id\n1\n")]})
    assert response.status_code == 403
    assert not Video.objects.exists()


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.CONSOLIDATOR])
def test_others_cannot_post_to_the_import(client, study, role):
    client.force_login(make_member(study, role))
    assert upload(client, table("video_id\n1\n")).status_code == 403
    assert not Video.objects.exists()
