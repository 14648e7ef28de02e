"""Pages that bring labels in and take them out."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from annotator.access import StudyRequest, study_view
from annotator.models import Role, Study


@study_view(Role.RESEARCHER)
def label_import(request: StudyRequest, study: Study) -> HttpResponse:
    """Upload a file of labels, see what would happen, import it."""
    return render(request, "annotator/label_import.html")


@study_view(Role.RESEARCHER)
def export_list(request: StudyRequest, study: Study) -> HttpResponse:
    """Everything that can be taken out."""
    return render(request, "annotator/export_list.html")


@study_view(Role.RESEARCHER)
def export_download(request: StudyRequest, study: Study, what: str, ending: str) -> HttpResponse:
    """One file."""
    raise Http404
