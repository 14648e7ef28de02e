"""Addresses of the codebook and its versions."""

from django.urls import path

from annotator.views import codebook

urlpatterns = [
    path("s/<slug:slug>/codebook/", codebook.codebook_detail, name="codebook_detail"),
    path("s/<slug:slug>/codebook/values/<slug:value>/", codebook.codebook_value, name="codebook_value"),
    path("s/<slug:slug>/codebook/versions/", codebook.codebook_version_list, name="codebook_version_list"),
    path("s/<slug:slug>/codebook/export/", codebook.codebook_export, name="codebook_export"),
    path("s/<slug:slug>/codebook/import/", codebook.codebook_import, name="codebook_import"),
]
