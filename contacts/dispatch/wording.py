"""Which wording a person gets, and the values that go into it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from cases import arrears, promise_outcomes
from cases.arrears import Arrears
from cases.models import PlanInstalment
from cases.promise_parts import Part
from collections_app.shared import clock
from compliance import calendars
from compliance.calendars import CalendarError
from compliance.facts import MissingFact
from contacts import rendering, seals, wording_rules
from contacts.facts import CaseFile
from contacts.models import Letterhead, TemplateVersion
from contacts.wording_rules import Kind, Place

MOST_SURE: Final = 8_000  # characters of a body that are few enough in bytes as well, with any subject
PERFORMING: Final = ("performing", "missed")  # a plan in force
# 12 CFR 1006.34(b)(5): received five business days after sending, thirty days from then on.
VALIDATION_CALENDAR, RECEIVED_DAYS, VALIDATION_DAYS = "US-FED", 5, 30
# What is said instead of a value where nothing is known of the case; the letterhead knows these.
_OF_LETTERHEAD: Final = {
    "creditor_address": "address",
    "complaint_line": "complaint_line",
    "agency_name": "agency_name",
    "payment_methods": "payment_methods",
    "legal_basis": "legal_basis",
    "recordings_kept": "recordings_kept",
}


def places_of(file: CaseFile) -> frozenset[Place]:
    """Return what about the debts of a case chooses the rules."""
    case = file.found.case
    kinds = {account.product_kind for account in file.found.accounts} or {"consumer_debt"}
    return frozenset(
        Place(jurisdiction, kind, case.creditor_kind, case.acting_as)
        for jurisdiction in file.jurisdictions
        for kind in kinds
    )


def lacks_a_part(version: TemplateVersion, file: CaseFile) -> bool:
    """Whether a wording lacks a part that the place of this reader asks of such a notice."""
    template = version.template
    return wording_rules.lacks_a_part(
        version.subject,
        version.body,
        kind=Kind(template.channel, template.purpose, template.content_class),
        places=places_of(file),
        day=file.at.date(),
    )


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes amounts and dates."""

    money: Callable[..., str]
    day: Callable[..., str]


AS_READ: Final = Pen(rendering.money, rendering.day)  # as their reader writes them


def values_for(
    file: CaseFile,
    owed: list[Arrears],
    *,
    language: str,
    names: Collection[str] | None = None,
    pen: Pen = AS_READ,
) -> dict[str, str | None]:
    """Return the value of every variable (of these names) for this case, written for a reader of this language; None
    where there is none.
    """
    values: dict[str, Callable[[], str | None]] = {
        **_of_case(file, owed, language, pen),
        **_of_creditor(file, language),
    }
    if names is None or any(name.startswith(("instalment_", "plan_")) for name in names):
        values |= _of_plan(file, language, pen)
    return {name: value() for name, value in values.items() if names is None or name in names}


def _of_case(file: CaseFile, owed: list[Arrears], language: str, pen: Pen) -> dict[str, Callable[[], str | None]]:
    case, person = file.case, file.case.person
    today = clock.business_day(file.at, case.creditor.time_zone)
    due = sum((position.amount for position in owed), arrears.ZERO)
    as_of = max((position.as_of for position in owed if position.as_of), default=None)

    def money(amount: Decimal) -> str:
        return pen.money(amount, case.currency, language=language)

    def day(on: date | None) -> str | None:
        return pen.day(on, language=language) if on else None

    def promised() -> Part | None:
        return promise_outcomes.next_part(file.open_promise) if file.open_promise else None

    def mask() -> str | None:
        account = min(file.accounts, key=lambda each: each.pk) if file.accounts else None
        if account is None or not account.number_last4:
            return None
        return rendering.account_mask(account.number_last4, language=language)

    def validation_until() -> str | None:
        try:
            received = calendars.get(VALIDATION_CALENDAR).add_business_days(today, RECEIVED_DAYS)
        except (CalendarError, MissingFact):
            return None  # the holidays of that year are not known, so neither is the day
        return day(received + timedelta(days=VALIDATION_DAYS))

    return {
        "borrower_name": lambda: person.name if person.is_named else None,
        "salutation": lambda: rendering.salutation(person.name, language=language) if person.is_named else None,
        "account_mask": mask,
        "account_count": lambda: str(len(file.accounts)) if file.accounts else None,
        "amount_due": lambda: money(due) if due > 0 else None,
        "minimum_amount": lambda: money(due) if due > 0 else None,
        "balance": lambda: money(case.balance) if case.balance > 0 else None,
        "due_date": lambda: day(case.past_due_since),
        "dpd": lambda: str(case.dpd_on(today)),
        "as_of": lambda: day(as_of),
        "today": lambda: day(today),
        "reference": lambda: case.ref,
        "promise_amount": lambda: money(part.amount) if (part := promised()) else None,
        "promise_date": lambda: day(part.due_on) if (part := promised()) else None,
        "validation_until": validation_until,
        "opt_out": lambda: rendering.opt_out_words(language=language),
        "unsubscribe": lambda: rendering.unsubscribe_words(language=language),
    }


def _of_creditor(file: CaseFile, language: str) -> dict[str, Callable[[], str | None]]:
    creditor = file.case.creditor

    def letterhead() -> Letterhead | None:
        return getattr(creditor, "letterhead", None)  # none is an attribute that is not there

    def of(column: str) -> Callable[[], str | None]:
        return lambda: getattr(letterhead(), column, "") or None

    def link() -> str | None:
        url = getattr(letterhead(), "payment_url", "")
        return url.replace("{reference}", file.case.ref) if url else None

    return {
        "creditor_name": lambda: creditor.name,
        "creditor_phone": lambda: creditor.phone or None,
        "seal": lambda: (
            rendering.place_of_seal(creditor.name, language=language) if seals.has_one(creditor.pk) else None
        ),
        "payment_link": link,
        **{name: of(column) for name, column in _OF_LETTERHEAD.items()},
    }


def _of_plan(file: CaseFile, language: str, pen: Pen) -> dict[str, Callable[[], str | None]]:
    """Return the values of the plan in force: its next instalment that is not wholly paid."""
    instalments = PlanInstalment.objects.filter(plan__case_id=file.case_id, plan__status__in=PERFORMING)
    ordered = list(instalments.select_related("plan").order_by("-plan_id", "number"))
    ours = [each for each in ordered if each.plan_id == ordered[0].plan_id]
    due = next((each for each in ours if each.paid_amount < each.amount), None)
    if due is None:
        names = ("plan_total", "instalment_amount", "instalment_date", "instalment_number", "instalment_count")
        return {name: lambda: None for name in names}
    return {
        "plan_total": lambda: pen.money(due.plan.total, due.currency, language=language),
        "instalment_amount": lambda: pen.money(due.left, due.currency, language=language),
        "instalment_date": lambda: pen.day(due.due_on, language=language),
        "instalment_number": lambda: str(due.number),
        "instalment_count": lambda: str(len(ours)),
    }


def write(wording: TemplateVersion, file: CaseFile, owed: list[Arrears], *, channel: str) -> rendering.Text:
    """Return the message in this wording for this case. Raises rendering.RenderingRefused."""
    names = rendering.names_of(wording.subject, wording.body)
    values = values_for(file, owed, language=wording.language, names=names)
    return rendering.render(wording.body, subject=wording.subject, values=values, channel=channel)


# -- Whether it can be written -------------------------------------------------------------------------------------


_WIDE: Final = "0" * 80
_WIDEST: Final = Pen(lambda *_, **__: _WIDE, lambda *_, **__: _WIDE)  # wider than any reader writes, at no cost


@lru_cache(maxsize=512)
def _shape(subject: str, body: str) -> tuple[tuple[str, ...], tuple[str, ...], int, bool]:
    """Return the names in a wording as they follow one another, those in its body, the length of the rest of the body,
    and whether subject and body say something whatever the values are. Raises RenderingRefused.
    """
    in_subject, in_body = rendering.tokenise(subject), rendering.tokenise(body)
    literal = "".join(piece.text for piece in in_body if not piece.is_variable)
    title = "".join(piece.text for piece in in_subject if not piece.is_variable)
    says = bool(literal.strip()) and bool(title.strip() or not in_subject)
    names = tuple(piece.text for piece in (*in_subject, *in_body) if piece.is_variable)
    return names, tuple(piece.text for piece in in_body if piece.is_variable), len(literal), says


def check(wording: TemplateVersion, file: CaseFile, owed: list[Arrears], *, channel: str) -> None:
    """Raise RenderingRefused where `write` would, without writing amounts and dates out where that is certain."""
    names, repeated, length, says = _shape(wording.subject, wording.body)
    values = values_for(file, owed, language=wording.language, names=names, pen=_WIDEST)
    for name in names:
        if not (values.get(name) or "").strip():
            raise rendering.RenderingRefused("missing-value", name=name)
    if says:
        widest = length + sum(min(len(values[name] or ""), rendering.MOST_VALUE) for name in repeated)
        is_short = widest <= rendering.MOST_TEXT.get(channel, rendering.MOST_BODY) and widest < MOST_SURE
        if is_short and (channel != "email" or wording.subject.strip()):
            return
    write(wording, file, owed, channel=channel)
