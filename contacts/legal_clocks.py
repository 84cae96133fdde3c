"""The legal clocks of every account: limitation, guarantee, courts, from everything that is known about it.

Contacts are read as far back as a claim can live, not only as far as rules count them: a demand of years ago may be
what keeps a suit in time. Each account has its own due date, product and evidence; a debtor's payment is evidence for
the account that it was for, a promise for every account of the case. The page of a case reckons for itself; for lists,
warnings and the gate rows are kept (`LegalClock`), and reckoned again in the background where something changed.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from cases import arrears
from cases.models import Account, Case, Creditor, LedgerEntry, Payment, Plan, Promise
from collections_app.shared import clock as clocks_of_places
from collections_app.shared.asked_often import asked_often
from compliance import clocks, gate
from compliance.clocks import Clock
from compliance.facts import ContactEvent, Facts, Question, Record
from compliance.packs_loader import Pack, PackError
from compliance.predicates.limitation import PERIODS
from contacts import facts, sql_legal
from contacts.facts import CaseFile
from contacts.models import LegalClock, LegalEvent, LegalReckoning

log = logging.getLogger(__name__)
LONGEST: Final = timedelta(days=20 * 366)  # the outer limit of a claim
KINDS: Final = {
    "limitation_open": LegalClock.Kind.LIMITATION,
    "guarantee_period_open": LegalClock.Kind.GUARANTEE,
}  # every other period is a court's
# What an officer said is no period that a rule reckons; it is kept as one that is over.
STATED: Final = "STATED"
STATED_TITLE: Final = {"en": "Time-barred, as established", "zh-hans": "经认定已过诉讼时效"}
_OF_CONTACTS: Final = ("suit_not_threatened_when_barred", "barred_and_refused")
_OURS: Final = ("overdue_since", "promise_made", "plan_performing", "debt_time_barred")
_MOST_BREAKS: Final = 50
BUDGET_S: Final = 20.0
A_TURN: Final = 5_000  # cases
# Days before the last day from which a clock is shown as near: to plan, to act, to act today.
NEAR: Final = {
    LegalClock.Kind.LIMITATION: (180, 90, 30),
    LegalClock.Kind.GUARANTEE: (60, 30, 10),
    LegalClock.Kind.COURT: (10, 5, 2),
}


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One clock of one account."""

    account: Account
    clock: Clock

    @property
    def kind(self) -> str:
        return KINDS.get(self.clock.check, LegalClock.Kind.COURT)


@dataclass(frozen=True, slots=True)
class _Known:
    """What bears on the clocks of a case beside what the gate knows."""

    promises: tuple[Promise, ...]
    plans: tuple[Plan, ...]
    payments: tuple[LedgerEntry, ...]
    events: tuple[LegalEvent, ...]


def of_case(case_id: int, *, at: datetime) -> list[Reckoned]:
    """Return the clocks that run or ran on the accounts of a case at an instant, the next to end first.

    A claim is due since the oldest unpaid due date of its account. Raises Case.DoesNotExist.
    """
    file = facts.of_case(case_id, at=at, window=LONGEST)
    place, zone = file.found.case, file.found.case.creditor_time_zone
    accounts = Account.objects.filter(person_id=place.person_id, creditor_id=place.creditor_id)
    accounts = accounts.exclude(status=Account.Status.CLOSED).select_related("product")
    positions = arrears.of_accounts(list(accounts.order_by("pk")), on=clocks_of_places.business_day(at, zone))
    base, known = file.facts(), _known(place.person_id, place.creditor_id, case_id, at=at)
    found: list[Reckoned] = []
    for position in positions:
        if position.past_due_since is None:
            continue
        own = _of_account(base, position, known, file, at=at)
        debts = (position.account.pk,)
        question = Question(at=at, kind="action", action="file_suit", debts=debts, actor_kind=place.acting_as)
        packs = gate.choose_packs(question, own)
        found += [
            Reckoned(position.account, one)
            for one in clocks.clocks(own, at, packs=packs, debts=debts)
            if one.check not in _OF_CONTACTS
        ]
    found += [_stated(account, known, zone) for account in accounts if _barred_on(account, known) is not None]
    return sorted(found, key=lambda one: (one.clock.over, one.clock.ends, one.clock.id, one.account.pk))


def _known(person_id: int, creditor_id: int, case_id: int, *, at: datetime) -> _Known:
    """Read what no contact tells. A promise made in error is none; one that was moved was made all the same."""
    promises = Promise.objects.filter(person_id=person_id, creditor_id=creditor_id, made_at__lte=at)
    promises = promises.filter(promised_by__in=[Promise.By.BORROWER, Promise.By.JOINT_DEBTOR])
    promises = promises.select_related("replaced_by").order_by("pk")
    said = [one for one in promises if one.status != Promise.Status.CANCELLED or hasattr(one, "replaced_by")]
    plans = Plan.objects.filter(person_id=person_id, creditor_id=creditor_id, signed_at__lte=at)
    payments = LedgerEntry.objects.filter(
        person_id=person_id, creditor_id=creditor_id, kind=LedgerEntry.Kind.PAYMENT, payment__isnull=False
    ).exclude(payment__status=Payment.Status.REVERSED)
    payments = payments.filter(payment__payer=Payment.Payer.BORROWER, recorded_at__lte=at).order_by("pk")
    events = LegalEvent.objects.filter(case__person_id=person_id, case__creditor_id=creditor_id, recorded_at__lte=at)
    events = events.filter(undoes__isnull=True, undone_by__isnull=True).order_by("pk")
    return _Known(tuple(said), tuple(plans.order_by("pk")), tuple(payments), tuple(events))


def _of_account(base: Facts, position: arrears.Arrears, known: _Known, file: CaseFile, *, at: datetime) -> Facts:
    """Return the facts of a case as they are for one of its accounts."""
    account, zone = position.account, file.found.case.creditor_time_zone

    def noon(day: date) -> datetime:
        return min(datetime.combine(day, time(12), clocks_of_places.zone(zone)), at)

    events = [one for one in known.events if one.account_id in (None, account.pk)]
    paid = {one.payment_id: one for one in known.payments if one.account_id == account.pk}
    contacts = [
        *base.contacts,
        *(
            ContactEvent(at=noon(one.effective_on), channel="other", outcome="payment_made", id=pk, debts=(account.pk,))
            for pk, one in paid.items()
        ),
        *(
            ContactEvent(
                at=noon(one.happened_on), channel="letter", outcome="delivered_signed", id=_id_of(one),
                purpose="collection", effective_demand=True, debts=(account.pk,),
            )
            for one in events if one.kind == LegalEvent.Kind.DEMAND_SERVED
        ),
    ]  # fmt: skip
    records = [
        *(one for one in base.records if one.kind not in _OURS and (not one.debts or account.pk in one.debts)),
        Record(kind="overdue_since", at=noon(position.past_due_since or at.date())),
        *(Record(kind="promise_made", at=min(one.made_at, at), id=one.pk, until=one.due_on) for one in known.promises),
        *(Record(kind="plan_performing", at=one.signed_at or at, id=one.pk) for one in known.plans),
        *(
            Record(
                kind=one.kind, at=noon(one.happened_on), id=_id_of(one), until=one.until,
                debtor_notified=True if one.kind == LegalEvent.Kind.ASSIGNED else None,
            )
            for one in events if one.kind not in (LegalEvent.Kind.DEMAND_SERVED, LegalEvent.Kind.TIME_BARRED)
        ),
    ]  # fmt: skip
    return replace(
        base,
        product=str(account.product.kind),
        other_products=(),
        contacts=tuple(sorted(contacts, key=lambda one: one.at)),
        records=tuple(records),
    )


def _id_of(event: LegalEvent) -> str:
    return f"event-{event.pk}"


def _barred_on(account: Account, known: _Known) -> LegalEvent | None:
    said = [one for one in known.events if one.kind == LegalEvent.Kind.TIME_BARRED]
    return next((one for one in said if one.account_id in (None, account.pk)), None)


def _stated(account: Account, known: _Known, zone: str) -> Reckoned:
    event = _barred_on(account, known)
    assert event is not None
    day = event.happened_on
    return Reckoned(
        account,
        Clock(
            id=STATED, pack="", title=STATED_TITLE, starts=day, ends=day - timedelta(days=1), certain=True, left=-1,
            interrupted_by=(), source=event.evidence,
            over_at=datetime.combine(day, time.min, clocks_of_places.zone(zone)), check="limitation_open",
        ),
    )  # fmt: skip


# -- rows --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def reckon(case_id: int, *, at: datetime, edition: str = "") -> int:
    """Write the clocks of a case anew; return how many there are. Raises Case.DoesNotExist."""
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    rows = [_row(case, one) for one in of_case(case_id, at=at)]
    LegalReckoning.objects.update_or_create(
        case_id=case_id, defaults={"person_id": case.person_id, "reckoned_at": at, "edition": edition}
    )
    LegalClock.objects.filter(case_id=case_id).delete()
    LegalClock.objects.bulk_create(rows)
    return len(rows)


def _row(case: Case, one: Reckoned) -> LegalClock:
    ours = one.clock
    return LegalClock(
        case_id=case.pk,
        account_id=one.account.pk,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        guarantor_id=ours.person_id,
        kind=one.kind,
        rule=ours.id,
        title=dict(ours.title),
        source=ours.source[:200],
        starts=ours.starts,
        ends=ours.ends,
        certain=ours.certain,
        over_at=ours.over_at,
        interrupted=[_break(each) for each in ours.interrupted_by[-_MOST_BREAKS:]],
        kept=_break(ours.kept_by) if ours.kept_by is not None else None,
    )


def _break(one: Any) -> dict[str, Any]:
    return {"day": one.day.isoformat(), "ground": one.ground, "id": one.id}


def reckon_stale(*, now: Callable[[], datetime], budget_s: float = BUDGET_S, most: int = A_TURN) -> dict[str, int]:
    """Reckon the cases of which something changed, and drop those that have ended; return how many of each.

    Only where a pack that binds the place has a clock; the first time every case, after that those that were touched.
    It ends when nothing is stale, when so many were reckoned, or when the seconds are spent; what is left waits for the
    next turn.
    """
    began = monotonic()
    counts = {"reckoned": 0, "dropped": 0}
    for creditor_id in Creditor.objects.order_by("pk").values_list("pk", flat=True):
        at = now()
        places, edition = places_with_clocks(creditor_id, at=at)
        values: dict[str, Any] = {"creditor": creditor_id, "places": places, "edition": edition}
        values["most"] = most - counts["reckoned"]
        with connection.cursor() as cursor:
            cursor.execute(sql_legal.DROP_ENDED, values)
            counts["dropped"] += max(0, cursor.rowcount)
            cursor.execute(sql_legal.STALE_CASES, values)
            stale = [row[0] for row in cursor.fetchall()]
        for case_id in stale:
            if monotonic() - began > budget_s:
                return counts
            reckon(case_id, at=at, edition=edition)
            counts["reckoned"] += 1
    return counts


def places_with_clocks(creditor_id: int, *, at: datetime) -> tuple[list[str], str]:
    """Return the places of this book where a rule reckons a period, and a word for the versions of those rules."""
    with connection.cursor() as cursor:
        cursor.execute(sql_legal.PLACES, {"creditor": creditor_id})
        places = [row[0] for row in cursor.fetchall()]
    found, versions = [], set()
    for place in places:
        packs = [pack for pack in _packs_of(place, at=at) if _clocks_in(pack)]
        if packs:
            found.append(place)
            versions |= {f"{pack.id} {pack.hash}" for pack in packs}
    return found, hashlib.sha256("\n".join(sorted(versions)).encode()).hexdigest()[:16]


def _packs_of(place: str, *, at: datetime) -> Iterable[Pack]:
    question = Question(at=at, kind="action", action="file_suit")
    try:
        return gate.choose_packs(question, Facts(jurisdictions=(place,), product="credit_card", dpd=1))
    except PackError as error:
        log.warning("clocks not reckoned", extra={"place": place, "error": str(error)})
        return ()


def _clocks_in(pack: Pack) -> bool:
    return any(rule.check in PERIODS and rule.check not in _OF_CONTACTS for rule in pack.rules)


# -- warnings ----------------------------------------------------------------------------------------------------------


def tone(kind: str, left: int, *, is_kept: bool = False) -> str:
    """Return how near a clock is to its end: ok, plain (time to plan), soon, stop (days left, or over)."""
    if is_kept:
        return "ok"
    plan, act, last = NEAR[LegalClock.Kind(kind)]
    return "stop" if left <= last else "soon" if left <= act else "plain" if left <= plan else "ok"


def near(case: Case, *, today: date) -> Sequence[LegalClock]:
    """Return the clocks of a case that a person who works it should see: barred, or in their last days; two at most."""
    shown = [row for row in _running(case=case.pk) if tone(row.kind, (row.ends - today).days) in ("soon", "stop")]
    return shown[:2]


@asked_often
def _running(case: int) -> QuerySet[LegalClock]:
    return LegalClock.objects.filter(case_id=case, kept__isnull=True).order_by("ends", "pk")
