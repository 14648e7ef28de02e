"""A video's script and predictions beside the human labels, and the videos of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.blindness import unblinded_videos, videos_with_models_shown
from annotator.models import Role, Seen, Study, Video
from models_app.forms.runs import is_key
from models_app.models import Gives, Prediction, Run, RunVideo, Script
from models_app.queries.beside import BesideTable, beside_table
from models_app.queries.run_videos import ONLY, SORTS, RunVideoLine, lines_of_run, narrowed
from models_app.queries.script_lines import lines_of_script

PAGE_SIZE = 50
N_RUNS = 3  # shown unless others are chosen
MOST_RUNS = 8  # more columns nobody compares
MOST_SCRIPTS = 30


@dataclass(frozen=True, slots=True)
class Around:
    """The videos before and after, and the run through whose videos somebody goes."""

    of: Run | None
    before: Video | None
    after: Video | None


@require_safe
@study_view()
def video_models(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One video: what plays, what was made of it in words, and who says what of its values."""
    shown = videos_with_models_shown(request.user, study).filter(withdrawn_at__isnull=True)
    video = get_object_or_404(shown.select_related("study", "batch", "creator"), pk=pk)
    runs = list(
        Run.objects.of_predictions()
        .filter(study=study, scope_rows__video=video)
        .select_related("codebook")
        .defer("codebook__document")
    )
    asked = set(numbers(request.GET.getlist("run")))
    chosen = [run for run in runs if run.pk in asked][:MOST_RUNS] or _telling(video, runs)
    with_labels = unblinded_videos(request.user, study).filter(pk=pk).exists()
    table = beside_table(study=study, video=video, runs=chosen, with_labels=with_labels)
    only_different = request.GET.get("only") == "differs" and table.has_gold
    scripts = list(
        Script.objects.filter(video=video).select_related("run").defer("text", "segments").order_by("-pk")
    )[:MOST_SCRIPTS]
    script = _chosen_script(request, video, scripts)
    _record(request, video, table, script)
    around = _around(request, study, video, shown)
    kept = [("run", run.pk) for run in chosen if asked] + ([("only", "differs")] if only_different else [])
    context = {
        "video": video,
        "is_researcher": Role.RESEARCHER in request.roles,
        "runs": runs,
        "chosen": [run.pk for run in chosen],
        "most_runs": MOST_RUNS,
        "table": table,
        "rows": [row for row in table.rows if row.is_different] if only_different else table.rows,
        "only_different": only_different,
        "with_labels": with_labels,
        "scripts": scripts,
        "script": script,
        "script_lines": lines_of_script(script) if script else [],
        "is_timed": bool(script and script.segments),
        "around": around,
        "kept": urlencode(kept + ([("of", around.of.pk)] if around.of else [])),
    }
    return render(request, "models_app/video_models.html", context)


@require_safe
@study_view(Role.RESEARCHER)
def run_videos(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """The videos of a run, with how far each is from gold."""
    run = get_object_or_404(Run.objects.in_study(study), pk=pk)
    shown = videos_with_models_shown(request.user, study)
    lines = lines_of_run(run=run, videos=shown, unblinded=unblinded_videos(request.user, study))
    only, sort = request.GET.get("only", ""), request.GET.get("sort", "-differs")
    only = only if only in ONLY else ""
    sort = sort if sort.lstrip("-") in SORTS and sort.count("-") <= 1 else "-differs"
    page = Paginator(narrowed(lines, only=only, sort=sort), PAGE_SIZE).get_page(request.GET.get("page"))
    _record_lines(request, page.object_list)
    n_scope = RunVideo.objects.filter(run=run, video__withdrawn_at__isnull=True).count()
    context = {
        "run": run,
        "page": page,
        "only": only,
        "sort": sort,
        "n_lines": len(lines),
        "n_kept": n_scope - len(lines),
        "tabs": [
            {"key": key, "label": label, "n": len(narrowed(lines, only=key, sort=sort))}
            for key, label in ONLY.items()
            if key == "missing" or run.gives == Gives.PREDICTIONS
        ],
    }
    return render(request, "models_app/run_videos.html", context)


def numbers(given: Iterable[str]) -> list[int]:
    """The whole numbers among what an address holds, as far as a key can be one."""
    return [int(text) for text in given if is_key(text)]


def _telling(video: Video, runs: list[Run]) -> list[Run]:
    """The newest runs that say something of the video; without any, the newest."""
    answered = set(Prediction.objects.filter(video=video).order_by().values_list("run", flat=True).distinct())
    return [run for run in runs if run.pk in answered][:N_RUNS] or runs[:N_RUNS]


def _chosen_script(request: StudyRequest, video: Video, scripts: list[Script]) -> Script | None:
    """The one asked for; else the newest with times, else the newest."""
    asked = numbers([request.GET.get("script", "")])
    timed = Script.objects.filter(video=video).exclude(segments=[]).order_by("-pk")
    wanted = (
        asked if any(script.pk in asked for script in scripts) else timed.values_list("pk", flat=True)[:1]
    )
    return next((script for script in scripts if script.pk in wanted), scripts[0] if scripts else None)


def _around(request: StudyRequest, study: Study, video: Video, shown: QuerySet[Video]) -> Around:
    """Neighbours in the order of ids, among the run's videos or else among all that models have treated."""
    asked = numbers([request.GET.get("of", "")])
    of = Run.objects.in_study(study).filter(pk__in=asked).first() if asked else None
    in_run = RunVideo.objects.filter(video=OuterRef("pk"))
    if of:
        treated = shown.filter(Exists(in_run.filter(run=of)))
    else:
        treated = shown.filter(Exists(in_run) | Exists(Script.objects.filter(video=OuterRef("pk"))))
    treated = treated.only("pk", "external_id")
    same = Q(external_id=video.external_id)
    after = treated.filter(Q(external_id__gt=video.external_id) | same & Q(pk__gt=video.pk))
    before = treated.filter(Q(external_id__lt=video.external_id) | same & Q(pk__lt=video.pk))
    return Around(
        of=of,
        before=before.order_by("-external_id", "-pk").first(),
        after=after.order_by("external_id", "pk").first(),
    )


def _record(request: StudyRequest, video: Video, table: BesideTable, script: Script | None) -> None:
    """Write down what is shown now."""
    kinds = {
        Seen.SCRIPT: script is not None,
        Seen.PREDICTIONS: table.has_answers,
        Seen.CODINGS: bool(table.coders),
        Seen.GOLD: table.has_gold,
    }
    for kind, is_shown in kinds.items():
        if is_shown:
            record_sight(user=request.user, videos=[video], kind=kind)


def _record_lines(request: StudyRequest, lines: Iterable[RunVideoLine]) -> None:
    """A distance from gold tells of both; without it the list tells only that there is an answer."""
    told = [line.video for line in lines if line.n_differs is not None]
    for kind in (Seen.PREDICTIONS, Seen.GOLD) if told else ():
        record_sight(user=request.user, videos=told, kind=kind)
