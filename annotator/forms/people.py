"""Forms about people."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotator.models import Role, User


class MemberForm(forms.Form):
    """Somebody to add to a study."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text=_("Of a person who has a login here, or a new one."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        help_text=_("Shown to others; only for a new login."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, initial=[Role.ANNOTATOR]
    )


class RoleForm(forms.Form):
    """A role to take away."""

    role = forms.ChoiceField(choices=Role.choices)


class ProfileForm(forms.ModelForm):
    """What people say about themselves."""

    language = forms.ChoiceField(label=_("Language of the pages"), required=False)

    class Meta:
        model = User
        fields = ("first_name", "language")
        labels = {"first_name": _("Name")}
        help_texts = {"first_name": _("What others in your studies see. Without one they see your username.")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101
        language.choices = [("", _("As my browser asks")), *settings.LANGUAGES]
        self.fields["first_name"].widget.attrs["autocomplete"] = "name"
