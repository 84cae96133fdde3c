"""What bounds a plan: the law of the book (by its rule packs), the firm (by its policy), and whose holidays count."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from cases import firm_policy
from cases.models import Case, Creditor, Product
from cases.plans.affordability import DEFAULT_SHARE
from cases.policy_book import country_of
from compliance import calendars, gate
from compliance.calendars import Calendar
from compliance.facts import Facts, Question

ENGINE_ERROR: Final = "POLICY-ENGINE-ERROR"
OFFER: Final = "offer_instalment_plan"
KEY: Final = "plans"  # of the firm policy's document
# Whose working days: the country of the creditor's books, by the calendar of its banks.
CALENDARS: Final = {
    "AU": "AU-NATIONAL", "CN": "CN", "GB": "GB-EW", "GR": "GR", "HK": "HK", "ID": "ID", "JP": "JP", "KR": "KR",
    "TW": "TW", "US": "US-FED",
}  # fmt: skip
MAINLAND: Final = "CN"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the firm sets for plans of a book, in days unless it says otherwise; each may be set in its policy.

    share: per cent of the surplus that an instalment may take. form: how long a form counts. sign: how long an
    approved agreement waits for its signature. first, deferred: how far off the first instalment may be. grace: days
    after the due date in which it still counts as in time. breaks: days after the due date on which an unpaid one ends
    the plan. reinstate: days after that in which paying what is behind brings it back, once. months: the longest plan.
    """

    share: int = DEFAULT_SHARE
    form: int = 90
    sign: int = 14
    first: int = 45
    deferred: int = 184
    grace: int = 3
    breaks: int = 14
    reinstate: int = 30
    months: int = 60


MOST: Final = {"share": 100, "form": 366, "sign": 60, "first": 92, "deferred": 366, "grace": 30, "breaks": 90,
               "reinstate": 180, "months": 360}  # fmt: skip


def of_document(document: Any) -> Terms:
    """Return the terms that a firm policy's document sets; what it does not say, or says wrongly, stays as usual."""
    stated = document.get(KEY) if isinstance(document, dict) else None
    known = {each.name for each in fields(Terms)}
    values = {
        name: value
        for name, value in (stated or {}).items()
        if name in known and type(value) is int and ((name == "grace" and value == 0) or 1 <= value <= MOST[name])
    }
    terms = Terms(**values)
    return terms if terms.breaks > terms.grace else Terms(**{**values, "breaks": terms.grace + 1})


def of_creditor(creditor_id: int, *, at: datetime) -> Terms:
    """Return the terms in force for a creditor's book at an instant."""
    return of_document(dict(firm_policy.in_force(creditor_id=creditor_id, at=at).document))


def calendar_of(creditor: Creditor) -> Calendar | None:
    """Return the working days of the creditor's country; None where none are kept: then only weekends are known."""
    name = CALENDARS.get(country_of(creditor.time_zone))
    return calendars.get(name) if name else None


def products_of(case: Case) -> list[Product]:
    """Return the products of the accounts of a case."""
    found = Product.objects.filter(accounts__person_id=case.person_id, accounts__creditor_id=case.creditor_id)
    return list(found.distinct().order_by("pk"))


def is_mainland_card(case: Case) -> bool:
    """Whether the case is about credit cards of the mainland alone, for which personalised instalments exist."""
    kinds = {product.kind for product in products_of(case)}
    return kinds == {Product.Kind.CREDIT_CARD} and country_of(case.creditor.time_zone) == MAINLAND


@dataclass(frozen=True, slots=True)
class Barred:
    """The rule that forbids a plan of this length: its id, and the months that it allows (None: it says no number)."""

    rule: str
    limit: int | None


def barred(case: Case, *, months: int, at: datetime) -> Barred | None:
    """Return the rule of law that a plan of so many months would break, by the packs of the book; None: it breaks none.

    Source for credit cards of the mainland: 商业银行信用卡业务监督管理办法 art. 70 (at most five years).
    """
    question = Question(at=at, kind="action", action=OFFER, months=months, actor_kind=case.creditor.acting_as)
    places = sorted({place for place in (case.person.jurisdiction, country_of(case.creditor.time_zone)) if place})
    for product in products_of(case):
        facts = Facts(
            jurisdictions=tuple(places),
            product=str(product.kind),
            creditor_kind=case.creditor.kind,
            outsourced=case.creditor.acting_as != Creditor.ActingAs.CREDITOR,
        )
        outcome = gate.preview(question, facts)
        for rule in outcome.failing:
            result = outcome.result(rule)
            values = dict(result.finding.values) if result else {}
            if rule == ENGINE_ERROR:  # what the law says cannot be known: nothing is agreed
                return Barred(rule, None)
            if "months" in values:
                limit = values.get("limit")
                return Barred(rule, limit if isinstance(limit, int) else None)
    return None
