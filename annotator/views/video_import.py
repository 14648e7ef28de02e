"""The import page: uploads to the same import that the command runs.

With a script the page sends tables first and then each medium by itself, with progress; without one the
whole form comes in one request. Both end in ``import_videos`` or ``import_media``.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from annotator.access import StudyRequest, study_view
from annotator.actions.video_import import Wishes, import_media, import_videos
from annotator.forms.videos import ImportForm
from annotator.imports.gather import Source, Sources
from annotator.imports.outcomes import Kind, Outcome, Report
from annotator.media.uploads import SizeLimit
from annotator.models import Role, Study


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def _limited(request: StudyRequest, study: Study) -> HttpResponseBase:
    """Set the limit before anything reads the body; that includes the check of the CSRF token."""
    limit = SizeLimit(request)
    request.upload_handlers = [limit, *request.upload_handlers]
    return _import(request, study, limit)


video_import = csrf_exempt(_limited)  # _import checks the token


@csrf_protect
def _import(request: StudyRequest, study: Study, limit: SizeLimit) -> HttpResponse:
    if request.method != "POST":
        return _page(request, study, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        if request.accepts("text/html"):
            return _page(request, study, form)
        return JsonResponse({"error": "form", "message": _said(form)}, status=400)
    report = _run(request, study, form.cleaned_data)
    report.add(
        Outcome(source=name, kind=Kind.ERROR, message=_("the file is larger than the limit."))
        for name in limit.too_large
    )
    if not report.outcomes and not report.notes:
        form.add_error("uploads", _("Choose at least one file."))
    if not request.accepts("text/html"):
        return JsonResponse({**report.as_json(), "files": report.files})
    return _page(request, study, form, report=report if report.outcomes or report.notes else None)


def _run(request: StudyRequest, study: Study, given: dict[str, Any]) -> Report:
    wishes = Wishes(
        by=request.user,
        batch=given["batch"] or None,
        skip_bad_rows=given["skip_bad_rows"],
        replace_media=given["replace_media"],
    )
    with tempfile.TemporaryDirectory(prefix="axial-upload-") as folder:
        sources = Sources()
        for number, file in enumerate(given["uploads"]):
            sources.add(_source(file, folder=Path(folder), number=number), is_named=True)
        video = request.POST.get("video", "")
        if video.isdecimal() and len(video) < 19 and len(sources.media) == 1:
            outcome = import_media(study=study, source=sources.media[0], wishes=wishes, video=int(video))
            return Report(outcomes=[outcome])
        return import_videos(
            study=study, sources=sources, wishes=wishes, expected=_names(request.POST.get("names"))
        )


def _source(file: UploadedFile, *, folder: Path, number: int) -> Source:
    """Where the upload lies; its name is only ever shown and compared, never a path."""
    name = Path(file.name or "").name or _("unnamed")
    if isinstance(file, TemporaryUploadedFile):
        return Source(path=Path(file.temporary_file_path()), name=name)
    path = folder / str(number)
    with path.open("wb") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
    return Source(path=path, name=name)


def _names(text: str | None) -> list[str]:
    """Names of the media that the page will send afterwards."""
    try:
        names = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return [name for name in names if isinstance(name, str)][:10_000] if isinstance(names, list) else []


def _said(form: ImportForm) -> str:
    return " ".join(message for messages in form.errors.values() for message in map(str, messages))


def _page(
    request: HttpRequest, study: Study, form: ImportForm, *, report: Report | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "report": report,
        "batches": study.batches.order_by("order", "pk").values_list("name", flat=True)[:200],
    }
    return render(request, "annotator/video_import.html", context)
