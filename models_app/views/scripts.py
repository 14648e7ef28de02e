"""Pages of scripts: the list, one script, two side by side, an edit, files of what was found of them."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.blindness import videos_with_models_shown
from annotator.errors import RefusedError
from annotator.exports.writers import WRITERS, write_rows
from annotator.models import Change, Role, Seen, Study, Video
from annotator.views.labels import FORMATS
from models_app.actions.script_edit import StaleEditError, edit_script, plain
from models_app.exports.script_reviews import TABLES
from models_app.forms.runs import is_key
from models_app.forms.scripts import GapForm, ReviewForm, ScriptEditForm, ScriptFilterForm
from models_app.models import Captured, Script
from models_app.queries.script_lines import lines_of_script
from models_app.queries.scripts import (
    count_by_model,
    known_sort,
    narrowed,
    ordered,
    rows_of_scripts,
    scripts_of,
    states_of,
)
from models_app.queries.scripts_beside import are_timed, side_by_side
from models_app.queries.scripts_difference import difference, n_words
from models_app.queries.scripts_reviews import reviews_for
from models_app.views.script_queue import asked_queue, queue_query

PAGE_SIZE = 50
MOST_VERSIONS = 30


@require_safe
@study_view(Role.RESEARCHER)
def script_list(request: StudyRequest, study: Study) -> HttpResponse:
    """All scripts, narrowed, searched and ordered; what there is of each model above them."""
    videos = shown_videos(request, study)
    scripts = scripts_of(study, videos)
    counts = count_by_model(scripts)
    form = ScriptFilterForm(request.GET, study=study, models=[count.model for count in counts])
    form.is_valid()  # a filter that makes no sense is left out
    given = form.cleaned_data
    sort = known_sort(request.GET.get("sort"))
    found = ordered(narrowed(scripts, given, reader=request.user), sort)
    words = given.get("q", "")
    unread = ("segments", "facts") if words else ("text", "segments", "facts")
    listed = found.select_related("video", "run", "created_by").defer(*unread)
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = rows_of_scripts(list(page.object_list), reader=request.user, words=words)
    if words:
        record_sight(user=request.user, videos=[row.script.video_id for row in rows], kind=Seen.SCRIPT)
    all_videos = Script.objects.in_study(study).values("video").distinct()
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "sort": sort,
        "words": words,
        "counts": counts,
        "batch": given.get("batch"),
        "is_narrowed": any(given.values()),
        "n_kept": all_videos.count() - all_videos.filter(video__in=videos).count(),
        "formats": list(WRITERS),
    }
    return render(request, "models_app/script_list.html", context)


@require_safe
@study_view(Role.RESEARCHER)
def script_detail(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One script beside its video, its versions, what was found of it, and the form that says so."""
    script = shown_script(request, study, pk)
    return script_page(request, study, script)


def script_page(
    request: StudyRequest,
    study: Study,
    script: Script,
    *,
    review_form: ReviewForm | None = None,
    gap_form: GapForm | None = None,
) -> HttpResponse:
    """The page of a script, with what was refused in one of its forms."""
    record_sight(user=request.user, videos=[script.video_id], kind=Seen.SCRIPT)
    reviews = reviews_for(script, reader=request.user)
    others = _others(script)
    parent = script.parent
    changed = difference(parent.text, script.text) if parent else []
    queue = asked_queue(request, study)
    context = {
        "script": script,
        "video": script.video,
        "lines": lines_of_script(script),
        "is_timed": bool(script.segments),
        "reviews": reviews,
        "review_form": review_form or ReviewForm(initial=_own_answers(reviews.own)),
        "gap_form": gap_form or GapForm(),
        "answers": Captured.choices,
        "others": others,
        "newest": next((other for other in others if other.model == script.model), None),
        "difference": changed,
        "n_added": n_words(changed, "added"),
        "n_removed": n_words(changed, "removed"),
        "queue": queue,
        "queue_query": queue_query(request) if queue else "",
        "skip_query": queue_query(request, after=script.video_id) if queue else "",
    }
    return render(request, "models_app/script_detail.html", context)


@require_safe
@study_view(Role.RESEARCHER)
def script_compare(request: StudyRequest, study: Study) -> HttpResponse:
    """Two scripts of one video: versions of one model's word by word, others side by side."""
    keys = [request.GET.get(side, "") for side in ("a", "b")]
    if not all(map(is_key, keys)):
        return redirect("models_app:script_list", study.slug)
    left, right = (shown_script(request, study, int(key)) for key in keys)
    if left.video_id != right.video_id:
        raise Http404
    record_sight(user=request.user, videos=[left.video_id], kind=Seen.SCRIPT)
    are_versions = left.model == right.model
    words = difference(left.text, right.text) if are_versions else []
    states = states_of([left.pk, right.pk])
    context = {
        "video": left.video,
        "left": left,
        "right": right,
        "left_state": states.get(left.pk),
        "right_state": states.get(right.pk),
        "are_versions": are_versions,
        "difference": words,
        "n_added": n_words(words, "added"),
        "n_removed": n_words(words, "removed"),
        "rows": [] if are_versions else side_by_side(left, right),
        "are_timed": are_timed(left, right),
        "others": [left, *_others(left)],
    }
    return render(request, "models_app/script_compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def script_edit(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Change the text; what was written is kept on screen whatever comes in between."""
    script = shown_script(request, study, pk)
    record_sight(user=request.user, videos=[script.video_id], kind=Seen.SCRIPT)
    initial = {"text": plain(script.text), "base": script.pk}
    form = ScriptEditForm(request.POST or None, initial=initial)
    newer: Script | None = None
    if request.method == "POST" and form.is_valid():
        base = shown_script(request, study, form.cleaned_data["base"])
        if (base.video_id, base.model) != (script.video_id, script.model):
            raise Http404
        try:
            edit = edit_script(script=base, text=form.cleaned_data["text"], by=request.user)
        except StaleEditError as error:
            newer = error.newest
        except RefusedError as error:
            form.add_error("text", capfirst(str(error)))
        else:
            is_same = edit.pk == base.pk
            messages.success(request, _("Nothing was changed.") if is_same else _("Kept as a new version."))
            return redirect("models_app:script_detail", study.slug, edit.pk)
    context = {
        "script": script,
        "video": script.video,
        "form": form,
        "newer": newer,
        "difference": difference(newer.text, plain(form.cleaned_data["text"])) if newer else [],
    }
    return render(request, "models_app/script_edit.html", context)


@require_safe
@study_view(Role.RESEARCHER)
def script_download(request: StudyRequest, study: Study, what: str, ending: str) -> HttpResponseBase:
    """Reviews or gaps as a file, as far as they are open to this person; logged, and counted as seen."""
    if what not in TABLES or ending not in FORMATS:
        raise Http404
    table = TABLES[what](study, request.user)
    name = f"{study.slug}-script-{what}.{ending}"
    try:
        # The folder goes when this is left; the open file is read to its end all the same.
        with tempfile.TemporaryDirectory(prefix="axial-export-") as folder:
            path = Path(folder) / name
            n_rows = write_rows(path, columns=table.columns, rows=table.rows())
            file = path.open("rb")
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
        return redirect("models_app:script_list", study.slug)
    record_sight(user=request.user, videos=table.videos, kind=Seen.SCRIPT)
    told = {"what": f"script {what}", "format": ending, "n_rows": n_rows}
    Change.objects.record(study=study, by=request.user, what="export.downloaded", after=told)
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[ending])


def shown_videos(request: StudyRequest, study: Study) -> QuerySet[Video]:
    """The videos whose scripts this person may see."""
    return videos_with_models_shown(request.user, study)


def shown_script(request: StudyRequest, study: Study, pk: int) -> Script:
    """A script that this person may see, or 404."""
    scripts = scripts_of(study, shown_videos(request, study))
    related = ("video__study", "video__creator", "video__batch", "run", "parent", "created_by")
    return get_object_or_404(scripts.select_related(*related), pk=pk)


def _others(script: Script) -> list[Script]:
    """The other scripts of the video, the newest first."""
    others = Script.objects.filter(video=script.video_id).exclude(pk=script.pk)
    return list(
        others.select_related("run", "created_by")
        .defer("text", "segments", "facts")
        .order_by("-pk")[:MOST_VERSIONS]
    )


def _own_answers(own: object) -> dict[str, str]:
    return {name: getattr(own, name) for name in ReviewForm.base_fields} if own else {}
