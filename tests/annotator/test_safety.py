"""What every answer must say to browsers, and what none may be talked into."""

import pytest
from django.urls import reverse

from annotator.models import Role, User
from tests.factories import make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(slugs=["face"])


def assert_is_guarded(answer):
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_answers_of_all_kinds_carry_the_guarding_headers(client, study):
    client.force_login(make_member(study, Role.ANNOTATOR))
    video = make_video(study)
    addresses = {
        reverse("annotator:home"): (200, 302),
        reverse("annotator:video_media", args=(study.slug, video.pk)): (404,),
        reverse("annotator:study_edit", args=(study.slug,)): (403,),
        "/nowhere/": (404,),
        reverse("annotator:healthz"): (200,),
    }
    for address, statuses in addresses.items():
        answer = client.get(address)
        assert answer.status_code in statuses, address
        assert_is_guarded(answer)


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_login_leads_nowhere_else(client, there):
    make_user("ann")
    answer = client.post(
        reverse("annotator:login"), {"username": "ann", "password": "a-long-password", "next": there}
    )
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert answer["Location"].startswith("/")


def test_language_menu_leads_nowhere_else(client):
    answer = client.post(reverse("set_language"), {"language": "he", "next": "https://evil.example/"})
    assert "evil" not in answer["Location"]


def test_login_begins_a_session_of_its_own(client):
    make_user("ann")
    client.session.save()
    before = client.session.session_key
    client.post(reverse("annotator:login"), {"username": "ann", "password": "a-long-password"})
    assert client.session.session_key != before


def test_foreign_host_is_refused(client):
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_profile_form_takes_no_rights(client):
    user = make_user("ann")
    client.force_login(user)
    rights = {"is_superuser": "on", "is_staff": "on", "can_create_studies": "on", "username": "root"}
    client.post(reverse("annotator:profile_edit"), {"first_name": "Ann", **rights})
    user = User.objects.get(pk=user.pk)
    assert (user.username, user.is_superuser, user.is_staff, user.can_create_studies) == (
        "ann",
        False,
        False,
        False,
    )


def test_temporary_password_opens_nothing_but_its_own_change(client, study):
    user = make_member(study, Role.ANNOTATOR)
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    client.force_login(user)
    video = make_video(study)
    change = reverse("annotator:password_change")
    for name, args in [("home", ()), ("profile_edit", ()), ("study_detail", (study.slug,)),
                       ("video_media", (study.slug, video.pk)), ("coding_next", (study.slug,))]:  # fmt: skip
        for send in (client.get, client.post):
            answer = send(reverse(f"annotator:{name}", args=args))
            assert (answer.status_code, answer["Location"]) == (302, change), name


def test_text_of_others_is_never_markup(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    video = make_video(study, caption=evil, creator=evil, hashtags=[evil])
    for name, args in [("video_list", ()), ("video_detail", (video.pk,)), ("creator_list", ())]:
        page = client.get(reverse(f"annotator:{name}", args=(study.slug, *args))).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
