"""Logging in, being locked out, temporary passwords, profiles."""

import json
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from annotator.actions.people import reset_password
from annotator.models import Role, User
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password"


def log_in(client, user, password=PASSWORD, **extra):
    return client.post(reverse("annotator:login"), {"username": user.username, "password": password, **extra})


@pytest.fixture
def user():
    return make_user("noa")


def test_login_leads_home(client, user):
    assert log_in(client, user).headers["Location"] == "/"
    assert client.get("/", follow=True).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("/s/values/code/7/?after=6", "/s/values/code/7/?after=6"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_login_returns_to_where_one_was_on_this_host_only(client, user, wanted, location):
    assert log_in(client, user, next=wanted).headers["Location"] == location


def test_anonymous_is_led_to_login_and_back(client, user):
    answer = client.get("/studies/new/")
    assert answer.headers["Location"] == "/login/?next=/studies/new/"
    page = client.get(answer.headers["Location"]).content.decode()
    assert 'name="next" value="/studies/new/"' in page
    assert "You return to where you were" in page


def test_wrong_password_says_so_and_keeps_the_username(client, user):
    page = log_in(client, user, "wrong").content.decode()
    assert 'value="noa"' in page
    assert "correct username and password" in page


def guess(client, user, *, source):
    for _n in range(6):
        answer = client.post(
            reverse("annotator:login"),
            {"username": user.username, "password": "wrong"},
            headers={"X-Forwarded-For": source, "X-Forwarded-Proto": "https"},
        )
    return answer.status_code


def test_somebody_guessing_elsewhere_does_not_lock_the_login_behind_a_proxy(client, user, settings):
    settings.HTTPS = True
    assert guess(client, user, source="1.2.3.4, 203.0.113.9") == 429
    assert (
        guess(client, user, source="9.9.9.9, 203.0.113.9") == 429
    )  # what the client claims counts for nothing
    home = {"X-Forwarded-For": "198.51.100.7"}
    told = {"username": user.username, "password": PASSWORD}
    assert client.post(reverse("annotator:login"), told, headers=home).status_code == 302


def test_claimed_address_counts_for_nothing_without_a_proxy(client, user):
    codes = [guess(client, user, source=f"203.0.113.{n}") for n in range(2)]
    assert codes == [429, 429]
    assert log_in(client, user).status_code == 429


def test_five_wrong_passwords_lock_the_login_and_say_until_when(client, user, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, user, "wrong")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "15 minutes" in answer.content.decode()
    # The right password does not open it either, and another username from here is not locked.
    assert log_in(client, user).status_code == 429
    assert log_in(client, make_user("dan")).status_code == 302


def test_a_success_forgets_earlier_failures(client, user, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in(client, user, "wrong")
    log_in(client, user)
    client.logout()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in(client, user, "wrong")
    assert log_in(client, user).status_code == 302


def test_logout_needs_post_and_ends_the_session(client, user):
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/").headers["Location"].startswith("/login/")


def test_logging_in_in_another_tab_revives_the_first(user):
    """The browser is one: its session cookie and its CSRF cookie serve every tab."""
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")
    token = browser.cookies["csrftoken"].value
    browser.post("/login/", {"username": "noa", "password": PASSWORD, "csrfmiddlewaretoken": token})
    assert browser.cookies["csrftoken"].value != token  # so scripts read the cookie, not their page
    answer = browser.post(
        "/profile/",
        {"first_name": "Noa", "language": ""},
        headers={"X-CSRFToken": browser.cookies["csrftoken"].value},
    )
    assert answer.status_code == 302


@pytest.fixture
def newcomer(client):
    newcomer = make_user("newcomer", must_change_password=True)
    client.force_login(newcomer)
    return newcomer


def test_temporary_password_leads_every_page_to_the_change(client, newcomer):
    make_study("values")
    for address in ("/", "/profile/", "/s/values/"):
        assert client.get(address).headers["Location"] == "/password/", address
    page = client.get("/password/").content.decode()
    assert "Choose your own password" in page
    assert client.post("/logout/").headers["Location"] == "/login/"


def test_temporary_password_answers_scripts_in_their_words(client, newcomer):
    answer = client.post("/s/values/code/1/save/", headers={"Accept": "application/json"})
    assert (answer.status_code, json.loads(answer.content)["error"]) == (401, "login")
    answer = client.get("/s/values/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/password/"


def test_changing_a_temporary_password_opens_the_way(client, newcomer):
    given = {"old_password": PASSWORD, "new_password1": "my-own-words-7", "new_password2": "my-own-words-7"}
    assert client.post("/password/", given).headers["Location"] == "/"
    newcomer.refresh_from_db()
    assert newcomer.check_password("my-own-words-7")
    assert not newcomer.must_change_password
    assert client.get("/").status_code == 200


def test_weak_new_password_is_refused(client, newcomer):
    given = {"old_password": PASSWORD, "new_password1": "12345", "new_password2": "12345"}
    assert client.post("/password/", given).status_code == 200
    newcomer.refresh_from_db()
    assert newcomer.must_change_password


def test_profile_changes_name_and_language(client, user):
    client.force_login(user)
    answer = client.post("/profile/", {"first_name": "נועה", "language": "he"})
    assert answer.cookies["django_language"].value == "he"
    user.refresh_from_db()
    assert (str(user), user.language) == ("נועה", "he")
    page = client.get("/profile/").content.decode()
    assert '<html lang="he" dir="rtl">' in page


def test_login_speaks_the_language_of_the_profile(client, user):
    User.objects.filter(pk=user.pk).update(language="he")
    log_in(client, user)
    assert 'dir="rtl"' in client.get("/profile/").content.decode()


def test_unknown_language_is_refused(client, user):
    client.force_login(user)
    assert client.post("/profile/", {"first_name": "Noa", "language": "xx"}).status_code == 200
    user.refresh_from_db()
    assert user.language == ""


def test_language_switch_works_before_login(client):
    answer = client.post("/i18n/setlang/", {"language": "he", "next": "/login/"})
    assert answer.headers["Location"] == "/login/"
    assert 'dir="rtl"' in client.get("/login/").content.decode()


def test_health_and_robots_need_no_login(client):
    assert client.get("/healthz").json() == {"ok": True}
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


def test_health_says_when_the_database_is_gone(client):
    with patch("annotator.views.studies.connection.cursor", side_effect=OperationalError):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_a_password_reset_ends_the_other_session(client, user):
    study = make_study()
    lead = make_member(study, Role.RESEARCHER)
    make_member(study, Role.ANNOTATOR, user=user)
    client.force_login(user)
    reset_password(study=study, user=user, by=lead)
    assert client.get("/profile/").headers["Location"].startswith("/login/")
