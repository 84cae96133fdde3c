"""The forms of call scripts."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import Stage
from contacts.scripts import conditions
from contacts.scripts.conditions import NAMES

LANGUAGES: Final = (("en", "English"), ("zh-hans", "简体中文"))


class NewScriptForm(forms.Form):
    """A new script: its key and when in the call it is read. Its words come after."""

    name = forms.CharField(label=_("name"), max_length=120)
    key = forms.SlugField(
        label=_("key"), max_length=60, help_text=_("Small letters, digits and hyphens; it is never changed.")
    )
    stage = forms.ChoiceField(label=_("when in the call"), choices=Stage.choices, initial=Stage.TALK)

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if key in ("new", "versions"):
            raise forms.ValidationError(_("This key is taken."))
        return key


class ScriptForm(forms.Form):
    """The words of a script while they are written. What may not be kept is refused by `editing.write`, not here."""

    language = forms.ChoiceField(label=_("language"), choices=LANGUAGES)
    body = forms.CharField(
        label=_("words"),
        max_length=8000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "true", "class": "wording-body"}),
    )
    case = forms.CharField(
        label=_("shown with the values of the case"),
        required=False,
        max_length=20,
        help_text=_("A reference such as C-7F3K9X, of a case that you may see; empty: with samples."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in NAMES.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=str(label),
                choices=conditions.choices(name),
                required=False,
                widget=forms.SelectMultiple(attrs={"size": 4}),
            )

    @property
    def condition_fields(self) -> list[forms.BoundField]:
        """The fields that say which cases the script is for."""
        return [self[name] for name in NAMES]

    @staticmethod
    def when(data: Any) -> dict[str, list[str]]:
        """Return the conditions of a form as it was sent, checked or not."""
        return {name: found for name in NAMES if (found := list(data.getlist(name)))}
