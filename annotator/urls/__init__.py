"""Addresses of people, codebook, videos, coding and consolidation, a module a noun."""

from annotator.urls import (
    batches,
    codebook,
    coding,
    consolidation,
    labels,
    people,
    studies,
    videos,
)

app_name = "annotator"

urlpatterns = [
    *studies.urlpatterns,
    *people.urlpatterns,
    *codebook.urlpatterns,
    *videos.urlpatterns,
    *batches.urlpatterns,
    *coding.urlpatterns,
    *consolidation.urlpatterns,
    *labels.urlpatterns,
]
