"""`run_pipeline SLUG PIPELINE [--set key=value …] [--wait]`: a run, queued or done here."""

import os
import socket
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.imports.links import parse_link
from annotator.management.base import AxialCommand
from annotator.models import Study, Video
from models_app.actions.runs import pause_run, resume_run, start_run
from models_app.engine.batch_jobs import look_after, runs_to_look_after
from models_app.engine.outage import OutageError, reconnect, storing
from models_app.engine.pausing import resume_what_is_due
from models_app.engine.slices import work_slice
from models_app.models import Run, RunState
from models_app.queries.runs import RunProgress, failures_of, progress_of
from models_app.specs import SPECS, spec_of

SHOW_SECONDS = 1.0  # between lines of progress
LOOK_SECONDS = 1.0  # between looks at what others are working on
LONGEST_ID_FILE = 50 * 1024**2


class Command(AxialCommand):
    """Start a run."""

    help = (
        "Start a run of a pipeline over a study's videos; workers do it in the background. Pipelines: "
        + ", ".join(SPECS)
        + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to run, on what, and who does it."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("pipeline", help="its name")
        parser.add_argument(
            "--set",
            dest="given",
            action="extend",
            nargs="+",
            default=[],
            metavar="key=value",
            help="videos=BATCH|FILE, scripts=MODEL, approved=yes, budget=SUM, or a setting of the pipeline",
        )
        parser.add_argument("--wait", action="store_true", help="work on it here, and print its result")
        parser.add_argument(
            "--resume", type=int, metavar="RUN", help="go on with a paused or cancelled run, start none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, or go on; with --wait, work until the end."""
        study = self.study(options["slug"])
        name = spec_of(options["pipeline"]).name
        settings = read_settings(options["given"])
        budget = settings.pop("budget", "")
        if options["resume"] is not None:
            if settings:
                raise CommandError(_("a run keeps its settings: --resume takes --set budget= alone."))
            run = run_of(study, pipeline=name, number=options["resume"])
            run = resume_run(run=run, by=None, budget=budget)
        else:
            videos, scripts = settings.pop("videos", ""), settings.pop("scripts", "")
            approved = yes_or_no("approved", settings.pop("approved", "no"))
            run = start_run(
                study=study,
                pipeline=name,
                settings=settings,
                scripts=scripts,
                budget=budget,
                approved=approved,
                **which_videos(study, videos),
            )
        if options["wait"]:
            self._wait(run)
        run.refresh_from_db()
        progress = progress_of(run)
        failures = failures_of(run)
        data = {
            "study": study.slug,
            "run": run.pk,
            "pipeline": run.pipeline,
            "model": run.model,
            "state": run.state,
            "n_scope": progress.n_scope,
            "n_items": progress.n_items,
            "n_done": progress.done,
            "n_failed": progress.failed,
            "n_blocked": progress.blocked,
            "n_sent": progress.sent,
            "n_problems": progress.n_problems,
            "failures": [{"code": group.code, "message": group.message, "n": group.n} for group in failures],
        }
        self.result(data, in_words(run, progress))
        if run.state == RunState.PAUSED and options["wait"]:
            raise CommandError(
                _("run %(run)s is paused: %(why)s") % {"run": run.pk, "why": run.paused_because}
            )
        if progress.n_items and progress.failed + progress.blocked == progress.n_items:
            raise CommandError(_("every item failed: %(why)s") % {"why": failures[0].message})

    def _wait(self, run: Run) -> None:
        """Work on the run until it has ended or somebody stopped it; workers may help."""
        from models_app.registry import client_of, pipeline_of  # load torch, so only whoever works

        worker = f"run_pipeline@{socket.gethostname()}:{os.getpid()}"
        told = ""
        try:
            while True:
                done = work_slice(
                    run.pk,
                    pipeline_of=pipeline_of,
                    client_of=client_of,
                    worker=worker,
                    after_each=self._shower(run),
                )
                try:
                    storing(run.refresh_from_db)
                    told = self._told_of_pause(run, told)
                    storing(resume_what_is_due)  # as a worker's sweep does: there may be none
                    if run.pk in storing(runs_to_look_after):
                        storing(partial(look_after, run.pk, pipeline_of=pipeline_of, client_of=client_of))
                except OutageError:
                    self.note(_("The database is away or full; trying again."))
                    continue
                if run.state != RunState.RUNNING and run.resume_at is None:
                    break
                if not done.n_tried:  # what is open is in others' hands, or the run paused for a while
                    self._show(run)
                    time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            pause_run(run=run, by=None, because=_("stopped with Ctrl-C"))
            again = f"run_pipeline {run.study.slug} {run.pipeline} --resume {run.pk} --wait"
            message = _(
                "stopped; what is done is kept. Go on with: manage.py %(command)s, or on the run's page"
            )
            raise CommandError(message % {"command": again}, returncode=130) from None
        self._show(run)

    def _told_of_pause(self, run: Run, told: str) -> str:
        """Say once why the run has paused by itself."""
        if run.state == RunState.PAUSED and run.paused_because != told:
            self.note(run.paused_because)
            return run.paused_because
        return told

    def _shower(self, run: Run) -> Any:
        """What shows progress after each item, though not more than once a second."""
        shown_at = time.monotonic()

        def show() -> None:
            nonlocal shown_at
            if time.monotonic() - shown_at >= SHOW_SECONDS:
                self._show(run)
                shown_at = time.monotonic()

        return show

    def _show(self, run: Run) -> None:
        try:
            self.note(progress_line(progress_of(run)))
        except Error:  # shown next time: the work goes on
            reconnect()


def read_settings(given: Sequence[str]) -> dict[str, str]:
    """`key=value` words as a mapping; the last of several for one key holds."""
    settings = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise RefusedError(_("--set %(word)s: write key=value.") % {"word": word})
        settings[key.strip()] = value
    return settings


def yes_or_no(name: str, word: str) -> bool:
    """A setting that is one of two words."""
    if word not in ("yes", "no"):
        raise RefusedError(_("--set %(name)s=%(word)s: write yes or no.") % {"name": name, "word": word})
    return word == "yes"


def run_of(study: Study, *, pipeline: str, number: int) -> Run:
    """The study's run of that number and pipeline."""
    try:
        return Run.objects.select_related("study").get(study=study, pipeline=pipeline, pk=number)
    except Run.DoesNotExist:
        values = {"study": study.slug, "pipeline": pipeline, "run": number}
        message = _("study “%(study)s” has no run %(run)s of %(pipeline)s.")
        raise RefusedError(message % values) from None


def which_videos(study: Study, asked: str) -> dict[str, Any]:
    """`videos=` as start_run takes it: a batch's name, or a file of ids; a batch goes first."""
    if not asked or study.batches.filter(name=asked).exists():
        return {"videos": asked}
    path = Path(asked)
    if not path.is_file():
        raise RefusedError(_("videos=%(name)s is neither a batch of the study nor a file.") % {"name": asked})
    return {"videos": path.name, "video_ids": ids_in_file(study, path)}


def ids_in_file(study: Study, path: Path) -> list[int]:
    """The keys of the videos that a file names: an id or a link a line; of a table, its first column."""
    if path.stat().st_size > LONGEST_ID_FILE:
        raise RefusedError(_("%(file)s is too large to be a list of ids.") % {"file": path})
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise RefusedError(_("%(file)s is not a text file in UTF-8.") % {"file": path}) from None
    cells = [(n, line.partition(",")[0].strip().strip('"')) for n, line in enumerate(lines, start=1)]
    named = [(n, cell) for n, cell in cells if cell and not (n == 1 and cell == "video_id")]
    if not named:
        raise RefusedError(_("%(file)s names no video.") % {"file": path})
    known: dict[str, list[int]] = {}
    for pk, external_id in Video.objects.active().filter(study=study).values_list("pk", "external_id"):
        known.setdefault(external_id, []).append(pk)
    keys: list[int] = []
    unknown = []
    for n, cell in named:
        found = known.get(cell) or known.get(_id_in_link(cell), [])
        keys += found
        if not found:
            unknown.append(f"{n} ({cell[:40]})")
    if unknown:
        shown = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        message = _("%(file)s: no such video in the study, or it was withdrawn: line %(lines)s.")
        raise RefusedError(message % {"file": path, "lines": shown})
    return keys


def _id_in_link(cell: str) -> str:
    """The id that a link ends in; what is no link is an id itself."""
    try:
        return parse_link(cell).external_id
    except ValueError:
        return cell


def progress_line(progress: RunProgress) -> str:
    """How far it is, on a line."""
    line = f"{progress.n_ended} of {progress.n_items}"
    if progress.failed:
        line += f", {progress.failed} failed"
    if progress.blocked:
        line += f", {progress.blocked} blocked"
    if progress.sent:
        line += f", {progress.sent} with the provider"
    if progress.per_minute:
        line += f", {progress.per_minute:.1f} a minute"
    if progress.seconds_left is not None:
        line += f", {progress.seconds_left:.0f} s left"
    return line


def in_words(run: Run, progress: RunProgress) -> str:
    """The outcome in a sentence or two."""
    text = f"Run {run.pk} of {run.pipeline} ({run.model}): {RunState(run.state).label.lower()}"
    text += f", {progress.done} of {progress.n_items} items done"
    if progress.failed:
        text += f", {progress.failed} failed"
    if progress.blocked:
        text += f", {progress.blocked} blocked"
    text += f"; {progress.n_scope} videos in scope"
    if progress.n_problems:
        text += f", {progress.n_problems} of which cannot be worked on"
    return f"{text}."
