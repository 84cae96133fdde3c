"""The internal list of persons that a creditor makes no new business with: proposed, agreed by another, told,
objected to, removed; dropped when its time is over. Every reading is recorded.

Adverse information is kept five years at most from the end of the default. Source: 征信业管理条例, art. 16; a reason, a
basis and a purpose come with every entry (个人信息保护法, art. 6, 13 and 47).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases import approvals, locks, reach
from cases.approvals import Line, Section
from cases.models import Approval, Case, ExclusionAppeal, ExclusionEntry
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.staff.roles import Role
from compliance import audit
from compliance.periods import add_months

Status = ExclusionEntry.Status
Outcome = ExclusionAppeal.Outcome
KIND: Final = "exclusion"
KEPT_AT_MOST_MONTHS: Final = 60
DECIDED_WITHIN: Final = timedelta(days=20)  # 征信业管理条例, art. 25: an objection is answered within twenty days


class ExclusionRefused(Refused):
    SENTENCES = {
        "incomplete": _("Say why, and what shows it."),
        "purpose": _("There is no purpose of this kind."),
        "basis": _("There is no basis of this kind."),
        "past": _("%(day)s is in the past."),
        "too-long": _("This may be kept until %(latest)s at most."),
        "future": _("%(day)s is in the future."),
        "standing": _("The person is on the list for this purpose already, or waits for it."),
        "not-possible": _("An entry that is %(status)s cannot do this."),
        "no-reason": _("Say why."),
        "words": _("Write what the person says."),
        "appeal-open": _("There is an objection already that nobody has decided."),
        "appeal-decided": _("This objection has been decided already."),
        "own": _("Whoever put a person on the list does not decide the objection."),
        "outcome": _("Say how the objection ends."),
        "shorter": _("Say an earlier day until which it is kept."),
    }


@transaction.atomic
def propose(
    *,
    case: Case,
    purpose: str,
    basis: str,
    reason: str,
    evidence: str,
    retain_until: date,
    default_ended_on: date | None = None,
    actor: Actor,
    at: datetime,
) -> ExclusionEntry:
    """Propose that a person goes on the list of the creditor of a case; a compliance officer has to agree. Raises
    ExclusionRefused.

    retain_until: the last day, at most five years after the default ended (where it has not: after today).
    """
    locks.lock(person_ids=[case.person_id])
    today = clock.business_day(at, case.creditor.time_zone)
    if purpose not in ExclusionEntry.Purpose.values:
        raise ExclusionRefused("purpose")
    if basis not in ExclusionEntry.Basis.values:
        raise ExclusionRefused("basis")
    if not reason.strip() or not evidence.strip():
        raise ExclusionRefused("incomplete")
    if default_ended_on is not None and default_ended_on > today:
        raise ExclusionRefused("future", day=default_ended_on)
    if retain_until <= today:
        raise ExclusionRefused("past", day=retain_until)
    latest = add_months(default_ended_on or today, KEPT_AT_MOST_MONTHS)
    if retain_until > latest:
        raise ExclusionRefused("too-long", latest=latest)
    try:
        with transaction.atomic():
            entry = ExclusionEntry.objects.create(
                creditor_id=case.creditor_id,
                person_id=case.person_id,
                case=case,
                purpose=purpose,
                basis=basis,
                reason=reason.strip()[:500],
                evidence=evidence.strip()[:200],
                default_ended_on=default_ended_on,
                retain_until=retain_until,
                proposed_at=at,
                proposed_by_id=actor.id if actor.kind == USER else None,
            )
    except IntegrityError as clash:
        if "exclusion_of_a_person_stands_once_per_purpose" in str(clash):
            raise ExclusionRefused("standing") from None
        raise
    audit.record(
        "exclusion.proposed", subject=entry, actor=actor, at=at, person_id=entry.person_id, purpose=purpose, basis=basis
    )
    approvals.ask(
        kind=KIND,
        subject=entry,
        amount=None,
        currency="",
        reason=entry.reason,
        signatures=1,
        role=Role.COMPLIANCE,
        actor=actor,
        at=at,
    )
    return entry


@transaction.atomic
def told(*, entry_id: int, on: date, actor: Actor, at: datetime) -> ExclusionEntry:
    """Record that the person was told that he is on the list, why, and how to object. Raises ExclusionRefused."""
    entry = _locked(entry_id)
    _require(entry, Status.LISTED)
    if on > clock.business_day(at, entry.creditor.time_zone):
        raise ExclusionRefused("future", day=on)
    entry.told_on = on
    entry.save(update_fields=["told_on"])
    audit.record("exclusion.told", subject=entry, actor=actor, at=at, person_id=entry.person_id, on=on)
    return entry


@transaction.atomic
def remove(*, entry_id: int, reason: str, actor: Actor, at: datetime) -> ExclusionEntry:
    """Take a person off the list. Raises ExclusionRefused."""
    entry = _locked(entry_id)
    _require(entry, Status.LISTED)
    if not reason.strip():
        raise ExclusionRefused("no-reason")
    _remove(entry, reason=reason.strip(), actor=actor, at=at)
    return entry


@transaction.atomic
def appeal(*, entry_id: int, words: str, actor: Actor, at: datetime) -> ExclusionAppeal:
    """Record that the person objects. Somebody else than who listed him decides within twenty days. Raises."""
    entry = _locked(entry_id)
    _require(entry, Status.LISTED)
    if not words.strip():
        raise ExclusionRefused("words")
    if entry.appeals.filter(decided_at__isnull=True).exists():
        raise ExclusionRefused("appeal-open")
    opened = ExclusionAppeal.objects.create(
        entry=entry,
        person_id=entry.person_id,
        words=words.strip()[:500],
        opened_at=at,
        opened_by_id=actor.id if actor.kind == USER else None,
        decide_by=clock.business_day(at, entry.creditor.time_zone) + DECIDED_WITHIN,
    )
    audit.record("exclusion.appealed", subject=entry, actor=actor, at=at, person_id=entry.person_id, appeal=opened.pk)
    return opened


@transaction.atomic
def decide_appeal(
    *, appeal_id: int, outcome: str, reason: str, retain_until: date | None = None, actor: Actor, at: datetime
) -> ExclusionAppeal:
    """Decide an objection: the entry stays, stays for less time (until `retain_until`), or goes. Raises."""
    entry = _locked(ExclusionAppeal.objects.values_list("entry_id", flat=True).get(pk=appeal_id))
    row = ExclusionAppeal.objects.select_for_update(of=("self",), no_key=True).get(pk=appeal_id)
    _require(entry, Status.LISTED)
    if row.decided_at is not None:
        raise ExclusionRefused("appeal-decided")
    if outcome not in Outcome.values:
        raise ExclusionRefused("outcome")
    if not reason.strip():
        raise ExclusionRefused("no-reason")
    if actor.kind != USER or actor.id in _who_listed(entry):
        raise ExclusionRefused("own")
    if outcome == Outcome.SHORTENED:
        today = clock.business_day(at, entry.creditor.time_zone)
        if retain_until is None or not today < retain_until < entry.retain_until:
            raise ExclusionRefused("shorter")
        entry.retain_until = retain_until
        entry.save(update_fields=["retain_until"])
    row.outcome, row.decided_at, row.decided_by_id, row.decided_reason = outcome, at, actor.id, reason.strip()[:300]
    row.save(update_fields=["outcome", "decided_at", "decided_by", "decided_reason"])
    audit.record(
        "exclusion.appeal_decided",
        subject=entry,
        actor=actor,
        at=at,
        person_id=entry.person_id,
        appeal=row.pk,
        outcome=outcome,
        reason=reason,
    )
    if outcome == Outcome.REMOVED:
        _remove(entry, reason=reason.strip(), actor=actor, at=at)
    return row


def drop_expired(*, creditor_id: int, business_date: date, actor: Actor, at: datetime) -> int:
    """Drop the entries of a creditor whose last day is over; return how many. Each in its own transaction."""
    ids = list(over(creditor_id, business_date=business_date).values_list("pk", flat=True))
    return sum(_expire(pk, business_date, actor, at) for pk in ids)


def over(creditor_id: int, *, business_date: date) -> QuerySet[ExclusionEntry]:
    """Return the entries of a creditor whose last day is over."""
    rows = ExclusionEntry.objects.filter(creditor_id=creditor_id, status=Status.LISTED, retain_until__lt=business_date)
    return rows.order_by("pk")


def read(*, user: Any, at: datetime, person_id: int | None = None) -> list[ExclusionEntry]:
    """Return the entries that a user may see, and record that he saw each. Who may read decides the caller."""
    rows = reach.limit(ExclusionEntry.objects.all(), user, case="")
    rows = rows.filter(status__in=[Status.PROPOSED, Status.LISTED])
    if person_id is not None:
        rows = rows.filter(person_id=person_id)
    entries = list(
        rows.select_related("person", "creditor", "case", "proposed_by").order_by("-proposed_at", "-pk")[:200]
    )
    note_reading(entries, user=user, at=at)
    return entries


def note_reading(entries: Sequence[ExclusionEntry], *, user: Any, at: datetime) -> None:
    """Record that somebody saw these entries."""
    for entry in entries:
        audit.record("exclusion.read", subject=entry, actor=Actor.of(user), at=at, person_id=entry.person_id)


@transaction.atomic
def _expire(pk: int, business_date: date, actor: Actor, at: datetime) -> bool:
    entry = _locked(pk)
    if entry.status != Status.LISTED or entry.retain_until >= business_date:
        return False
    entry.expire(at=at)
    entry.save(update_fields=["status", "ended_at"])
    audit.record("exclusion.expired", subject=entry, actor=actor, at=at, person_id=entry.person_id)
    return True


def _remove(entry: ExclusionEntry, *, reason: str, actor: Actor, at: datetime) -> None:
    entry.remove(at=at, reason=reason[:300])
    entry.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record("exclusion.removed", subject=entry, actor=actor, at=at, person_id=entry.person_id, reason=reason)


def _who_listed(entry: ExclusionEntry) -> set[int | None]:
    """Return who proposed an entry and who agreed to it."""
    about = Approval.objects.filter(subject_label=entry._meta.label_lower, subject_id=entry.pk)
    return {entry.proposed_by_id, *about.values_list("signed__signed_by_id", flat=True)}


def _require(entry: ExclusionEntry, status: str) -> None:
    if entry.status != status:
        raise ExclusionRefused("not-possible", status=entry.get_status_display())


def _locked(entry_id: int) -> ExclusionEntry:
    person_id = ExclusionEntry.objects.values_list("person_id", flat=True).get(pk=entry_id)
    locks.lock(person_ids=[person_id])
    rows: QuerySet[ExclusionEntry] = ExclusionEntry.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("creditor").get(pk=entry_id)


# -- what a signer sees and does ---------------------------------------------------------------------------------------


def register() -> None:
    """Tell approvals what an entry of the list is. Called once, when the app is ready."""
    approvals.register(
        KIND, title=_("Exclusion list"), facts=_facts, on_approved=_approved, on_refused=_refused, state=_state
    )


def _state(entry: ExclusionEntry) -> dict[str, str]:
    return {
        "purpose": entry.purpose,
        "basis": entry.basis,
        "reason": entry.reason,
        "until": str(entry.retain_until),
    }


def _facts(subject: ExclusionEntry, *, at: datetime) -> Sequence[Section]:
    return [
        Section(
            _("On the list"),
            [
                Line(_("Purpose"), subject.get_purpose_display()),
                Line(_("Basis"), subject.get_basis_display()),
                Line(_("Evidence"), subject.evidence),
                Line(_("Default ended"), subject.default_ended_on or _("not yet")),
                Line(_("Kept until"), subject.retain_until),
            ],
        )
    ]


def _approved(*, approval: Approval, subject: ExclusionEntry, actor: Actor, at: datetime) -> None:
    entry = _locked(subject.pk)
    entry.list_(at=at)
    entry.save(update_fields=["status", "listed_at"])
    audit.record(
        "exclusion.listed", subject=entry, actor=actor, at=at, person_id=entry.person_id, purpose=entry.purpose
    )


def _refused(*, approval: Approval, subject: ExclusionEntry, reason: str, actor: Actor, at: datetime) -> None:
    entry = _locked(subject.pk)
    withdrawn = approval.status == Approval.Status.WITHDRAWN
    (entry.withdraw if withdrawn else entry.refuse)(at=at, reason=reason[:300])
    entry.save(update_fields=["status", "ended_at", "ended_reason"])
    name = "exclusion.withdrawn" if withdrawn else "exclusion.refused"
    audit.record(name, subject=entry, actor=actor, at=at, person_id=entry.person_id, reason=reason)
