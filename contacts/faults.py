"""Named points at which tests let a process die, as it might anywhere. Nothing happens unless one is asked for.

FAULT_POINTS="after_claim:0.1,before_call:1": at these points the process kills itself with that probability, like a
power cut: no handler, no rollback of ours. FAULT_LOG names a file to which each death is noted first. Only in
development and tests.
"""

import os
import random
import signal
from collections.abc import Callable
from typing import Final

from django.conf import settings

POINTS: Final = (
    "after_claim",  # T1 is committed, nothing decided
    "before_lock",  # T2 has begun, no lock taken
    "after_lock",  # T2 holds the locks, facts not yet read
    "before_permit_commit",  # T2 has written decision and attempt, nothing committed
    "before_call",  # T3 has decided again, nothing handed over
    "after_call",  # T3 has handed over, nothing written
)


def _nothing(point: str) -> None:
    """Go on."""


def _parse(text: str) -> dict[str, float]:
    chances: dict[str, float] = {}
    for part in text.split(","):
        name, _, chance = part.strip().partition(":")
        if name:
            if name not in POINTS:
                raise ValueError(f"FAULT_POINTS: {name!r} is none of {', '.join(POINTS)}")
            chances[name] = float(chance or 1)
    return chances


def _deadly(chances: dict[str, float], log: str) -> Callable[[str], None]:
    dice = random.SystemRandom()

    def fault(point: str) -> None:
        if dice.random() < chances.get(point, 0.0):
            if log:
                with open(log, "a", encoding="ascii") as file:
                    file.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


def _choose() -> Callable[[str], None]:
    text = os.environ.get("FAULT_POINTS", "")
    if not text or not settings.DEVELOPMENT:
        return _nothing
    return _deadly(_parse(text), os.environ.get("FAULT_LOG", ""))


fault: Callable[[str], None] = _choose()
