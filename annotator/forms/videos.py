"""Forms of videos and creators."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.models import Batch, Creator, Study, VideoState
from annotator.queries.video_rows import BLIND_WORD


class VideoFilterForm(forms.Form):
    """What the list of videos is narrowed to; every field may be left open."""

    q = forms.CharField(label=_("Search"), max_length=200)
    batch = forms.ChoiceField(label=_("Batch"))
    state = forms.ChoiceField(label=_("State"), choices=[("", _("Any state")), *VideoState.choices])
    has_media = forms.ChoiceField(
        label=_("Media"),
        choices=[("", _("Any media")), ("yes", _("Has media")), ("no", _("Only a link or id"))],
    )
    sound = forms.ChoiceField(
        label=_("Sound"),
        choices=[
            ("", _("Any sound")),
            ("audible", _("With sound")),
            ("silent", _("No sound")),
            ("unknown", _("Not known")),
        ],
    )
    withdrawn = forms.ChoiceField(
        label=_("Withdrawn"),
        choices=[("", _("Not withdrawn")), ("yes", _("Withdrawn")), ("all", _("All"))],
    )
    creator = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, study: Study, blind: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if blind:
            states = [(VideoState.FREE, VideoState.FREE.label), (VideoState.BEGUN, VideoState.BEGUN.label)]
            choices = [("", _("Any state")), *states, (VideoState.WAITING, BLIND_WORD)]
            self.fields["state"] = forms.ChoiceField(label=_("State"), choices=choices)
        batches = Batch.objects.filter(study=study).order_by("order", "pk").values_list("pk", "name")[:500]
        self.fields["batch"] = forms.ChoiceField(
            label=_("Batch"),
            choices=[
                ("", _("Any batch")),
                ("none", _("In no batch")),
                *((str(pk), name) for pk, name in batches),
            ],
        )
        for field in self.fields.values():
            field.required = False


class MultipleFileInput(forms.ClearableFileInput):
    """A file input for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each file by itself; empty ones are let through, so that each gets its line in the result."""
        files = data if isinstance(data, list | tuple) else [data]
        files = [file for file in files if file]
        if not files and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return files


class ImportForm(forms.Form):
    """What is imported, and how."""

    uploads = FilesField(label=_("Files"), widget=MultipleFileInput, required=False)
    batch = forms.CharField(label=_("Batch for new videos"), max_length=120, required=False)
    skip_bad_rows = forms.BooleanField(label=_("Leave out bad rows"), required=False)
    replace_media = forms.BooleanField(label=_("Replace media"), required=False)


class WithdrawForm(forms.Form):
    """Why a video goes."""

    because = forms.CharField(
        label=_("Why is it withdrawn?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept for good, with your name. Do not name a person here."),
    )


class CreatorForm(forms.ModelForm):
    """What is known of a creator."""

    class Meta:
        model = Creator
        fields = ("name", "genre", "nominated_by", "verified_by", "is_minor")
        labels = {
            "name": _("Name"),
            "genre": _("Genre"),
            "nominated_by": _("Nominated by"),
            "verified_by": _("Verified by"),
            "is_minor": _("The account is a minor's"),
        }
        help_texts = {
            "nominated_by": _("The list or award on which the account was found."),
            "verified_by": _("Who checked that the account is what it says."),
            "is_minor": _("Shown wherever the creator's videos are shown to researchers."),
        }
