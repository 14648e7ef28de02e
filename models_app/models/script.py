"""Scripts: the text form of videos."""

from typing import Any, Self

from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from annotator.models import Study, User, Video
from models_app.models.run import Run


class ScriptOrigin(models.TextChoices):
    """Where a script comes from."""

    RUN = "run", _("A run")
    IMPORT = "import", _("Imported")
    EDIT = "edit", _("Edited by hand")


class ReviewState(models.TextChoices):
    """What its reviews make of a script."""

    UNREVIEWED = "unreviewed", _("Not reviewed")
    ONE = "one", _("One review")
    DIFFERING = "differing", _("Reviewers differ")  # a third decides
    APPROVED = "approved", _("Approved")
    LACKING = "lacking", _("Not approved")


CLOSED_STATES = (ReviewState.APPROVED, ReviewState.LACKING)  # no further review can change them


class ScriptQuerySet(models.QuerySet["Script"]):
    """Scripts by study, model and reviews."""

    def in_study(self, study: Study) -> Self:
        """Of the study's videos that were not withdrawn."""
        return self.filter(video__study=study, video__withdrawn_at__isnull=True)

    def newest(self) -> Self:
        """Of each model the newest script of each video, edits included: what a run would read."""
        later = Script.objects.filter(video=OuterRef("video"), model=OuterRef("model"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later))

    def in_state(self, *states: ReviewState) -> Self:
        """Those that their reviews have brought into one of the states."""
        verdicts = ScriptReview.objects.verdicts().filter(state__in=states).values("script")
        found = Q(pk__in=verdicts)
        if ReviewState.UNREVIEWED in states:
            found |= Q(~Exists(ScriptReview.objects.filter(script=OuterRef("pk"))))
        return self.filter(found)

    def reviewable_by(self, user: User) -> Self:
        """Those that the person has not reviewed yet, and that another review can still change."""
        own = ScriptReview.objects.filter(script=OuterRef("pk"), reviewer=user)
        closed = ScriptReview.objects.verdicts().filter(state__in=CLOSED_STATES).values("script")
        return self.filter(~Exists(own)).exclude(pk__in=closed)


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


CAPTURED = (Captured.WHOLE, Captured.NOTHING)  # the answers under which nothing is lacking


class ScriptElement(models.TextChoices):
    """The three elements of a video that a script has to capture."""

    VISUAL = "visual", _("What is seen")
    NARRATION = "narration", _("What is said")
    CAPTIONS = "captions", _("On-screen captions")


def open_to(user: User, *, author: str) -> Q:
    """What people said of scripts, as far as it is open to somebody who may have to say something themselves.

    Their own; and what is said of scripts that they have reviewed, or that no review can change any more.
    """
    mine = ScriptReview.objects.filter(reviewer=user).values("script")
    closed = ScriptReview.objects.verdicts().filter(state__in=CLOSED_STATES).values("script")
    return Q(**{author: user}) | Q(script__in=mine) | Q(script__in=closed)


class ReviewQuerySet(models.QuerySet["ScriptReview"]):
    """Reviews, and what they come to."""

    def verdicts(self) -> Any:  # rows of values with annotations, which the type checker cannot follow
        """A row for each reviewed script, with `n` reviews and its `state`: the one place of the rule.

        Two people's finding nothing lacking approves an element; where the first two differ on one and
        agree that no other lacks anything, a third decides. So each element needs two.
        """
        whole = {
            f"n_{element}": Count("pk", filter=Q(**{f"{element}__in": CAPTURED}))
            for element in ScriptElement.values
        }
        each_by = {n: Q(**{f"{name}__gte": n for name in whole}) for n in (1, 2)}
        state = Case(
            When(n=1, then=Value(ReviewState.ONE)),
            When(each_by[2], then=Value(ReviewState.APPROVED)),
            When(each_by[1] & Q(n=2), then=Value(ReviewState.DIFFERING)),
            default=Value(ReviewState.LACKING),
            output_field=models.CharField(),
        )
        return self.order_by().values("script").annotate(n=Count("pk"), **whole).annotate(state=state)

    def open_to(self, user: User) -> Self:
        """Those that may be shown to the person."""
        return self.filter(open_to(user, author="reviewer"))


class GapQuerySet(models.QuerySet["ScriptGap"]):
    """Gaps by who may see them."""

    def open_to(self, user: User) -> Self:
        """Those that may be shown to the person: a gap tells what a review will say."""
        return self.filter(open_to(user, author="created_by"))


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

    objects = ReviewQuerySet.as_manager()

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

    objects = GapQuerySet.as_manager()

    class Meta:
        ordering = ("script", "at_ms", "pk")

    def __str__(self) -> str:
        return self.text
