"""Roles, first passwords, and the commands that make studies and members."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from annotator.actions.people import (
    PeopleError,
    add_member,
    may_reset_password,
    new_temporary_password,
    remove_role,
    reset_password,
)
from annotator.models import Change, Membership, Role, Slot, Study, User
from tests.factories import make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


def command(name, *arguments, stdin="", monkeypatch=None):
    out = io.StringIO()
    if monkeypatch:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_add_member_makes_the_login_and_logs_it():
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    add_member(study=study, username="noa", role="annotator", password="first-words", by=lead)
    noa = User.objects.get(username="noa")
    assert noa.check_password("first-words")
    assert not noa.must_change_password
    change = Change.objects.get(study=study, what="member.added")
    assert (change.by, change.after) == (lead, {"person": "noa", "role": "annotator"})


def test_add_member_twice_changes_nothing_the_second_time():
    study = make_study()
    for _time in range(2):
        add_member(study=study, username="noa", role="annotator", password="first-words")
    assert Membership.objects.filter(study=study).count() == 1
    assert Change.objects.filter(study=study).count() == 1


def test_several_roles_for_one_person():
    study = make_study()
    user = make_user("noa")
    for role in Role.values:
        add_member(study=study, username="noa", role=role)
    assert study.roles_of(user) == set(Role)


def test_add_member_never_changes_an_existing_password():
    study = make_study()
    user = make_user("noa", password="her-own-words")
    with pytest.raises(PeopleError, match="already has a login"):
        add_member(study=study, username="noa", role="annotator", password="another-one")
    user.refresh_from_db()
    assert user.check_password("her-own-words")
    assert not study.memberships.exists()


@pytest.mark.parametrize(
    ("username", "role", "words"),
    [
        ("Noa", "annotator", "mistaken for “noa”"),
        ("new", "boss", "no role “boss”; there are: annotator, consolidator, researcher"),
    ],
)
def test_add_member_refuses(username, role, words):
    study = make_study()
    make_user("noa")
    with pytest.raises(PeopleError, match=words):
        add_member(study=study, username=username, role=role)
    assert not study.memberships.exists()


def test_the_last_researcher_stays():
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    with pytest.raises(PeopleError, match="at least one researcher"):
        remove_role(study=study, user=lead, role=Role.RESEARCHER, by=lead)
    second = make_member(study, Role.RESEARCHER)
    remove_role(study=study, user=lead, role=Role.RESEARCHER, by=second)
    assert study.roles_of(lead) == set()


def test_removing_an_annotator_keeps_codings_and_frees_reserved_places():
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    coder = make_member(study, Role.ANNOTATOR)
    make_coding(make_video(study), coder)
    Slot.objects.filter(video=make_video(study), n=1).update(reserved_for=coder)
    remove_role(study=study, user=coder, role=Role.ANNOTATOR, by=lead)
    assert coder.codings.count() == 1
    assert not Slot.objects.filter(reserved_for=coder).exists()
    assert Change.objects.get(what="member.removed").before == {"person": coder.username, "role": "annotator"}


def test_reset_password_gives_a_temporary_one():
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    coder = make_member(study, Role.ANNOTATOR)
    password = reset_password(study=study, user=coder, by=lead)
    coder.refresh_from_db()
    assert coder.check_password(password)
    assert coder.must_change_password
    assert password not in str(list(Change.objects.values()))


@pytest.mark.parametrize("circumstance", ["superuser", "creator", "elsewhere", "self"])
def test_nobody_takes_over_an_account_that_is_not_theirs_to_manage(circumstance):
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    user = make_member(study, Role.ANNOTATOR)
    if circumstance == "superuser":
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    elif circumstance == "creator":
        User.objects.filter(pk=user.pk).update(can_create_studies=True)
    elif circumstance == "elsewhere":
        make_member(make_study(), Role.ANNOTATOR, user=user)
    else:
        user = lead
    user.refresh_from_db()
    assert not may_reset_password(user=user, by=lead)
    with pytest.raises(PeopleError):
        reset_password(study=study, user=user, by=lead)
    user.refresh_from_db()
    assert user.check_password("a-long-password")


def test_somebody_in_two_studies_of_the_same_researcher_may_be_reset():
    study, other = make_study(), make_study()
    lead = make_member(study, Role.RESEARCHER)
    make_member(other, Role.RESEARCHER, user=lead)
    coder = make_member(study, Role.ANNOTATOR)
    make_member(other, Role.ANNOTATOR, user=coder)
    assert may_reset_password(user=coder, by=lead)


def test_temporary_passwords_differ_and_avoid_look_alikes():
    passwords = {new_temporary_password() for _ in range(200)}
    assert len(passwords) == 200
    assert not set("0O1lI") & set("".join(passwords))


def test_create_study_command_installs_the_built_in_codebook():
    made = command("create_study", "values", "--name", "Values", "--coders", "3")
    study = Study.objects.get(slug="values")
    assert study.codebook.values.count() == 19
    assert made["coders"] == study.coders_per_video == 3
    assert made["codebook"]["scale"] == [-1, 0, 1]


def test_create_study_command_with_dominant_stance():
    made = command("create_study", "values", "--name", "Values", "--dominant")
    assert made["codebook"]["scale"] == [-1, 0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["values", "--name", "Again"], "already a study"),
        (["not a slug", "--name", "x"], "slug"),
        (["new", "--name", "x", "--coders", "0"], "coders_per_video"),
        (["new", "--name", "x", "--codebook", "/nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_create_study_command_refuses_in_one_line_and_makes_nothing(arguments, words):
    make_study("values")
    with pytest.raises(CommandError, match=words) as caught:
        command("create_study", *arguments)
    assert "\n" not in str(caught.value)
    assert Study.objects.count() == 1


def test_create_study_command_refuses_a_broken_codebook_file(tmp_path):
    path = tmp_path / "codebook.yaml"
    path.write_text("name: Broken\nvalues: 3\n", encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        command("create_study", "values", "--name", "Values", "--codebook", str(path))
    assert str(caught.value).startswith("codebook.yaml: line 1")
    assert "\n" not in str(caught.value)
    assert not Study.objects.exists()


def test_add_member_command_prints_a_temporary_password_once():
    make_study("values")
    first = command("add_member", "values", "noa", "--role", "annotator", "--name", "Noa Levi")
    noa = User.objects.get(username="noa")
    assert noa.check_password(first["temporary_password"])
    assert noa.must_change_password
    assert str(noa) == "Noa Levi"
    again = command("add_member", "values", "noa", "--role", "consolidator")
    assert "temporary_password" not in again
    assert again["created_user"] is False


def test_add_member_command_lets_somebody_make_studies_and_logs_it(client):
    study = make_study("values")
    command("add_member", "values", "noa", "--role", "researcher")
    User.objects.update(must_change_password=False)
    noa = User.objects.get(username="noa")
    client.force_login(noa)
    refused = client.get("/studies/new/")
    assert refused.status_code == 403
    assert "says who may make studies" in refused.content.decode()
    assert "your role in this study" not in refused.content.decode()
    command("add_member", "values", "noa", "--role", "researcher", "--may-create-studies")
    assert client.get("/studies/new/").status_code == 200
    command("add_member", "values", "noa", "--role", "annotator")
    noa.refresh_from_db()
    assert noa.can_create_studies  # not taken by leaving the option out
    assert Change.objects.filter(study=study, what="member.may_create_studies").count() == 1


def test_add_member_command_reads_the_password_from_stdin(monkeypatch):
    make_study("values")
    command(
        "add_member", "values", "noa", "--role", "researcher", "--password-stdin",
        stdin="correct horse battery\n", monkeypatch=monkeypatch,
    )  # fmt: skip
    noa = User.objects.get(username="noa")
    assert noa.check_password("correct horse battery")
    assert not noa.must_change_password


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "noa", "--role", "annotator"], "no study “nowhere”"),
        (["values", "no a!", "--role", "annotator"], "username"),
        (["values", "noa", "--role", "annotator", "--password-stdin"], "no password on standard input"),
    ],
)
def test_add_member_command_refuses_in_one_line_and_makes_nothing(arguments, words, monkeypatch):
    make_study("values")
    with pytest.raises(CommandError, match=words):
        command("add_member", *arguments, monkeypatch=monkeypatch)
    assert not User.objects.exists()
