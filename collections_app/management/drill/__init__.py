"""The drill: contacts that are forbidden, of every kind, tried through every entrance of the product.

A situation makes a person who may not be contacted, an entrance tries all the same, and the judge looks at what left
and what stands in the rows, without asking the product. Every entrance is also tried with people who may be contacted:
an entrance that lets nobody through proves nothing.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from collections_app.management.drill import entrances, situations
from collections_app.management.drill.world import World

A_MOMENT: Final = timedelta(seconds=2)


@dataclass(slots=True)
class Report:
    """What became of every try. `leaked` names situation, entrance and what was seen; `shut`: controls that failed."""

    attempts: int = 0
    refused: int = 0
    leaked: list[dict[str, str]] = field(default_factory=list)
    by_entrance: dict[str, dict[str, int]] = field(default_factory=dict)
    by_situation: dict[str, int] = field(default_factory=dict)
    control: dict[str, int] = field(default_factory=dict)
    shut: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing leaked and every entrance was seen to be open for those who may be contacted."""
        return not self.leaked and not self.shut


def run(world: World, *, attempts: int, progress: Any = None) -> Report:
    """Go round all situations and entrances until so many attempts were made. world: in an empty database."""
    began, report = time.monotonic(), Report()
    tallies: dict[str, Counter[str]] = {}
    for entrance in entrances.ALL:
        opened = [channel for channel in entrance.channels if _control(world, entrance, channel)]
        report.control[entrance.name] = len(opened)
        if len(opened) < len(entrance.channels):
            report.shut.append(entrance.name)
    while report.attempts < attempts:
        for situation in situations.ALL:
            _round(world, situation, report, tallies)
            if progress is not None:
                progress(min(report.attempts, attempts), attempts)
            if report.attempts >= attempts:
                break
    report.by_entrance = {name: dict(tally) for name, tally in sorted(tallies.items())}
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _round(world: World, situation: situations.Situation, report: Report, tallies: dict[str, Counter[str]]) -> None:
    """Try one situation through every entrance that can try it, each with a person of its own."""
    for entrance in entrances.ALL:
        for channel in sorted(set(entrance.channels) & set(situation.channels)):
            if entrance.name in situation.spared:
                continue
            world.shift_to(situation.at)
            subject = world.subject(situation.place, lender=situation.lender, channel=channel, dpd=situation.dpd)
            situation.make(world, subject)
            world.shift_to(situation.at + A_MOMENT)  # what was just said is in force by then
            entrance.enter(world, subject, channel)
            seen = entrance.leak(world, subject, channel)
            situation.undo(world, subject)
            tally = tallies.setdefault(entrance.name, Counter())
            tally["attempts"] += 1
            report.attempts += 1
            report.by_situation[situation.name] = report.by_situation.get(situation.name, 0) + 1
            if seen:
                tally["leaked"] += 1
                report.leaked.append(
                    {"situation": situation.name, "entrance": entrance.name, "channel": channel, "seen": seen}
                )
            else:
                tally["refused"] += 1
                report.refused += 1


def _control(world: World, entrance: entrances.Entrance, channel: str) -> bool:
    """Whether somebody who may be contacted is reached through this entrance."""
    free = situations.FREE
    world.shift_to(free.at)
    subject = world.subject(free.place, lender=free.lender, channel=channel)
    entrance.enter(world, subject, channel)
    return bool(entrance.leak(world, subject, channel))
