"""How far a close is and how long it will still take, step by step, from the size of the book.

The rate of a step is that of its own finished spans; before it has any, that of the creditor's last close; without one,
the pace of this run so far, by what the steps usually cost beside each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contacts.models import NightRun, NightStep

# Seconds of each step for the same book, relative to each other (measured on 100,000 accounts).
WEIGHTS: Final[Mapping[str, float]] = {
    "ageing": 2.5, "cases": 5.0, "strategies": 9.0, "figures": 0.7, "invariants": 1.9,
}  # fmt: skip
OVER: Final = frozenset((NightStep.State.DONE, NightStep.State.SKIPPED))


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one step. done, total: accounts, where the step goes through the book span by span; else rows and None.

    rate: accounts or rows a second. remaining: seconds; None where nothing is known to judge by.
    """

    done: int
    total: int | None
    rate: float | None
    remaining: float | None


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of how long the steps take."""

    accounts: int  # of the book
    before: Mapping[str, float]  # seconds each step took an account in the last close
    usual: float | None  # seconds of this run per unit of WEIGHTS and account

    def seconds(self, name: str) -> float | None:
        """Return how long a whole step should take."""
        if name in self.before:
            return self.before[name] * self.accounts
        if name not in WEIGHTS:
            return 0.0
        return self.usual * WEIGHTS[name] * self.accounts if self.usual is not None else None


def of_steps(steps: Sequence[NightStep], before: Sequence[NightStep] = ()) -> dict[str, Progress]:
    """Return the progress of every step of a run. before: the steps of the creditor's last close."""
    pace = Pace(accounts := _book(steps), _by_account(before), _usual(steps, accounts))
    return {step.name: _progress(step, pace) for step in steps}


def remaining(found: Mapping[str, Progress]) -> float | None:
    """Return the seconds until the end of the run; None where a step gives nothing to judge by."""
    parts = [each.remaining for each in found.values()]
    return None if any(part is None for part in parts) else sum(part for part in parts if part)


def last_close(run: NightRun) -> list[NightStep]:
    """Return the steps of the creditor's last finished close before this one."""
    runs = NightRun.objects.filter(
        creditor=run.creditor_id, status=NightRun.Status.DONE, business_date__lt=run.business_date
    )
    found = runs.order_by("-business_date").first()
    return list(found.steps.all()) if found else []


def _book(steps: Sequence[NightStep]) -> int:
    return max((int(step.details.get("book", 0)) for step in steps), default=0)


def _by_account(steps: Sequence[NightStep]) -> dict[str, float]:
    accounts = _book(steps)
    return {step.name: float(step.seconds) / accounts for step in steps} if accounts else {}


def _usual(steps: Sequence[NightStep], accounts: int) -> float | None:
    done = seconds = 0.0
    for step in steps:
        if step.name in WEIGHTS and accounts:
            seen = accounts if step.state in OVER else int(step.details.get("seen", 0))
            done += WEIGHTS[step.name] * seen
            seconds += float(step.seconds) if seen else 0.0
    return seconds / done if done and seconds else None


def _progress(step: NightStep, pace: Pace) -> Progress:
    seconds, seen = float(step.seconds), int(step.details.get("seen", 0))
    if step.state in OVER:
        return Progress(step.rows, None, (seen or step.rows) / seconds if seconds >= 1 else None, 0.0)
    expected = pace.seconds(step.name)
    if not seen:
        return Progress(step.rows, None, None, expected)
    rate = seen / seconds if seconds else None
    total = max(pace.accounts, seen)
    return Progress(seen, total, rate, (total - seen) / rate if rate else expected)
