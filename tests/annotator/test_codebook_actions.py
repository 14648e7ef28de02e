"""Codebook versions: installed, frozen, their values' identities kept or renewed."""

import pytest

from annotator.actions.codebook import (
    CodebookError,
    builtin_codebook,
    document_of,
    freeze_codebook,
    install_codebook,
)
from annotator.codebooks.file import codebook_from_dict, codebook_to_dict
from annotator.models import Change, Study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = Study.objects.create(slug="s", name="S")
    install_codebook(study=study, doc=builtin_codebook())
    study.refresh_from_db()
    return study


def changed(doc, slug, **fields):
    """The document with one value's fields replaced."""
    content = codebook_to_dict(doc)
    for value in content["values"]:
        if value["slug"] == slug:
            value.update(fields)
    return codebook_from_dict(content)


def identities(codebook):
    return dict(codebook.values.values_list("slug", "identity"))


def test_install_codebook_makes_the_built_in_the_current_version(study):
    codebook = study.codebook
    assert (codebook.number, codebook.allow_dominant, codebook.values.count()) == (1, False, 19)
    assert list(codebook.values.values_list("position", flat=True)) == list(range(1, 20))
    assert document_of(codebook) == builtin_codebook()


def test_install_codebook_renews_only_the_values_that_changed(study):
    first = study.codebook
    doc = changed(builtin_codebook(), "achievement", definition="Something else altogether.")
    second = install_codebook(study=study, doc=doc)
    before, after = identities(first), identities(second)
    assert {slug for slug in before if before[slug] != after[slug]} == {"achievement"}


def test_install_codebook_editorial_keeps_every_identity(study):
    first = study.codebook
    doc = changed(builtin_codebook(), "achievement", definition="Success, spelled right.")
    second = install_codebook(study=study, doc=doc, is_editorial=True)
    assert identities(first) == identities(second)
    assert first.values.get(slug="achievement").content_hash != (
        second.values.get(slug="achievement").content_hash
    )


def test_install_codebook_keeps_an_editorial_identity_through_an_unrelated_change(study):
    typo = changed(builtin_codebook(), "achievement", definition="Success, spelled right.")
    editorial = install_codebook(study=study, doc=typo, is_editorial=True)
    study.refresh_from_db()
    third = install_codebook(study=study, doc=changed(typo, "face", definition="Another face."))
    assert identities(third)["achievement"] == identities(editorial)["achievement"]
    assert identities(third)["face"] != identities(editorial)["face"]


@pytest.mark.parametrize(
    ("case", "told"), [("removed", "leaves out universalism-tolerance"), ("dominant", "changes “dominant”")]
)
def test_install_codebook_editorial_refuses_more_than_typing(study, case, told):
    content = codebook_to_dict(builtin_codebook())
    if case == "removed":
        gone = content["values"].pop()
        for value in content["values"]:
            value["apart_from"] = [a for a in value.get("apart_from", []) if a["value"] != gone["slug"]]
            for miss in value.get("not", []):
                miss["instead"] = [slug for slug in miss.get("instead", []) if slug != gone["slug"]]
    doc = codebook_from_dict(content)
    dominant = True if case == "dominant" else None
    with pytest.raises(CodebookError, match=told):
        install_codebook(study=study, doc=doc, is_editorial=True, allow_dominant=dominant)
    study.refresh_from_db()
    assert study.codebook.number == 1


def test_freeze_codebook_is_recorded_once(study):
    for _ in range(2):
        freeze_codebook(codebook=study.codebook, because="the first judgement")
    study.codebook.refresh_from_db()
    assert study.codebook.frozen_at is not None
    assert Change.objects.filter(study=study, what="codebook.frozen").count() == 1
