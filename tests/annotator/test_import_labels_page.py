"""Importing labels on a page: looked at first, then done."""

import re

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotator.models import Coding, GoldLabel, Role, Video
from tests.annotator.test_export import settle
from tests.factories import make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db
GOLD = "video_id,face,tradition\n1,1,0\n2,0,-1\n"


@pytest.fixture
def study():
    return make_study("one", slugs=["face", "tradition"])


def upload(client, text, name="labels.csv", **data):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(
        reverse("annotator:label_import", args=("one",)), {"use": "gold", "file": file, **data}
    )


def confirm(client, preview, act="import", **data):
    token = re.search(r'name="token" value="([^"]+)"', preview.content.decode())[1]
    return client.post(
        reverse("annotator:label_import_confirm", args=("one",)), {"token": token, "act": act, **data}
    )


def test_preview_changes_nothing_and_confirming_imports(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    preview = upload(client, GOLD)
    assert preview.context["counts"]["n_new"] == 4
    assert not Video.objects.exists()
    assert confirm(client, preview).status_code == 302
    assert GoldLabel.objects.count() == 4
    assert default_storage.listdir("staged-labels")[1] == []


def test_bad_rows_are_shown_and_skipped_only_if_asked(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    preview = upload(client, GOLD + "3,9,0\n")
    assert "found “9”" in preview.content.decode()
    refused = confirm(client, preview)
    assert refused.status_code == 200
    assert "found “9”" in refused.context["refused"]
    assert not GoldLabel.objects.exists()
    confirm(client, refused, skip_bad_rows="on")
    assert GoldLabel.objects.count() == 4


def test_codings_need_a_person(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    response = upload(client, GOLD, use="coding")
    assert "Choose whose codings these are." in response.content.decode()
    coder = make_member(study, Role.ANNOTATOR)
    preview = upload(client, GOLD, use="coding", coder=coder.pk)
    confirm(client, preview)
    assert Coding.objects.filter(coder=coder, submitted_at__isnull=False).count() == 2


def test_file_of_another_kind_is_refused_on_the_field(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    response = upload(client, b"\x89PNG\r\n", name="labels.png")
    assert "“.png” is not one that can be read" in response.content.decode()
    assert default_storage.listdir("staged-labels")[1] == []


def test_preview_of_somebody_else_cannot_be_confirmed(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    preview = upload(client, GOLD)
    client.force_login(make_member(study, Role.RESEARCHER))
    confirm(client, preview)
    assert not GoldLabel.objects.exists()


def test_researcher_who_codes_cannot_probe_gold_by_importing(study, client):
    video = make_video(study, external_id="1")
    settle(video, 1, 0)
    person = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    client.force_login(person)
    answers = set()
    for face in (1, 0):
        preview = upload(client, f"video_id,face,tradition\n1,{face},0\n")
        answers.add(tuple((error.column, error.message) for error in preview.context["shown_errors"]))
        assert preview.context["counts"]["n_unchanged"] == 0
    assert answers == {
        ((None, "this video is coded or has gold already, which is kept from you as a coder."),)
    }
    make_coding(video, person)
    video.batch.released_at = "2026-01-01T00:00Z"
    video.batch.save()
    assert upload(client, "video_id,face,tradition\n1,1,0\n").context["counts"]["n_unchanged"] == 2
