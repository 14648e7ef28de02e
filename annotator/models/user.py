"""People."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody with a login; what they may do in a study is told by their memberships."""

    must_change_password = models.BooleanField(
        default=False, help_text=_("Asked to choose a password at the next login.")
    )
    can_create_studies = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)  # of the interface; blank = as the browser asks

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Role(models.TextChoices):
    """What somebody does in a study; one person may hold several."""

    ANNOTATOR = "annotator", _("Annotator")
    CONSOLIDATOR = "consolidator", _("Consolidator")
    RESEARCHER = "researcher", _("Researcher")


class Membership(models.Model):
    """A role that a person holds in a study."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study", "user", "role"), name="one_membership_per_role"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()} in {self.study}"
