"""Units of work: what a worker claims, does and stores as a whole."""

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from models_app.models.run import Run


class ItemKind(models.TextChoices):
    """What one unit of work is."""

    VIDEO = "video", _("Video")
    FOLD = "fold", _("Fold")


class ItemState(models.TextChoices):
    """Where a unit of work stands."""

    WAITING = "waiting", _("Waiting")
    WORKING = "working", _("In work")  # as long as its lease runs
    SENT = "sent", _("With the provider")  # its request is part of a batch job: nobody holds it
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    BLOCKED = "blocked", _("Blocked")  # by a provider's filter; counts as nothing predicted, like failed


OPEN_STATES = (ItemState.WAITING, ItemState.WORKING, ItemState.SENT)
UNANSWERED_STATES = (ItemState.FAILED, ItemState.BLOCKED)  # what "retry" takes up again


class ItemQuerySet(models.QuerySet["RunItem"]):
    """Items by whether somebody may take them."""

    def waiting(self) -> Self:
        """In nobody's hands."""
        return self.filter(state=ItemState.WAITING)

    def left(self) -> Self:
        """Left by a worker whose lease has run out by the database's clock."""
        return self.filter(state=ItemState.WORKING, lease_until__lte=Now())

    def open(self) -> Self:
        """Not ended."""
        return self.filter(state__in=OPEN_STATES)


class RunItem(models.Model):
    """One unit of a run: a video or a fold. Its results are stored with its state, or not at all."""

    # Three indexes begin with the run: one of its own would only make each change dearer.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False)
    kind = models.CharField(max_length=10, choices=ItemKind.choices)
    key = models.PositiveBigIntegerField()  # the video's key, or the fold's number from 0
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    token = models.UUIDField(null=True, blank=True)  # of the claim; results are stored under it alone
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    n_attempts = models.PositiveSmallIntegerField(default=0)  # claims so far
    progress = models.FloatField(default=0.0)  # in [0, 1], of the attempt at hand
    # For its request in flight, where there is a budget; counts until then, whatever becomes of the worker.
    reserved = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    reserved_until = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # of the video, as answered: {"has_sound": true}
    error_code = models.CharField(max_length=40, blank=True)  # what failures are grouped by
    error = models.TextField(blank=True)  # for a researcher
    error_detail = models.TextField(blank=True)  # for whoever mends it: exception and its last lines
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "kind", "key"), name="item_once_per_run"),)
        indexes = (
            models.Index(fields=("run", "state", "key"), name="items_of_a_run_by_state"),
            models.Index(fields=("run", "ended_at"), name="items_of_a_run_by_end"),
            models.Index(
                fields=("run",), condition=models.Q(reserved__isnull=False), name="reserved_of_a_budget"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of run {self.run_id}"
