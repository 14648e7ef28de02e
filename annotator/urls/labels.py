"""Addresses of labels: bringing them in, taking them out."""

from django.urls import path

from annotator.views import labels

urlpatterns = [
    path("s/<slug:slug>/labels/import/", labels.label_import, name="label_import"),
    path("s/<slug:slug>/labels/import/confirm/", labels.label_import_confirm, name="label_import_confirm"),
    path("s/<slug:slug>/export/", labels.export_list, name="export_list"),
    path("s/<slug:slug>/export/<slug:what>.<slug:ending>", labels.export_download, name="export_download"),
]
