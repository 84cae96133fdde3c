"""The rules of allocation as a form: fields for what they say, a row for each need, and back to the document.

A need is `need-0-skill`, `need-0-buckets` …; a criterion `criterion-0-name` and `-is`; a team `team-<code>`, its place.
The same document can be read from JSON, and is shown as JSON for whoever takes it along.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cases import ageing
from cases.distribution import rules as known
from cases.distribution.rules import RulesWrong, Wrong, read
from cases.models import Case, NextAction, Product
from collections_app.shared.listing import listed
from collections_app.staff.models import Team
from collections_app.staff.work import Skill, Tier

MOST_NEEDS: Final = 50
MODES: Final = [
    ("cases", gettext_lazy("the same number of cases")),
    ("balance", gettext_lazy("the same balance")),
    ("minutes", gettext_lazy("the same minutes of work")),
    ("turns", gettext_lazy("in turn (round-robin)")),
]
KEEPS: Final = [
    ("always", gettext_lazy("always")),
    ("balanced", gettext_lazy("unless others have much less")),
    ("never", gettext_lazy("never: all cases are dealt anew")),
]
CRITERIA: Final = [
    ("", "–"),
    ("skill", gettext_lazy("the skill")),
    ("language", gettext_lazy("the language of the person")),
    ("tier", gettext_lazy("the level")),
]
HOW: Final = [("must", gettext_lazy("must fit")), ("prefer", gettext_lazy("is preferred"))]
FLAGS: Final = [
    ("", gettext_lazy("any")),
    ("yes", pgettext_lazy("answer", "yes")),
    ("no", pgettext_lazy("answer", "no")),
]
FLAG_NAMES: Final = ("hardship", "vulnerable", "business")
MINUTES: Final = tuple(known.WORK)


def _whole(label: Any, least: int, most: int, *, required: bool = True) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, required=required, widget=widget)


class RulesForm(forms.Form):
    """What is to be even, whom a case stays with, when it goes to somebody else, and why the rules are new."""

    mode = forms.ChoiceField(label=gettext_lazy("Everybody gets"), choices=MODES)
    keep_while = forms.ChoiceField(label=gettext_lazy("A case stays with its collector"), choices=KEEPS)
    keep_days = _whole(gettext_lazy("at most, days"), 1, 3650, required=False)
    absent_days = _whole(gettext_lazy("Cases are given up if their collector is away for days"), 1, 3650)
    broken_promise = forms.BooleanField(label=gettext_lazy("after a broken promise"), required=False)
    complaint = forms.BooleanField(label=gettext_lazy("after a complaint"), required=False)
    not_back_days = _whole(gettext_lazy("and does not come back for days"), 0, 3650)
    nightly = forms.BooleanField(label=gettext_lazy("Share out by itself every morning"), required=False)
    from_hour = _whole(gettext_lazy("from the hour (of the creditor)"), 0, 20)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, teams: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = teams
        for team in teams:
            self.fields[f"team-{team.code}"] = _whole(str(team), 1, 99, required=False)
        for name in MINUTES:
            self.fields[f"minutes-{name}"] = _whole(str(NextAction(name).label), 1, 480)
        for place in range(len(known.CRITERIA)):
            self.fields[f"criterion-{place}-name"] = forms.ChoiceField(
                label=_("Criterion"), choices=CRITERIA, required=False
            )
            self.fields[f"criterion-{place}-is"] = forms.ChoiceField(label=_("How"), choices=HOW, required=False)

    @property
    def criteria(self) -> list[tuple[Any, Any]]:
        """The fields of the criteria, in their order."""
        return [
            (self[f"criterion-{place}-name"], self[f"criterion-{place}-is"]) for place in range(len(known.CRITERIA))
        ]

    @property
    def team_fields(self) -> list[Any]:
        """The place of each team."""
        return [self[f"team-{team.code}"] for team in self.teams]

    @property
    def minute_fields(self) -> list[Any]:
        """The expected minutes of each kind of work."""
        return [self[f"minutes-{name}"] for name in MINUTES]

    @staticmethod
    def initial_of(document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the fields for a document that was read."""
        said = known.read(document)
        initial: dict[str, Any] = {
            "mode": said.mode,
            "keep_while": said.keep,
            "keep_days": said.days,
            "absent_days": said.absent_days,
            "broken_promise": said.broken_promise,
            "complaint": said.complaint,
            "not_back_days": said.not_back_days,
            "nightly": said.nightly,
            "from_hour": said.from_hour,
        }
        initial |= {f"team-{code}": place for place, code in enumerate(said.teams, start=1)}
        initial |= {f"minutes-{name}": said.minutes[name] for name in MINUTES}
        for place, (name, how) in enumerate(said.criteria):
            initial |= {f"criterion-{place}-name": name, f"criterion-{place}-is": how}
        return initial

    def document(self) -> dict[str, Any]:
        """Return what the fields say, but for the needs."""
        data = self.cleaned_data
        keep = {"while": data["keep_while"], "absent_days": data["absent_days"]}
        places = {team.code: data[f"team-{team.code}"] for team in self.teams if data[f"team-{team.code}"]}
        minutes = {name: data[f"minutes-{name}"] for name in MINUTES if data[f"minutes-{name}"] != known.WORK[name]}
        said: dict[str, Any] = {
            "mode": data["mode"],
            "criteria": [
                {"name": data[f"criterion-{place}-name"], "is": data[f"criterion-{place}-is"] or known.PREFER}
                for place in range(len(known.CRITERIA))
                if data[f"criterion-{place}-name"]
            ],
            "keep": keep | ({"days": data["keep_days"]} if data["keep_days"] else {}),
            "away": {name: data[name] for name in ("broken_promise", "complaint", "not_back_days")},
            "nightly": data["nightly"],
            "from_hour": data["from_hour"],
        }
        if places:
            said["teams"] = sorted(places, key=lambda code: (places[code], code))
        return said | ({"minutes": minutes} if minutes else {})

    def blame(self, wrong: Wrong) -> None:
        """Put what is wrong beside its field, or above all of them."""
        name = {"keep.while": "keep_while", "keep.days": "keep_days", "criteria": "criterion-0-name"}.get(
            wrong.path, wrong.path.rpartition(".")[2]
        )
        self.add_error(name if name in self.fields else None, str(wrong.text if name in self.fields else wrong))


class NeedForm(forms.Form):
    """Which cases need a skill or a level."""

    skill = forms.ChoiceField(label=gettext_lazy("Skill"), required=False)
    tier = forms.ChoiceField(label=gettext_lazy("at least the level"), required=False)
    buckets = forms.MultipleChoiceField(
        label=gettext_lazy("Buckets"), required=False, widget=forms.CheckboxSelectMultiple
    )
    products = forms.MultipleChoiceField(
        label=gettext_lazy("Products"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("Reasons"), required=False, widget=forms.CheckboxSelectMultiple
    )
    jurisdictions = forms.CharField(
        label=gettext_lazy("Places (codes, with commas)"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "placeholder": "CN-SH, US"}),
    )
    hardship = forms.ChoiceField(label=gettext_lazy("In hardship"), choices=FLAGS, required=False)
    vulnerable = forms.ChoiceField(label=gettext_lazy("Vulnerable"), choices=FLAGS, required=False)
    business = forms.ChoiceField(label=gettext_lazy("A business"), choices=FLAGS, required=False)
    balance_from = forms.DecimalField(
        label=gettext_lazy("Balance from"), required=False, min_value=0, max_digits=18, decimal_places=2
    )
    balance_below = forms.DecimalField(
        label=gettext_lazy("and below"), required=False, min_value=0, max_digits=18, decimal_places=2
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {
            "skill": [("", "–"), *Skill.choices],
            "tier": [("", "–"), *Tier.choices],
            "buckets": [(label, label) for label in ageing.DEFAULT.labels],
            "products": Product.Kind.choices,
            "reasons": Case.DefaultReason.choices,
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = list(offered)

    @property
    def place(self) -> int:
        """Which of the rows it is."""
        return int(str(self.prefix).rpartition("-")[2])

    @staticmethod
    def initial_of(need: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the fields for one need of a document."""
        when = dict(need.get("when", {}))
        flags = {name: "yes" if when.pop(name) else "no" for name in FLAG_NAMES if name in when}
        places = {"jurisdictions": listed(when.pop("jurisdictions"))} if "jurisdictions" in when else {}
        return {"skill": need.get("skill", ""), "tier": need.get("tier", ""), **when, **flags, **places}

    def need(self) -> dict[str, Any]:
        """Return what the fields say."""
        data = self.cleaned_data
        when: dict[str, Any] = {name: data[name] for name in ("buckets", "products", "reasons") if data[name]}
        places = [each.strip() for each in data["jurisdictions"].replace("，", ",").replace("、", ",").split(",")]
        if any(places):
            when["jurisdictions"] = [each for each in places if each]
        when |= {name: data[name] == "yes" for name in FLAG_NAMES if data[name]}
        when |= {name: str(data[name]) for name in ("balance_from", "balance_below") if data[name] is not None}
        said = {name: data[name] for name in ("skill", "tier") if data[name]}
        return said | ({"when": when} if when else {})

    def blame(self, path: str, message: str) -> None:
        """Put a message beside the field that a path within the need leads to."""
        name = path.removeprefix("when.").partition("[")[0]
        self.add_error(name if name in self.fields else "skill", message)


class Sheet:
    """The whole form: the fields, the rows of needs, and the document as JSON."""

    def __init__(self, form: RulesForm, needs: list[NeedForm], text: str = "", trouble: Sequence[str] = ()) -> None:
        self.form, self.needs, self.text, self.trouble = form, needs, text, list(trouble)
        self.fresh: int | None = None  # the row that was just added

    @classmethod
    def of_document(cls, document: Mapping[str, Any], teams: Sequence[Team]) -> "Sheet":
        """Return the form of a document that can be read."""
        form = RulesForm(initial=RulesForm.initial_of(document), teams=teams)
        needs = [
            NeedForm(initial=NeedForm.initial_of(need), prefix=f"need-{place}")
            for place, need in enumerate(document.get("needs", ()))
        ]
        return cls(form, needs, as_json(document))

    @classmethod
    def of_post(cls, data: QueryDict, teams: Sequence[Team]) -> "Sheet":
        """Return the form as it was posted, with a row more or less where that was asked for."""
        act = data.get("act", "")
        places = sorted(
            {int(name.split("-")[1]) for name in data if name.startswith("need-") and name.split("-")[1].isdecimal()}
        )[:MOST_NEEDS]
        places = [place for place in places if act != f"drop:{place}"]
        needs = [NeedForm(data, prefix=f"need-{place}") for place in places]
        sheet = cls(RulesForm(data, teams=teams), needs, str(data.get("document", "")))
        if act not in ("", "save"):
            sheet.form = RulesForm(initial=_typed(sheet.form), teams=teams)
            needs[:] = [NeedForm(initial=_typed(need), prefix=need.prefix) for need in needs]
        if act == "add" and len(needs) < MOST_NEEDS:
            sheet.fresh = 1 + max(places, default=-1)
            needs.append(NeedForm(prefix=f"need-{sheet.fresh}"))
            needs[-1].fields["skill"].widget.attrs["autofocus"] = True
        return sheet

    @classmethod
    def of_text(cls, data: QueryDict, teams: Sequence[Team]) -> "Sheet":
        """Return the form of a document that was handed in as JSON; what cannot be read is told with its path."""
        text = str(data.get("document", ""))
        try:
            document = json.loads(text)
            read(document, teams=[team.code for team in teams])
        except json.JSONDecodeError as error:
            told = [_("Not readable in line %(line)s: %(what)s") % {"line": error.lineno, "what": error.msg}]
        except (RulesWrong, RecursionError) as wrong:
            told = [str(each) for each in wrong.wrongs] if isinstance(wrong, RulesWrong) else [str(wrong)]
        else:
            sheet = cls.of_document(document, teams)
            sheet.form.initial["reason"] = data.get("reason", "")
            return sheet
        sheet = cls.of_post(data, teams)
        sheet.trouble = told
        return sheet

    def document(self) -> dict[str, Any] | None:
        """Return the document that the form says; None where something is wrong, which stands beside its field."""
        if not all([self.form.is_valid(), *[need.is_valid() for need in self.needs]]):
            return None
        document = self.form.document()
        if self.needs:
            document["needs"] = [need.need() for need in self.needs]
        try:
            read(document, teams=[team.code for team in self.form.teams])
        except RulesWrong as wrong:
            for each in wrong.wrongs:
                self._blame(each)
            return None
        return document

    def _blame(self, wrong: Wrong) -> None:
        path = wrong.path
        if path.startswith("needs[") and path[6:].partition("]")[0].isdecimal():
            place, _bracket, rest = path[6:].partition("]")
            self.needs[int(place)].blame(rest.lstrip("."), str(wrong.text))
        else:
            self.form.blame(wrong)


def _typed(form: forms.Form) -> dict[str, Any]:
    """Return what was typed into a form, whatever it is, for a form that says nothing of it yet."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }


def as_json(document: Mapping[str, Any]) -> str:
    """Return a document as it is written and taken along."""
    return json.dumps(document, ensure_ascii=False, indent=2)
