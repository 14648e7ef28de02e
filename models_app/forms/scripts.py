"""Forms of scripts: what the list shows, an edit, a review, a gap."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import Study
from annotator.templatetags.video_times import clock
from models_app.actions.script_edit import LONGEST
from models_app.models import Captured, ReviewState, ScriptElement, ScriptOrigin

CLOCK = re.compile(r"^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$")
SLACK_MS = 1000  # a player may show a little more than what was measured
MOST_NOTE = 2000
STATES = [
    ("", gettext_lazy("Any state")),
    *ReviewState.choices,
    ("mine", gettext_lazy("For me to review")),
    ("gaps", gettext_lazy("With gaps")),
]


class ScriptFilterForm(forms.Form):
    """Which scripts the list shows."""

    q = forms.CharField(max_length=200)
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=STATES)
    origin = forms.ChoiceField(
        label=gettext_lazy("Origin"), choices=[("", gettext_lazy("Any origin")), *ScriptOrigin.choices]
    )
    versions = forms.ChoiceField(
        label=gettext_lazy("Versions"),
        choices=[("", gettext_lazy("Newest versions")), ("all", gettext_lazy("All versions"))],
    )

    def __init__(self, *args: Any, study: Study, models: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_model = forms.ChoiceField(
            label=_("Model"), choices=[("", _("Any model")), *((model, model) for model in models)]
        )
        of_batch = forms.ModelChoiceField(
            study.batches.order_by("order", "pk"), label=_("Batch"), empty_label=_("Any batch")
        )
        search, state, origin, versions = (self.fields[name] for name in ("q", "state", "origin", "versions"))
        self.fields = {
            "q": search,
            "model": of_model,
            "batch": of_batch,
            "state": state,
            "origin": origin,
            "versions": versions,
        }
        for field in self.fields.values():
            field.required = False


class ScriptEditForm(forms.Form):
    """The text of a script."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        strip=False,
        max_length=LONGEST + 1000,  # the action says how long it is
        widget=forms.Textarea(attrs={"rows": 24, "dir": "auto", "spellcheck": "true"}),
    )
    base = forms.IntegerField(widget=forms.HiddenInput)  # the version that it was written from


class ReviewForm(forms.Form):
    """What somebody finds of a script's three elements."""

    visual = forms.ChoiceField(choices=Captured.choices, label=ScriptElement.VISUAL.label)
    narration = forms.ChoiceField(choices=Captured.choices, label=ScriptElement.NARRATION.label)
    captions = forms.ChoiceField(choices=Captured.choices, label=ScriptElement.CAPTIONS.label)
    note = forms.CharField(
        required=False,
        max_length=MOST_NOTE,
        label=gettext_lazy("Note"),
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    @property
    def elements(self) -> list[forms.BoundField]:
        """What is asked of each element."""
        return [self[element.value] for element in ScriptElement]

    def answers(self) -> dict[ScriptElement, Captured]:
        """By element."""
        return {element: Captured(self.cleaned_data[element.value]) for element in ScriptElement}


class GapForm(forms.Form):
    """Something that the script missed or made up."""

    element = forms.ChoiceField(choices=ScriptElement.choices, label=gettext_lazy("Of"))
    kind = forms.ChoiceField(
        choices=[("missed", gettext_lazy("Missed")), ("invented", gettext_lazy("Made up"))],
        label=gettext_lazy("Kind"),
    )
    at = forms.CharField(required=False, max_length=20, label=gettext_lazy("At"))
    text = forms.CharField(max_length=500, label=gettext_lazy("What"))

    def __init__(self, *given: Any, duration_ms: int | None = None, **more: Any) -> None:
        """duration_ms: of the video, where it is known: no gap lies behind its end."""
        super().__init__(*given, **more)
        self.duration_ms = duration_ms

    def clean_at(self) -> int | None:
        """Milliseconds of what the player shows: 1:23.4, or seconds alone."""
        given = str(self.cleaned_data["at"]).strip()
        if not given:
            return None
        match = CLOCK.match(given)
        if match is None:
            raise forms.ValidationError(_("Write a time as the player shows it: 0:12.5."))
        hours, minutes, seconds, rest = match.groups()
        if (minutes and int(seconds) > 59) or (hours and int(minutes) > 59):
            raise forms.ValidationError(_("Write a time as the player shows it: 0:12.5."))
        whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
        at_ms = whole * 1000 + int(f"{rest or 0:0<3}")
        if self.duration_ms is not None and at_ms > self.duration_ms + SLACK_MS:
            raise forms.ValidationError(_("The video ends at %(end)s.") % {"end": clock(self.duration_ms)})
        return at_ms
