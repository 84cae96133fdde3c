"""From what people asked (`cases.models.Instruction`) to the records that rules read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cases.models import Instruction
from compliance.facts import Record
from contacts.facts.details import record_with
from contacts.facts.rows import CaseRow, InstructionRow, PointRow

Kind = Instruction.Kind
WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What binds at a number or address for everybody who is reached there, whoever asked.
OF_THE_NUMBER: Final = (Kind.OPT_OUT, Kind.THIRD_PARTY_REFUSED, Kind.WRONG_PARTY)
OWING: Final = ("debtor", "joint_debtor", "guarantor")
# Kinds that rules know under another name; every other kind is its own record.
RENAMED: Final = {Kind.PLACE: "opt_out", Kind.WORKPLACE: "opt_out", Kind.ONLY_TIMES: "inconvenient_window"}


@dataclass(frozen=True, slots=True)
class Concerned:
    """About whom and what the question is. seen: reads an instant (and when it was recorded) as the question does."""

    case: CaseRow
    contacted_id: int
    party: str
    point: PointRow | None
    at: datetime
    seen: Callable[[datetime, datetime | None], datetime]


def records_of(instructions: Iterable[InstructionRow], who: Concerned) -> Iterator[Record]:
    """Yield the records that these instructions are to the rules, in a contact with this person at this point."""
    only: list[InstructionRow] = []
    for told in instructions:
        if told.creditor_id not in (None, who.case.creditor_id):
            continue
        mine = told.person_id in (who.contacted_id, who.case.person_id)
        here = who.point is not None and told.address_id is not None and told.address_id == who.point.address_id
        if not mine and not (here and told.kind in OF_THE_NUMBER):
            continue
        if told.kind == Kind.ONLY_TIMES:
            only.append(told)
        else:
            yield from _of_one(told, who, mine=mine, here=here)
    yield from _outside(only, who)


def end_of(told: InstructionRow) -> datetime | None:
    """Return when an instruction was taken back or lapses, whichever comes first; None while neither is known."""
    ends = [end for end in (told.withdrawn_at, told.expires_at) if end is not None]
    return min(ends) if ends else None


def _of_one(told: InstructionRow, who: Concerned, *, mine: bool, here: bool) -> Iterator[Record]:
    # A request about a number binds for everybody who is reached there, whoever made it.
    point_id = who.point.pk if here and who.point is not None else told.contact_point_id
    if told.kind == Kind.WRONG_PARTY:
        if here:
            yield _record("point_suppressed", told, who, mine=mine, point_id=point_id)
    elif told.kind == Kind.THIRD_PARTY_REFUSED:
        # One refusal bars for good, whatever the number and the case; what he owes himself is another thing.
        if told.person_id == who.contacted_id and who.party not in OWING:
            yield _record("cease_request", told, who, mine=mine, point_id=None)
        if point_id is not None:
            yield _record("opt_out", told, who, mine=mine, point_id=point_id)
    elif told.kind == Kind.WORKPLACE_CONFIRMED:  # what was confirmed no longer lapses with the spoken word
        yield _record("opt_out", told, who, mine=mine, point_id=None)
        yield _record("opt_out_confirmed", told, who, mine=mine, point_id=None)
    elif told.kind == Kind.VULNERABLE:
        yield _record("vulnerable", told, who, mine=mine, point_id=None)
        for channel in told.details.get("channels", ()):
            yield _record("opt_out", told, who, mine=mine, point_id=None, channel=channel)
    elif told.kind == Kind.OPT_OUT and not (told.channel or told.place or point_id):
        yield _record("cease_request", told, who, mine=mine, point_id=None)  # naming nothing, it means everything
    elif told.kind == Kind.PLACE:
        yield _record("opt_out", told, who, mine=mine, point_id=None)
    else:
        yield _record(RENAMED.get(Kind(told.kind), told.kind), told, who, mine=mine, point_id=point_id)


def _record(
    kind: str, told: InstructionRow, who: Concerned, *, mine: bool, point_id: int | None, channel: str | None = None
) -> Record:
    return record_with(
        kind,
        at=who.seen(told.received_at, told.recorded_at),
        id=told.pk,
        party=_party(told, who, mine=mine),
        person_id=told.person_id,
        debts=(told.account_id,) if told.account_id else (),
        channel=channel or told.channel or None,
        contact_point_id=point_id,
        place=told.place or None,
        form=told.form,
        withdrawn_at=end_of(told),
        details=told.details,
    )


def _party(told: InstructionRow, who: Concerned, *, mine: bool) -> str:
    if told.person_id == who.contacted_id:
        return who.party
    return "debtor" if mine else "stranger"


def _outside(only: Sequence[InstructionRow], who: Concerned) -> Iterator[Record]:
    """Yield, for the person's "only at these times", all other times as inconvenient ones.

    Several add up: whoever says Saturday morning and later Tuesday evening may be called at both. It only ever closes
    times; to open one that the law closes takes a consent.
    """
    for person_id in sorted({told.person_id for told in only}):
        mine = [told for told in only if told.person_id == person_id]
        for channel in sorted({told.channel for told in mine}):
            standing = [
                told
                for told in mine
                if told.channel == channel
                and who.seen(told.received_at, told.recorded_at) <= who.at
                and ((end := end_of(told)) is None or end > who.at)
            ]
            if not standing:
                continue
            latest = max(standing, key=lambda told: (told.received_at, told.pk))
            ends = [end for told in standing if (end := end_of(told)) is not None]
            windows = [(tuple(told.details.get("days") or WEEK), told.details["start"], told.details["end"])
                       for told in standing]  # fmt: skip
            for days, start, end_at in complement(windows):
                yield Record(
                    kind="inconvenient_window",
                    at=min(who.seen(told.received_at, told.recorded_at) for told in standing),
                    id=latest.pk,
                    party=_party(latest, who, mine=True),
                    person_id=person_id,
                    channel=channel or None,
                    form=latest.form,
                    withdrawn_at=min(ends) if ends else None,
                    days=days,
                    start=start,
                    end=end_at,
                    zone=latest.details.get("zone"),
                )


def complement(windows: Sequence[tuple[tuple[str, ...], str, str]]) -> list[tuple[tuple[str, ...], str, str]]:
    """Return the parts of the week that no window covers: (days, start, end) with half-open local times, 24:00 last.

    windows: (days, start, end); one whose end is not after its start runs over midnight into the next day.
    """
    left: dict[tuple[str, str], list[str]] = {}
    for number, day in enumerate(WEEK):
        covered = []
        for days, start, end in windows:
            over_midnight = end <= start
            if day in days:
                covered.append((start, "24:00" if over_midnight else end))
            if over_midnight and WEEK[number - 1] in days:
                covered.append(("00:00", end))
        free_from = "00:00"
        for start, end in sorted(covered):
            if start > free_from:
                left.setdefault((free_from, start), []).append(day)
            free_from = max(free_from, end)
        if free_from < "24:00":
            left.setdefault((free_from, "24:00"), []).append(day)
    return [(tuple(days), start, end) for (start, end), days in left.items()]
