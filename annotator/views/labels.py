"""Pages that bring labels in and take them out."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.actions.label_plan import Mode
from annotator.actions.labels import LabelReport, import_codings, import_gold, refuse_unless_annotator
from annotator.blindness import is_bound
from annotator.errors import RefusedError
from annotator.exports.catalogue import SHOWS, TABLES, write_export
from annotator.exports.tables import Wishes, readable_videos
from annotator.exports.writers import WRITERS
from annotator.forms.labels import LabelConfirmForm, LabelImportForm
from annotator.imports.errors import ImportFileError
from annotator.imports.staging import StagedFileError, discard, stage, staged
from annotator.imports.tables import read_table
from annotator.models import Role, Study

MOST_SHOWN = 50  # bad rows on the page
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@study_view(Role.RESEARCHER)
def label_import(request: StudyRequest, study: Study) -> HttpResponse:
    """Choose a file, see what it would do, then do it."""
    form = LabelImportForm(request.POST or None, request.FILES or None, study=study)
    if request.method == "POST" and form.is_valid():
        owner = _owner(request, study)
        token = stage(form.cleaned_data["file"], owner=owner, settings=form.settings())
        confirm = LabelConfirmForm({"token": token})
        try:
            return _preview(request, study, confirm)
        except (RefusedError, ImportFileError) as error:
            discard(token, owner=owner)
            form.add_error("file", str(error))
    return render(request, "annotator/label_import.html", {"form": form})


@require_POST
@study_view(Role.RESEARCHER)
def label_import_confirm(request: StudyRequest, study: Study) -> HttpResponse:
    """Import what was previewed, or look again with other settings."""
    confirm = LabelConfirmForm(request.POST)
    if not confirm.is_valid():
        return redirect("annotator:label_import", study.slug)
    owner = _owner(request, study)
    try:
        if request.POST.get("act") != "import":
            return _preview(request, study, confirm)
        report = _run(request, study, confirm, is_dry_run=False)
        discard(confirm.cleaned_data["token"], owner=owner)
    except StagedFileError as error:
        messages.error(request, str(error))
        return redirect("annotator:label_import", study.slug)
    except (RefusedError, ImportFileError) as error:
        return _preview(request, study, confirm, refused=str(error))
    messages.success(request, _in_words(report))
    return redirect("annotator:export_list", study.slug)


@study_view(Role.RESEARCHER)
def export_list(request: StudyRequest, study: Study) -> HttpResponse:
    """Everything that can be taken out, and what is left out of it for this person."""
    videos, left_out = readable_videos(study, Wishes(reader=request.user))
    context = {
        "formats": list(WRITERS),
        "n_videos": videos.count(),
        "n_kept": left_out.get("blind", 0),
        "n_gold": videos.filter(gold__isnull=False).distinct().count(),
        "n_minors": videos.filter(creator__is_minor=True).count(),
        "n_withdrawn": study.videos.filter(withdrawn_at__isnull=False).count(),
        "is_bound": is_bound(request.user, study),
    }
    return render(request, "annotator/export_list.html", context)


@study_view(Role.RESEARCHER)
def export_download(request: StudyRequest, study: Study, what: str, ending: str) -> HttpResponseBase:
    """One file, of the videos whose labels this person may see; logged, and counted as seen."""
    if what not in TABLES or ending not in FORMATS:
        raise Http404
    wishes = Wishes(
        reader=request.user,
        pseudonyms=request.GET.get("pseudonyms") == "1",
        without_minors=request.GET.get("without_minors") == "1",
    )
    name = f"{study.slug}-{what}.{ending}"
    try:
        # The folder goes when this is left; the open file is read to its end all the same.
        with tempfile.TemporaryDirectory(prefix="axial-export-") as folder:
            path = Path(folder) / name
            _n_rows, table = write_export(
                study=study, what=what, path=path, wishes=wishes, act="export.downloaded"
            )
            record_sight(user=request.user, videos=table.videos, kind=SHOWS[what])
            file = path.open("rb")
    except RefusedError as error:
        messages.error(request, str(error))
        return redirect("annotator:export_list", study.slug)
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[ending])


def _preview(
    request: StudyRequest, study: Study, confirm: LabelConfirmForm, *, refused: str = ""
) -> HttpResponse:
    """What would happen, with the first bad rows; nothing is written."""
    confirm.is_valid()
    report = _run(request, study, confirm, is_dry_run=True)
    return render(
        request,
        "annotator/label_import.html",
        {
            "report": report,
            "counts": report.counts,
            "shown_errors": report.errors[:MOST_SHOWN],
            "n_more_errors": max(0, len(report.errors) - MOST_SHOWN),
            "confirm": confirm,
            "refused": refused,
            "can_import": report.counts["n_videos"] > 0,
        },
    )


def _run(request: StudyRequest, study: Study, confirm: LabelConfirmForm, *, is_dry_run: bool) -> LabelReport:
    file, name, settings = staged(confirm.cleaned_data["token"], owner=_owner(request, study))
    with file:
        table = read_table(file, name=name)
    mode: Mode = confirm.mode(
        batch=settings["batch"], coder_in_file=settings["coder_in_file"], reader=request.user
    )
    if not settings["coder"]:
        return import_gold(study=study, table=table, mode=mode, by=request.user, is_dry_run=is_dry_run)
    coder = refuse_unless_annotator(study=study, coder=settings["coder"])
    return import_codings(
        study=study, coder=coder, table=table, mode=mode, by=request.user, is_dry_run=is_dry_run
    )


def _owner(request: StudyRequest, study: Study) -> str:
    """Nobody else's preview, and no other study's."""
    return f"{request.user.pk}:{study.pk}"


def _in_words(report: LabelReport) -> str:
    text = ngettext(
        "Labels of %(n)d video imported.", "Labels of %(n)d videos imported.", report.counts["n_videos"]
    ) % {"n": report.counts["n_videos"]}
    if report.errors:
        n = len(report.errors)
        text += " " + ngettext("%(n)d bad row skipped.", "%(n)d bad rows skipped.", n) % {"n": n}
    return text
