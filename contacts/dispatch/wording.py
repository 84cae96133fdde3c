"""Which wording a person gets, and the values that go into it."""

from decimal import Decimal

from cases import arrears
from cases.arrears import Arrears
from collections_app.shared import clock
from contacts import rendering
from contacts.facts import CaseFile
from contacts.models import Template, TemplateVersion

FALLBACK = "en"


def wording_for(template: Template, language: str) -> TemplateVersion | None:
    """Return the approved wording in the person's language, else in its base language, else in English, else None."""
    approved = list(template.versions.filter(status=TemplateVersion.Status.APPROVED).order_by("-version", "pk"))
    exact = [version for version in approved if version.language == language]
    base = language.partition("-")[0]
    near = [version for version in approved if version.language.partition("-")[0] == base]
    english = [version for version in approved if version.language == FALLBACK]
    return next(iter([*exact, *near, *english]), None)


def values_for(file: CaseFile, owed: list[Arrears], *, language: str) -> dict[str, str | None]:
    """Return the value of every variable for this case, written for a reader of this language; None where unknown."""
    case, creditor, person = file.case, file.case.creditor, file.case.person
    today = clock.business_day(file.at, creditor.time_zone)
    due = sum((position.amount for position in owed), arrears.ZERO)
    as_of = max((position.as_of for position in owed if position.as_of), default=None)
    account = min(file.accounts, key=lambda each: each.pk) if file.accounts else None
    promise = file.open_promise

    def money(amount: Decimal) -> str:
        return rendering.money(amount, case.currency, language=language)

    return {
        "borrower_name": person.name if person.is_named else None,
        "salutation": rendering.salutation(person.name, language=language) if person.is_named else None,
        "creditor_name": creditor.name,
        "creditor_phone": creditor.phone or None,
        "account_mask": f"…{account.number_last4}" if account and account.number_last4 else None,
        "amount_due": money(due) if due > 0 else None,
        "balance": money(case.balance) if case.balance > 0 else None,
        "due_date": rendering.day(case.past_due_since, language=language) if case.past_due_since else None,
        "dpd": str(case.dpd_on(today)),
        "as_of": rendering.day(as_of, language=language) if as_of else None,
        "today": rendering.day(today, language=language),
        "reference": case.ref,
        "promise_amount": money(promise.amount) if promise else None,
        "promise_date": rendering.day(promise.due_on, language=language) if promise else None,
        "opt_out": rendering.opt_out_words(language=language),
    }


def write(wording: TemplateVersion, file: CaseFile, owed: list[Arrears], *, channel: str) -> rendering.Text:
    """Return the message in this wording for this case. Raises rendering.RenderingRefused."""
    values = values_for(file, owed, language=wording.language)
    return rendering.render(wording.body, subject=wording.subject, values=values, channel=channel)
