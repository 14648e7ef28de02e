"""The codebook's pages: to read, to carry away, to bring back changed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.codebooks.file import dump_codebook, load_codebook
from annotator.models import Role, Study
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = Study.objects.create(slug="s", name="S")
    install_codebook(study=study, doc=builtin_codebook())
    study.refresh_from_db()
    return study


@pytest.fixture
def researcher(client, study):
    user = make_member(study, Role.RESEARCHER)
    client.force_login(user)
    return user


def test_codebook_detail_shows_every_value_and_the_wheel(client, study, researcher):
    page = client.get(reverse("annotator:codebook_detail", args=["s"])).content.decode()
    for value in builtin_codebook().values:
        assert f'id="value-{value.slug}"' in page
    assert page.count("wheel-sector") == 19
    assert page.count('class="wheel-group"') >= 4


def test_codebook_detail_of_an_unknown_version_is_not_found(client, study, researcher):
    for version in ("7", "x", "9" * 40):
        address = reverse("annotator:codebook_detail", args=["s"])
        assert client.get(address, {"version": version}).status_code == 404


def test_codebook_value_is_one_entry(client, study, researcher):
    page = client.get(reverse("annotator:codebook_value", args=["s", "face"])).content.decode()
    assert page.count("value-entry-head") == 1
    assert client.get(reverse("annotator:codebook_value", args=["s", "no-such"])).status_code == 404


def test_codebook_export_comes_back_the_same(client, study, researcher):
    response = client.get(reverse("annotator:codebook_export", args=["s"]))
    assert load_codebook(response.content) == builtin_codebook()


def test_codebook_import_shows_what_differs_before_it_changes_anything(client, study, researcher):
    text = dump_codebook(builtin_codebook()).replace("name: Achievement", "name: Attainment")
    address = reverse("annotator:codebook_import", args=["s"])
    preview = client.post(address, {"file": SimpleUploadedFile("c.yaml", text.encode())})
    assert "achievement" in preview.content.decode()
    study.refresh_from_db()
    assert study.codebook.number == 1
    client.post(address, {"text": preview.context["text"], "install": "1", "note": "A new name"})
    study.refresh_from_db()
    assert (study.codebook.number, study.codebook.note) == (2, "A new name")
    assert study.codebook.values.get(slug="achievement").name == "Attainment"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"values: [", b"- 1", b"!!python/object:os.x {}"])
def test_codebook_import_of_a_bad_file_says_why_and_changes_nothing(client, study, researcher, content):
    address = reverse("annotator:codebook_import", args=["s"])
    response = client.post(address, {"file": SimpleUploadedFile("c.yaml", content), "install": "1"})
    assert response.status_code == 200
    assert response.context["form"].errors["file"]
    study.refresh_from_db()
    assert study.codebook.number == 1


def test_codebook_import_is_for_researchers(client, study):
    client.force_login(make_member(study, Role.ANNOTATOR))
    assert client.get(reverse("annotator:codebook_import", args=["s"])).status_code == 403
