"""Runs: one execution of a pipeline, its frozen scope, and what happened to it."""

import secrets
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from annotator.models import Codebook, Study, User, Video


def new_seed() -> int:
    """A seed for whatever a run draws by chance."""
    return secrets.randbelow(2**31)


class RunState(models.TextChoices):
    """Where a run stands. A run is paused and resumed by changing this; workers look between items."""

    RUNNING = "running", _("Running")  # includes waiting for a worker: what counts is in its items
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", pgettext_lazy("run", "Finished")  # runs and videos differ in gender
    CANCELLED = "cancelled", _("Cancelled")


class RunOrigin(models.TextChoices):
    """Where a run's results come from."""

    PIPELINE = "pipeline", _("Run here")
    IMPORT = "import", _("Imported")


class Gives(models.TextChoices):
    """What a run hands out."""

    SCRIPTS = "scripts", _("Scripts")
    PREDICTIONS = "predictions", _("Predictions")


class RunQuerySet(models.QuerySet["Run"]):
    """Runs by what they give and how far they are."""

    def in_study(self, study: Study) -> Self:
        """Of this study."""
        return self.filter(study=study)

    def of_predictions(self) -> Self:
        """Those that can be scored."""
        return self.filter(gives=Gives.PREDICTIONS)

    def of_scripts(self) -> Self:
        """Those whose scripts another run can read."""
        return self.filter(gives=Gives.SCRIPTS)

    def ended(self) -> Self:
        """Finished or cancelled: nothing more will come."""
        return self.filter(state__in=(RunState.FINISHED, RunState.CANCELLED))


class Run(models.Model):
    """One execution of a pipeline, with frozen settings and a frozen list of videos."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="runs")
    pipeline = models.CharField(max_length=40)  # models_app.specs.PipelineName, or "import"
    model = models.CharField(max_length=200)  # what people call it: a hub id, "creator prior", …
    gives = models.CharField(max_length=20, choices=Gives.choices)
    origin = models.CharField(max_length=20, choices=RunOrigin.choices, default=RunOrigin.PIPELINE)
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.RUNNING)
    settings = models.JSONField(default=dict)  # whole, defaults included
    scope = models.JSONField(default=dict)  # how the videos were chosen: {"videos": …, "scripts": …}
    # The version judged by; a run of scripts reads none of it, but keeps the one in force.
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="runs")
    codebook_hash = models.CharField(max_length=64)
    prompt_hash = models.CharField(max_length=64, blank=True)  # of all its prompts (models_app.models.Prompt)
    client = models.CharField(max_length=20, blank=True)  # ClientName of whom it asks; empty: nobody
    budget = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)  # of the price table
    is_trial = models.BooleanField(default=False)  # over a development batch, to try a prompt
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    seed = models.PositiveIntegerField(default=new_seed)
    queue = models.CharField(max_length=20, default="cpu")  # which workers take it
    paused_because = models.CharField(max_length=300, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)  # paused until then: the sweep takes it up again
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)  # the first item was claimed
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("study", "gives", "state"), name="runs_of_a_study"),
            models.Index(
                fields=("queue",), condition=models.Q(state="running"), name="runs_that_want_workers"
            ),
        )

    def __str__(self) -> str:
        return f"{self.model} ({self.pipeline})"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in (RunState.FINISHED, RunState.CANCELLED)


class Problem(models.TextChoices):
    """Why nothing can be said of a video in a run's scope, known without trying it."""

    NO_MEDIA = "no-media", _("The study holds no copy of the video")
    NO_SCRIPT = "no-script", _("The video has no script of the chosen kind")
    EMPTY_SCRIPT = "empty-script", _("The script holds no words")


class RunVideo(models.Model):
    """A video in a run's scope, with everything that was frozen for it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="scope_rows")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="run_rows")
    fold = models.PositiveSmallIntegerField(null=True, blank=True)  # the held-out part it belongs to
    script = models.ForeignKey(
        "models_app.Script", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    gold = models.JSONField(null=True, blank=True)  # slug → stance, as it was; only where a run learns
    problem = models.CharField(max_length=20, choices=Problem.choices, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "video"), name="video_once_in_a_scope"),)

    def __str__(self) -> str:
        return f"{self.video} in run {self.run_id}"


class RunShot(models.Model):
    """A gold video shown to the model as an example, frozen: its script and its stances as they were.

    More are kept than are shown: each video is shown the first that are not of its own creator.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="shots")
    number = models.PositiveSmallIntegerField()
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="+")
    script = models.ForeignKey(
        "models_app.Script", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    gold = models.JSONField()  # slug → stance

    class Meta:
        ordering = ("run", "number")
        constraints = (models.UniqueConstraint(fields=("run", "number"), name="shot_number_once_per_run"),)

    def __str__(self) -> str:
        return f"{self.video} as an example in run {self.run_id}"


class RunEvent(models.Model):
    """A line of a run's log; appended, never changed. models_app.words says it for people."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    what = models.CharField(max_length=40)  # "started", "paused", "item.failed", "fold.trained", …
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("run", "at"), name="events_of_a_run"),)

    def __str__(self) -> str:
        return f"{self.what} in run {self.run_id}"
