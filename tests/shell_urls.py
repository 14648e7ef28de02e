"""The few addresses that templates/base.html knows, so that the shell is tested alone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


names = ["home", "login", "logout", "password_change"]
urlpatterns = [
    path("", include(([path(f"{name}/", nothing, name=name) for name in names], "annotator"))),
    path("i18n/", include("django.conf.urls.i18n")),
]
