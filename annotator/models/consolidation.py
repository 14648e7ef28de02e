"""Comparisons, consolidations, decisions, questions and gold."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotator.models.codebook import Codebook, Value
from annotator.models.coding import KNOWN_STANCES, Coding
from annotator.models.user import User
from annotator.models.video import Video

if TYPE_CHECKING:
    from annotator.models.study import Study


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


class ReasonTag(models.TextChoices):
    """Why coders came to differ, as a consolidator sees it."""

    MISSED = "missed", _("Missed in the video")
    OVERREAD = "overread", _("Read into it")
    KEYWORD = "keyword", _("Coded by keyword")
    NEIGHBOUR = "neighbour", _("Belongs to a neighbour")
    CREATOR = "creator", _("Creator's stance")
    SALIENCE = "salience", _("Salient or not")
    CODEBOOK = "codebook", _("Codebook unclear")
    OTHER = "other", _("Other")


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    """Ready videos by whether they still wait, and for whom."""

    def in_study(self, study: "Study") -> Self:
        """Of videos of the study that were not withdrawn, coded by as many as it asks for now."""
        return self.filter(
            video__study=study, video__withdrawn_at__isnull=True, n_codings__gte=study.coders_per_video
        )

    def waiting(self, at: datetime | None = None) -> Self:
        """Not begun, or begun by somebody whose claim has run out; never what all coders set aside."""
        free = Q(video__consolidation__isnull=True) | (
            ~Q(video__consolidation__state=ConsolidationState.DONE)
            & (
                Q(video__consolidation__claimed_by__isnull=True)
                | Q(video__consolidation__lease_until__lte=at or timezone.now())
            )
        )
        return self.filter(free, n_set_aside__lt=F("n_codings"))

    def consolidable_by(self, user: User, study: "Study") -> Self:
        """Never what the user coded, unless the study allows it for a small team."""
        return self if study.allow_own_consolidation else self.exclude(_coded_by(user))


def _coded_by(user: User) -> Exists:
    """That the user coded the row's video; a slot may run out untouched, which does not count."""
    touched = Q(slot__isnull=False) | Q(touched_at__isnull=False)
    return Exists(Coding.objects.filter(touched, video=OuterRef("video"), coder=user))


class Comparison(models.Model):
    """What the codings of a ready video differ in: counted when they change, so that queues need not.

    The codings are the truth; a row older than them is counted anew (annotator.actions.comparison).
    """

    video = models.OneToOneField(Video, on_delete=models.CASCADE, primary_key=True, related_name="comparison")
    n_codings = models.PositiveSmallIntegerField()
    n_set_aside = models.PositiveSmallIntegerField(default=0)  # codings that set the video aside
    n_opposed = models.PositiveSmallIntegerField(default=0)
    n_presence = models.PositiveSmallIntegerField(default=0)
    n_degree = models.PositiveSmallIntegerField(default=0)
    n_incomplete = models.PositiveSmallIntegerField(default=0)  # left unset by somebody
    n_rewritten = models.PositiveSmallIntegerField(default=0)  # coded under different wordings
    n_open = models.PositiveSmallIntegerField(default=0)  # all of these: what has to be decided
    compared_at = models.DateTimeField()

    objects = ComparisonQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.video}: {self.n_open} to decide"


class ConsolidationQuerySet(models.QuerySet["Consolidation"]):
    """Consolidations by state and by who may work on them."""

    def in_study(self, study: "Study") -> Self:
        """Of the study's videos."""
        return self.filter(video__study=study)

    def in_hand_of(self, user: User) -> Self:
        """Claimed or reopened by the user, and not finished."""
        return self.filter(claimed_by=user).exclude(state=ConsolidationState.DONE)

    def open_to(self, user: User, study: "Study") -> Self:
        """Those that the user may look at: claimed by them, which is the only way to see both sides.

        What they coded themselves only as long as the study allows that.
        """
        claimed = self.in_study(study).filter(claimed_by=user)
        return claimed if study.allow_own_consolidation else claimed.exclude(_coded_by(user))


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
    # The version whose values are decided on: the newest among the video's codings.
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sides_seed = models.PositiveIntegerField(default=0)  # which coder stands on which side
    was_own = models.BooleanField(default=False)  # the consolidator had coded this video (allowed, shown)
    is_set_aside = models.BooleanField(default=False)  # finished without gold: it cannot be coded

    objects = ConsolidationQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("state", "claimed_by"), name="consolidations_by_state"),)

    def __str__(self) -> str:
        return f"consolidation of {self.video}"

    @property
    def is_done(self) -> bool:
        """Finished, and not reopened since."""
        return self.state == ConsolidationState.DONE

    def is_held_at(self, at: datetime) -> bool:
        """Whether somebody's claim on it still runs."""
        return (
            not self.is_done
            and self.claimed_by_id is not None
            and self.lease_until is not None
            and self.lease_until > at
        )


class Decision(models.Model):
    """What a consolidator chose for one value, kept from the first click on."""

    consolidation = models.ForeignKey(Consolidation, on_delete=models.CASCADE, related_name="decisions")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+")
    stance = models.SmallIntegerField(null=True, blank=True)
    reason_tags = models.JSONField(default=list, blank=True)
    reason = models.TextField(blank=True)
    is_codebook_problem = models.BooleanField(default=False)
    predictions_seen = models.BooleanField(default=False)
    # The coders' stances in ascending order, "-1,1": what makes an earlier decision a precedent.
    pattern = models.CharField(max_length=60, blank=True)
    was_conflict = models.BooleanField(default=False)
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
        indexes = (models.Index(fields=("value", "pattern"), name="decisions_by_pattern"),)

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

    class Meta:
        ordering = ("asked_at", "pk")

    def __str__(self) -> str:
        return self.text[:60]


class Answer(models.Model):
    """A coder's answer to a question."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("question", "by"), name="one_answer_per_coder"),)

    def __str__(self) -> str:
        return self.text[:60]
