"""The questions one asks of one's own codings."""

from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from annotator.models import Coding, CodingState, Judgement, Study, User

PAGE_SIZE = 25
STANCES = (
    ("", _("Any stance")),
    ("1", _("+ endorsed")),
    ("2", _("++ dominant")),
    ("0", _("0 absent")),
    ("-1", _("− confronted")),
    ("unset", _("not set")),
    ("unsure", _("unsure")),
)


class CodingFilter(forms.Form):
    """By value and stance, by state, by words in one's notes."""

    value = forms.ChoiceField(label=_("Value"), required=False)
    stance = forms.ChoiceField(label=_("Stance"), required=False, choices=STANCES)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=(("", _("Any state")), *CodingState.choices)
    )
    q = forms.CharField(label=_("In my notes, or the video's id"), required=False, max_length=200)

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        values = study.codebook.values.values_list("slug", "name") if study.codebook else []
        self.names = dict(values)
        self.fields["value"].choices = [("", _("Any value")), *self.names.items()]  # type: ignore[attr-defined]
        self.fields["q"].widget = forms.TextInput(attrs={"type": "search"})

    @property
    def is_filtered(self) -> bool:
        """Whether anything was asked for."""
        return any(self.data.get(name) for name in ("value", "stance", "state", "q"))

    @property
    def slug(self) -> str:
        """The value asked about; empty if none is."""
        return str(getattr(self, "cleaned_data", {}).get("value") or "")

    def page(self, user: User) -> Page[Coding]:
        """The user's codings that match, newest first; all of them where the question makes no sense."""
        own = Coding.objects.own(user, self.study)
        asked = self.cleaned_data if self.is_valid() else {}
        if state := asked.get("state"):
            own = own.in_state(state)
        if asked.get("value") or asked.get("stance"):
            own = own.filter(self._given(value=asked.get("value", ""), stance=asked.get("stance", "")))
        if words := asked.get("q", "").replace("\x00", ""):
            noted = Judgement.objects.filter(coding=OuterRef("pk"), note__icontains=words)
            own = own.filter(Q(note__icontains=words) | Q(video__external_id=words) | Exists(noted))
        judgements = Judgement.objects.select_related("value").order_by("value__position")
        own = (
            own.select_related("video__creator")
            .defer("video__counts")
            .prefetch_related(Prefetch("judgements", judgements), "judgements__evidence")
            .order_by("-pk")
        )
        return Paginator(own, PAGE_SIZE).get_page(self.data.get("page"))

    @staticmethod
    def _given(*, value: str, stance: str) -> Exists:
        """A judgement of this stance on this value; either may be left open."""
        judgements = Judgement.objects.filter(coding=OuterRef("pk"))
        if value:
            judgements = judgements.filter(value__slug=value)
        if stance == "unset":
            judgements = judgements.filter(stance__isnull=True)
        elif stance == "unsure":
            judgements = judgements.filter(is_unsure=True)
        elif stance:
            judgements = judgements.filter(stance=int(stance))
        return Exists(judgements)
