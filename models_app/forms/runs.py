"""The form that starts a run: which videos, which scripts, the pipeline's own settings, what it may cost."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.errors import RefusedError
from annotator.models import Batch, Study, Video
from models_app.actions.llm_settings import ContradictionError, filled_settings, whole_settings
from models_app.actions.run_budgets import read_budget
from models_app.clients.base import ClientName
from models_app.forms.settings import FOREMOST, setting_fields, settings_of
from models_app.models import Run
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import template_source
from models_app.prices import PriceFileError, currency
from models_app.queries.materials import ScriptModel, scope_of, script_models
from models_app.queries.providers import first_choice
from models_app.specs import Needs, PipelineSettings, PipelineSpec, ValuesSettings, default_model

WHOLE = "all"  # the study
SAME = "same"  # the videos of the run whose settings are changed; anything else is a batch's key


class RunForm(forms.Form):
    """What to run on what. ``parent``: the run that this one repeats with changes."""

    def __init__(
        self, *args: Any, study: Study, spec: PipelineSpec, parent: Run | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.study, self.spec, self.parent = study, spec, parent
        self.script_models = script_models(study) if self._may_read_scripts else []
        self.fields["videos"] = self._videos()
        self._add_scripts()
        self.fields.update(setting_fields(spec.settings))
        if spec.steps:
            self._add_what_models_need()
        if parent:
            self.fields["cloned_from"] = forms.CharField(required=False, widget=forms.HiddenInput)
            self.initial = {**given_by(parent, self), **self.initial}

    # --- Fields ------------------------------------------------------------------------------

    @property
    def _may_read_scripts(self) -> bool:
        return self.spec.needs == Needs.SCRIPT or issubclass(self.spec.settings, ValuesSettings)

    def _videos(self) -> forms.ChoiceField:
        choices = [(WHOLE, _("The whole study"))]
        if self.parent:
            n = self.parent.scope_rows.filter(video__withdrawn_at__isnull=True).count()
            text = ngettext(
                "The same as run %(run)d (%(n)d video)", "The same as run %(run)d (%(n)d videos)", n
            )
            choices = [(SAME, text % {"run": self.parent.pk, "n": n}), *choices]
        choices += [(str(batch.pk), batch.name) for batch in self.study.batches.order_by("order", "pk")]
        field = forms.ChoiceField(
            label=_("Videos"),
            choices=choices,
            help_text=_("Fixed when the run starts: videos that come later need a run of their own."),
        )
        field.widget.attrs["autofocus"] = True
        return field

    def _add_scripts(self) -> None:
        choices = [(found.model, _label(found)) for found in self.script_models]
        if self.spec.needs == Needs.SCRIPT:
            self.fields["scripts"] = forms.ChoiceField(label=_("Scripts by"), choices=choices)
            self.fields["approved"] = forms.BooleanField(
                label=_("Only approved scripts"),
                required=False,
                help_text=_(
                    "Leaves out videos whose newest script by this model two people have not approved."
                ),
            )
        elif self.script_models:
            self.fields["scripts"] = forms.ChoiceField(
                label=_("Scripts of gold examples by"),
                choices=[("", self._no_scripts_chosen), *choices],
                required=False,
                help_text=_("Examples with gold are shown by their scripts."),
            )

    @property
    def _no_scripts_chosen(self) -> str:
        is_only = len(self.script_models) == 1
        return _("The only model that has written some") if is_only else _("None chosen")

    def _add_what_models_need(self) -> None:
        """Whom to ask, with the model that is asked where none is named; the budget; changed prompts."""
        for name in ("client", "script_client"):
            field = self.fields.get(name)
            is_watching = self.spec.needs == Needs.MEDIA and name == self._watching_client
            if is_watching and isinstance(field, forms.ChoiceField):  # a text model cannot be shown a video
                known = cast(list[tuple[str, str]], field.choices)
                field.choices = [(word, label) for word, label in known if word != ClientName.TRANSFORMERS]
        self.fields["client"].widget.attrs["data-names-default-of"] = "id_model"
        first = first_choice(ClientName(self.spec.settings.model_fields["client"].default))
        self.fields["client"].initial = first
        self.fields["model"].widget.attrs |= {"placeholder": default_model(first)} | {
            f"data-default-{client}": default_model(client) for client in ClientName
        }
        self.fields["budget"] = forms.CharField(
            label=_("Budget"), required=False, max_length=20, help_text=_budget_help()
        )
        self.fields["budget"].widget.attrs["inputmode"] = "decimal"
        for step in self.spec.steps:
            # Of any length: the sandbox says what is too long, and the text stays on the page.
            self.fields[template_name(step)] = forms.CharField(
                required=False, strip=False, widget=forms.HiddenInput
            )

    @property
    def _watching_client(self) -> str:
        return "script_client" if "script_client" in self.spec.settings.model_fields else "client"

    # --- What it says at the moment ----------------------------------------------------------

    @property
    def said(self) -> Mapping[str, Any]:
        """What is in the fields, sent or only offered, as far as it makes sense."""
        if not self.is_bound:
            return {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}
        self.is_valid()
        return self.cleaned_data

    @property
    def settings(self) -> PipelineSettings:
        """The settings with their models; a field that was refused counts as its default.

        Whom they ask is what the form says, also where they contradict each other.
        """
        try:
            said = self.spec.read_settings(settings_of(self.spec, dict(self.said)))
        except RefusedError:  # of a run from before a limit was drawn
            said = self.spec.read_settings({})
        return filled_settings(said)

    @property
    def refusals(self) -> list[str]:
        """Why nothing can be expected of what is in the fields, each with its label; the budget aside."""
        wrong = [field for field in self if field.errors and field.name != "budget"]
        return [f"{field.label}: {error}" for field in wrong for error in field.errors]

    @property
    def templates(self) -> dict[Step, str]:
        """The researcher's own templates; one that is as it ships is none."""
        said, found = self.said, {}
        for step in self.spec.steps:
            text = str(said.get(template_name(step)) or "").replace("\r\n", "\n").replace("\0", "")
            if text.strip() and text.strip() != template_source(step).strip():
                found[step] = text
        return found

    @property
    def is_emptied(self) -> bool:
        """Whether a template was sent from where it is edited with nothing in it."""
        names = [template_name(step) for step in self.spec.steps]
        is_from_editor = self.data.get("do") in ("preview", "back")
        return is_from_editor and any(not str(self.data.get(name, "")).strip() for name in names)

    @property
    def batch(self) -> Batch | None:
        """The batch that the form names at the moment, sent or only asked about; None for the whole study."""
        given = str(self.said.get("videos", ""))
        return self.study.batches.filter(pk=int(given)).first() if is_key(given) else None

    @property
    def is_same_scope(self) -> bool:
        """Whether the videos are those of the run that is repeated."""
        return self.parent is not None and self.said.get("videos") == SAME

    @property
    def read_model(self) -> str:
        """Whose scripts the run would read: those chosen, else those of whom has most."""
        if self.spec.needs != Needs.SCRIPT:
            return ""
        first = self.script_models[0].model if self.script_models else ""
        return str(self.said.get("scripts") or first)

    @property
    def videos(self) -> QuerySet[Video]:
        """The videos that the run would take on."""
        return self._videos_with(approved=bool(self.said.get("approved")))

    @property
    def videos_whatever_was_approved(self) -> QuerySet[Video]:
        """Those that it would take on if it did not ask for approved scripts."""
        return self._videos_with(approved=False)

    def _videos_with(self, *, approved: bool) -> QuerySet[Video]:
        return scope_of(
            study=self.study,
            spec=self.spec,
            batch=self.batch,
            like=self.parent if self.is_same_scope else None,
            scripts=self.read_model,
            approved=approved,
        )

    @property
    def scripts(self) -> str:
        """What `start_run` is told of scripts: those to read, or those of the examples."""
        wants = self.spec.needs == Needs.SCRIPT or self.said.get("examples") == "gold"
        return str(self.said.get("scripts") or "") if wants else ""

    @property
    def lacks_scripts(self) -> bool:
        """Whether the pipeline reads scripts, and there are none."""
        return self.spec.needs == Needs.SCRIPT and not self.script_models

    # --- How it is laid out ------------------------------------------------------------------

    @property
    def foremost(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        settings = self.spec.settings.model_fields
        names = ["videos", *(["scripts", "approved"] if self.spec.needs == Needs.SCRIPT else [])]
        names += [name for name in FOREMOST if name in settings]
        return [self[name] for name in (*names, "budget") if name in self.fields]

    @property
    def advanced(self) -> list[forms.BoundField]:
        """What is folded away."""
        names = [name for name in self.spec.settings.model_fields if name not in FOREMOST]
        if "scripts" in self.fields and self.spec.needs != Needs.SCRIPT:
            names.append("scripts")
        return [self[name] for name in names]

    @property
    def is_advanced_wrong(self) -> bool:
        """Whether something folded away was refused, so that it must be seen."""
        return any(field.errors for field in self.advanced)

    def clean_budget(self) -> str:
        """A sum of money, if there is one."""
        given = str(self.cleaned_data["budget"]).strip()
        try:
            read_budget(given)
        except RefusedError as error:
            raise forms.ValidationError(str(error)) from None
        return given

    def clean(self) -> dict[str, Any]:
        """What fields allow one by one may be refused together."""
        given = super().clean() or {}
        reads_examples = self.spec.needs != Needs.SCRIPT and given.get("examples") == "gold"
        if reads_examples and len(self.script_models) > 1 and given.get("scripts") == "":
            self.add_error("scripts", _("Several models have written scripts: choose whose are shown."))
        if not self.errors:
            try:
                whole_settings(self.spec, self.spec.read_settings(settings_of(self.spec, given)))
            except ContradictionError as error:
                self.add_error(error.setting, capfirst(str(error)))
            except RefusedError as error:
                self.add_error(None, capfirst(str(error)))
        return given


def given_by(run: Run, form: RunForm) -> dict[str, Any]:
    """What a run was started with, for the fields of a form that repeats it."""
    known = form.spec.settings.model_fields
    given = {name: value for name, value in run.settings.items() if name in known}
    given |= {"videos": SAME, "cloned_from": str(run.pk), "approved": bool(run.scope.get("approved"))}
    given["scripts"] = run.scope.get("scripts") or run.scope.get("example_scripts", "")
    if run.budget is not None:
        given["budget"] = f"{run.budget.normalize():f}"
    for prompt in run.prompts.all():
        if prompt.is_overridden:
            given[template_name(Step(prompt.step))] = prompt.template
    return given


def template_name(step: Step) -> str:
    """The field of a step's own template."""
    return f"template_{step}"


def is_key(text: str) -> bool:
    """Whether a text of an address or a form can be the key of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _budget_help() -> str:
    try:
        values = {"currency": currency()}
    except PriceFileError as error:
        return str(error)
    return (
        _("In %(currency)s. The run pauses before it would cost more; without a budget, nothing stops it.")
        % values
    )


def _label(found: ScriptModel) -> str:
    text = ngettext("%(model)s (%(n)d video)", "%(model)s (%(n)d videos)", found.n_videos)
    return text % {"model": found.model, "n": found.n_videos}
