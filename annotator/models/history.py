"""What changed, and who saw what: two logs that are only ever appended to."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.user import User
from annotator.models.video import Video

if TYPE_CHECKING:
    from annotator.models.study import Study


class ChangeQuerySet(models.QuerySet["Change"]):
    """The log of changes; written in the same action and transaction as the change itself."""

    def record(
        self,
        *,
        study: "Study",
        by: User | None,
        what: str,
        video: Video | None = None,
        value: str = "",
        before: Any = None,
        after: Any = None,
    ) -> "Change":
        """Append one change."""
        return self.create(
            study=study, by=by, what=what, video=video, value=value, before=before, after=after
        )


class Change(models.Model):
    """One change: who, when, about what, from what, to what."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="changes")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    what = models.CharField(
        max_length=60
    )  # a verb phrase: "judgement.set", "gold.replaced", "slot.reassigned"
    video = models.ForeignKey(Video, on_delete=models.CASCADE, null=True, blank=True, related_name="changes")
    value = models.CharField(max_length=60, blank=True)  # slug
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("study", "at"), name="changes_of_a_study"),
            models.Index(fields=("video", "at"), name="changes_of_a_video"),
        )

    def __str__(self) -> str:
        return f"{self.what} by {self.by}"


class Seen(models.TextChoices):
    """Kinds of things whose sight may bias a coder."""

    CODINGS = "codings", _("Others' codings")
    GOLD = "gold", _("Gold")
    SCRIPT = "script", _("A script")
    PREDICTIONS = "predictions", _("Predictions")


class ExposureQuerySet(models.QuerySet["Exposure"]):
    """The log of sights; written by annotator.actions.exposure, read by whoever marks a bias."""

    def of_predictions(self, *, user: User, video: Video) -> Self:
        """Scripts or predictions of the video that the user has seen."""
        return self.filter(user=user, video=video, kind__in=(Seen.SCRIPT, Seen.PREDICTIONS))


class Exposure(models.Model):
    """Who saw what kind of thing on which video, first and last."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exposures")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="exposures")
    kind = models.CharField(max_length=20, choices=Seen.choices)
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True)

    objects = ExposureQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "video", "kind"), name="one_exposure_row_per_kind"),
        )

    def __str__(self) -> str:
        return f"{self.user} saw {self.kind} of {self.video}"
