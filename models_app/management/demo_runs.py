"""The runs of the demo study, made through the engine: two that are finished and one to start by a click."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.models import Role, Study, User
from models_app.actions.runs import pause_run, start_run
from models_app.engine.slices import work_slice
from models_app.models import Run, RunEvent, RunState
from models_app.pipelines.base import Beat, ItemError, Pipeline, ScriptDraft, Segment, SegmentKind, VideoInput
from models_app.registry import pipeline_of
from models_app.specs import PipelineName, PipelineSettings

RECORDING = Path(settings.BASE_DIR) / "demo" / "recorded" / "local-script.jsonl"
WORKER = "make_demo"
PATIENCE = 600.0  # seconds, of which a few are needed


class RecordedScripts:
    """What `local-script` made of the demo's clips, told by their content: demo/make_recording.py."""

    def __init__(self, recording: Path) -> None:
        lines = recording.read_text(encoding="utf-8").splitlines()
        self.lines: dict[str, Mapping[str, Any]] = {
            line["media_sha256"]: line for line in map(json.loads, lines)
        }
        self.recorded_on = max(str(line["recorded_on"]) for line in self.lines.values())

    def make(self, video: VideoInput, *, beat: Beat) -> ScriptDraft:
        """The recorded script; a clip that was changed since has none."""
        beat(0.0)
        line = self.lines.get(video.path.stem)  # media are named by their SHA-256
        if line is None:
            raise ItemError("not-recorded", _("This clip is not among those that the demo has recorded."))
        segments = (Segment(**{**part, "kind": SegmentKind(part["kind"])}) for part in line["segments"])
        return ScriptDraft(text=line["text"], segments=tuple(segments), facts=dict(line["facts"]))


def make_demo_runs(study: Study) -> None:
    """Scripts as recorded, the dictionary over them, and a run of the fine-tuned model to be started."""
    by = User.objects.filter(memberships__study=study, memberships__role=Role.RESEARCHER).first()
    recording = RecordedScripts(RECORDING)
    scripts = start_run(study=study, pipeline=PipelineName.LOCAL_SCRIPT, settings={}, by=by)
    RunEvent.objects.create(run=scripts, what="recorded", detail={"because": recording.recorded_on})

    def recorded(_name: str, _settings: PipelineSettings) -> Pipeline:
        return recording

    _work(scripts, recorded)
    _work(start_run(study=study, pipeline=PipelineName.DICTIONARY, settings={}, by=by), pipeline_of)
    with transaction.atomic():  # no worker finds it running
        waiting = start_run(study=study, pipeline=PipelineName.MASKED_LM, settings={}, by=by)
        because = _("It is ready. Resume it, and watch it learn for a minute or two.")
        pause_run(run=waiting, by=by, because=because)


def _work(run: Run, how: Any) -> None:
    """Do the whole run here."""
    work_slice(run.pk, pipeline_of=how, worker=WORKER, seconds=PATIENCE)
    run.refresh_from_db()
    if run.state != RunState.FINISHED:
        raise RefusedError(
            _("The demo's run of %(pipeline)s did not finish: %(why)s")
            % {"pipeline": run.pipeline, "why": run.paused_because or run.get_state_display()}
        )
