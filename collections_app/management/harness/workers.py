"""Workers that send, and die: a process that keeps several children at work until nothing is left to do.

`python -m collections_app.management.harness.workers JSON`. Every child is a fork that runs the product's own
`dispatch.run` and `dispatch.sweep` until it is killed or all rows are settled; while deaths are wanted each child is
armed with one fault point, and now and then one is killed from outside. Prints one JSON object at the end.
"""

import gc
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import django
import requests

from collections_app.management.harness.clocks import TrialClock
from collections_app.management.harness.oracle import CLOSES, OPENS

# Withheld for now, and to be settled within the trial.
PASSING: Final = (
    "interrupted", "permit-expired", "stopped", "provider-busy", "provider-unreachable", "fate-unknown",
)  # fmt: skip
IDLE_S: Final = 0.2  # that a worker waits where nothing was due, or the database was away
LOOK_S: Final = 0.2  # between two looks whether anything is left
CHANCE: Final = 0.7  # that an armed child dies when it comes to its point


def main(asked: dict[str, Any]) -> None:
    """Keep children at work until nothing is left, `deaths` per point have happened and `random_kills` from outside."""
    django.setup()
    from django.conf import settings
    from django.db import connections

    from collections_app.shared import clock as clocks
    from contacts import dispatch, faults

    trial_clock = TrialClock.from_json(asked["clock"])
    until = time.monotonic() + asked["at_most_s"]
    while not _is_warm(trial_clock.begins) and time.monotonic() < until:
        time.sleep(0.2)
    gc.freeze()  # what every child shares stays shared: no search for garbage touches it
    settings.DISPATCH_LEASE_S = asked["lease_s"]
    settings.PROVIDER_TIMEOUT_S = asked["timeout_s"]
    dispatch.AT_ONCE = asked["at_once"]
    log = Path(asked["log"])
    log.touch()
    dice = random.Random(asked["seed"])  # noqa: S311  (a trial that fails is run again with the same seed)
    began, began_at = time.monotonic(), (clocks.now() - clocks.offset()).timestamp()
    last_jump = max((when for when, _to in trial_clock.jumps), default=0.0)
    children: set[int] = set()

    def clock() -> datetime:
        return trial_clock.after(time.monotonic() - began)

    killed, look, until = 0, 0.0, time.monotonic() + asked["at_most_s"]
    signal.signal(signal.SIGTERM, lambda *_given: sys.exit(0))  # and take the children along
    try:
        while time.monotonic() < until:
            fired = Counter(log.read_text().split())
            wanted = [] if asked["naive"] else [point for point in faults.POINTS if fired[point] < asked["deaths"]]
            while len(children) < asked["workers"]:
                connections.close_all()
                # The late points first, while there is still something to hand over.
                point = dice.choice(wanted[-2:]) if wanted else ""
                child = os.fork()
                if child == 0:
                    faults.arm(f"{point}:{CHANCE}" if point else "", log=str(log))
                    _work(asked, clock)
                children.add(child)
            pid, _status = os.waitpid(-1, os.WNOHANG)
            if pid:
                children.discard(pid)
            elif killed < asked["random_kills"] and dice.random() < 0.1:
                os.kill(dice.choice(sorted(children)), signal.SIGKILL)
                killed += 1
            else:
                time.sleep(0.02)
            elapsed = time.monotonic() - began
            if not wanted and killed >= asked["random_kills"] and elapsed > max(last_jump + 1, look):
                look = elapsed + LOOK_S
                if not left(at=clock()):
                    break
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    report = {"fired": Counter(log.read_text().split()), "killed": killed, "left": left(at=clock())}
    report |= {"began": began_at, "seconds": round(time.monotonic() - began, 1)}
    sys.stdout.write(json.dumps(report) + "\n")


def left(*, at: datetime) -> int:
    """Return how many rows are not settled. One statement, so that no row moves from one count to another meanwhile."""
    from django.db import Error, connections
    from django.db.models import Exists, OuterRef, Q

    from contacts.models import ContactAttempt, PlannedContact

    reserved = ContactAttempt.objects.filter(planned=OuterRef("pk"), status="cleared")
    passing = Q(status="withheld") & (Q(reason_code__in=PASSING) | Q(try_again_at__lte=at))
    open_rows = Q(status__in=["planned", "claimed"]) | passing
    try:
        return PlannedContact.objects.filter(open_rows | Exists(reserved)).count()
    except Error:  # the database is away, and nobody knows
        connections.close_all()
        return 1


def _is_warm(at: datetime) -> bool:
    """Warm up, unless the database is away."""
    from django.db import Error, connections

    try:
        _warm_up(at)
    except Error:
        connections.close_all()
        return False
    return True


def _warm_up(at: datetime) -> None:
    """Read packs and languages once, so that a newborn child is at work at once."""
    from compliance import gate
    from contacts import facts, rendering
    from contacts.models import PlannedContact

    planned = PlannedContact.objects.order_by("pk").first()
    if planned is not None:
        file = facts.of_case(planned.case_id, at=at)
        question = file.question(channel=planned.channel, contact_point_id=file.points[0].pk, automated=True)
        gate.preview(question, file.facts(file.points[0].pk))
    rendering.day(at.date(), language="en")


def _work(asked: dict[str, Any], now: Callable[[], datetime]) -> None:
    """Be one worker until killed."""
    from django.db import InterfaceError, OperationalError, connections

    from contacts import dispatch

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    connections.close_all()
    try:
        while True:
            try:
                busy: object = True
                if asked["naive"]:
                    _send_naively(asked, now)
                else:
                    busy = dispatch.run(channel=asked["channel"], limit=20, budget_s=5, now=now)
                    dispatch.sweep(now=now, limit=20)
            except (InterfaceError, OperationalError):  # the database is away: this task failed, the worker stays
                connections.close_all()
                busy = False
            time.sleep(0.05 if busy else IDLE_S)
    finally:
        os._exit(1)


def _send_naively(asked: dict[str, Any], now: Callable[[], datetime]) -> None:
    """Do what many systems do: look whether it may leave, send it, mark it. The negative control."""
    from collections_app.shared import sealed
    from compliance import gate
    from contacts import facts
    from contacts.models import PlannedContact

    for planned in PlannedContact.objects.filter(status="planned").order_by("?")[: 1 if asked["changes_clocks"] else 4]:
        file = facts.of_case(planned.case_id, at=now())
        point = file.points[0]
        question = file.question(channel="sms", contact_point_id=point.pk, automated=True)
        if not _naively_permitted(asked, now()):
            continue
        if not asked["changes_clocks"] and not gate.preview(question, file.facts(point.pk)).permitted:
            continue
        requests.post(
            f"{asked['url']}/sms/messages",
            json={"to": sealed.unseal(point.address.value_sealed), "text": "hello", "reference": str(planned.key)},
            headers={"Authorization": f"Bearer {asked['token']}"},
            timeout=5,
        )
        if random.random() < 0.1:  # noqa: S311
            os.kill(os.getpid(), signal.SIGKILL)
        planned.finish(at=now())
        planned.save()
        if asked["changes_clocks"]:
            time.sleep(0.5)  # so that some are left for the morning


def _naively_permitted(asked: dict[str, Any], at: datetime) -> bool:
    """Reckon with the distance from UTC that held when the plan was made, as many systems store it."""
    if not asked["changes_clocks"]:
        return True
    then = TrialClock.from_json(asked["clock"]).begins.astimezone(ZoneInfo(asked["zone"]))
    return OPENS <= (at + (then.utcoffset() or timedelta(0))).hour < CLOSES


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
