"""Forms of studies."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.models import Study


class NewStudyForm(forms.ModelForm):
    """A study to make."""

    codebook_file = forms.FileField(
        label=_("Codebook file"),
        required=False,
        help_text=_("YAML. Without one the study gets Schwartz's 19 values; you can change it later."),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )
    allow_dominant = forms.BooleanField(
        label=_("Also offer “dominant”, a fourth stance above “endorsed”"), required=False
    )

    field_order = ("name", "slug", "description", "coders_per_video", "codebook_file", "allow_dominant")

    class Meta:
        model = Study
        fields = ("name", "slug", "description", "coders_per_video")
        labels = {
            "name": _("Name"),
            "description": _("Description"),
            "slug": _("Address"),
            "coders_per_video": _("Coders per video"),
        }
        help_texts = {
            "slug": _("Letters, digits and hyphens. It stands in every link to the study and never changes.")
        }


class StudyForm(forms.ModelForm):
    """Settings of a study."""

    class Meta:
        model = Study
        fields = (
            "name",
            "description",
            "coders_per_video",
            "slot_hours",
            "auto_gold",
            "consolidation_order",
            "show_coder_names",
            "allow_own_consolidation",
            "lift_blindness",
        )
        labels = {
            "name": _("Name"),
            "description": _("Description"),
            "coders_per_video": _("Coders per video"),
            "slot_hours": _("Hours until an untouched video returns"),
            "auto_gold": _("Full agreement becomes gold by itself"),
            "consolidation_order": _("Order in which videos wait for consolidation"),
            "show_coder_names": _("Consolidators see who coded which side"),
            "allow_own_consolidation": _("Consolidators may settle videos that they coded"),
            "lift_blindness": _("Lift blindness for researchers and consolidators who also code"),
        }
        help_texts = {
            "coders_per_video": _(
                "More: every video that is not in consolidation yet gets further places."
                " Fewer: only while no video has more coders already."
            ),
            "auto_gold": _(
                "Videos on which all coders agree on every value skip consolidation,"
                " those that wait included. What two people overlook alike then stays overlooked."
            ),
            "show_coder_names": _("Names can sway a decision; without them the sides are “A” and “B”."),
            "allow_own_consolidation": _(
                "For a small team. Whoever decides about their own coding tends to keep it:"
                " such gold is marked."
            ),
            "lift_blindness": _(
                "They see others' labels before their own are settled, so what they code afterwards is no"
                " independent coding. Every change of this switch is logged."
            ),
        }
        widgets = {"consolidation_order": forms.RadioSelect}

    def clean(self) -> dict[str, Any]:
        """Only what may be changed; the instance itself is left to the action."""
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the instance as it is: the action compares it with what is asked for."""
