"""Addresses of studies, and of what is about the server as a whole."""

from django.urls import path

from annotator.views import history, studies

urlpatterns = [
    path("", studies.home, name="home"),
    path("healthz", studies.healthz, name="healthz"),
    path("robots.txt", studies.robots, name="robots"),
    path("studies/new/", studies.study_create, name="study_create"),
    path("s/<slug:slug>/", studies.study_detail, name="study_detail"),
    path("s/<slug:slug>/settings/", studies.study_edit, name="study_edit"),
    path("s/<slug:slug>/history/", history.history_list, name="history_list"),
]
