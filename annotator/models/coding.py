"""Slots, codings and judgements."""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.labels import Stance
from annotator.models.batch import Batch, Purpose
from annotator.models.codebook import Codebook, Value
from annotator.models.user import User
from annotator.models.video import Video

if TYPE_CHECKING:
    from annotator.models.study import Study

KNOWN_STANCES = [int(stance) for stance in Stance]


class Slot(models.Model):
    """The nth place for a coder on a video: a row, so that the database holds the limit."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="slots")
    n = models.PositiveSmallIntegerField()  # from 1
    # Repeated from the video, so that the next open slot is one index look-up.
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="slots")
    position = models.PositiveIntegerField()
    is_open = models.BooleanField(default=True)  # no coding holds it
    reserved_for = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="reserved_slots", db_index=False
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("video", "n"), name="slot_number_once_per_video"),)
        indexes = (
            models.Index(
                fields=("batch", "position"), condition=models.Q(is_open=True), name="open_slots_in_order"
            ),
            # Nearly all slots are kept for nobody: an index of those would mislead planners.
            models.Index(
                fields=("reserved_for",), condition=models.Q(reserved_for__isnull=False), name="kept_slots"
            ),
        )

    def __str__(self) -> str:
        return f"{self.video}, place {self.n}"


class QueueCursor(models.Model):
    """Where a coder stands in a batch; each starts elsewhere, so that orders differ."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)  # videos got in this batch, for a fair share

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("batch", "user"), name="one_cursor_per_batch_and_user"),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.position} in {self.batch}"


class SetAside(models.TextChoices):
    """Why a video cannot be coded."""

    GONE = "gone", _("Gone or does not play")
    NO_SOUND = "no-sound", _("Sound needed but missing")
    LANGUAGE = "language", _("In a language I do not understand")
    OTHER = "other", _("Another reason")


class CodingState(models.TextChoices):
    """Where a coding stands, as its coder sees it; each excludes those after it."""

    CLOSED = "closed", _("Closed")  # a consolidator has claimed the video
    SET_ASIDE = "set-aside", _("Set aside")
    SUBMITTED = "submitted", _("Submitted")
    PARKED = "parked", _("Parked")
    LATE = "late", _("Given back")  # the slot has expired: kept, and not counted
    IN_WORK = "in-work", _("In work")


IN_STATE: dict[str, Q] = {
    CodingState.CLOSED: Q(closed_at__isnull=False),
    CodingState.SET_ASIDE: Q(set_aside_at__isnull=False),
    CodingState.SUBMITTED: Q(submitted_at__isnull=False),
    CodingState.PARKED: Q(parked_at__isnull=False),
    CodingState.LATE: Q(slot__isnull=True),
    CodingState.IN_WORK: Q(),
}


class CodingQuerySet(models.QuerySet["Coding"]):
    """Codings by whose they are and how far."""

    def own(self, user: User, study: "Study") -> Self:
        """The user's in this study: nobody reaches another coder's coding by its address."""
        return self.filter(coder=user, study=study)

    def in_state(self, state: str) -> Self:
        """Those that `Coding.state` calls so."""
        chosen = self.filter(IN_STATE[state])
        for earlier, condition in IN_STATE.items():
            if earlier == state:
                break
            chosen = chosen.exclude(condition)
        return chosen


class Coding(models.Model):
    """One annotator's pass over one video."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="codings")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="codings")
    coder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="codings")
    # NULL after the slot expired: late saves are kept, and left out of every count.
    slot = models.OneToOneField(Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="coding")
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="codings")
    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.MAIN)
    pass_number = models.PositiveSmallIntegerField(default=1)
    note = models.TextField(blank=True)
    note_revision = models.PositiveIntegerField(default=0)

    started_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(null=True, blank=True)  # first change by the coder
    submitted_at = models.DateTimeField(null=True, blank=True)  # the first time; never moved
    corrected_at = models.DateTimeField(null=True, blank=True)  # the last change after that
    closed_at = models.DateTimeField(null=True, blank=True)  # a consolidator claimed the video
    parked_at = models.DateTimeField(null=True, blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_because = models.CharField(max_length=20, choices=SetAside.choices, blank=True)
    set_aside_note = models.CharField(max_length=300, blank=True)
    rest_absent_at = models.DateTimeField(null=True, blank=True)  # the deliberate act, last time
    saw_feedback = models.BooleanField(default=False)  # the coder had seen feedback on this batch

    active_ms = models.PositiveIntegerField(default=0)  # time at the screen, idle time left out
    played_ms = models.PositiveIntegerField(default=0)  # how much of the video was played at least once
    heard_ms = models.PositiveIntegerField(default=0)  # and not muted

    objects = CodingQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("video", "coder", "purpose", "pass_number"), name="one_coding_per_coder_and_pass"
            ),
            models.CheckConstraint(
                condition=models.Q(set_aside_at__isnull=True) | ~models.Q(set_aside_because=""),
                name="set_aside_has_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=("coder", "study", "submitted_at"), name="codings_of_a_coder"),
            models.Index(fields=("study", "purpose", "submitted_at"), name="submitted_codings"),
            models.Index(
                fields=("study", "started_at"),
                condition=models.Q(touched_at__isnull=True, slot__isnull=False),
                name="untouched_codings",
            ),
        )

    def __str__(self) -> str:
        return f"{self.video} by {self.coder}"

    @property
    def state(self) -> CodingState:
        """Where the coding stands; `CodingQuerySet.in_state` says the same of many."""
        if self.closed_at:
            return CodingState.CLOSED
        if self.set_aside_at:
            return CodingState.SET_ASIDE
        if self.submitted_at:
            return CodingState.SUBMITTED
        if self.parked_at:
            return CodingState.PARKED
        return CodingState.LATE if self.slot_id is None else CodingState.IN_WORK


class Judgement(models.Model):
    """One stance in a coding; the row exists from the start, unset."""

    coding = models.ForeignKey(Coding, on_delete=models.CASCADE, related_name="judgements")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="judgements")
    stance = models.SmallIntegerField(null=True, blank=True)  # NULL = unset, never the same as absent
    first_stance = models.SmallIntegerField(
        null=True, blank=True
    )  # as first submitted: for agreement, for ever
    is_unsure = models.BooleanField(default=False)
    is_rest = models.BooleanField(default=False)  # set by "the rest is absent"
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("coding", "value"), name="one_judgement_per_value"),
            models.CheckConstraint(
                condition=models.Q(stance__isnull=True) | models.Q(stance__in=KNOWN_STANCES),
                name="judgement_stance_known",
            ),
            models.CheckConstraint(
                condition=models.Q(first_stance__isnull=True) | models.Q(first_stance__in=KNOWN_STANCES),
                name="judgement_first_stance_known",
            ),
        )
        indexes = (models.Index(fields=("value", "stance"), name="judgements_by_value"),)

    def __str__(self) -> str:
        return f"{self.value}: {self.stance}"


class Evidence(models.Model):
    """Where in the video a judgement is seen or heard."""

    judgement = models.ForeignKey(Judgement, on_delete=models.CASCADE, related_name="evidence")
    start_ms = models.PositiveIntegerField()
    end_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ("start_ms",)
        constraints = (
            models.UniqueConstraint(fields=("judgement", "start_ms"), name="evidence_once_per_moment"),
            models.CheckConstraint(
                condition=models.Q(end_ms__isnull=True) | models.Q(end_ms__gte=models.F("start_ms")),
                name="evidence_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        return f"{self.start_ms} ms"


class Mutation(models.Model):
    """A request of the browser's outbox that was stored; a repeated one is answered, not repeated."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    about = models.CharField(max_length=60)  # "coding:12", "consolidation:3"
    answer = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=("at",), name="mutations_by_age"),)

    def __str__(self) -> str:
        return f"{self.about} {self.id}"
