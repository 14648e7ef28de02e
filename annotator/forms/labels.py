"""Forms of labels on their way in and out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.actions.label_plan import Mode
from annotator.imports.label_rows import Use
from annotator.imports.tables import SUFFIXES
from annotator.models import Role, Study, User


class LabelImportForm(forms.Form):
    """What to import, as what."""

    use = forms.ChoiceField(
        label=_("What the labels are"),
        widget=forms.RadioSelect,
        choices=[
            (Use.GOLD.value, _("Gold: settled labels, to score against")),
            (Use.CODING.value, _("One person's codings, submitted where complete")),
        ],
        initial=Use.GOLD.value,
    )
    coder = forms.ModelChoiceField(
        label=_("Whose codings"),
        queryset=User.objects.none(),
        required=False,
        help_text=_("Only for codings; somebody who is an annotator of this study."),
    )
    file = forms.FileField(
        label=_("File"), widget=forms.ClearableFileInput(attrs={"accept": ",".join(SUFFIXES)})
    )
    batch = forms.CharField(
        label=_("Batch for unknown videos"),
        max_length=120,
        required=False,
        help_text=_(
            "Made if there is none of that name. Left open: a closed one for gold, the first for codings."
        ),
    )
    coder_in_file = forms.CharField(
        label=_("Coder in the file"),
        max_length=150,
        required=False,
        help_text=_("Only if the file has a column “coder” with several people."),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        annotators = User.objects.filter(memberships__study=study, memberships__role=Role.ANNOTATOR)
        field = forms.ModelChoiceField(
            label=self.fields["coder"].label,
            queryset=annotators.order_by("username"),
            required=False,
            help_text=self.fields["coder"].help_text,
        )
        self.fields["coder"] = field
        self.order_fields(["use", "coder", "file", "batch", "coder_in_file"])

    def clean(self) -> dict[str, Any]:
        """Codings need somebody to be theirs."""
        given = super().clean() or self.cleaned_data
        if given.get("use") == Use.CODING and not given.get("coder") and "coder" not in self.errors:
            self.add_error("coder", _("Choose whose codings these are."))
        return given

    def settings(self) -> dict[str, Any]:
        """What is to be remembered while the researcher looks at the preview."""
        given = self.cleaned_data
        coder = given["coder"] if given["use"] == Use.CODING else None
        return {
            "coder": coder.username if coder else "",
            "batch": given["batch"].strip(),
            "coder_in_file": given["coder_in_file"].strip(),
        }


class LabelConfirmForm(forms.Form):
    """What may be skipped or overwritten, once it is known what would happen."""

    token = forms.CharField(widget=forms.HiddenInput)
    skip_bad_rows = forms.BooleanField(label=_("Go on without the bad rows"), required=False)
    replace = forms.BooleanField(label=_("Overwrite gold that was imported or agreed upon"), required=False)
    replace_decided = forms.BooleanField(
        label=_("Overwrite also gold that a consolidator decided"), required=False
    )

    def mode(self, *, batch: str, coder_in_file: str, reader: User) -> Mode:
        """The same for the import."""
        given = self.cleaned_data
        return Mode(
            batch=batch or None,
            coder_in_file=coder_in_file,
            skip_bad_rows=given["skip_bad_rows"],
            replace=given["replace"],
            replace_decided=given["replace_decided"],
            reader=reader,
        )
