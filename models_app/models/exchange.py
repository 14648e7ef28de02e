"""Exchanges: what was asked of a provider, what it answered, what it cost. Cache and bill in one."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models import Video
from models_app.models.prompt import Prompt, PromptStep
from models_app.models.run import Run


class ExchangeState(models.TextChoices):
    """What came of a request."""

    PENDING = "pending", _("With the provider")  # part of a batch job
    ANSWERED = "answered", _("Answered")
    BLOCKED = "blocked", _("Blocked")


class BatchJobState(models.TextChoices):
    """Where a batch job stands."""

    NEW = "new", _("Being handed in")
    SENT = "sent", _("With the provider")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class BatchJob(models.Model):
    """Many requests handed in at once. The row comes first: a killed worker's job is found by its label."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="jobs")
    label = models.UUIDField(unique=True)
    name = models.CharField(max_length=300, blank=True)  # the provider's
    state = models.CharField(max_length=10, choices=BatchJobState.choices, default=BatchJobState.NEW)
    n_requests = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    token = models.UUIDField(null=True, blank=True)  # of whoever is looking after it, while the lease runs
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"batch job {self.label} of run {self.run_id}"


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    """Exchanges by what they are good for."""

    def answered(self) -> Self:
        """Those with an answer that can be read."""
        return self.filter(state=ExchangeState.ANSWERED)


class Exchange(models.Model):
    """One request of one run and its answer; stored as soon as it arrives, before it is read.

    A run that finds another's answer in the cache gets a row of its own, with that one as its source and
    without cost. Withdrawing a video empties its exchanges; what they cost stays.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exchanges")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="+")
    # What a later request finds it by: hash of study, client, model, settings, prompt, message and replicate.
    # NULL once it must not be found any more: asked anew, withdrawn, or another's answer.
    key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    source = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="uses")
    step = models.CharField(max_length=10, choices=PromptStep.choices)
    replicate = models.PositiveSmallIntegerField(default=0)
    turn = models.PositiveSmallIntegerField(default=0)  # 1: asked again, the answer could not be read
    client = models.CharField(max_length=20)
    model = models.CharField(max_length=200)
    answered_by = models.CharField(max_length=200, blank=True)  # as the provider names it
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    message = models.TextField(blank=True)  # the request's own text; media are named, not kept
    state = models.CharField(max_length=10, choices=ExchangeState.choices, default=ExchangeState.ANSWERED)
    answer = models.TextField(blank=True)
    finish = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # the provider's word where it blocked
    n_input = models.PositiveIntegerField(null=True, blank=True)  # tokens; NULL: not said
    n_output = models.PositiveIntegerField(null=True, blank=True)
    n_cached = models.PositiveIntegerField(null=True, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)  # NULL: no price known
    # What a pending one may cost, where the run has a budget; and how often it was handed in.
    reserved = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    n_sent = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)  # that the provider took
    job = models.ForeignKey(
        BatchJob, on_delete=models.SET_NULL, null=True, blank=True, related_name="exchanges"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=("run", "video"), name="exchanges_of_an_item"),
            # Summed before each request; with what a run's page shows of the bill every three seconds, so
            # that the long texts of the rows are left alone (models_app.queries.bills).
            models.Index(
                fields=("run", "cost", "state", "n_input", "n_output", "seconds"), name="costs_of_a_run"
            ),
            models.Index(fields=("run",), condition=Q(state="pending"), name="exchanges_at_the_provider"),
        )

    def __str__(self) -> str:
        return f"{self.step} of video {self.video_id}, run {self.run_id}"
