"""The forms of a strategy, a segment and a step: from a table of the document to fields, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.date_boxes import ClockField
from cases.models import Creditor
from contacts.forms_texts import TranslatedForm
from contacts.models import Segment, Step, Template
from contacts.strategy import particulars, reading
from contacts.strategy.document import WITHIN_DAYS

# Where a path of an error ends -> the field beside which it is shown.
FIELD_OF: Final = {
    "after.step": "after_key",
    "after.outcome": "after_outcome",
    "after.days": "after_days",
    "after.within": "within_days",
    "on.event": "event",
    "on.days": "after_days",
    "on.within": "within_days",
    "on": "trigger",
    "after": "trigger",
}
# Said so that whoever types into the list finds each by its own first letter.
TRIGGERS: Final = (
    (Step.Trigger.DPD.value, gettext_lazy("days past due")),
    (Step.Trigger.AFTER.value, gettext_lazy("another step")),
    (Step.Trigger.EVENT.value, gettext_lazy("something that happens")),
)
SETTING: Final = "setting_"
PARTICULARS: Final[dict[str, LazyText]] = {
    "party": gettext_lazy("Whom"),
    "about": gettext_lazy("About what"),
    "place": gettext_lazy("Where"),
    "team": gettext_lazy("Team (code)"),
    "skill": gettext_lazy("Skill"),
    "tier": gettext_lazy("Tier"),
    "days": gettext_lazy("For how many days"),
    "reason": gettext_lazy("Reason"),
    "measure": gettext_lazy("Measure"),
    "agency": gettext_lazy("Agency (code)"),
    "months": gettext_lazy("Over how many months"),
}
PARTICULAR_VALUES: Final[dict[str, LazyText]] = {
    "borrower": gettext_lazy("the borrower"),
    "guarantor": gettext_lazy("the guarantor"),
    "counter_guarantor": gettext_lazy("the counter-guarantor"),
    "home": gettext_lazy("at home"),
    "workplace": gettext_lazy("at work"),
    "site": gettext_lazy("at the place of business"),
    "policy": gettext_lazy("policy of the firm"),
    "hardship": gettext_lazy("hardship"),
    "vulnerable": gettext_lazy("vulnerable"),
    "demand": gettext_lazy("formal demand"),
    "guarantor_demand": gettext_lazy("demand to the guarantor"),
    "preservation": gettext_lazy("preservation of assets"),
    "payment_order": gettext_lazy("order for payment"),
    "suit": gettext_lazy("suit"),
    "enforcement": gettext_lazy("enforcement"),
}


def _whole(label: Any, *, least: int = 0, most: int = 32_767, required: bool = False) -> forms.IntegerField:
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})  # full-width digits are digits too
    return forms.IntegerField(label=label, min_value=least, max_value=most, required=required, widget=widget)


class NodeForm(TranslatedForm):
    """A form whose errors may come from a path of the document."""

    def values(self) -> dict[str, Any]:
        """Return what was entered, as the document says it."""
        return dict(self.cleaned_data)

    def blame(self, path: str, message: str) -> None:
        """Put a message beside the field that a path leads to, or above all fields."""
        if self.blame_text(path, message):
            return
        name = FIELD_OF.get(path, path)
        if path.startswith("settings."):
            name = f"{SETTING}{self.data.get('kind', '')}_{path.removeprefix('settings.')}"
        self.add_error(name if name in self.fields else None, message if name in self.fields else f"{path}: {message}")


class StrategyForm(NodeForm):
    """The strategy itself: what it is called and why it is so, and whom it is for."""

    SAID = reading.OF_STRATEGY

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    reasoning = forms.CharField(
        label=gettext_lazy("Why it is so"),
        required=False,
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    creditors = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For the creditors"),
        queryset=Creditor.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "f-%s", **kwargs})
        field = self.fields["creditors"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Creditor.objects.order_by("name")

    @staticmethod
    def initial_of(table: Mapping[str, Any], creditors: list[int]) -> dict[str, Any]:
        """Return the values of the fields for a document."""
        return {
            "name": table.get("name", ""),
            "reasoning": table.get("reasoning", ""),
            "creditors": creditors,
            **StrategyForm.texts_of(table),
        }

    def values(self) -> dict[str, Any]:
        """Return what the document says."""
        data = self.cleaned_data
        return {"name": data["name"], "reasoning": data["reasoning"].strip() or None}


class SegmentForm(NodeForm):
    """A segment: how it is called, and how cases come back to it."""

    SAID = reading.OF_SEGMENT

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=40,
        help_text=gettext_lazy("What happened is counted by it, through all versions."),
    )
    re_entry = forms.ChoiceField(label=gettext_lazy("Cases that left may come back"), choices=Segment.ReEntry.choices)
    re_entry_days = _whole(gettext_lazy("After so many days"), most=3_660)
    dwell_days = _whole(gettext_lazy("A case stays at least, days"), most=366)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "f-%s", **kwargs})

    @staticmethod
    def initial_of(table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the fields for a segment."""
        defaults = {"re_entry": Segment.ReEntry.ALWAYS.value, "dwell_days": 0}
        own = {name: table[name] for name in SegmentForm.base_fields if name in table}
        return defaults | own | SegmentForm.texts_of(table)

    def values(self) -> dict[str, Any]:
        """Return what the document says."""
        data = self.cleaned_data
        is_after = data["re_entry"] == Segment.ReEntry.AFTER
        return {
            "name": data["name"],
            "key": data["key"],
            "re_entry": None if data["re_entry"] == Segment.ReEntry.ALWAYS else data["re_entry"],
            "re_entry_days": (data["re_entry_days"] or 30) if is_after else None,
            "dwell_days": data["dwell_days"] or None,
        }


class StepForm(NodeForm):
    """A step: what, when, how hard, and what becomes of it after an outage."""

    SAID = reading.OF_STEP

    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=Step.Kind.choices)
    template = forms.ChoiceField(label=gettext_lazy("Template"), required=False)
    trigger = forms.ChoiceField(label=gettext_lazy("Due by"), choices=TRIGGERS)
    from_dpd = _whole(gettext_lazy("From day past due"))
    until_dpd = _whole(gettext_lazy("until day"))
    repeat_every_days = _whole(gettext_lazy("again every … days"), least=1, most=366)
    after_key = forms.ChoiceField(label=gettext_lazy("After the step"), required=False)
    after_outcome = forms.ChoiceField(label=gettext_lazy("and its outcome"), choices=Step.After.choices, required=False)
    event = forms.ChoiceField(label=gettext_lazy("After the event"), choices=Step.Event.choices, required=False)
    after_days = _whole(gettext_lazy("days after it"), most=366)
    within_days = _whole(gettext_lazy("due for so many days more"), most=366)
    severity = _whole(gettext_lazy("Severity (1: mildest)"), least=1, most=99)
    priority = _whole(gettext_lazy("Priority"), least=-99, most=99)
    catch_up = forms.ChoiceField(label=gettext_lazy("After an outage"), choices=Step.CatchUp.choices)
    catch_up_days = _whole(gettext_lazy("late by at most, days"), most=30)
    time_from = ClockField(label=gettext_lazy("Best from (their time)"), required=False)
    time_until = ClockField(label=gettext_lazy("until"), required=False)
    spread_minutes = _whole(gettext_lazy("Spread over, minutes"), most=720)
    minutes = _whole(gettext_lazy("Work of a person, minutes"), most=480)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=reading.MOST_NAME,
        required=False,
        help_text=gettext_lazy("Empty: lists call it by its message, or by what is done."),
    )
    counts_as = forms.CharField(
        label=gettext_lazy("Also done by the steps"),
        required=False,
        help_text=gettext_lazy("Keys of earlier steps, with commas: whoever had one of them had this one."),
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=40,
        help_text=gettext_lazy("What was done is counted by it, through all versions."),
    )

    def __init__(self, *args: Any, siblings: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "f-%s", **kwargs})
        self._offer("template", _templates() or [("", _("there is no template yet"))])
        self._offer("after_key", siblings or [("", _("there is no other step"))])
        for kind, known in particulars.BY_KIND.items():
            for name, particular in known.items():
                self._particular(kind, name, particular)

    def _offer(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def _particular(self, kind: str, name: str, particular: particulars.Particular) -> None:
        label = str(PARTICULARS.get(name, name))
        field: forms.Field
        if particular.kind == "choice":
            choices = [(value, PARTICULAR_VALUES.get(value, value)) for value in particular.values]
            field = forms.ChoiceField(label=label, choices=[("", "–"), *choices], required=False)
        elif particular.kind == "whole":
            field = _whole(label, least=particular.least, most=particular.most)
        else:
            field = forms.CharField(label=label, max_length=160, required=False)
        self.fields[f"{SETTING}{kind}_{name}"] = field

    def particulars_by_kind(self) -> list[tuple[str, list[Any]]]:
        """Return the fields of the particulars, by kind."""
        return [
            (kind, [self[f"{SETTING}{kind}_{name}"] for name in known])
            for kind, known in particulars.BY_KIND.items()
            if known
        ]

    @staticmethod
    def initial_of(table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the fields for a step."""
        after, on = table.get("after"), table.get("on")
        initial = {
            "kind": Step.Kind.CALL.value,
            "trigger": "after" if after else "event" if on else "dpd",
            "severity": 1,
            "priority": 0,
            "catch_up": Step.CatchUp.SEND_LATE.value,
            "catch_up_days": 2,
            "within_days": WITHIN_DAYS,
            "after_days": 0,
            "from_dpd": 0,
            **{name: value for name, value in table.items() if name in StepForm.base_fields},
            **StepForm.texts_of(table),
            "counts_as": ", ".join(table.get("counts_as", ())),
        }
        if after:
            initial |= {"after_key": after.get("step", ""), "after_outcome": after.get("outcome", "any")}
        if on:
            initial["event"] = on.get("event", "")
        moved = after or on or {}
        initial |= {"after_days": moved.get("days", 0), "within_days": moved.get("within", WITHIN_DAYS)}
        kind = table.get("kind", "")
        return initial | {f"{SETTING}{kind}_{name}": value for name, value in table.get("settings", {}).items()}

    def values(self) -> dict[str, Any]:
        """Return what the document says; None for what it does not say."""
        data = self.cleaned_data
        kind, trigger = data["kind"], data["trigger"]
        moved = {"days": _or(data["after_days"], 0), "within": _or(data["within_days"], WITHIN_DAYS)}
        is_dpd = trigger == Step.Trigger.DPD
        after = {"step": data["after_key"], "outcome": data["after_outcome"] or "any", **moved}
        settings = {
            name: data[f"{SETTING}{kind}_{name}"]
            for name in particulars.BY_KIND[kind]
            if data[f"{SETTING}{kind}_{name}"] not in ("", None)
        }
        keys = [each.strip() for each in data["counts_as"].replace("，", ",").replace("、", ",").split(",")]
        return {
            "key": data["key"],
            "name": data["name"].strip() or None,
            "kind": kind,
            "template": data["template"] if kind == Step.Kind.MESSAGE else None,
            "from_dpd": _or(data["from_dpd"], 0) if is_dpd else (data["from_dpd"] or None),
            "until_dpd": data["until_dpd"] if is_dpd else None,
            "repeat_every_days": data["repeat_every_days"] if is_dpd else None,
            "after": after if trigger == Step.Trigger.AFTER else None,
            "on": {"event": data["event"], **moved} if trigger == Step.Trigger.EVENT else None,
            "severity": _or(data["severity"], 1),
            "priority": data["priority"] or None,
            "catch_up": None if data["catch_up"] == Step.CatchUp.SEND_LATE else data["catch_up"],
            "catch_up_days": data["catch_up_days"],
            "time_from": _clock(data["time_from"]),
            "time_until": _clock(data["time_until"]),
            "spread_minutes": data["spread_minutes"],
            "minutes": data["minutes"],
            "settings": settings or None,
            "counts_as": [each for each in keys if each] or None,
        }


def _templates() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the templates under their channels: whoever types into the list begins with the name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in Template.objects.order_by("channel", "name"):
        found.setdefault(one.get_channel_display(), []).append((one.code, one.title))
    return list(found.items())


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _clock(value: Any) -> str | None:
    return None if value is None else f"{value:%H:%M}"


def choices_of_steps(segment: Mapping[str, Any], own: str) -> list[tuple[str, str]]:
    """Return the other steps of a segment, to wait for: the nearest above first, then those below."""
    keys = [step["key"] for step in segment.get("step", ())]
    here = keys.index(own) if own in keys else len(keys)
    return [(key, key) for key in [*reversed(keys[:here]), *keys[here + 1 :]]]
