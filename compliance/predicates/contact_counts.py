"""Counts of contacts over all channels together: what is left out, and what counts only from the third on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from compliance.facts import ContactEvent, Facts, Id, Question
from compliance.predicates.registry import Finding, MissingFact, Value, fails, passes, predicate
from compliance.predicates.scope import past_contacts, same_person, with_person, zones_of
from compliance.vocabulary import UNITS
from compliance.windows import local, start_of_day

ANSWERS = frozenset({"reply", "customer_service", "dispute_followup"})
UNHEARD = frozenset(
    {"no_answer", "busy", "not_in_service", "mailbox_full", "voicemail_no_message", "answered_dropped"}
)  # nobody answered, or he hung up before anything was said


def drops_out(window: str, at: datetime, zone: str) -> datetime:
    """Return when a contact made at this instant leaves a window: "hours:N", "dates:N" local dates, "week", "month"."""
    kind, _, size = window.partition(":")
    if kind == "hours":
        return at + timedelta(hours=int(size))
    day = local(at, zone).date()
    if kind == "dates":
        return start_of_day(day + timedelta(days=int(size)), zone)
    if kind == "week":
        return start_of_day(day + timedelta(days=7 - day.weekday()), zone)
    if kind == "month":
        return start_of_day((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)
    raise MissingFact(f"window {window}")


def room_again(
    ends: Iterable[tuple[datetime, bool]], at: datetime, *, limit: int, free: int
) -> tuple[int, datetime | None]:
    """Return how many contacts count at an instant, and when fewer than the limit will; None: fewer do already.

    ends: when each contact leaves the window, and whether it was unheard; `free` unheard ones in it do not count.
    """
    standing = sorted(end for end in ends if end[0] > at)
    heard = sum(not unheard for _, unheard in standing)
    unheard = len(standing) - heard
    count = heard + max(0, unheard - free)
    left = count
    for end, was_unheard in standing:
        if left < limit:
            return count, None
        heard, unheard = (heard, unheard - 1) if was_unheard else (heard - 1, unheard)
        left = heard + max(0, unheard - free)
        if left < limit:
            return count, end
    return count, None


def _answers_same_day(event: ContactEvent, inbound: list[ContactEvent], zone: str) -> bool:
    """Whether a contact answered, on the same local date, a contact that the person made before it."""
    day = local(event.at, zone).date()
    asked = any(one.at <= event.at and local(one.at, zone).date() == day for one in inbound)
    return event.purpose in ANSWERS and asked


@predicate
def contacts_limit(
    question: Question,
    facts: Facts,
    *,
    limit: int,
    windows: tuple[str, ...],
    key: str = "person",
    not_purposes: tuple[str, ...] = (),
    free_unheard: int = 0,
    answers_free: bool = False,
) -> Finding:
    """This will pass while every window holds fewer than `limit` contacts, whatever their channels.

    key: "person", or "debt" (each debt of the question has its own count; a contact about several counts for each, one
    about none for all). windows: all must hold; see drops_out. not_purposes: contacts of these purposes do not count.
    free_unheard: so many calls in the window that nobody answered, or that were hung up, do not count. answers_free: an
    answer on the same local date to a contact that the person made does not count, and is not limited.
    """
    zones = zones_of(question, facts)
    inbound = [event for event in with_person(question, facts) if event.direction == "inbound"]
    if answers_free and question.purpose in ANSWERS:
        day = local(question.at, zones[0]).date()
        if any(local(event.at, zones[0]).date() == day for event in inbound):
            return passes({"answer": True})
    events = [
        event
        for event in past_contacts(question, facts)
        if event.direction == "outbound"
        and same_person(question, event.party, event.person_id)
        and event.outcome in UNITS["attempt"]
        and event.purpose not in not_purposes
        and not (answers_free and _answers_same_day(event, inbound, zones[0]))
    ]
    debts: tuple[Id | None, ...] = question.debts if key == "debt" and question.debts else (None,)
    best: tuple[datetime | None, int, str, tuple[Id, ...]] = (None, -1, windows[0], ())
    for debt in debts:
        mine = [e for e in events if debt is None or not e.debts or debt in (*e.debts, *e.raised_debts)]
        for window in windows:
            for zone in zones:
                ends = [(drops_out(window, event.at, zone), event.outcome in UNHEARD) for event in mine]
                count, opens = room_again(ends, question.at, limit=limit, free=free_unheard)
                later = opens is not None and (best[0] is None or opens > best[0])
                if later or (opens is None and best[0] is None and count > best[1]):
                    inside = [e for e, (end, _) in zip(mine, ends, strict=True) if end > question.at]
                    best = (opens, count, window, tuple(e.id for e in inside if e.id is not None))
    opens, count, window, ids = best
    values: dict[str, Value] = {"count": count, "limit": limit, "window": window}
    return Finding(opens is None, values, opens, ids)


@predicate
def often_today(question: Question, facts: Facts, *, contacts: int) -> Finding:
    """This will fail (as an advisory) for more than so many contacts with the person on one local date."""
    zone = zones_of(question, facts)[0]
    today = local(question.at, zone).date()
    made = [e for e in with_person(question, facts) if e.direction == "outbound" and e.outcome in UNITS["attempt"]]
    same_day = sum(local(event.at, zone).date() == today for event in made)
    return passes({"today": same_day}) if same_day < contacts else fails({"today": same_day})
