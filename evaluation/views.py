"""Pages of agreement."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from annotator.access import StudyRequest, study_view
from annotator.models import Role, Study, Value


@study_view(Role.RESEARCHER)
def agreement_detail(request: StudyRequest, study: Study) -> HttpResponse:
    """How far the coders agree, value by value."""
    return render(request, "evaluation/agreement_detail.html")


@study_view(Role.RESEARCHER)
def agreement_summary(request: StudyRequest, study: Study) -> HttpResponse:
    """The headline alone, for the study's own page."""
    return render(request, "evaluation/agreement_summary.html")


@study_view(Role.RESEARCHER)
def agreement_table(request: StudyRequest, study: Study) -> HttpResponse:
    """The page's table as a file."""
    raise Http404


@study_view(Role.RESEARCHER)
def agreement_figure(request: StudyRequest, study: Study, ending: str) -> HttpResponse:
    """The page's plot as a file."""
    raise Http404


@study_view(Role.RESEARCHER)
def agreement_conflicts(request: StudyRequest, study: Study, value: str) -> HttpResponse:
    """Videos on which first submissions differ in a value."""
    chosen = get_object_or_404(Value, codebook=study.codebook, slug=value)
    return render(request, "evaluation/agreement_conflicts.html", {"value": chosen})
