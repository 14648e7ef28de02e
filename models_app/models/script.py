"""Scripts: the text form of videos."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models import Study, User, Video
from models_app.models.run import Run


class ScriptOrigin(models.TextChoices):
    """Where a script comes from."""

    RUN = "run", _("A run")
    IMPORT = "import", _("Imported")
    EDIT = "edit", _("Edited by hand")


class ScriptQuerySet(models.QuerySet["Script"]):
    """Scripts by study and model."""

    def in_study(self, study: Study) -> Self:
        """Of the study's videos that were not withdrawn."""
        return self.filter(video__study=study, video__withdrawn_at__isnull=True)


class Script(models.Model):
    """One text form of one video; never changed, an edit is a row of its own with this one as its parent."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="scripts")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="scripts")
    origin = models.CharField(max_length=10, choices=ScriptOrigin.choices)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="edits")
    model = models.CharField(max_length=200)  # as on its run: what `--set scripts=` names
    text = models.TextField(blank=True)
    # What of the text is timed, in its order: [{"kind", "start_ms", "end_ms", "text", "speaker"?}]; the kinds
    # are models_app.pipelines.base.SegmentKind. Empty for scripts that came as text alone.
    segments = models.JSONField(default=list)
    facts = models.JSONField(default=dict)  # what else the pipeline found: {"sound": …, "language": …}
    sha256 = models.CharField(max_length=64)  # of the text in UTF-8
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScriptQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run", "video"),
                condition=models.Q(origin__in=("run", "import")),
                name="one_script_per_run_and_video",
            ),
        )
        indexes = (models.Index(fields=("video", "model", "id"), name="scripts_of_a_video"),)

    def __str__(self) -> str:
        return f"script of {self.video} by {self.model}"


class Captured(models.TextChoices):
    """Whether a script holds what one element of the video tells."""

    WHOLE = "whole", _("All of it")
    PARTLY = "partly", _("In part")
    WRONG = "wrong", _("Not, or wrongly")
    NOTHING = "nothing", _("The video has none")


class ScriptElement(models.TextChoices):
    """The three elements of a video that a script has to capture."""

    VISUAL = "visual", _("What is seen")
    NARRATION = "narration", _("What is said")
    CAPTIONS = "captions", _("On-screen captions")


class ScriptReview(models.Model):
    """One person's check of one script; a script that two found whole in every element is approved."""

    script = models.ForeignKey(Script, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    visual = models.CharField(max_length=10, choices=Captured.choices)
    narration = models.CharField(max_length=10, choices=Captured.choices)
    captions = models.CharField(max_length=10, choices=Captured.choices)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("script", "reviewer"), name="one_review_per_person_and_script"),
        )

    def __str__(self) -> str:
        return f"review of script {self.script_id}"


class ScriptGap(models.Model):
    """Something that a script missed or made up, marked by hand so that it can be counted."""

    script = models.ForeignKey(Script, on_delete=models.CASCADE, related_name="gaps")
    element = models.CharField(max_length=10, choices=ScriptElement.choices)
    is_invented = models.BooleanField(default=False)  # the script says it, the video does not
    at_ms = models.PositiveIntegerField(null=True, blank=True)
    text = models.CharField(max_length=500)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("script", "at_ms", "pk")

    def __str__(self) -> str:
        return self.text
