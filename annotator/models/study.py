"""Studies."""

import secrets
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.user import Role, User


def new_seed() -> int:
    """A seed for the study's shuffles."""
    return secrets.randbelow(2**31)


class ConsolidationOrder(models.TextChoices):
    """In which order conflicts wait within a batch."""

    NEUTRAL = "neutral", _("Neutral (random, the same for everybody)")
    CONFLICTS_FIRST = "conflicts", _("Most conflicts first (biases interim gold)")


class StudyQuerySet(models.QuerySet["Study"]):
    """Studies by who may see them."""

    def of(self, user: User) -> Self:
        """Studies in which the user holds any role."""
        return self.filter(memberships__user=user).distinct()

    def led_by(self, user: User) -> Self:
        """Studies in which the user is a researcher."""
        return self.filter(memberships__user=user, memberships__role=Role.RESEARCHER)


class Study(models.Model):
    """One research project: a codebook, videos, people, runs."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    # The version in force; older versions stay with the codings made under them.
    codebook = models.ForeignKey("annotator.Codebook", on_delete=models.PROTECT, null=True, related_name="+")
    coders_per_video = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    slot_hours = models.PositiveSmallIntegerField(
        default=24,
        validators=[MinValueValidator(1)],
        help_text=_("After how many hours an untouched video returns to the pool."),
    )
    consolidation_order = models.CharField(
        max_length=20, choices=ConsolidationOrder.choices, default=ConsolidationOrder.NEUTRAL
    )
    auto_gold = models.BooleanField(
        default=False,
        help_text=_("Videos on which all coders agree on every value become gold by themselves."),
    )
    allow_own_consolidation = models.BooleanField(
        default=False,
        help_text=_("For a small team: a consolidator may settle videos that they coded. It is shown."),
    )
    show_coder_names = models.BooleanField(
        default=False, help_text=_("Show consolidators who coded which side.")
    )
    lift_blindness = models.BooleanField(
        default=False,
        help_text=_(
            "An exception to blindness: researchers and consolidators who also code see"
            " others' labels before their own are settled. It is logged."
        ),
    )
    is_simulated = models.BooleanField(
        default=False, help_text=_("Holds made-up labels; every page says so.")
    )
    seed = models.PositiveIntegerField(default=new_seed, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(coders_per_video__gte=1, coders_per_video__lte=10),
                name="study_has_one_to_ten_coders",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def roles_of(self, user: User) -> frozenset[Role]:
        """The roles the user holds here; empty for an outsider."""
        held = self.memberships.filter(user=user).values_list("role", flat=True)
        return frozenset(Role(role) for role in held)
