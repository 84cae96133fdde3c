"""The agreement of a plan as a page to sign: the schedule, what it costs, and what happens when it is not kept.

Numbered, its hash kept; a second print is a second document. For credit cards of mainland China it says what
商业银行信用卡业务监督管理办法 art. 70 asks for: balance, structure and currency; cycle, method, dates and amounts;
whether fees and interest run; the promise not to apply for cards at any bank; rights, duties and breach.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from babel.dates import format_date
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from cases import ledger
from cases.models import Account, Case, Document, Plan, PlanInstalment
from cases.plans import agreeing, crediting, listing
from cases.plans.refusals import PlanRefused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import exponent
from compliance import audit
from contacts.agreement_texts import TEXTS, Text
from contacts.channels import letters
from contacts.channels.letters import Letter

LANGUAGES: Final = (("zh-hans", "简体中文"), ("en", "English"))


@transaction.atomic
def make(*, plan_id: int, language: str, actor: Actor, at: datetime) -> Document:
    """Print the agreement of a plan that may be signed. Raises PlanRefused, LetterRefused."""
    plan, case = agreeing.locked(plan_id)
    if plan.status not in (Plan.Status.APPROVED, Plan.Status.PERFORMING, Plan.Status.MISSED):
        raise PlanRefused("not-possible", status=plan.get_status_display())
    place = len(listing.agreements_of(plan)) + 1
    number = f"{listing.number_of(plan)}-{place}"
    printed = letters.compose(letter_of(plan, case, language=language, number=number, at=at))
    digest = hashlib.sha256(printed.content).hexdigest()
    document = Document.objects.create(
        case=case,
        person_id=case.person_id,
        kind=listing.AGREEMENT,
        title=number,
        content_type="application/pdf",
        size=len(printed.content),
        sha256=digest,
        path=default_storage.save(f"agreements/{at:%Y/%m}/{number}.pdf", ContentFile(printed.content)),
        added_at=at,
        added_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record(
        "plan.agreement_made",
        subject=plan,
        actor=actor,
        at=at,
        person_id=plan.person_id,
        document=document.pk,
        number=number,
        sha256=digest,
        language=language,
    )
    return document


def read(document: Document) -> bytes | None:
    """Return a printed agreement; None where the file is not the one that was made."""
    try:
        with default_storage.open(document.path) as stored:
            content: bytes = stored.read()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == document.sha256 else None


def letter_of(plan: Plan, case: Case, *, language: str, number: str, at: datetime) -> Letter:
    """Return the agreement as it is printed."""
    text = TEXTS["zh" if language.startswith("zh") else "en"]
    lines = list(plan.instalments.order_by("number"))
    values = _values(plan, case, lines, text, at=at)
    body = [text.opening, "", *_paragraphs(text.figures, plan), "", text.schedule]
    after = [*_numbered(_clauses(plan, text)), "", text.signatures]
    if plan.terms.get("tentative_from"):
        after.insert(0, text.tentative)
        after.insert(1, "")
    return Letter(
        sender=case.creditor.name,
        sender_lines=tuple(line for line in (case.creditor.phone,) if line),
        to=(str(case.person),),
        on=clock.business_day(at, case.creditor.time_zone),
        reference=case.ref,
        code=number,
        subject=text.titles[plan.kind],
        body="\n".join(body).format_map(values),
        table=(text.heading, *(_cells(line, plan, text) for line in lines)),
        after="\n".join(after).format_map(values),
        language=language,
        key=number,
    )


def _clauses(plan: Plan, text: Text) -> list[str]:
    clauses = [text.paying, text.collection, text.miss, text.breaking]
    if plan.terms.get("reinstate_days"):
        clauses.append(text.reinstating)
    clauses += [text.changing, text.early]
    if plan.remainder:
        clauses.append(text.remainder)
    if plan.kind == Plan.Kind.PERSONALISED:
        clauses += text.personalised
    return [*clauses, text.rights]


def _paragraphs(figures: Mapping[str, str], plan: Plan) -> list[str]:
    left_out = {
        "rate": not plan.rate,
        "no_interest": bool(plan.rate),
        "down_payment": not plan.down_payment,
        "remainder": not plan.remainder,
        "replaces": plan.replaces_id is None,
    }
    return [line for name, line in figures.items() if not left_out.get(name)]


def _numbered(clauses: list[str]) -> list[str]:
    return [f"{number}. {clause}" for number, clause in enumerate(clauses, 1)]


def _cells(line: PlanInstalment, plan: Plan, text: Text) -> tuple[str, ...]:
    return (
        str(line.number) if line.number else text.down,
        _day(line.due_on, text),
        _figure(line.amount, plan.currency),
        _figure(line.interest, plan.currency),
    )


def _values(plan: Plan, case: Case, lines: list[PlanInstalment], text: Text, *, at: datetime) -> dict[str, Any]:
    regular = [line for line in lines if line.number]
    terms = plan.terms

    def money(amount: Decimal) -> str:
        return f"{plan.currency} {_figure(amount, plan.currency)}"

    return {
        "name": str(case.person),
        "creditor": case.creditor.name,
        "case": case.ref,
        "accounts": text.comma.join(_accounts(case)),
        "covers": money(plan.covers),
        "structure": _structure(case, plan, text),
        "currency": plan.currency,
        "total": money(plan.total),
        "interest": money(plan.interest),
        "rate": f"{plan.rate.normalize():f}",
        "down_payment": money(plan.down_payment),
        "remainder": money(plan.remainder),
        "count": len(regular),
        "cycle": text.cycles[plan.cycle],
        "first": _day(regular[0].due_on, text),
        "last": _day(regular[-1].due_on, text),
        "fees": text.fees_run if terms.get("fees_run") else text.fees_rest,
        "grace": terms.get("grace_days", 0),
        "breaks": terms.get("break_days", 0),
        "reinstate": terms.get("reinstate_days", 0),
        "until": _day(plan.sign_until, text) if plan.sign_until else "",
        "settles": money(crediting.settles(plan, on=clock.business_day(at, case.creditor.time_zone)).amount),
        "phone": case.creditor.phone or text.branch,
        "method": text.method,
    }


def _accounts(case: Case) -> list[str]:
    rows = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).select_related("product")
    return [f"{account.product.name} …{account.number_last4}" for account in rows.order_by("pk")]


def _structure(case: Case, plan: Plan, text: Text) -> str:
    """Return what the balance consists of, by component, as the ledger has it."""
    sums: dict[str, Decimal] = {}
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id, currency=plan.currency)
    for pk in accounts.values_list("pk", flat=True):
        for component, amount in ledger.components(pk).items():
            sums[component] = sums.get(component, Decimal(0)) + amount
    found = [
        f"{text.components.get(component, component)} {plan.currency} {_figure(amount, plan.currency)}"
        for component, amount in sorted(sums.items())
        if amount
    ]
    return text.comma.join(found) or "–"


def _figure(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{exponent(currency)}f}"


def _day(day: date, text: Text) -> str:
    return str(format_date(day, format="long", locale=text.locale))
