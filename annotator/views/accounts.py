"""Logging in and out, passwords, one's own profile."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any, cast

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from annotator.forms.people import ProfileForm
from annotator.models import User


class Login(auth_views.LoginView):
    """The login page; leads back to where somebody was, on this host only."""

    template_name = "annotator/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in, and speak the person's language from here on."""
        response = super().form_valid(form)
        user = form.get_user()
        if user.language:
            set_language(response, user.language)
        return response


class PasswordChange(auth_views.PasswordChangeView):
    """A new password; one's other sessions end, this one goes on."""

    template_name = "annotator/password_change.html"
    success_url = reverse_lazy("annotator:home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Store it; a temporary password is temporary no longer."""
        response = super().form_valid(form)
        user = cast(User, self.request.user)
        if user.must_change_password:
            user.must_change_password = False
            user.save(update_fields=["must_change_password"])
        messages.success(self.request, _("Your password was changed."))
        return response


def profile_edit(request: HttpRequest) -> HttpResponse:
    """One's own name and language."""
    form = ProfileForm(request.POST or None, instance=cast(User, request.user))
    if request.method == "POST" and form.is_valid():
        user = form.save()
        translation.activate(user.language or translation.get_language())
        messages.success(request, _("Saved."))
        response: HttpResponseRedirect = redirect("annotator:profile_edit")
        if user.language:
            set_language(response, user.language)
        else:
            response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response
    return render(request, "annotator/profile_edit.html", {"form": form})


def address_of(request: HttpRequest) -> str | None:
    """Where a login comes from (called by django-axes); behind our proxy, what the proxy says last."""
    if settings.HTTPS:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        try:
            return str(ip_address(forwarded))
        except ValueError:
            pass  # a proxy that does not tell: everybody seems to come from it
    address: str | None = request.META.get("REMOTE_ADDR")
    return address


@never_cache
def locked(request: HttpRequest, response: object = None, credentials: object = None) -> HttpResponse:
    """Too many wrong passwords: say when to try again (called by django-axes)."""
    wait = get_cool_off(request) or timedelta(0)
    seconds = int(wait.total_seconds())
    context = {"until": timezone.now() + wait, "minutes": -(-seconds // 60)}
    answer = render(request, "annotator/login_locked.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def set_language(response: HttpResponse, language: str) -> None:
    """Remember a language in the browser, as Django's own view does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
