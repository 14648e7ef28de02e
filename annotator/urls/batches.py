"""Addresses of batches and slots."""

from django.urls import path

from annotator.views import batches

urlpatterns = [
    path("s/<slug:slug>/batches/", batches.batch_list, name="batch_list"),
    path("s/<slug:slug>/batches/new/", batches.batch_create, name="batch_create"),
    path("s/<slug:slug>/batches/<int:pk>/", batches.batch_detail, name="batch_detail"),
    path("s/<slug:slug>/batches/<int:pk>/edit/", batches.batch_edit, name="batch_edit"),
    path("s/<slug:slug>/batches/<int:pk>/share-out/", batches.batch_share_out, name="batch_share_out"),
    path("s/<slug:slug>/batches/<int:pk>/release/", batches.batch_release, name="batch_release"),
    path("s/<slug:slug>/videos/<int:pk>/assign/", batches.slot_assign, name="slot_assign"),
    path("s/<slug:slug>/slots/<int:pk>/reassign/", batches.slot_reassign, name="slot_reassign"),
]
