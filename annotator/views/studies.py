"""Where work begins: one's studies, a study's dashboard, its settings."""

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.consolidation import gold_where_agreed
from annotator.actions.studies import create_study, update_study
from annotator.blindness import is_bound
from annotator.codebooks.file import CodebookDoc, load_codebook
from annotator.errors import RefusedError
from annotator.forms.studies import NewStudyForm, StudyForm
from annotator.models import Role, Study, User
from annotator.queries.dashboard import dashboard
from annotator.queries.work import work_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What to do next in each of one's studies; with one study only, that study's page."""
    user = cast(User, request.user)
    works = work_of(user)
    may_create = may_create_studies(user)
    if len(works) == 1 and "all" not in request.GET:
        return redirect("annotator:study_detail", works[0].study.slug)
    return render(request, "annotator/home.html", {"works": works, "may_create": may_create})


@require_safe
@study_view()
def study_detail(request: StudyRequest, study: Study) -> HttpResponse:
    """The dashboard: what one should do next, and, for researchers, what is known."""
    return render(request, "annotator/study_detail.html", dashboard(study, user=request.user))


def study_create(request: HttpRequest) -> HttpResponse:
    """Make a study; whoever makes it becomes its researcher."""
    user = cast(User, request.user)
    if not may_create_studies(user):
        raise PermissionDenied(_("Whoever runs this server says who may make studies."))
    form = NewStudyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        study = _created(form, by=user)
        if study is not None:
            messages.success(request, _("The study is made. Three steps remain before coding can begin."))
            return redirect("annotator:study_detail", study.slug)
    return render(request, "annotator/study_create.html", {"form": form})


@study_view(Role.RESEARCHER)
def study_edit(request: StudyRequest, study: Study) -> HttpResponse:
    """Change settings; a change that the work already done rules out is refused in words."""
    form = StudyForm(request.POST or None, instance=study)
    if request.method == "POST" and form.is_valid():
        try:
            changed = update_study(study=study, by=request.user, **form.cleaned_data)
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved and logged.") if changed else _("Nothing was changed."))
            _make_gold(request, study, changed=changed)
            return redirect("annotator:study_edit", study.slug)
    return render(request, "annotator/study_edit.html", {"form": form})


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the web process runs and reaches its database; for monitors."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "unreachable"}, status=503)
    return JsonResponse({"ok": True})


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def _make_gold(request: StudyRequest, study: Study, *, changed: Mapping[str, Any]) -> None:
    """Where full agreement has just begun to be gold, this holds for what waited already."""
    study.refresh_from_db()
    if "auto_gold" not in changed or not study.auto_gold:
        return
    n = gold_where_agreed(study)
    if n and not is_bound(request.user, study):
        text = ngettext(
            "%(n)d video on which its coders agree has become gold.",
            "%(n)d videos on which their coders agree have become gold.",
            n,
        )
        messages.info(request, text % {"n": n})


def may_create_studies(user: User) -> bool:
    """Whether the user may make studies of their own."""
    return user.is_superuser or user.can_create_studies


def _created(form: NewStudyForm, *, by: User) -> Study | None:
    """The new study, or None with the reason on the form."""
    given: dict[str, Any] = dict(form.cleaned_data)
    file = given.pop("codebook_file")
    try:
        codebook: CodebookDoc | None = load_codebook(file.read()) if file else None
    except ValueError as error:  # CodebookFileError: it names the line
        form.add_error("codebook_file", str(error))
        return None
    try:
        return create_study(codebook=codebook, coders=given.pop("coders_per_video"), by=by, **given)
    except RefusedError as error:
        form.add_error(None, str(error))
        return None
