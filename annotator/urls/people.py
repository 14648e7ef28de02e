"""Addresses of logins, profiles and members."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from annotator.views import accounts, people

urlpatterns = [
    path("login/", login_not_required(accounts.Login.as_view()), name="login"),
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("password/", accounts.PasswordChange.as_view(), name="password_change"),
    path("profile/", accounts.profile_edit, name="profile_edit"),
    path("s/<slug:slug>/people/", people.member_list, name="member_list"),
    path("s/<slug:slug>/people/add/", people.member_add, name="member_add"),
    path("s/<slug:slug>/people/<int:pk>/remove/", people.member_remove, name="member_remove"),
    path(
        "s/<slug:slug>/people/<int:pk>/reset-password/",
        people.member_reset_password,
        name="member_reset_password",
    ),
]
