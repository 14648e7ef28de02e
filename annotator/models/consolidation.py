"""Consolidations, decisions, questions and gold."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.codebook import Value
from annotator.models.coding import KNOWN_STANCES
from annotator.models.user import User
from annotator.models.video import Video


class ConsolidationState(models.TextChoices):
    """Where a consolidation stands."""

    CLAIMED = "claimed", _("In work")
    DONE = "done", _("Finished")
    REOPENED = "reopened", _("Reopened")  # gold stands as it was until it is finished again


class Origin(models.TextChoices):
    """Where gold comes from."""

    PERSON = "person", _("A consolidator")
    AUTOMATIC = "automatic", _("Full agreement of the coders")
    IMPORT = "import", _("Imported")


class Consolidation(models.Model):
    """The consolidator's pass over a video; claiming it closes its codings."""

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="consolidation")
    state = models.CharField(
        max_length=20, choices=ConsolidationState.choices, default=ConsolidationState.CLAIMED
    )
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.PERSON)
    claimed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="consolidations"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sides_seed = models.PositiveIntegerField(default=0)  # which coder stands on which side
    was_own = models.BooleanField(default=False)  # the consolidator had coded this video (allowed, shown)
    active_ms = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=("state", "claimed_by"), name="consolidations_by_state"),)

    def __str__(self) -> str:
        return f"consolidation of {self.video}"


class Decision(models.Model):
    """What a consolidator chose for one value, kept from the first click on."""

    consolidation = models.ForeignKey(Consolidation, on_delete=models.CASCADE, related_name="decisions")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+")
    stance = models.SmallIntegerField(null=True, blank=True)
    reason_tags = models.JSONField(default=list, blank=True)
    reason = models.TextField(blank=True)
    is_codebook_problem = models.BooleanField(default=False)
    predictions_seen = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("consolidation", "value"), name="one_decision_per_value"),
            models.CheckConstraint(
                condition=models.Q(stance__isnull=True) | models.Q(stance__in=KNOWN_STANCES),
                name="decision_stance_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.value}: {self.stance}"


class GoldLabel(models.Model):
    """The label of a video on a value that everything is scored against."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="gold")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="gold")
    stance = models.SmallIntegerField()
    origin = models.CharField(max_length=20, choices=Origin.choices)
    was_conflict = models.BooleanField(default=False)
    predictions_seen = models.BooleanField(default=False)  # by whoever decided, before deciding
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("video", "value"), name="one_gold_label_per_value"),
            models.CheckConstraint(condition=models.Q(stance__in=KNOWN_STANCES), name="gold_stance_known"),
        )

    def __str__(self) -> str:
        return f"{self.video} {self.value}: {self.stance}"


class Question(models.Model):
    """Something a consolidator asks the coders of a video, without reopening anything."""

    consolidation = models.ForeignKey(Consolidation, on_delete=models.CASCADE, related_name="questions")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    text = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text[:60]


class Answer(models.Model):
    """A coder's answer to a question."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("question", "by"), name="one_answer_per_coder"),)

    def __str__(self) -> str:
        return self.text[:60]
