"""Full disks, databases that do not answer, sessions that end: nothing is lost or called saved wrongly."""

import errno
import json
import uuid

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import reverse

from annotator.actions import coding as coding_actions
from annotator.actions import decisions as decision_actions
from annotator.actions.assignment import take_next_coding
from annotator.actions.claims import claim
from annotator.models import Change, Decision, Judgement, Mutation, Role, Video
from tests.factories import make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db
FULL = OperationalError("database or disk is full")


@pytest.fixture
def study():
    return make_study(slugs=["face", "humility"])


@pytest.fixture
def coding(study, client):
    coder = make_member(study, Role.ANNOTATOR)
    make_video(study)
    client.force_login(coder)
    return take_next_coding(study=study, coder=coder)


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def save(client, url, *, mutation=None, **fields):
    body = {"mutation": str(mutation or uuid.uuid4()), "changes": [{"key": "face", "base": 0, **fields}]}
    return client.post(
        url, json.dumps(body), content_type="application/json", headers={"Accept": "application/json"}
    )


def url_of(coding):
    return reverse("annotator:coding_save", args=(coding.study.slug, coding.pk))


def face_of(coding):
    return coding.judgements.get(value__slug="face")


def test_save_on_a_full_disk_is_a_503_and_nothing_is_stored(client, coding, monkeypatch, caplog):
    with monkeypatch.context() as broken:
        broken.setattr(Mutation.objects, "create", raising(FULL))  # the last statement of a save
        answer = save(client, url_of(coding), stance=1)
    assert answer.status_code == 503
    assert answer.json()["error"] == "unavailable"
    assert "saved" not in answer.json()
    assert answer["Retry-After"]
    assert face_of(coding).stance is None
    assert face_of(coding).revision == 0
    assert not Change.objects.filter(what="judgement.set").exists()
    assert "database or disk is full" in caplog.text


def test_save_repeated_after_the_disk_has_room_again_is_stored_once(client, coding, monkeypatch):
    mutation = uuid.uuid4()
    with monkeypatch.context() as broken:
        broken.setattr(coding_actions, "record", raising(FULL))
        assert save(client, url_of(coding), mutation=mutation, stance=-1).status_code == 503
    for _time in range(2):
        answer = save(client, url_of(coding), mutation=mutation, stance=-1)
        assert answer.status_code == 200
        assert answer.json()["saved"][0]["revision"] == 1
    assert face_of(coding).stance == -1
    assert Change.objects.filter(what="judgement.set").count() == 1


def test_database_that_fails_before_the_view_is_told_in_json(client, coding, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("annotator.middleware.getattr", raising(FULL), raising=False)
    answer = save(client, url_of(coding), stance=1)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


def test_mistake_of_our_own_is_a_500_in_json_that_says_not_saved(client, coding, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr(coding_actions, "record", raising(RuntimeError("a secret detail")))
    answer = save(client, url_of(coding), stance=1)
    assert (answer.status_code, answer.json()["error"]) == (500, "failed")
    assert "secret" not in answer.content.decode()
    assert face_of(coding).stance is None


def test_decision_on_a_full_disk_is_a_503_and_nothing_is_stored(client, study, monkeypatch):
    video = make_video(study)
    for stance in (1, -1):
        make_coding(video, make_member(study, Role.ANNOTATOR), {"face": stance, "humility": 0})
    consolidator = make_member(study, Role.CONSOLIDATOR)
    consolidation = claim(video=video, by=consolidator)
    client.force_login(consolidator)
    url = reverse("annotator:consolidation_save", args=(study.slug, consolidation.pk))
    with monkeypatch.context() as broken:
        broken.setattr(decision_actions, "_change", raising(FULL))
        answer = save(client, url, stance=1)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert not Decision.objects.exists()
    assert save(client, url, stance=1).status_code == 200
    assert Decision.objects.get().stance == 1


@pytest.mark.parametrize("error", [FULL, OSError(errno.ENOSPC, "No space left on device")])
def test_page_during_an_outage_is_a_503_without_details(client, coding, monkeypatch, error):
    client.raise_request_exception = False
    monkeypatch.setattr("annotator.views.coding.take_next_coding", raising(error))
    answer = client.get(reverse("annotator:coding_next", args=(coding.study.slug,)))
    assert answer.status_code == 503
    assert "Traceback" not in answer.content.decode()
    assert answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_other_errors_of_the_system_are_mistakes_of_our_own(client, coding, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("annotator.views.coding.take_next_coding", raising(OSError(errno.EACCES, "no")))
    answer = client.get(reverse("annotator:coding_next", args=(coding.study.slug,)))
    assert answer.status_code == 500
    assert answer["Content-Security-Policy"]


def test_submission_that_fails_at_its_end_leaves_the_coding_open(client, coding, monkeypatch):
    Judgement.objects.filter(coding=coding).update(stance=0)
    url = reverse("annotator:coding_submit", args=(coding.study.slug, coding.pk))
    body = json.dumps({"mutation": str(uuid.uuid4())})
    with monkeypatch.context() as broken:
        broken.setattr("annotator.actions.coding_end.consolidate_by_agreement", raising(FULL))
        assert client.post(url, body, content_type="application/json").status_code == 503
    coding.refresh_from_db()
    assert coding.submitted_at is None
    assert not Change.objects.filter(what="coding.submitted").exists()
    assert client.post(url, body, content_type="application/json").json()["submitted"] is True


def test_save_after_the_session_has_ended_asks_for_a_login(client, coding):
    client.session.flush()
    answer = save(client, url_of(coding), stance=1)
    assert (answer.status_code, answer.json()["error"]) == (401, "login")
    assert face_of(coding).stance is None


def test_save_with_a_password_that_was_reset_asks_for_a_login(client, coding):
    coding.coder.set_password("quite-another-password")
    coding.coder.save()
    answer = save(client, url_of(coding), stance=1)
    assert (answer.status_code, answer.json()["error"]) == (401, "login")


def test_upload_on_a_full_disk_is_named_and_leaves_no_file(client, study, monkeypatch, settings):
    make_video(study, external_id="7300000000000000001")
    client.force_login(make_member(study, Role.RESEARCHER))
    full = raising(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("annotator.media.storage._copy", full)
    answer = client.post(
        reverse("annotator:video_import", args=(study.slug,)),
        {"uploads": SimpleUploadedFile("7300000000000000001.mp4", b"x" * 100)},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200
    [line] = answer.json()["results"]
    assert line["outcome"] == "error"
    assert "disk is full" in line["message"]
    assert not Video.objects.get().media
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_table_on_the_page_cannot_name_a_file_of_the_server(client, study, tmp_path, monkeypatch):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"not for them")
    read = []
    monkeypatch.setattr("annotator.actions.video_import.staged", read.append)
    monkeypatch.setattr(FileSystemStorage, "open", lambda *args, **kwargs: read.append(args))
    client.force_login(make_member(study, Role.RESEARCHER))
    for named in (str(secret), "../secret.mp4", "/etc/passwd", "file:///etc/passwd"):
        answer = client.post(
            reverse("annotator:video_import", args=(study.slug,)),
            {"uploads": SimpleUploadedFile("v.csv", f"video_id,file\n1,{named}\n".encode())},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200
        assert "is not there" in answer.json()["results"][-1]["message"]
    assert read == []
    assert not Video.objects.exclude(media="").exists()
