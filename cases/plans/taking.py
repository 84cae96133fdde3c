"""What somebody can afford is taken down: in full, or in short what is left; with files that show it, kept sealed."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import files
from cases.models import Affordability, AffordabilityEvidence, Case, Document
from cases.plans import affordability, terms
from cases.plans.affordability import AffordabilityRefused, Budget
from cases.refusal import Refused
from collections_app.shared import sealed
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from compliance import audit

KIND: Final = "affordability"
FOLDER: Final = "affordability"
MOST_FILES: Final = 10  # of one form


class EvidenceRefused(Refused):
    SENTENCES = {
        "too-many": _("A form takes %(limit)s files at most."),
        "too-large": _("The file is larger than %(limit)s MB."),
        "empty": _("The file is empty."),
        "type": _("Only PDF files, pictures (JPEG, PNG, GIF, WebP) and plain text are taken."),
        "active": _("The PDF contains a program or other files and is not taken."),
        "same": _("This file is with the form already."),
        "damaged": _("The file is not the one that was kept."),
    }


def latest(case: Case, *, at: datetime) -> Affordability | None:
    """Return the latest form of a case that still counts; None where there is none, or it is too old."""
    counts = terms.of_creditor(case.creditor_id, at=at).form
    rows = Affordability.objects.filter(case=case, taken_at__gte=at - timedelta(days=counts), taken_at__lte=at)
    return rows.order_by("-taken_at", "-pk").first()


@transaction.atomic
def take(*, case: Case, budget: Budget, actor: Actor, at: datetime) -> Affordability:
    """Keep a full form. Raises AffordabilityRefused."""
    share = terms.of_creditor(case.creditor_id, at=at).share
    result = affordability.of_budget(budget, share=share)
    form = Affordability.objects.create(
        case=case,
        person_id=case.person_id,
        household=budget.household,
        incomes=_texts(budget.incomes),
        expenditures=_texts(budget.expenditures),
        debts=result.debts.amount,
        currency=budget.currency,
        surplus=result.surplus.amount,
        share=share,
        allowed=result.allowed.amount,
        taken_at=at,
        taken_by_id=actor.id if actor.kind == USER else None,
    )
    _told(form, actor=actor, at=at)
    return form


@transaction.atomic
def take_short(*, case: Case, left: Decimal, actor: Actor, at: datetime) -> Affordability:
    """Keep a short form: what is left in a month after essentials and other debts. Raises AffordabilityRefused."""
    share = terms.of_creditor(case.creditor_id, at=at).share
    try:
        surplus = Money(left, case.currency)
    except InexactAmount:
        raise AffordabilityRefused("inexact", currency=case.currency) from None
    form = Affordability.objects.create(
        case=case,
        person_id=case.person_id,
        is_quick=True,
        currency=case.currency,
        surplus=surplus.amount,
        share=share,
        allowed=affordability.allowed(surplus, share=share).amount,
        taken_at=at,
        taken_by_id=actor.id if actor.kind == USER else None,
    )
    _told(form, actor=actor, at=at)
    return form


def _told(form: Affordability, *, actor: Actor, at: datetime) -> None:
    audit.record(
        "affordability.taken",
        subject=form,
        actor=actor,
        at=at,
        person_id=form.person_id,
        surplus=form.surplus,
        allowed=form.allowed,
        currency=form.currency,
        is_quick=form.is_quick,
    )


def _texts(lines: Mapping[str, Decimal]) -> dict[str, str]:
    return {kind: str(amount) for kind, amount in lines.items() if amount}


@transaction.atomic
def add_evidence(
    *, form: Affordability, name: str, content: bytes, kind: str, actor: Actor, at: datetime
) -> AffordabilityEvidence:
    """Keep a file that shows what a form says. What it is is told by its content. Raises EvidenceRefused."""
    standing = AffordabilityEvidence.objects.filter(form=form)
    digest = hashlib.sha256(content).hexdigest()
    if standing.filter(document__sha256=digest).exists():
        raise EvidenceRefused("same")
    why = "too-many" if standing.count() >= MOST_FILES else files.refusal(content)
    if why:
        limit = MOST_FILES if why == "too-many" else files.MOST_BYTES // 2**20
        raise EvidenceRefused(why, limit=limit)
    document = Document.objects.create(
        case_id=form.case_id,
        person_id=form.person_id,
        kind=KIND,
        title=files.safe_name(name),
        content_type=files.media_type(content),
        size=len(content),
        sha256=digest,
        path=default_storage.save(f"{FOLDER}/{digest[:2]}/{form.pk}-{digest}", ContentFile(_sealed(content))),
        added_at=at,
        added_by_id=actor.id if actor.kind == USER else None,
    )
    evidence = AffordabilityEvidence.objects.create(form=form, person_id=form.person_id, document=document, kind=kind)
    audit.record(
        "affordability.evidence_added",
        subject=form,
        actor=actor,
        at=at,
        person_id=form.person_id,
        document=document.pk,
        kind=kind,
        sha256=digest,
    )
    return evidence


def _sealed(content: bytes) -> bytes:
    return sealed.seal(base64.b64encode(content).decode())


def read_evidence(*, evidence: AffordabilityEvidence, actor: Actor, at: datetime) -> bytes:
    """Return the content of a file of a form; who reads it is kept. Raises EvidenceRefused."""
    document = evidence.document
    with default_storage.open(document.path) as file:
        content = base64.b64decode(sealed.unseal(file.read()))
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise EvidenceRefused("damaged")
    audit.record(
        "affordability.evidence_read",
        subject=evidence.form,
        actor=actor,
        at=at,
        person_id=evidence.person_id,
        document=document.pk,
    )
    return content
