"""What somebody may not do alone: asked, signed by others, done; or refused, withdrawn, out of date.

A kind is registered once by the module that owns it:

    approvals.register("waiver", title=_("Waiver"), facts=facts, on_approved=grant, on_refused=drop)

facts(subject, *, at) -> Sequence[Section]: what a signer must see besides what is shown for every kind.
on_approved(*, approval, subject, actor, at), on_refused(*, approval, subject, reason, actor, at): called in the
transaction of the last signature (the refusal), with the person locked.

Nobody signs what he asked for, nobody signs twice, and what has changed since it was asked is refused as out of date.
The same holds in the database.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from cases import authority, locks
from cases.authority import Need, Part
from cases.models import Approval, ApprovalPart, ApprovalSignature
from cases.refusal import Refused
from collections_app.shared.actor import USER, Actor
from collections_app.staff.models import User
from collections_app.staff.roles import Role
from compliance import audit

Status = Approval.Status


class ApprovalRefused(Refused):
    SENTENCES = {
        "no-reason": _("Say why."),
        "waiting": _("This waits for approval already."),
        "own": _("Nobody approves what he asked for himself."),
        "signed-already": _("You have signed this already; another person has to."),
        "role": _("This is signed by a %(role)s."),
        "over": _("This is %(status)s already."),
        "stale": _("This has changed since it was asked. Whoever asked has to look at it again."),
        "not-yours": _("Only whoever asked may take it back."),
        "nobody": _("Only a person signs."),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: what it is, how much or what, and a remark (words or a day). tone: "", "good", "bad"."""

    label: str | LazyText
    value: Any
    note: Any = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together, under a heading. is_wide: whole sentences, over the width of the page."""

    title: str | LazyText
    lines: Sequence[Line]
    is_wide: bool = False


def _all_fields(subject: models.Model) -> Any:
    """Return every stored field but the status, which moves by the asking itself."""
    return {
        column.attname: column.value_to_string(subject)
        for column in subject._meta.concrete_fields
        if column.attname != "status" and not isinstance(column, models.BinaryField)
    }


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known about one kind of approval. state: what of a subject must not change while it waits."""

    name: str
    title: str | LazyText
    facts: Callable[..., Sequence[Section]]
    on_approved: Callable[..., None]
    on_refused: Callable[..., None]
    state: Callable[[Any], Any] = field(default=_all_fields)


_kinds: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    title: str | LazyText,
    facts: Callable[..., Sequence[Section]],
    on_approved: Callable[..., None],
    on_refused: Callable[..., None],
    state: Callable[[Any], Any] = _all_fields,
) -> None:
    """Say what a kind of approval is called, shows, and does. state: by default every field but the status."""
    _kinds[kind] = Kind(kind, title, facts, on_approved, on_refused, state)


def kind_of(name: str) -> Kind:
    """Return a registered kind. Raises KeyError."""
    return _kinds[name]


def kinds() -> list[Kind]:
    """Return every registered kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def subject_of(approval: Approval) -> Any:
    """Return the row that an approval is about, as it is now; None where it is gone."""
    return apps.get_model(approval.subject_label)._default_manager.filter(pk=approval.subject_id).first()


def _fingerprint(kind: Kind, subject: models.Model) -> str:
    fresh = type(subject)._default_manager.get(pk=subject.pk)  # as stored, not as somebody holds it in memory
    text = json.dumps(kind.state(fresh), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def ask(
    *,
    kind: str,
    subject: models.Model,
    amount: Decimal | None,
    currency: str,
    percent: Decimal | None = None,
    reason: str,
    signatures: int,
    role: str,
    parts: Iterable[Part] = (),
    actor: Actor,
    at: datetime,
) -> Approval:
    """Put something before those who may sign it. Save the subject first; person, creditor and case are found on it.

    signatures, role: as `authority.needed` says; stricter where `parts` (what is given away, by account and component)
    together with what the person was granted lately need more. 0 signatures: approved at once, on the asker's own
    authority. Raises ApprovalRefused, AuthorityRefused.
    """
    if not reason.strip():
        raise ApprovalRefused("no-reason")
    person_id, creditor_id, case_id = _whose(subject)
    locks.lock(person_ids=[person_id] if person_id else [])
    waiting = Approval.objects.filter(
        kind=kind, subject_label=subject._meta.label_lower, subject_id=subject.pk, status=Status.PENDING
    )
    if waiting.exists():
        raise ApprovalRefused("waiting")
    parts = list(parts)
    need = Need(role, signatures)
    if parts and person_id is not None:
        need = need.stricter(_need_of_parts(kind, parts, currency, percent, person_id, role_of(actor), at, None))
    approval = Approval.objects.create(
        kind=kind,
        subject_label=subject._meta.label_lower,
        subject_id=subject.pk,
        creditor_id=creditor_id,
        person_id=person_id,
        case_id=case_id,
        amount=amount,
        currency=currency if amount is not None else "",
        percent=percent,
        reason=reason.strip()[:500],
        role=need.role,
        signatures=need.signatures,
        fingerprint=_fingerprint(kind_of(kind), subject),
        asked_at=at,
        asked_by_id=actor.id if actor.kind == USER else None,
        asked_label=actor.label[:120],
    )
    ApprovalPart.objects.bulk_create(
        ApprovalPart(
            approval=approval,
            person=approval.person,
            account_id=part.account_id,
            component=part.component,
            amount=part.amount,
            owed=part.owed,
            currency=currency,
        )
        for part in parts
    )
    audit.record(
        "approval.asked",
        subject=approval,
        actor=actor,
        at=at,
        person_id=person_id,
        kind=kind,
        amount=amount,
        currency=currency,
        percent=percent,
        role=need.role,
        signatures=need.signatures,
    )
    if need.signatures == 0:
        _grant(approval, subject, actor=actor, at=at)
    return approval


def decide(*, approval_id: int, approve: bool, reason: str = "", actor: Actor, at: datetime) -> Approval:
    """Sign for or against. The last signature does what was asked; one refusal ends it. Raises ApprovalRefused."""
    approval = _decide(approval_id=approval_id, approve=approve, reason=reason.strip(), actor=actor, at=at)
    if approval.status == Status.STALE:  # kept, and said: the asker finds it back with him
        raise ApprovalRefused("stale")
    return approval


@transaction.atomic
def _decide(*, approval_id: int, approve: bool, reason: str, actor: Actor, at: datetime) -> Approval:
    approval = locked(approval_id)
    if approval.status != Status.PENDING:
        raise ApprovalRefused("over", status=approval.get_status_display())
    if actor.kind != USER or actor.id is None:
        raise ApprovalRefused("nobody")
    if approval.asked_by_id == actor.id:
        raise ApprovalRefused("own")
    if ApprovalSignature.objects.filter(approval=approval, signed_by_id=actor.id).exists():
        raise ApprovalRefused("signed-already")
    if not authority.may_sign(role_of(actor), approval.role):
        raise ApprovalRefused("role", role=approval.get_role_display())
    if not approve and not reason:
        raise ApprovalRefused("no-reason")
    kind, subject = kind_of(approval.kind), subject_of(approval)
    if subject is None or _fingerprint(kind, subject) != approval.fingerprint:
        return _outdate(approval, subject, actor=actor, at=at)
    _tighten(approval, at)
    ApprovalSignature.objects.create(
        approval=approval,
        signed_by_id=actor.id,
        signed_at=at,
        role=role_of(actor),
        is_approving=approve,
        reason=reason[:300],
    )
    audit.record(
        "approval.signed" if approve else "approval.refused",
        subject=approval,
        actor=actor,
        at=at,
        person_id=approval.person_id,
        kind=approval.kind,
        reason=reason,
    )
    if not approve:
        approval.refuse(at=at, reason=reason[:300])
        approval.save(update_fields=["status", "ended_at", "ended_reason"])
        kind.on_refused(approval=approval, subject=subject, reason=reason, actor=actor, at=at)
    elif approval.signed.filter(is_approving=True).count() >= approval.signatures:
        try:
            with transaction.atomic():
                _grant(approval, subject, actor=actor, at=at)
        except TransitionNotAllowed:
            approval = locked(approval_id)
            return _outdate(approval, subject_of(approval), actor=actor, at=at)
    return approval


@transaction.atomic
def withdraw(*, approval_id: int, reason: str, actor: Actor, at: datetime) -> Approval:
    """Take back what one asked for. Raises ApprovalRefused."""
    approval = locked(approval_id)
    if approval.status != Status.PENDING:
        raise ApprovalRefused("over", status=approval.get_status_display())
    if actor.kind == USER and approval.asked_by_id != actor.id:
        raise ApprovalRefused("not-yours")
    if not reason.strip():
        raise ApprovalRefused("no-reason")
    _withdraw(approval, reason=reason.strip(), actor=actor, at=at)
    subject = subject_of(approval)
    if subject is not None:
        kind_of(approval.kind).on_refused(approval=approval, subject=subject, reason=reason, actor=actor, at=at)
    return approval


@transaction.atomic
def close(*, subject: models.Model, reason: str, actor: Actor, at: datetime) -> None:
    """End what is asked or was approved about a subject that is itself over: no hook is called, nothing counts now.

    What waits is withdrawn, what was approved has lapsed. The caller holds the lock of the person.
    """
    about = Approval.objects.filter(subject_label=subject._meta.label_lower, subject_id=subject.pk)
    standing = about.filter(status__in=[Status.PENDING, Status.APPROVED])
    for approval in standing.select_for_update(of=("self",), no_key=True).order_by("pk"):
        if approval.status == Status.PENDING:
            _withdraw(approval, reason=reason, actor=actor, at=at)
        else:
            approval.lapse(at=at, reason=reason[:300])
            approval.save(update_fields=["status", "ended_at", "ended_reason"])
            audit.record(
                "approval.lapsed", subject=approval, actor=actor, at=at, person_id=approval.person_id, reason=reason
            )


def locked(approval_id: int) -> Approval:
    """Return the approval with its person locked first, then its own row. Call inside a transaction."""
    person_id = Approval.objects.values_list("person_id", flat=True).get(pk=approval_id)
    locks.lock(person_ids=[person_id] if person_id else [])
    return Approval.objects.select_for_update(of=("self",), no_key=True).get(pk=approval_id)


def _withdraw(approval: Approval, *, reason: str, actor: Actor, at: datetime) -> None:
    approval.withdraw(at=at, reason=reason[:300])
    approval.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "approval.withdrawn", subject=approval, actor=actor, at=at, person_id=approval.person_id, reason=reason
    )


def _outdate(approval: Approval, subject: Any, *, actor: Actor, at: datetime) -> Approval:
    approval.outdate(at=at)
    approval.save(update_fields=["status", "ended_at"])
    audit.record("approval.outdated", subject=approval, actor=actor, at=at, person_id=approval.person_id)
    if subject is not None:
        try:
            with transaction.atomic():
                kind_of(approval.kind).on_refused(
                    approval=approval, subject=subject, reason=str(_("out of date")), actor=actor, at=at
                )
        except TransitionNotAllowed:
            pass  # the subject has moved on by itself: that is why it is out of date
    return approval


def _grant(approval: Approval, subject: Any, *, actor: Actor, at: datetime) -> None:
    approval.approve(at=at)
    approval.save(update_fields=["status", "ended_at"])
    audit.record(
        "approval.granted", subject=approval, actor=actor, at=at, person_id=approval.person_id, kind=approval.kind
    )
    kind_of(approval.kind).on_approved(approval=approval, subject=subject, actor=actor, at=at)


def _tighten(approval: Approval, at: datetime) -> None:
    """Ask for more signatures where limits or what the person was granted meanwhile need more than at the asking."""
    parts = [Part(part.account_id, part.component, part.amount, part.owed) for part in approval.parts.order_by("pk")]
    if not parts or approval.person_id is None:
        return
    asker = approval.asked_by.role if approval.asked_by else Role.COLLECTOR
    stored = Need(approval.role, approval.signatures)
    now = _need_of_parts(
        approval.kind, parts, approval.currency, approval.percent, approval.person_id, asker, at, approval.pk
    )
    if (need := stored.stricter(now)) != stored:
        approval.role, approval.signatures = need.role, need.signatures
        approval.save(update_fields=["role", "signatures"])


def _need_of_parts(
    kind: str,
    parts: Sequence[Part],
    currency: str,
    percent: Decimal | None,
    person_id: int,
    asker: str,
    at: datetime,
    excluding: int | None,
) -> Need:
    product = apps.get_model("cases", "Product")
    products = product.objects.filter(accounts__in={part.account_id for part in parts}).distinct().order_by("pk")
    return authority.needed_for(
        kind, parts, currency, percent, products, asker=asker, person_id=person_id, at=at, excluding=excluding
    )


def role_of(actor: Actor) -> str:
    """Return the role of whoever acts; the system and clients have the authority of a collector."""
    if actor.kind != USER or actor.id is None:
        return str(Role.COLLECTOR)
    return str(User.objects.values_list("role", flat=True).get(pk=actor.id, is_active=True))


def _whose(subject: Any) -> tuple[int | None, int | None, int | None]:
    """Return the keys of person, creditor and case that a subject belongs to, as far as it says."""
    person_id = getattr(subject, "person_id", None)
    creditor_id = getattr(subject, "creditor_id", None)
    case_id = getattr(subject, "case_id", None)
    if case_id is None and subject._meta.label_lower == "cases.case":
        case_id = subject.pk
    return person_id, creditor_id, case_id
