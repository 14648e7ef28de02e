"""The form that starts a run: which videos, which scripts, and the pipeline's own settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.errors import RefusedError
from annotator.models import Batch, Study
from models_app.forms.settings import FOREMOST, setting_fields, settings_of
from models_app.queries.materials import ScriptModel, script_models
from models_app.specs import Needs, PipelineSpec

WHOLE = "all"  # the study; anything else is a batch's key


class RunForm(forms.Form):
    """What to run on what."""

    def __init__(self, *args: Any, study: Study, spec: PipelineSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study, self.spec = study, spec
        self.script_models: list[ScriptModel] = []
        batches = [(str(batch.pk), batch.name) for batch in study.batches.order_by("order", "pk")]
        self.fields["videos"] = forms.ChoiceField(
            label=_("Videos"),
            choices=[(WHOLE, _("The whole study")), *batches],
            help_text=_("Fixed when the run starts: videos that come later need a run of their own."),
        )
        self.fields["videos"].widget.attrs["autofocus"] = True
        if spec.needs == Needs.SCRIPT:
            self.script_models = script_models(study)
            choices = [(found.model, _label(found)) for found in self.script_models]
            self.fields["scripts"] = forms.ChoiceField(label=_("Scripts by"), choices=choices)
            self.fields["approved"] = forms.BooleanField(
                label=_("Only approved scripts"),
                required=False,
                help_text=_(
                    "Leaves out videos whose newest script by this model two people have not approved."
                ),
            )
        self.fields.update(setting_fields(spec.settings))

    @property
    def batch(self) -> Batch | None:
        """The batch that the form names at the moment, sent or only asked about; None for the whole study."""
        given = str(self.data.get("videos", ""))
        return self.study.batches.filter(pk=int(given)).first() if is_key(given) else None

    @property
    def lacks_scripts(self) -> bool:
        """Whether the pipeline reads scripts, and there are none."""
        return self.spec.needs == Needs.SCRIPT and not self.script_models

    @property
    def foremost(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        settings = self.spec.settings.model_fields
        return [self[name] for name in self.fields if name not in settings or name in FOREMOST]

    @property
    def advanced(self) -> list[forms.BoundField]:
        """What is folded away."""
        return [self[name] for name in self.spec.settings.model_fields if name not in FOREMOST]

    @property
    def is_advanced_wrong(self) -> bool:
        """Whether something folded away was refused, so that it must be seen."""
        return any(field.errors for field in self.advanced)

    def clean(self) -> dict[str, Any]:
        """What fields allow one by one may be refused together."""
        given = super().clean() or {}
        if not self.errors:
            try:
                self.spec.read_settings(settings_of(self.spec, given))
            except RefusedError as error:
                self.add_error(None, str(error))
        return given


def is_key(text: str) -> bool:
    """Whether a text of an address or a form can be the key of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _label(found: ScriptModel) -> str:
    text = ngettext("%(model)s (%(n)d video)", "%(model)s (%(n)d videos)", found.n_videos)
    return text % {"model": found.model, "n": found.n_videos}
