"""Every address of Axial, by application."""

from django.urls import include, path

urlpatterns = [
    path("", include("annotator.urls")),
    path("", include("evaluation.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
