"""The form that brings in a codebook file."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from annotator.codebooks.file import CodebookDoc, CodebookFileError, dump_codebook, load_codebook


class CodebookImportForm(forms.Form):
    """A file to look at first; then the same text again, to make it the current version."""

    file = forms.FileField(
        label=_("Codebook file"),
        required=False,
        help_text=_("YAML, as “Download” gives it. Copy the current one, change it, bring it back."),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    allow_dominant = forms.BooleanField(label=_("Offer “dominant” (++) as a fourth stance"), required=False)
    is_editorial = forms.BooleanField(
        label=_("Editorial: only typing errors were mended"),
        required=False,
        help_text=_(
            "Values keep their identity, so judgements made before and after count together. Any other change"
            " makes the values it touches new ones."
        ),
    )
    note = forms.CharField(label=_("What changed, and why"), required=False, max_length=1000)

    doc: CodebookDoc

    def clean(self) -> dict[str, Any]:
        """Read whichever of the two was sent; the file wins."""
        given = super().clean() or {}
        upload: UploadedFile | None = given.get("file")
        try:
            if upload is not None:
                self.doc = load_codebook(upload.read())
            elif given.get("text"):
                self.doc = load_codebook(given["text"].encode())
            else:
                self.add_error("file", _("Choose a file."))
                return given
        except CodebookFileError as error:
            self.add_error("file", str(error))
            return given
        given["text"] = dump_codebook(self.doc)
        return given
