"""Is it still wanted? What is not law but makes a message wrong, late or against an order. Asked before deciding."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from cases import arrears
from cases.arrears import Arrears
from cases.models import Case
from collections_app.shared import clock
from contacts import stops
from contacts.dispatch import climbing
from contacts.dispatch.outgoing import Outgoing
from contacts.facts import CaseFile
from contacts.models import Purpose, Step
from contacts.strategy import conditions, in_force

SOON: Final = timedelta(minutes=5)
LATER: Final = timedelta(hours=1)
KINDS: Final = frozenset(Step.Kind.values)
PURPOSES: Final = frozenset(Purpose.values)
NEWER: Final = "newer-release"  # planned by a release that knows more: it waits for one, and nothing is guessed


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why not: `code` is a key of contacts.reasons. `try_again_at` None: never."""

    code: str
    try_again_at: datetime | None = None


def positions(file: CaseFile) -> list[Arrears]:
    """Return what is past due on each account of the case today, at the creditor's."""
    return arrears.of_accounts(list(file.accounts), on=clock.business_day(file.at, file.case.creditor.time_zone))


def still_wanted(outgoing: Outgoing, *, at: datetime) -> Obstacle | None:
    """Return what stands in the way, or None. The first obstacle found is the answer; those for good come first.

    Balances are as old as the creditor's last word about these accounts: a whole tape, or a state stated by one. A
    state that followed from a payment is our own word: it does not make an old feed fresh.
    """
    planned, file = outgoing.planned, outgoing.file
    case, creditor = file.case, file.case.creditor
    asks_for_money = planned.purpose == "collection"
    if at >= planned.expires_at:
        return Obstacle("too-late")
    if planned.step.kind not in KINDS or planned.purpose not in PURPOSES:
        return Obstacle(NEWER, at + SOON)
    if case.is_resolved:
        return Obstacle("case-resolved")
    if planned.enrolment.left_on is not None:
        return Obstacle("left-strategy")
    if asks_for_money and case.past_due_since is None:
        return Obstacle("nothing-past-due")
    if planned.purpose == "service_reminder" and not _still_reminds(outgoing, at=at):
        return Obstacle("no-longer-due")
    if not in_force.still_treats(planned.step.segment.version, today=clock.business_day(at, creditor.time_zone)):
        return Obstacle("strategy-stopped", at + LATER)
    if not creditor.is_active:
        return Obstacle("creditor-inactive", at + LATER)
    if stops.is_stopped(planned, file.found.stops):
        return Obstacle("stopped", at + SOON)
    if not case.person.is_named:
        return Obstacle("unnamed-person", at + timedelta(days=1))
    tomorrow = climbing.climbs_again(
        planned.severity,
        before=outgoing.climbed_before,
        today=outgoing.climbed_today,
        at=at,
        time_zone=creditor.time_zone,
    )
    if tomorrow is not None:
        return Obstacle("climbed-today", tomorrow)
    today = clock.business_day(at, creditor.time_zone)
    if outgoing.as_of is None or (today - outgoing.as_of).days > creditor.freshness_days:
        return Obstacle("stale-feed", at + LATER)
    if asks_for_money and sum(position.amount for position in outgoing.owed) <= 0:
        return Obstacle("nothing-past-due")
    return None


def with_reminders(found: Sequence[Outgoing], *, at: Mapping[int, datetime]) -> list[Outgoing]:
    """Return these rows, at most one of a case, with what each service reminder is of read for all of a step at once.

    at: the instant of each row by its key.
    """
    asked: dict[Hashable, list[Outgoing]] = {}
    for each in found:
        if each.planned.purpose == "service_reminder":
            creditor = each.file.case.creditor
            today = clock.business_day(at[each.planned.pk], creditor.time_zone)
            asked.setdefault((each.planned.step_id, creditor.pk, today), []).append(each)
    stands: set[int] = set()
    for those in asked.values():
        condition, context = _reminded_of(those[0], at=at[those[0].planned.pk])
        cases = Case.objects.filter(conditions.matching(condition, context))
        stands.update(cases.filter(pk__in=[each.planned.case_id for each in those]).values_list("pk", flat=True))
    reminders = {each.planned.pk for those in asked.values() for each in those}
    return [
        replace(each, reminds=each.planned.case_id in stands) if each.planned.pk in reminders else each
        for each in found
    ]


def _still_reminds(outgoing: Outgoing, *, at: datetime) -> bool:
    """Whether what a service reminder was planned for still holds today: a promise that was kept is not called to mind.

    A condition that cannot be known does not hold.
    """
    if outgoing.reminds is not None:
        return outgoing.reminds
    condition, context = _reminded_of(outgoing, at=at)
    return conditions.holds_for(outgoing.planned.case_id, condition, context) is True


def _reminded_of(outgoing: Outgoing, *, at: datetime) -> tuple[Mapping[str, Any], conditions.Context]:
    step, time_zone = outgoing.planned.step, outgoing.file.case.creditor.time_zone
    today = clock.business_day(at, time_zone)
    context = conditions.Context(today, datetime.combine(today, time.min, clock.zone(time_zone)))
    return step.condition, context.within(step.segment.version)
