"""The one catalogue of facts: what each is called, what it says, in which unit, and when it is unknown.

The screens, the API and the docs read it; sentences are made of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.models import Case, Creditor, Hold, Person, Plan, Product
from cases.models.case import Status
from collections_app.staff.models import Team
from contacts.models import Channel, ContactAttempt, Experiment
from contacts.strategy.conditions.facts import FACTS
from contacts.strategy.conditions.language import OPERATORS
from contacts.strategy.conditions.of_agreements import NO_PLAN

type Text = str | LazyText
ALWAYS_KNOWN: Final = _("never: it is always known")


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact for people. `definition` is one sentence; `unknown` completes "unknown where …"."""

    name: str
    group: str
    label: Text
    definition: Text
    unit: Text = ""
    unknown: Text = ALWAYS_KNOWN
    negative: Text = ""  # of a fact that is or is not: how it reads when it is not

    @property
    def kind(self) -> str:
        """How it is compared: number, amount, choice, text, yes_no."""
        return FACTS[self.name].kind

    @property
    def operators(self) -> tuple[str, ...]:
        """The comparisons it allows."""
        return (*OPERATORS[self.kind], "known")

    @property
    def values(self) -> list[tuple[str, Text]]:
        """Each value that it may have and its label; none for texts, numbers and amounts."""
        labels = _LABELS.get(self.name, {})
        return [(value, labels.get(value, value)) for value in FACTS[self.name].values]


GROUPS: Final[dict[str, LazyText]] = {
    "arrears": _("How late and how much"),
    "debt": _("The debt"),
    "case": _("The case"),
    "borrower": _("The borrower"),
    "standing": _("What stands in the way"),
    "agreements": _("Promises, plans and legal periods"),
    "contacts": _("Contacts"),
    "experiments": _("Experiments"),
}
KINDS: Final[dict[str, LazyText]] = {
    "number": _("number"),
    "amount": _("amount"),
    "choice": _("one of a list"),
    "text": _("word or code"),
    "yes_no": _("yes or no"),
}
OPERATOR_NAMES: Final[dict[str, LazyText]] = {
    "at_least": _("at least"),
    "at_most": _("at most"),
    "more_than": _("more than"),
    "less_than": _("less than"),
    "is": _("is"),
    "is_not": _("is not"),
    "between": _("between"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "known": _("is known"),
}
_DAYS, _TIMES, _PERCENT = _("days"), _("times"), _("per cent")

_ENTRIES: Final = (
    Entry("dpd", "arrears", _("days past due"),
          _("Calendar days since the oldest unpaid due date of the case, counted to the day of contact."), _DAYS),
    Entry("bucket", "arrears", _("bucket"),
          _("The month of delay that the days past due fall in: M1 is day 1 to 30, M2 day 31 to 60, and so on.")),
    Entry("balance", "arrears", _("balance"),
          _("What is owed on all accounts of the case, as of the last close of day or payment."),
          _("money, in the currency of the case")),
    Entry("currency", "arrears", _("currency"), _("The currency of the case, three letters.")),
    Entry("days_since_payment", "arrears", _("days since the last payment"),
          _("Days since the value date of the last payment that was allocated and not reversed."), _DAYS,
          _("nothing was ever paid")),
    Entry("paid_percent_30d", "arrears", _("paid in the last 30 days"),
          _("Payments of the last 30 days as a share of the balance before them."), _PERCENT,
          _("nothing was owed in the last 30 days")),
    Entry("times_past_due_12m", "arrears", _("times past due in 12 months"),
          _("How often an account of the borrower went from up to date to past due in the last 365 days."), _TIMES,
          _("the records of an account do not go back 365 days or to its opening")),
    Entry("worst_bucket_12m", "arrears", _("worst bucket in 12 months"),
          _("The worst bucket that an account of the borrower was in during the last 365 days, today included."), "",
          _("the records of an account do not go back 365 days or to its opening")),
    Entry("product", "debt", _("product"),
          _("The code of a product of the creditor; true if one of the accounts is of it."), "",
          _("the borrower has no account on file")),
    Entry("product_kind", "debt", _("kind of product"),
          _("The kind of a product; true if one of the accounts is of it."), "",
          _("the borrower has no account on file")),
    Entry("secured", "debt", _("secured on a thing"),
          _("One of the accounts is a mortgage or a car loan; the security itself is not on file."), "",
          _("the borrower has no account on file"), _("not secured on a thing")),
    Entry("months_on_book", "debt", _("months on book"),
          _("Whole months since the oldest account of the borrower at this creditor was opened."), _("months"),
          _("no account states when it was opened")),
    Entry("creditor", "debt", _("creditor"), _("The code of the creditor of the case.")),
    Entry("status", "case", _("status of the case"), _("Where the case stands.")),
    Entry("days_in_collection", "case", _("days in collection"),
          _("Days since the case was opened here."), _DAYS),
    Entry("score", "case", _("priority score"),
          _("The score of the last night by which cases are ordered; the more, the sooner."), _("points")),
    Entry("team", "case", _("team"), _("The code of the team that works the case."), "",
          _("the case has no team")),
    Entry("assigned", "case", _("with a collector"), _("The case has been given to one collector."), "",
          ALWAYS_KNOWN, _("with no collector")),
    Entry("reason", "case", _("reason for default"), _("Why the borrower does not pay, as found out."), "",
          _("nobody has found out the reason")),
    Entry("willingness", "case", _("willingness"), _("How willing the borrower is to pay, as judged."), "",
          _("nobody has judged it")),
    Entry("ability", "case", _("ability"), _("How able the borrower is to pay, as judged."), "",
          _("nobody has judged it")),
    Entry("hardship", "case", _("in hardship"), _("The case is marked as hardship."), "",
          ALWAYS_KNOWN, _("not in hardship")),
    Entry("jurisdiction", "borrower", _("place"), _("Whose law protects the borrower: CN, GB, US-NY and so on."), "",
          _("the place of the borrower is not stated")),
    Entry("language", "borrower", _("language"), _("The language in which the borrower is written to."), "",
          _("it is not stated")),
    Entry("named", "borrower", _("we know who it is"), _("The name of the borrower is on file."), "",
          ALWAYS_KNOWN, _("we do not know who it is")),
    Entry("person_kind", "borrower", _("kind of borrower"), _("A private person or a business.")),
    Entry("vulnerability", "borrower", _("vulnerability"), _("Whether the borrower is vulnerable, as recorded.")),
    Entry("guarantor", "borrower", _("somebody guarantees"),
          _("A guarantor or counter-guarantor of the borrower is on file and not released."), "",
          ALWAYS_KNOWN, _("nobody guarantees")),
    Entry("joint_debtor", "borrower", _("somebody owes jointly"), _("A co-borrower is on file."), "",
          ALWAYS_KNOWN, _("nobody owes jointly")),
    Entry("reachable", "borrower", _("reachable by"),
          _("A usable number or address for the channel is on file; true if there is one for any of those named.")),
    Entry("held", "standing", _("on hold"), _("A hold stands against contacting the borrower for this creditor."), "",
          ALWAYS_KNOWN, _("not on hold")),
    Entry("hold_kind", "standing", _("kind of hold"),
          _("The kind of a hold that stands; true if one of those that stand is of it.")),
    Entry("complaint_open", "standing", _("a complaint is open"), _("A hold because of a complaint stands."), "",
          ALWAYS_KNOWN, _("no complaint is open")),
    Entry("dispute_open", "standing", _("the debt is disputed"), _("A hold because of a dispute stands."), "",
          ALWAYS_KNOWN, _("the debt is not disputed")),
    Entry("open_promise", "agreements", _("a promise is open"), _("The borrower has promised to pay and is in time."),
          "", ALWAYS_KNOWN, _("no promise is open")),
    Entry("days_until_promise", "agreements", _("days until the next promised payment"),
          _("Days until the next part of the open promise is due."), _DAYS, _("no promise is open")),
    Entry("promises_broken", "agreements", _("broken promises"), _("How many promises of the case were broken."),
          _TIMES),
    Entry("promises_kept", "agreements", _("kept promises"), _("How many promises of the case were kept in full."),
          _TIMES),
    Entry("promises_kept_percent", "agreements", _("promises kept of a hundred"),
          _("Promises kept in full as a share of those that were judged."), _PERCENT,
          _("no promise of the case was judged yet")),
    Entry("days_since_broken_promise", "agreements", _("days since the last broken promise"),
          _("Calendar days since a promise of the case was last found broken."), _DAYS,
          _("no promise of the case was broken")),
    Entry("plan", "agreements", _("plan"),
          _("The state of the plan of the case: the one that runs, or else the newest.")),
    Entry("days_until_instalment", "agreements", _("days until the next instalment of the plan"),
          _("Days until the next unpaid instalment of the running plan is due; 0 also once it is late."), _DAYS,
          _("no plan runs")),
    Entry("days_to_limitation", "agreements", _("days until the claim is time-barred"),
          _("Days until the first limitation period of the case ends."), _DAYS,
          _("no limitation period was reckoned")),
    Entry("days_to_guarantee_end", "agreements", _("days until a guarantee ends"),
          _("Days until the first guarantee under which nothing was demanded in time yet ends."), _DAYS,
          _("no such guarantee was reckoned")),
    Entry("days_since_contact", "contacts", _("days since the last contact"),
          _("Calendar days since the last contact with or about the borrower in this case."), _DAYS,
          _("there was no contact")),
    Entry("days_since_right_party", "contacts", _("days since the last conversation with the borrower"),
          _("Calendar days since somebody last spoke with the borrower in person."), _DAYS,
          _("nobody has spoken with the borrower")),
    Entry("contacts_7d", "contacts", _("contacts in 7 days"),
          _("Contacts made to the borrower for this creditor in the 7 days before and on the day so far."), _TIMES),
    Entry("contacts_30d", "contacts", _("contacts in 30 days"),
          _("Contacts made to the borrower for this creditor in the 30 days before and on the day so far."), _TIMES),
    Entry("last_outcome", "contacts", _("outcome of the last contact"),
          _("What the last contact of the case that came to anything came to."), "",
          _("no contact has come to anything")),
    Entry("days_since_reply", "contacts", _("days since the borrower last wrote"),
          _("Calendar days since the last message of the borrower, automatic answers not counted."), _DAYS,
          _("the borrower never wrote")),
    Entry("letter_returned", "contacts", _("the last letter came back"),
          _("The last letter on paper that was posted in the case was returned."), "",
          _("no letter was posted"), _("the last letter did not come back")),
    Entry("arm", "experiments", _("side of an experiment"),
          _("The side that the borrower was drawn on, written experiment:arm."), "",
          _("the borrower does not take part in the experiment")),
)  # fmt: skip
ENTRIES: Final[dict[str, Entry]] = {entry.name: entry for entry in _ENTRIES}


def _labels(choices: Any) -> dict[str, Text]:
    return dict(choices.choices)


_LABELS: Final[dict[str, dict[str, Text]]] = {
    "product_kind": _labels(Product.Kind),
    "status": _labels(Status),
    "reason": _labels(Case.DefaultReason),
    "willingness": _labels(Case.Grade),
    "ability": _labels(Case.Grade),
    "person_kind": _labels(Person.Kind),
    "vulnerability": _labels(Person.Vulnerability),
    "reachable": _labels(Channel),
    "hold_kind": _labels(Hold.Kind),
    "plan": {NO_PLAN: _("none"), **_labels(Plan.Status)},
    "last_outcome": _labels(ContactAttempt.Outcome),
}


def label_of(fact: str, value: str) -> str:
    """Return a value of a fact in words; as it is written where it has none."""
    return str(_LABELS.get(fact, {}).get(value, value))


# -- texts: what is in use ---------------------------------------------------------------------------------------------


def _arms() -> list[tuple[str, str]]:
    return [
        (f"{experiment.code}:{arm['key']}", f"{experiment.name}: {arm['name']}")
        for experiment in Experiment.objects.order_by("code")
        for arm in experiment.arms
    ]


_IN_USE: Final[dict[str, Callable[[], list[tuple[str, str]]]]] = {
    "creditor": lambda: list(Creditor.objects.order_by("code").values_list("code", "name")),
    "product": lambda: list(Product.objects.order_by("code").values_list("code", "name").distinct()),
    "team": lambda: list(Team.objects.order_by("code").values_list("code", "name")),
    "currency": lambda: [(code, code) for code in _distinct("currency", Creditor)],
    "language": lambda: [(code, code) for code in _distinct("language", Person)],
    "jurisdiction": lambda: [(code, code) for code in _distinct("jurisdiction", Person)],
    "arm": _arms,
}


def _distinct(field: str, model: Any) -> list[str]:
    found = model.objects.exclude(**{field: ""}).order_by(field).values_list(field, flat=True).distinct()
    return list(found[:200])


def in_use(name: str) -> list[tuple[str, Text]]:
    """Return the values of a fact that can be chosen from: its list, or for a text what the book uses, with labels."""
    if name in _IN_USE:
        return list(_IN_USE[name]())
    return ENTRIES[name].values


# -- the same for machines and for the docs ----------------------------------------------------------------------------


def as_rows() -> list[dict[str, Any]]:
    """Return the catalogue as plain data, in the reader's language: what the API answers."""
    return [
        {
            "name": entry.name,
            "group": str(GROUPS[entry.group]),
            "label": str(entry.label),
            "definition": str(entry.definition),
            "kind": entry.kind,
            "unit": str(entry.unit),
            "operators": list(entry.operators),
            "values": [{"value": value, "label": str(label)} for value, label in entry.values],
            "unknown_where": "" if entry.unknown is ALWAYS_KNOWN else str(entry.unknown),
        }
        for entry in ENTRIES.values()
    ]


_PAGE: Final = """# Facts

What the conditions of strategies and experiments may ask about a case. Written by `manage.py write_facts` from the
catalogue in `contacts/strategy/conditions/catalogue.py`; the page *Facts* and `GET /api/v1/facts` show the same.

Where a fact is unknown, neither what is asked nor its opposite is true (Kleene's logic): the case does not match.
Whoever wants those cases asks `{"fact": "language", "op": "known", "value": false}`. Numbers are compared by at_least,
at_most, more_than, less_than, is, is_not and between; amounts by the first four, written as text (`"500.00"`); words
and choices by is, is_not, in and not_in, where a list may hold `"@cities"`, a set that the strategy names; yes and no
by is. "Days since" are calendar days at the creditor's; "days until" count to the day of contact.
"""


def as_markdown() -> str:
    """Return docs/facts.md, in English."""
    with translation.override("en"):
        lines = [_PAGE]
        for key, group in GROUPS.items():
            lines += [f"## {group}", "", "| Fact | Says | Kind, unit | Unknown where |", "|---|---|---|---|"]
            for entry in (each for each in ENTRIES.values() if each.group == key):
                values = (
                    f" Values: {', '.join(f'`{value}`' for value, _label in entry.values)}." if entry.values else ""
                )
                kind = f"{KINDS[entry.kind]}, {entry.unit}" if str(entry.unit) else str(KINDS[entry.kind])
                unknown = "" if entry.unknown is ALWAYS_KNOWN else str(entry.unknown)
                lines.append(f"| `{entry.name}` | {entry.definition}{values} | {kind} | {unknown} |")
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"
