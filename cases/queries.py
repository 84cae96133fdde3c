"""What the case page says about a case: who, how much and why, what is open. Sealed numbers come as their last four."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import ageing, arrears, freshness, promise_outcomes, promise_parts
from cases.asking import Asker, asked_by_users
from cases.locks import ClockTimestamp
from cases.models import Account, Case, ContactPoint, Hold, Instruction, Person, Plan, Promise
from cases.priority import rules as priority_rules
from collections_app.shared import clock, refs
from collections_app.shared.asked_often import asked_often
from collections_app.shared.listing import clauses

STATUS_TONES: Final = {
    "new": "plain",
    "working": "act",
    "promised": "soon",
    "on_plan": "ok",
    "cured": "ok",
    "closed": "past",
}
PROMISE_TONES: Final = {"open": "soon", "kept": "ok", "partly_kept": "soon", "broken": "stop", "cancelled": "past"}
POINT_TONES: Final = {"verified": "ok", "unverified": "plain", "bad": "stop", "stranger": "stop", "removed": "past"}
LIVE_PLANS: Final = ("approved", "performing", "missed")


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account as the page shows it. `past_due`: how much is past due today."""

    pk: int
    ref: str
    product: str
    balance: Decimal
    currency: str
    past_due: Decimal
    dpd: int
    bucket: str


@dataclass(frozen=True, slots=True)
class PointLine:
    """One way to reach the person, masked. usable: it may be tried, as far as the number itself goes."""

    pk: int
    label: str
    ending: str
    state: str
    tone: str
    verified: bool
    kind: str = ""
    usable: bool = True


@dataclass(frozen=True, slots=True)
class HoldLine:
    pk: int
    label: str
    reason: str
    until: date | None
    review_on: date | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class AskLine:
    """What the person asked and has not taken back."""

    pk: int
    label: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Who, how much and why, what happened last, what is open. `row` is the case itself."""

    row: Case
    today: date
    accounts: list[AccountLine]
    points: list[PointLine]
    holds: list[HoldLine]
    promise: dict[str, Any] | None
    plan: dict[str, Any] | None
    asked: list[AskLine]
    broken_promises: int
    feed: freshness.Freshness
    read_only: bool = False
    is_mine: bool = False
    holder: str = ""
    why: list[str] = field(default_factory=list)

    @property
    def pk(self) -> int:
        return self.row.pk

    @property
    def ref(self) -> str:
        return self.row.ref

    @property
    def version(self) -> int:
        return self.row.version

    @property
    def person(self) -> dict[str, Any]:
        person: Person = self.row.person
        return {
            "name": str(person),
            "is_named": person.is_named,
            "is_verified": any(point.verified for point in self.points),
            "zone": person.time_zone,
            "language": person.language,
            "birth_year": person.birth_on.year if person.birth_on else None,
            "document_last4": person.document_last4,
        }

    @property
    def creditor(self) -> str:
        return str(self.row.creditor)

    @property
    def is_resolved(self) -> bool:
        return self.row.is_resolved

    @property
    def status_label(self) -> str:
        return str(self.row.get_status_display())

    @property
    def status_tone(self) -> str:
        return STATUS_TONES.get(self.row.status, "plain")

    @property
    def owed(self) -> Decimal:
        return sum((account.balance for account in self.accounts), Decimal("0.00"))

    @property
    def past_due(self) -> Decimal:
        return sum((account.past_due for account in self.accounts), Decimal("0.00"))

    @property
    def currency(self) -> str:
        return self.row.currency

    @property
    def dpd(self) -> int:
        return self.row.dpd_on(self.today)

    @property
    def bucket(self) -> str:
        return ageing.DEFAULT.bucket(self.dpd)

    @property
    def reason_label(self) -> str:
        return str(self.row.get_default_reason_display())

    @property
    def willingness(self) -> str:
        return str(self.row.get_willingness_display())

    @property
    def ability(self) -> str:
        return str(self.row.get_ability_display())

    @property
    def vulnerability(self) -> str:
        person: Person = self.row.person
        if person.vulnerability == Person.Vulnerability.NONE:
            return ""
        return _("Vulnerable: %(state)s") % {"state": person.get_vulnerability_display()}

    @property
    def next_action(self) -> dict[str, Any] | None:
        if not self.row.next_action:
            return None
        return {
            "label": str(self.row.get_next_action_display()),
            "at": self.row.next_action_at,
            "note": skip_label(self.row.next_action_note),
        }

    @property
    def owner(self) -> str:
        return str(self.row.owner) if self.row.owner else ""


def find(user, ref: str) -> Case:
    """Return the case of this reference with what its page needs. Raises Http404, also for a case of another team."""
    try:
        case = _found.first(user, case=refs.decode("C", ref))
    except refs.BadReference:
        raise Http404 from None
    if case is None:
        raise Http404
    return case


@asked_by_users
def _found(user: Asker, case: int) -> QuerySet[Case]:
    beside = "person", "creditor", "owner", "lease_by", "team"
    return Case.objects.visible_to(user).filter(pk=case).select_related(*beside).annotate(is_leased=LEASED)


LEASED: Final = ExpressionWrapper(
    Q(lease_until__isnull=False, lease_until__gt=ClockTimestamp()), output_field=BooleanField()
)
"""Whether somebody holds a case at the moment, by the database's clock."""


def today(case: Case, at: datetime) -> date:
    """Return the creditor's business date at this instant."""
    return clock.business_day(at, case.creditor.time_zone)


def facts_of(case: Case, *, user, at: datetime) -> CaseFacts:
    """Return what the case page says about a case, in a constant number of queries.

    case: as `find` returns it.
    """
    on = today(case, at)
    mine_alone = {"person": case.person_id, "creditor": case.creditor_id}
    accounts = _accounts(**mine_alone)
    promises = _promises(case=case.pk)
    plan = _live_plan.first(case=case.pk)
    leased = bool(getattr(case, "is_leased", False))
    mine = case.lease_by_id == user.pk and leased
    broken = sum(promise.status == Promise.Status.BROKEN for promise in promises)
    return CaseFacts(
        row=case,
        today=on,
        accounts=[_account_line(position, on) for position in arrears.of_accounts(accounts, on=on)],
        points=[_point_line(point) for point in _points(person=case.person_id)],
        holds=[_hold_line(hold) for hold in _holds(**mine_alone)],
        asked=[_ask_line(given) for given in _asked(**mine_alone, at=at)],
        promise=_promise_line(promises),
        plan=_plan_line(plan),
        broken_promises=broken,
        feed=freshness.of_creditor(case.creditor, on=on),
        is_mine=mine,
        holder=str(case.lease_by) if leased and not mine else "",
        read_only=not mine or not user.has_perm("cases.work_queue") or case.is_resolved,
        why=_why(case, promises, day=on, at=at),
    )


@asked_often
def _accounts(person: int, creditor: int) -> QuerySet[Account]:
    accounts = Account.objects.filter(person_id=person, creditor_id=creditor)
    return accounts.select_related("product").order_by("-balance", "pk")


@asked_often
def _promises(case: int) -> QuerySet[Promise]:
    return Promise.objects.filter(case_id=case).order_by("-made_at", "-pk")[:20]


@asked_often
def _live_plan(case: int) -> QuerySet[Plan]:
    return Plan.objects.filter(case_id=case, status__in=LIVE_PLANS).order_by("-pk")[:1]


@asked_often
def _holds(person: int, creditor: int) -> QuerySet[Hold]:
    standing = Hold.objects.filter(person_id=person, released_at__isnull=True)
    return standing.filter(Q(creditor_id__isnull=True) | Q(creditor_id=creditor)).order_by("starts_at", "pk")


@asked_often
def _points(person: int) -> QuerySet[ContactPoint]:
    points = ContactPoint.objects.filter(person_id=person).exclude(state=ContactPoint.State.REMOVED)
    return points.select_related("address").order_by("position", "pk")


def _account_line(position: arrears.Arrears, on: date) -> AccountLine:
    account, dpd = position.account, ageing.dpd(position.past_due_since, on)
    return AccountLine(
        pk=account.pk,
        ref=f"…{account.number_last4}",
        product=str(account.product),
        balance=account.balance,
        currency=account.currency,
        past_due=position.amount,
        dpd=dpd,
        bucket=ageing.DEFAULT.bucket(dpd),
    )


def _point_line(point: ContactPoint) -> PointLine:
    suppressed = point.address.suppressed_at is not None
    return PointLine(
        pk=point.pk,
        label=str(point.get_kind_display()),
        ending=f"…{point.address.value_last4}" if point.address.kind == "phone" else "",
        state=_("silenced for everybody") if suppressed else str(point.get_state_display()),
        tone="stop" if suppressed else POINT_TONES.get(point.state, "plain"),
        verified=point.state == ContactPoint.State.VERIFIED and not suppressed,
        kind=point.kind,
        usable=not suppressed and point.state in (ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED),
    )


def _hold_line(hold: Hold) -> HoldLine:
    return HoldLine(
        pk=hold.pk,
        label=str(hold.get_kind_display()),
        reason=hold.reason,
        until=hold.ends_on,
        review_on=hold.review_on,
        confirmed=hold.confirmed_at is not None,
    )


def asked_by(case: Case, *, at: datetime) -> QuerySet[Instruction]:
    """Return what the person asks of us or of this creditor, latest first, without what was taken back or is over."""
    return _asked_rows(case.person_id, case.creditor_id, at)


def _asked_rows(person: int, creditor: int, at: datetime) -> QuerySet[Instruction]:
    given = Instruction.objects.filter(person_id=person, withdrawal__isnull=True)
    given = given.filter(Q(creditor_id__isnull=True) | Q(creditor_id=creditor))
    return given.exclude(expires_at__lte=at).order_by("-received_at", "-pk")


_asked = asked_often(_asked_rows)


def _ask_line(given: Instruction) -> AskLine:
    what = str(given.get_kind_display())
    if given.details.get("start"):
        what = f"{what} {given.details['start']}–{given.details.get('end', '')}"
    return AskLine(
        pk=given.pk,
        label=f"{what} ({given.channel})" if given.channel else what,
        words=given.words,
        at=given.received_at,
    )


def _promise_line(promises: list[Promise]) -> dict[str, Any] | None:
    """Return the open promise, else the last one."""
    chosen = next((promise for promise in promises if promise.status == Promise.Status.OPEN), None)
    chosen = chosen or (promises[0] if promises else None)
    if chosen is None:
        return None
    parts = promise_outcomes.parts_of(chosen)
    covered = promise_parts.covered(parts, chosen.paid_amount)
    return {
        "pk": chosen.pk,
        "parts": [
            {"amount": part.amount, "due_on": part.due_on, "is_met": paid >= part.amount}
            for part, paid in zip(parts, covered, strict=True)
        ],
        "moved": chosen.moved_times,
        "by": str(chosen.get_promised_by_display()) if chosen.promised_by != Promise.By.BORROWER else "",
        "amount": chosen.amount,
        "paid": chosen.paid_amount,
        "currency": chosen.currency,
        "due_on": chosen.due_on,
        "is_open": chosen.status == Promise.Status.OPEN,
        "status_label": str(chosen.get_status_display()),
        "tone": PROMISE_TONES.get(chosen.status, "plain"),
    }


def _plan_line(plan: Plan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {"label": f"{plan.get_kind_display()}: {plan.get_status_display()}", "tone": "ok"}


def _why(case: Case, promises: list[Promise], *, day: date, at: datetime) -> list[str]:
    """Return, in words, what brought this case before a person."""
    reasons = []
    broken = sum(promise.status == Promise.Status.BROKEN for promise in promises)
    if case.next_action_note:
        reasons.append(skip_label(case.next_action_note))
    if broken:
        reasons.append(ngettext("%(n)s broken promise", "%(n)s broken promises", broken) % {"n": broken})
    if case.last_right_party_at is None:
        reasons.append(_("never reached yet"))
    if case.score and not case.is_resolved:
        states = {promise.status for promise in promises}
        reasons.append(_priority(case.score, priority_rules.of_case(case, day=day, at=at, promises=states)))
    return reasons


def _priority(stored: int, found: priority_rules.Score) -> str:
    """Return the stored priority with the weightiest reasons for it."""
    texts = [
        reason.text if reason.key == "worth" else f"{reason.text} {reason.points:+d}".replace(" -", " −")
        for reason in found.top
        if reason.key != "worth" or found.worth
    ]
    return _("priority %(score)s: %(reasons)s") % {"score": stored, "reasons": clauses(texts)}


SKIP_REASONS: Final = ("bad-hour", "known-to-me", "language", "needs-supervisor", "waiting-for-papers", "unreachable")


# What the apps above write as "name: codes" is said by them: name -> what makes words of the codes.
NOTE_READERS: Final[dict[str, Callable[[str], str]]] = {}


def skip_label(code: str) -> str:
    """Return why a case was put aside, in the reader's language; other notes as they were written."""
    labels = {
        "bad-hour": _("not a good hour to call"),
        "known-to-me": _("I know this person"),
        "language": _("another language is needed"),
        "needs-supervisor": _("a supervisor must look first"),
        "waiting-for-papers": _("waiting for papers"),
        "unreachable": _("no number that can be called"),
        "strategy-review": _("the strategy asks for a review"),
        "strategy-ended": _("the strategy has ended"),
        "hold": _("a hold is to be reviewed"),
        "callback-missed": _("the agreed call was missed"),
        "promise settled": _("the promise is settled"),
        "promise_cancelled": _("the promise was taken back"),
        "payment reversed": _("a payment was reversed"),
        "plan-completed": _("the plan is completed, something is still owed"),
        "plan-broken": _("the plan is broken"),
        "plan-unsigned": _("the agreement was not signed in time"),
        "plan-missed": _("an instalment was missed"),
        "plan-first-instalments": _("one of the first instalments is late or short"),
        "plan-cancelled": _("the plan was given up"),
    }
    prefix, colon, rest = code.partition(":")
    if prefix in NOTE_READERS and (colon or code == prefix):
        return NOTE_READERS[prefix](rest.strip())
    return labels.get(code, code)


def reveal_reasons() -> dict[str, str]:
    """Return for what somebody may look at masked data: code and words."""
    return {
        "to-dial": _("to reach the person"),
        "to-verify": _("to verify who is speaking"),
        "to-correct": _("to correct the data"),
        "asked": _("the person asks what we hold"),
        "complaint": _("to look into a complaint"),
    }
