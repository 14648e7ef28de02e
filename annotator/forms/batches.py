"""Forms of batches and slots."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.models import Batch, Purpose, Role, Study, User


class BatchForm(forms.ModelForm):
    """A batch's name, place, purpose and whether coders get its videos."""

    class Meta:
        model = Batch
        fields = ("name", "order", "purpose", "is_open")
        labels = {
            "name": _("Name"),
            "order": _("Place in the order"),
            "purpose": _("Purpose"),
            "is_open": _("Open for coding"),
        }
        help_texts = {
            "order": _("Coders finish a batch with a lower number first."),
            "purpose": _("Fixed once coding has begun. A batch that becomes one for development is closed."),
            "is_open": _(
                "Coders get new videos from open batches only; what they have begun they can finish. Keep a"
                " batch for development closed, unless its videos are to be coded, though never scored."
            ),
        }


class NewBatchForm(forms.Form):
    """Where a new batch's videos come from: none yet, or all that are in no batch, dealt out."""

    name = forms.CharField(label=_("Name"), max_length=120)
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=Purpose.choices,
        initial=Purpose.MAIN,
        help_text=_("A batch for development is closed to coders, as its videos are never scored."),
    )
    size = forms.IntegerField(
        label=_("Videos per batch"),
        min_value=1,
        max_value=100_000,
        required=False,
        help_text=_(
            "Deals all videos that are in no batch into batches of this size, at random and numbered after"
            " the name. Leave it empty for one batch without videos."
        ),
    )


class CoderForm(forms.Form):
    """Who is to get a place: an annotator of the study, or nobody in particular."""

    coder = forms.ModelChoiceField(
        label=_("Annotator"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Whoever comes next"),
    )

    def __init__(self, *args: Any, study: Study, required: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["coder"]
        if not isinstance(field, forms.ModelChoiceField):
            raise TypeError
        field.queryset = User.objects.filter(
            memberships__study=study, memberships__role=Role.ANNOTATOR, is_active=True
        ).order_by("username")
        field.required = required
        self.people = field.queryset

    @property
    def coders(self) -> list[User]:
        """The annotators to choose from, looked up once for a page with many such forms."""
        return list(self.people)
