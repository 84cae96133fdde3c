"""Named points at which tests let a process die, as it might anywhere. Nothing happens unless one is asked for.

FAULT_POINTS="after_claim:0.1,before_call:1": at these points the process kills itself with that probability, like a
power cut: no handler, no rollback of ours. FAULT_LOG names a file to which each death is noted first. Only in
development and tests.
"""

import os
import random
import signal
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


_chances: dict[str, float] = {}
_log = ""


def fault(point: str) -> None:
    """Die here, if somebody asked for it."""
    if _chances:
        _perhaps(point)


def arm(text: str, *, log: str = "") -> None:
    """Ask for deaths at these points ("after_claim:0.1,before_call"), from now on in this process.

    Raises ValueError for a point that does not exist, RuntimeError outside development and tests.
    """
    global _log
    if text and not settings.DEVELOPMENT:
        raise RuntimeError("faults belong to development and tests")
    chances: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, chance = part.partition(":")
        if name not in POINTS:
            raise ValueError(f"{name!r} is none of {', '.join(POINTS)}")
        chances[name] = float(chance or 1)
    _chances.clear()
    _chances.update(chances)
    _log = log


def _perhaps(point: str) -> None:
    if random.SystemRandom().random() >= _chances.get(point, 0.0):
        return
    if _log:
        with open(_log, "a", encoding="ascii") as file:
            file.write(f"{point}\n")
    os.kill(os.getpid(), signal.SIGKILL)


if os.environ.get("FAULT_POINTS"):
    arm(os.environ["FAULT_POINTS"], log=os.environ.get("FAULT_LOG", ""))
