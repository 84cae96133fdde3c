"""The form of the firm's own limits for one creditor's book."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import get_language, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from cases import verification_policy
from cases.date_boxes import ClockField, MomentField
from cases.firm_policy import Policy
from compliance import packs_loader
from compliance.policy_bounds import MAX_GUARD_MINUTES, Objection, switchable

CAPS: Final = 4  # as many caps as the form has lines for; more stay as they are
GUARDED: Final = (("phone", _("Calls")), ("visit", _("Visits")), ("sms", _("Text messages")), ("email", _("E-mail")))
CHANNELS: Final = (
    ("", _("no cap")),
    ("phone", _("calls")),
    ("phone,voice_notice", _("calls and recorded calls")),
    ("sms", _("text messages")),
    ("email", _("e-mail")),
    ("email,sms", _("text messages and e-mail")),
    ("letter", _("letters")),
    ("visit", _("visits")),
    ("email,phone,sms,voice_notice", _("calls and messages together")),
)
PER: Final = (
    ("person", _("per person")),
    ("contact_point", _("per number or address")),
    ("debt", _("per debt")),
)


class FirmPolicyForm(forms.Form):
    """Hours, caps, guard bands and policies; what the law objects to stands at the field it is about."""

    opens = ClockField(label=pgettext_lazy("firm policy", "Contact from"), required=False)
    closes = ClockField(
        label=pgettext_lazy("firm policy", "Contact until"),
        required=False,
        help_text=_("On the clock of the person. The law may be narrower; it is never widened by this."),
    )
    enabled = forms.MultipleChoiceField(
        label=_("Further policies"), required=False, widget=forms.CheckboxSelectMultiple
    )
    packs = forms.MultipleChoiceField(
        label=_("Rule packs adopted for this book"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Beside those that the law chooses. A pack can only restrict."),
    )
    spread_minutes = forms.IntegerField(
        label=_("Spread messages over, minutes"), required=False, min_value=0, max_value=240
    )
    plan_share = forms.IntegerField(
        label=_("An instalment takes at most, per cent of what is left"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=_("Left empty: 80."),
    )
    plan_months = forms.IntegerField(
        label=_("Longest plan, months"),
        required=False,
        min_value=1,
        max_value=360,
        help_text=_("Left empty: 60. The law may be narrower."),
    )
    verify_questions = forms.MultipleChoiceField(
        label=_("Asked before anything is disclosed"),
        choices=list(verification_policy.QUESTIONS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: date of birth, document, postal address."),
    )
    verify_needed = forms.IntegerField(
        label=_("Answered rightly, at least"),
        required=False,
        min_value=1,
        max_value=len(verification_policy.QUESTIONS),
        help_text=_("Left empty: 2."),
    )
    verify_compared = forms.BooleanField(label=_("Only answers that were typed and compared count"), required=False)
    in_force_from = MomentField(
        label=_("In force from"), required=False, help_text=_("Left empty: at once. Never in the past.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        initial = {"opens": policy.opens, "closes": policy.closes, **_initial(policy.document)}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.kept = policy.document
        for channel, label in GUARDED:
            self.fields[f"guard_{channel}"] = forms.IntegerField(
                label=label, required=False, min_value=0, max_value=MAX_GUARD_MINUTES
            )
        for number in range(CAPS):
            self._add_cap(number, policy.document)
        packs = packs_loader.all_packs()
        language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
        self.fields["enabled"].choices = [(name, policy_name(name)) for name in switchable(packs)]  # type: ignore[attr-defined]
        adoptable = [pack for pack in packs if pack.id != packs_loader.POLICY]
        self.fields["packs"].choices = [  # type: ignore[attr-defined]
            (pack.id, f"{pack.id}: {pack.name.get(language) or pack.name.get('en', '')}") for pack in adoptable
        ]

    def _add_cap(self, number: int, document: Mapping[str, Any]) -> None:
        caps = list(document.get("caps", ()))
        held = ",".join(sorted(caps[number]["channels"])) if number < len(caps) else ""
        channels = [*CHANNELS, *([(held, held)] if held not in dict(CHANNELS) else [])]
        self.fields[f"cap_{number}_channels"] = forms.ChoiceField(label=_("What"), choices=channels, required=False)
        self.fields[f"cap_{number}_limit"] = forms.IntegerField(
            label=_("At most"), required=False, min_value=0, max_value=999
        )
        self.fields[f"cap_{number}_days"] = forms.IntegerField(
            label=_("within days"), required=False, min_value=1, max_value=366
        )
        self.fields[f"cap_{number}_per"] = forms.ChoiceField(label=_("counted"), choices=PER, required=False)

    def caps(self) -> Iterator[list[forms.BoundField]]:
        """Yield the fields of each line of a cap."""
        for number in range(CAPS):
            yield [self[f"cap_{number}_{name}"] for name in ("channels", "limit", "days", "per")]

    def guards(self) -> list[forms.BoundField]:
        """Return the fields of the guard bands."""
        return [self[f"guard_{channel}"] for channel, _label in GUARDED]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(CAPS):
            wanted = cleaned.get(f"cap_{number}_channels")
            if wanted and cleaned.get(f"cap_{number}_limit") is None and f"cap_{number}_limit" not in self.errors:
                self.add_error(f"cap_{number}_limit", _("How many at most?"))
        if (cleaned.get("opens") is None) != (cleaned.get("closes") is None):
            empty = "opens" if cleaned.get("opens") is None else "closes"
            if empty not in self.errors:
                self.add_error(empty, _("Give both hours or neither, the opening before the close."))
        asked = cleaned.get("verify_questions") or verification_policy.DEFAULT
        needed = cleaned.get("verify_needed") or min(verification_policy.NEEDED, len(asked))
        if needed > len(asked):
            sentence = ngettext_lazy("Only %(n)s question is asked.", "Only %(n)s questions are asked.", len(asked))
            self.add_error("verify_needed", sentence % {"n": len(asked)})
        return cleaned

    def document(self) -> dict[str, Any]:
        """Return the limits as they are stored; what the form does not show stays as it was."""
        typed = self.cleaned_data
        caps = [
            {
                "channels": typed[f"cap_{number}_channels"].split(","),
                "limit": typed[f"cap_{number}_limit"],
                "days": typed.get(f"cap_{number}_days") or 1,
                "per": typed.get(f"cap_{number}_per") or "person",
            }
            for number in range(CAPS)
            if typed.get(f"cap_{number}_channels")
        ]
        guards = {name: minutes for name, _label in GUARDED if (minutes := typed.get(f"guard_{name}"))}
        shown = {name for name, _label in GUARDED}
        others = {name: kept for name, kept in self.kept.get("guard_minutes", {}).items() if name not in shown}
        document = {
            "caps": [*caps, *list(self.kept.get("caps", ()))[CAPS:]],
            "guard_minutes": {**others, **guards},
            "enabled": typed["enabled"],
            "packs": typed["packs"],
            "spread_minutes": typed.get("spread_minutes") or 0,
            "plans": self._plans(),
            verification_policy.KEY: self._verification(),
        }
        return {name: value for name, value in document.items() if value}

    def _plans(self) -> dict[str, Any]:
        """Return what is set for plans (`cases.plans.terms`); what the form does not show stays as it was."""
        kept = {name: value for name, value in self.kept.get("plans", {}).items() if name not in ("share", "months")}
        typed = {"share": self.cleaned_data.get("plan_share"), "months": self.cleaned_data.get("plan_months")}
        return {**kept, **{name: value for name, value in typed.items() if value}}

    def _verification(self) -> dict[str, Any]:
        """Return what is asked before disclosure (`cases.verification_policy`); nothing for the defaults."""
        typed = {
            "questions": self.cleaned_data.get("verify_questions"),
            "needed": self.cleaned_data.get("verify_needed"),
            "only_compared": self.cleaned_data.get("verify_compared"),
        }
        return {name: value for name, value in typed.items() if value}

    def object_to(self, objections: tuple[Objection, ...]) -> None:
        """Say at each field what the law says against it."""
        for each in objections:
            name = {"caps": "cap_0_channels", "guard_minutes": "guard_phone"}.get(each.about, each.about)
            self.add_error(name if name in self.fields else None, str(each))


def _initial(document: Mapping[str, Any]) -> dict[str, Any]:
    initial: dict[str, Any] = {name: document.get(name) for name in ("enabled", "packs", "spread_minutes")}
    for name in ("share", "months"):
        initial[f"plan_{name}"] = document.get("plans", {}).get(name)
    asked = document.get(verification_policy.KEY, {})
    initial |= {
        "verify_questions": asked.get("questions"),
        "verify_needed": asked.get("needed"),
        "verify_compared": asked.get("only_compared", False),
    }
    for channel, minutes in document.get("guard_minutes", {}).items():
        initial[f"guard_{channel}"] = minutes
    for number, cap in enumerate(document.get("caps", ())):
        initial |= {
            f"cap_{number}_channels": ",".join(sorted(cap["channels"])),
            f"cap_{number}_limit": cap["limit"],
            f"cap_{number}_days": cap.get("days", 1),
            f"cap_{number}_per": cap.get("per", "person"),
        }
    return initial


def policy_name(policy: str) -> str:
    """Return what a firm policy is, from the title of its rule, in the reader's language."""
    language = "zh-hans" if (get_language() or "").startswith("zh") else "en"
    for pack in packs_loader.all_packs():
        for rule in pack.rules:
            if any(version.params.get("policy") == policy for version in rule.versions):
                return f"{rule.title.get(language) or rule.title.get('en', policy)} ({policy})"
    return policy
