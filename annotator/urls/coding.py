"""Addresses of coding."""

from django.urls import URLPattern, path

from annotator.views import coding, coding_api

urlpatterns: list[URLPattern] = [
    path("s/<slug:slug>/code/", coding.coding_next, name="coding_next"),
    path("s/<slug:slug>/code/peek/", coding_api.coding_peek, name="coding_peek"),
    path("s/<slug:slug>/code/guide/<int:number>/", coding.coding_guide, name="coding_guide"),
    path("s/<slug:slug>/code/<int:pk>/", coding.coding_edit, name="coding_edit"),
    path("s/<slug:slug>/code/<int:pk>/save/", coding_api.coding_save, name="coding_save"),
    path("s/<slug:slug>/code/<int:pk>/submit/", coding_api.coding_submit, name="coding_submit"),
    path("s/<slug:slug>/code/<int:pk>/park/", coding_api.coding_park, name="coding_park"),
    path("s/<slug:slug>/code/<int:pk>/set-aside/", coding_api.coding_set_aside, name="coding_set_aside"),
    path("s/<slug:slug>/code/<int:pk>/play/", coding_api.coding_play, name="coding_play"),
    path("s/<slug:slug>/codings/", coding.coding_list, name="coding_list"),
]
