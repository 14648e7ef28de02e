"""What runs inside the processes of the lab, on its database."""

import uuid

from django.core.management import call_command
from django.db.models import Count

from models_app.actions.runs import start_run
from models_app.models import Exchange, Prediction, Run


def migrate():
    """Make the tables."""
    call_command("migrate", verbosity=0)


def runs():
    """The runs that are there."""
    return list(Run.objects.order_by("pk").values_list("pk", flat=True))


def start(n_items):
    """A study with so many videos with scripts, and a run of them."""
    return start_run(study=_study(n_items), pipeline="dictionary", settings={}).pk


def start_llm(n_items):
    """The same, for a run that asks the lab's provider."""
    settings = {"client": "openai", "model": "test-model", "examples": "none", "in_flight": 8}
    return start_run(study=_study(n_items), pipeline="llm-from-script", settings=settings).pk


def _study(n_items):
    from annotator.models import Video
    from models_app.models import Script
    from tests.factories import make_study

    study = make_study(f"s{uuid.uuid4().hex[:12]}")
    Video.objects.bulk_create(Video(study=study, external_id=f"v{number:06d}") for number in range(n_items))
    Script.objects.bulk_create(
        Script(
            video=video, origin="import", model="writer", text=f"Script {video.external_id}.", sha256="0" * 64
        )
        for video in study.videos.all()
    )
    return study


def state(run_id):
    """The run's."""
    return Run.objects.values_list("state", flat=True).get(pk=run_id)


def bill(run_id):
    """What a run asked and paid; an item asked once more has an answer for each turn."""
    answered = Exchange.objects.filter(run=run_id, state="answered")
    rows = answered.values("video", "turn").annotate(n=Count("pk"))
    costs = answered.values_list("cost", flat=True)
    return {
        "answers": answered.count(),
        "videos": answered.values("video").distinct().count(),
        "repeated": [row["video"] for row in rows if row["n"] != 1],
        "cost": str(sum(cost or 0 for cost in costs)),
        "unpriced": sum(cost is None for cost in costs),
        "pending": Exchange.objects.filter(run=run_id, state="pending").count(),
    }


def look(run_id):
    """How a run stands: its state, its items by state, its predictions, and what is odd about them."""
    run = Run.objects.get(pk=run_id)
    rows = Prediction.objects.filter(run=run).values("video").annotate(n=Count("pk"))
    per_video = {row["video"]: row["n"] for row in rows}
    done = run.items.filter(state="done").values_list("key", "ended_at")
    return {
        "state": run.state,
        "items": dict(run.items.values_list("state").annotate(n=Count("pk"))),
        "n_predictions": sum(per_video.values()),
        "odd": [video for video, n in per_video.items() if n != 19],
        "failures": list(
            run.items.exclude(error_code="").values_list("key", "n_attempts", "error_code", "error")
        ),
        "finished": run.events.filter(what="finished").count(),
        "ended": {key: at.timestamp() for key, at in done},
        "attempts": sum(run.items.values_list("n_attempts", flat=True)),
    }


def times(run_id):
    """When the run's first item was claimed and when the run ended, in seconds."""
    run = Run.objects.get(pk=run_id)
    return run.started_at.timestamp(), run.ended_at.timestamp()
