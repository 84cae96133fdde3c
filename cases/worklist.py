"""The collector's queue: the next best case, handed out to one person at a time.

A case is in the queue when its next action is a person's and due. It is handed out by a lease on the row, taken with
SKIP LOCKED and timed by the database's clock, so that two collectors never hold the same case. Among the best, those
with whom something can be done at this hour come first (`worklist_order`); the gate still decides about every contact.

While a collector is at one case the next one may be kept for him (`keep_ahead`), so that its page is there at once. It
is leased like any other, for a shorter time, and becomes the case in hand when he asks for the next.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from cases import callbacks, daytime, lifecycle, sql_queue, worklist_order
from cases.asking import Asker, asked_by_users
from cases.locks import ClockTimestamp
from cases.models import Case, Hold, NextAction
from cases.models.case import HUMAN_ACTIONS
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from collections_app.shared.asked_often import IsOneOf, asked_often
from collections_app.staff.models import Break
from compliance import audit
from compliance.models import AuditEvent

LEASE = timedelta(minutes=5)
AHEAD = timedelta(minutes=2)  # the page that waits asks again in time
COUNTED = 1_000  # waiting cases are counted up to here; a queue that is longer is "more than" that
UPCOMING: Final = 3
SKIPS_A_DAY = 20
RESTS: Final = "break"
TAKE_OVERS: Final = {
    "on-my-line": _("The person is on my line"),
    "holder-away": _("Whoever holds it is away"),
    "agreed": _("We have agreed on it"),
}
IN_QUEUE: Final = tuple(action for action in HUMAN_ACTIONS if action != NextAction.REVIEW)  # of a collector


@dataclass(frozen=True, slots=True)
class Queue:
    """How much waits for somebody: due now, of that overdue since yesterday, and who comes next (names only), in the
    order in which they are handed out, as far as the best of the queue go.

    due and late end at COUNTED + 1, which stands for more than COUNTED.
    """

    due: int
    late: int
    upcoming: list[str]


def free():
    """Return the condition that nobody holds a case at the moment, by the database's clock."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=ClockTimestamp())


def held():
    """Return the condition that a hold stands against contacting the case's borrower."""
    standing = Hold.objects.filter(person_id=OuterRef("person_id"), released_at__isnull=True)
    return Exists(standing.filter(Q(creditor_id__isnull=True) | Q(creditor_id=OuterRef("creditor_id"))))


def waiting(user, *, at: datetime):
    """Return the cases that this user could be handed now, best first."""
    mine = Q(owner__isnull=True) | Q(owner_id=user.pk)
    cases = Case.objects.visible_to(user).waiting_for_a_person(at).filter(mine)
    if user.role == "collector":
        cases = cases.exclude(next_action=NextAction.REVIEW)
    # Whom a colleague has promised to call at this time, that colleague calls.
    cases = cases.filter(~Q(next_action=NextAction.CALLBACK) | ~callbacks.kept_for_others(user))
    return worklist_order.by_priority(cases.filter(Q(next_action__in=worklist_order.DESK_WORK) | ~held()))


def held_by(user) -> QuerySet[Case]:
    """Return the open cases that this user holds now: the one in hand, and the one kept ahead."""
    return Case.objects.visible_to(user).unresolved().filter(lease_by_id=user.pk, lease_until__gt=ClockTimestamp())


@transaction.atomic
def next_case(*, user, actor: Actor, at: datetime, zones: Collection[str] | None = None) -> Case | None:
    """Hand out the next best case: leased to this user alone. None: nothing is due.

    A case that the user has in hand already comes back first, then the one that was kept for him.
    """
    case = _in_hand.first(user)
    if case is None:
        case = _best(user, at=at, zones=zones)
        if case is None:
            return None
    renew(case, user)
    audit.record("case.leased", subject=case, actor=actor, at=at, person_id=case.person_id)
    return case


@transaction.atomic
def keep_ahead(*, user, actor: Actor, at: datetime, zones: Collection[str] | None = None) -> Case | None:
    """Keep the next best case for this user, who is still at another one; None: nothing else is due.

    One case at most: the one that is kept already is kept for another two minutes. What is in hand stays in hand.
    """
    case = _kept.first(user)
    if case is None:
        case = _best(user, at=at, zones=zones)
        if case is None:
            return None
        audit.record("case.kept_ahead", subject=case, actor=actor, at=at, person_id=case.person_id)
    _lease(case, user, AHEAD, is_ahead=True)
    return case


def _best(user, *, at: datetime, zones: Collection[str] | None) -> Case | None:
    """Lock and return the best case that is free; None where there is none. Call inside a transaction.

    Before all others comes whoever was promised a call at this time.
    """
    places = sorted(daytime.zones(at) if zones is None else zones)
    if agreed := callbacks.due_now(user, at=at):
        due = _agreed.first(user, at=at, keys=agreed)
        if due is not None:
            return due
    case = _nearest.first(user, at=at, zones=places)
    if case is None and (awake := worklist_order.awake(_far(user, at=at, zones=places))):
        case = _best_of.first(user, at=at, keys=awake)
    return case or _free.first(user, at=at)


def _candidates(user: Any, *, at: datetime) -> QuerySet[Case]:
    return waiting(user, at=at).filter(free()).filter(~_on_break(user))


def _first_locked(cases: QuerySet[Case]) -> QuerySet[Case]:
    return cases.select_for_update(of=("self",), no_key=True, skip_locked=True)[:1]


@asked_by_users
def _in_hand(user: Asker) -> QuerySet[Case]:
    return held_by(user).order_by("lease_is_ahead", "-score", "pk")[:1]


@asked_by_users
def _kept(user: Asker) -> QuerySet[Case]:
    return held_by(user).filter(lease_is_ahead=True).order_by("-score", "pk")[:1]


@asked_by_users
def _agreed(user: Asker, at: datetime, keys: list[int]) -> QuerySet[Case]:
    promised = _candidates(user, at=at).filter(IsOneOf(F("pk"), keys))
    return _first_locked(promised.order_by("next_action_at", "pk"))


@asked_by_users
def _nearest(user: Asker, at: datetime, zones: list[str]) -> QuerySet[Case]:
    return _first_locked(worklist_order.near(_candidates(user, at=at), zones))


@asked_by_users
def _far(user: Asker, at: datetime, zones: list[str]) -> QuerySet[Case, tuple[int, bool]]:
    return worklist_order.far(_candidates(user, at=at), zones)


@asked_by_users
def _best_of(user: Asker, at: datetime, keys: list[int]) -> QuerySet[Case]:
    return _first_locked(_candidates(user, at=at).filter(IsOneOf(F("pk"), keys)))


@asked_by_users
def _free(user: Asker, at: datetime) -> QuerySet[Case]:
    return _first_locked(_candidates(user, at=at))


def _on_break(user) -> Exists:
    """Return the condition that this user is on a break: nothing is handed to him then."""
    return Exists(Break.objects.filter(user_id=user.pk, ended_at__isnull=True))


def is_on_break(user) -> bool:
    """Return whether this user is on a break."""
    return Break.objects.filter(user=user, ended_at__isnull=True).exists()


def is_due(case: Case, *, at: datetime) -> bool:
    """Return whether a case waits for a person at this instant."""
    is_ours = case.next_action in HUMAN_ACTIONS and not case.is_resolved
    return is_ours and case.next_action_at is not None and case.next_action_at <= at


def renew(case: Case, user) -> None:
    """Lease the case to this user, who has it in hand, for another five minutes of the database's clock."""
    _lease(case, user, LEASE, is_ahead=False)


def _lease(case: Case, user, duration: timedelta, *, is_ahead: bool) -> None:
    ((until,),) = sql_queue.LEASE.rows([case.pk, user.pk, duration, is_ahead])
    case.lease_by_id, case.lease_until, case.lease_is_ahead = user.pk, until, is_ahead
    case.is_leased = True  # type: ignore[attr-defined]  # as `queries.find` says it


@transaction.atomic
def take(*, case_id: int, user, actor: Actor, at: datetime) -> Case:
    """Open a chosen case for work. Raises CaseRefused when somebody else holds it, and on a break."""
    if is_on_break(user):
        raise CaseRefused("on-break")
    lifecycle.locked(case_id)
    case = Case.objects.filter(free() | Q(lease_by=user), pk=case_id).first()
    if case is None:
        holder = Case.objects.select_related("lease_by").get(pk=case_id).lease_by
        raise CaseRefused("not-yours", holder=str(holder))
    renew(case, user)
    return case


@transaction.atomic
def take_over(*, case_id: int, user, reason: str, actor: Actor, at: datetime) -> Case:
    """Take a case that somebody else holds, with a reason (a key of TAKE_OVERS). Raises CaseRefused.

    Whoever held it may still record the call he made, write notes and place holds: nothing he typed is lost, and
    what he saves from his page is first shown to him as changed, because the version moves on.
    """
    if reason not in TAKE_OVERS:
        raise CaseRefused("no-reason")
    if is_on_break(user):
        raise CaseRefused("on-break")
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    held = Case.objects.filter(~free(), pk=case_id).exclude(lease_by=user).exists()
    if held:
        Case.objects.filter(pk=case_id).update(version=F("version") + 1)
        audit.record(
            "case.taken_over", subject=case, actor=actor, at=at, person_id=case.person_id,
            reason=reason, holder=case.lease_by_id,
        )  # fmt: skip
    renew(case, user)
    case.refresh_from_db(fields=["version"])
    return case


@transaction.atomic
def release(*, case_id: int, user) -> None:
    """Give a case back that this user holds; somebody else's lease stays as it is."""
    Case.objects.filter(pk=case_id, lease_by=user).update(lease_by=None, lease_until=None)


def skips_left(user, *, at: datetime) -> int:
    """Return how many cases this user may still put aside; what was undone at once does not count."""
    return _left_of(list(_skips(user.pk, since=at - timedelta(days=1))))


def skips_left_and_rest(user, *, at: datetime) -> tuple[int, bool]:
    """Return how many cases this user may still put aside, and whether he is on a break. One query."""
    told = _skips_and_rest(user=user.pk, since=at - timedelta(days=1))
    return _left_of(told), RESTS in told


@asked_often
def _skips_and_rest(user: int, since: datetime) -> QuerySet[AuditEvent, str]:
    rest = Break.objects.filter(user_id=user, ended_at__isnull=True).annotate(name=Value(RESTS))
    return _skips(user, since=since).union(rest.values_list("name", flat=True), all=True)


def _skips(user: int, *, since: datetime) -> QuerySet[AuditEvent, str]:
    lately = AuditEvent.objects.filter(actor_kind="user", actor_id=user, at__gt=since)
    return lately.filter(name__in=["case.skipped", "case.skip_undone"]).values_list("name", flat=True)


def _left_of(told: list[str]) -> int:
    return max(0, SKIPS_A_DAY - told.count("case.skipped") + told.count("case.skip_undone"))


@transaction.atomic
def skip(*, case_id: int, user, reason: str, actor: Actor, at: datetime, until: datetime | None = None) -> Case:
    """Put a case aside with a reason; it comes back tomorrow, or when said. Raises CaseRefused.

    At most SKIPS_A_DAY a person in 24 hours, so that hard cases are not passed round for ever.
    """
    if not reason.strip():
        raise CaseRefused("no-reason")
    if skips_left(user, at=at) <= 0:
        raise CaseRefused("skip-limit", count=SKIPS_A_DAY)
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    case.next_action_at = until or at + timedelta(hours=20)
    case.next_action_note = reason[:200]
    case.lease_by = case.lease_until = None
    case.version += 1
    case.save(update_fields=["next_action_at", "next_action_note", "lease_by", "lease_until", "version"])
    audit.record("case.skipped", subject=case, actor=actor, at=at, person_id=case.person_id, reason=reason)
    return case


def queue(user, *, at: datetime) -> Queue:
    """Return what waits for this user: counts, and the next names without anything else."""
    yesterday = at - timedelta(days=1)
    counted = _counted(user, at=at, before=yesterday)
    late = sum(counted) if len(counted) <= COUNTED else len(_late(user, at=at, before=yesterday))
    coming = {case.pk: case for case in _coming(user, at=at, zones=sorted(daytime.zones(at)))}
    if len(coming) < UPCOMING:
        coming |= {case.pk: case for case in _by_priority(user, at=at) if case.pk not in coming}
    return Queue(due=len(counted), late=late, upcoming=[str(case.person) for case in coming.values()][:UPCOMING])


@asked_by_users
def _counted(user: Asker, at: datetime, before: datetime) -> QuerySet[Case, bool]:
    """Return, for each case that waits, whether it was due before an instant: which are best does not matter here."""
    is_late = ExpressionWrapper(Q(next_action_at__lt=before), output_field=BooleanField())
    due = waiting(user, at=at).annotate(is_late=is_late).order_by()
    return due.values_list("is_late", flat=True)[: COUNTED + 1]


@asked_by_users
def _late(user: Asker, at: datetime, before: datetime) -> QuerySet[Case, int]:
    late = waiting(user, at=at).filter(next_action_at__lt=before).order_by()
    return late.values_list("pk", flat=True)[: COUNTED + 1]


@asked_by_users
def _coming(user: Asker, at: datetime, zones: list[str]) -> QuerySet[Case]:
    """Return who comes next of those with whom something can be done now: first whoever is kept for this user."""
    kept = Q(lease_by_id=user.pk, lease_is_ahead=True, lease_until__gt=ClockTimestamp())
    near = worklist_order.near(waiting(user, at=at).filter(free() | kept), zones)
    is_kept = ExpressionWrapper(kept, output_field=BooleanField())
    return _named(near.alias(is_kept=is_kept).order_by(F("is_kept").desc(nulls_last=True), "-score", "pk"))


@asked_by_users
def _by_priority(user: Asker, at: datetime) -> QuerySet[Case]:
    return _named(waiting(user, at=at).filter(free()))


def _named(cases: QuerySet[Case]) -> QuerySet[Case]:
    return cases.select_related("person").only("person__name")[:UPCOMING]


def next_due(user, *, at: datetime) -> datetime | None:
    """Return when the next case of this user's queue falls due; None where none is planned."""
    mine = Q(owner__isnull=True) | Q(owner=user)
    later = Case.objects.visible_to(user).unresolved().filter(mine, next_action__in=IN_QUEUE, next_action_at__gt=at)
    return later.order_by("next_action_at").values_list("next_action_at", flat=True).first()
