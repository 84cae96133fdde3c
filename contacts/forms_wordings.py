"""The forms of templates and their wordings."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.models import Creditor
from compliance import packs_loader, words
from compliance.packs_loader import PackError
from contacts import rendering
from contacts.models import Template, TemplateVersion

LANGUAGES: Final = (
    ("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("ja", "日本語"),
    ("ko", "한국어"), ("es", "Español"), ("fr", "Français"), ("el", "Ελληνικά"),
    ("id", "Bahasa Indonesia"), ("ms", "Bahasa Melayu"), ("th", "ไทย"), ("vi", "Tiếng Việt"),
    ("hi", "हिन्दी"),
)  # fmt: skip
VARIANTS: Final = (("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"))
CONTENT: Final = (
    ("reminder", _("reminder")),
    ("collection_notice", _("notice of a demand")),
    ("validation_notice", _("validation notice (United States)")),
    ("verification", _("verification of a debt")),
    ("agency_notice", _("notice that an agency collects")),
)


def places() -> list[tuple[str, str]]:
    """Return the jurisdictions of the installed packs, by name."""
    try:
        packs = packs_loader.all_packs()
    except (PackError, OSError):
        packs = ()
    codes = {code for pack in packs for code in pack.jurisdictions}
    return sorted(((code, str(words.place(code))) for code in codes), key=lambda pair: pair[1])


class TemplateForm(forms.ModelForm):
    """A new template: what it is for. Its wordings come after."""

    content_class = forms.ChoiceField(label=_("content"), choices=CONTENT, initial="reminder")

    class Meta:
        model = Template
        fields = ("name", "code", "channel", "purpose", "content_class", "creditor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        creditor = self.fields["creditor"]
        assert isinstance(creditor, forms.ModelChoiceField)
        creditor.queryset = Creditor.objects.order_by("name", "pk")
        creditor.empty_label = str(_("every creditor"))


class WordingForm(forms.Form):
    """A wording while it is written. What may not be kept is refused by `wordings.write`, not here."""

    language = forms.ChoiceField(label=_("language"), choices=LANGUAGES)
    jurisdiction = forms.ChoiceField(label=_("for"), required=False)
    variant = forms.ChoiceField(label=_("variant"), choices=VARIANTS, initial="A")
    weight = forms.IntegerField(label=_("share among the variants"), min_value=1, max_value=100, initial=1)
    subject = forms.CharField(
        label=_("subject"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    body = forms.CharField(
        label=_("text"),
        max_length=rendering.MOST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "true", "class": "wording-body"}),
    )
    case = forms.CharField(
        label=_("shown with the values of the case"),
        required=False,
        max_length=20,
        help_text=_("A reference such as C-7F3K9X, of a case that you may see; empty: with samples."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, channel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        jurisdiction = self.fields["jurisdiction"]
        assert isinstance(jurisdiction, forms.ChoiceField)
        jurisdiction.choices = [("", _("every place")), *places()]
        if channel not in ("email", "letter"):
            del self.fields["subject"]

    @staticmethod
    def initial_of(version: TemplateVersion) -> dict[str, Any]:
        """Return the fields of a wording to go on from."""
        names = ("language", "jurisdiction", "variant", "weight", "subject", "body")
        return {name: getattr(version, name) for name in names}
