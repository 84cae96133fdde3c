"""What the rules say of a contact that is not asked for: the answer with the packs it rests on. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from compliance import engine, gate, limits
from compliance.engine import PASS, Outcome
from compliance.facts import Facts, Question
from compliance.limits import Limit
from compliance.packs_loader import Pack, PackError
from compliance.releases.in_force import ReleasesUnknown
from compliance.windows import DAY_SECONDS, instants_at, local, seconds, start_of_day

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """One answer. packs: empty where they could not be read, which is a refusal."""

    question: Question
    facts: Facts
    packs: tuple[Pack, ...]
    outcome: Outcome

    @property
    def limits(self) -> list[Limit]:
        """The counts that bind this contact, the scarcest first."""
        return limits.of_outcome(self.question, self.facts, self.outcome, self.packs) if self.packs else []


def ask(question: Question, facts: Facts) -> Preview:
    """Return what the gate would say now. Never raises."""
    try:
        packs = gate.choose_packs(question, facts)
    except (PackError, OSError, ReleasesUnknown):
        return Preview(question, facts, (), gate.preview(question, facts))
    return Preview(question, facts, packs, engine.evaluate(question, facts, packs))


def closes(preview: Preview) -> datetime | None:
    """Return the first second of the person's day at which a permitted contact is not permitted any more.

    None where it stays permitted until midnight. It is looked for at the closing times that the rules name, a guard
    band before each, and at midnight: where one of those is refused, the first refused second before it is found.
    """
    good = preview.question.at.replace(microsecond=0)
    for mark in sorted({one for one in _marks(preview) if one > good}):
        if _permits(preview, mark):
            good = mark
            continue
        bad = mark
        while bad - good > _SECOND:
            middle = good + max(timedelta(seconds=int((bad - good).total_seconds()) // 2), _SECOND)
            good, bad = (middle, bad) if _permits(preview, middle) else (good, middle)
        return bad
    return None


def _permits(preview: Preview, at: datetime) -> bool:
    return engine.permits(preview.question.moved_to(at), preview.facts, preview.packs)


def _marks(preview: Preview) -> Iterator[datetime]:
    """Yield the closing times that rules name for the day of the question, and the end of the day."""
    question, policy = preview.question, preview.facts.firm_policy
    guard = timedelta(minutes=dict(policy.guard_minutes).get(question.channel or "", 0) if policy else 0)
    for result in preview.outcome.results:
        values = result.finding.values
        if result.state != PASS or not {"closes", "zone"} <= values.keys():
            continue
        for zone in str(values["zone"]).split(", "):
            day = local(question.at, zone).date()
            yield start_of_day(day + timedelta(days=1), zone) - _SECOND
            second = seconds(str(values["closes"]))
            for close in instants_at(day, second, zone) if second < DAY_SECONDS else ():
                yield close
                yield close - guard
