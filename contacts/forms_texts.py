"""What a strategy, a segment or a step is called in other languages: fields of its form, and back."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils.functional import Promise as LazyText
from django.utils.translation import get_language, get_language_info, gettext_lazy

from contacts.strategy import reading

LABELS: Final[dict[str, LazyText]] = {
    "name": gettext_lazy("Name"),
    "reasoning": gettext_lazy("Why it is so"),
    "about": gettext_lazy("About what"),
}


class TranslatedForm(forms.Form):
    """A form with one field for each word that may be said in another language. SAID: the words, with the longest."""

    SAID: Mapping[str, int] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, _name in settings.LANGUAGES:
            for word, most in self.SAID.items():
                widget = forms.Textarea(attrs={"rows": 4}) if most > reading.MOST_NAME + 100 else None
                self.fields[_field(language, word)] = forms.CharField(
                    label=str(LABELS[word]), required=False, max_length=most, widget=widget
                )

    @classmethod
    def texts_of(cls, table: Mapping[str, Any]) -> dict[str, str]:
        """Return the values of the fields for a table of the document."""
        said = table.get("translations", {})
        return {
            _field(language, word): said.get(language, {}).get(word, "")
            for language, _name in settings.LANGUAGES
            for word in cls.SAID
        }

    def translations(self, before: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the document says in other languages; words and languages that the form does not show stay."""
        texts: dict[str, Any] = copy.deepcopy(dict(before))
        for language, _name in settings.LANGUAGES:
            own = texts.setdefault(language, {})
            for word in self.SAID:
                if value := self.cleaned_data[_field(language, word)].strip():
                    own[word] = value
                else:
                    own.pop(word, None)
        return {language: own for language, own in texts.items() if own} or None

    def by_language(self) -> list[tuple[str, list[Any]]]:
        """Return the fields by language, each language by its own name, the reader's first."""
        languages = sorted((language for language, _name in settings.LANGUAGES), key=lambda one: one != get_language())
        return [
            (get_language_info(language)["name_local"], [self[_field(language, word)] for word in self.SAID])
            for language in languages
        ]

    @property
    def needs_a_look(self) -> bool:
        """Whether the reader sees words of here and not those above, or some cannot be kept."""
        own = get_language() or ""
        if any(self[name].value() for word in self.SAID if (name := _field(own, word)) in self.fields):
            return True
        return any(self.errors.get(_field(language, word)) for language, _n in settings.LANGUAGES for word in self.SAID)

    def blame_text(self, path: str, message: str) -> bool:
        """Put a message beside the field that a path leads to: `translations.zh-hans.name`; False for none."""
        word, *where = path.split(".")
        name = _field(*where) if word == "translations" and len(where) == 2 else ""
        if name not in self.fields:
            return False
        self.add_error(name, message)
        return True


def _field(language: str, word: str) -> str:
    return f"{word}_{language.replace('-', '_')}"
