"""Workers that send, and die: a process that keeps several children at work until nothing is left to do.

`python -m collections_app.management.harness.workers JSON`. Every child is a fork that runs the product's own
`dispatch.run` and `dispatch.sweep` until it is killed or all rows are settled; while deaths are wanted each child is
armed with one fault point, and now and then one is killed from outside. Prints one JSON object at the end.
"""

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

import django
import requests

STARTED: Final = time.monotonic()
PASSING: Final = ("interrupted", "permit-expired", "stopped")  # withheld for now, and to be settled within the trial
CHANCE: Final = 0.7  # that an armed child dies when it comes to its point


def main(asked: dict[str, Any]) -> None:
    """Keep children at work until nothing is left, `deaths` per point have happened and `random_kills` from outside."""
    django.setup()
    from django.conf import settings
    from django.db import connections

    from contacts import dispatch, faults

    _warm_up(datetime.fromisoformat(asked["at"]))
    settings.DISPATCH_LEASE_S = asked["lease_s"]
    settings.PROVIDER_TIMEOUT_S = asked["timeout_s"]
    dispatch.AT_ONCE = 1
    log = Path(asked["log"])
    log.touch()
    dice = random.Random(asked["seed"])  # noqa: S311  (a trial that fails is run again with the same seed)
    clock = _clock(datetime.fromisoformat(asked["at"]))
    children: set[int] = set()
    killed, until = 0, time.monotonic() + asked["at_most_s"]
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
        if not wanted and killed >= asked["random_kills"] and not left():
            break
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    report = {"fired": Counter(log.read_text().split()), "killed": killed, "left": left()}
    sys.stdout.write(json.dumps(report | {"seconds": round(time.monotonic() - STARTED, 1)}) + "\n")


def left() -> int:
    """Return how many rows are not settled. One statement, so that no row moves from one count to another meanwhile."""
    from django.db.models import Exists, OuterRef, Q

    from contacts.models import ContactAttempt, PlannedContact

    reserved = ContactAttempt.objects.filter(planned=OuterRef("pk"), status="cleared")
    open_rows = Q(status__in=["planned", "claimed"]) | Q(status="withheld", reason_code__in=PASSING)
    return PlannedContact.objects.filter(open_rows | Exists(reserved)).count()


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


def _clock(at: datetime) -> Callable[[], datetime]:
    # Twenty times as fast as the real one, so that a wait of a minute is one of three seconds.
    return lambda: at + timedelta(seconds=20 * (time.monotonic() - STARTED))


def _work(asked: dict[str, Any], now: Callable[[], datetime]) -> None:
    """Be one worker until killed."""
    from django.db import connections

    from contacts import dispatch

    connections.close_all()
    try:
        while True:
            if asked["naive"]:
                _send_naively(asked, now)
            else:
                dispatch.run(channel=asked["channel"], limit=20, budget_s=5, now=now)
                dispatch.sweep(now=now, limit=20)
            time.sleep(0.05)
    finally:
        os._exit(1)


def _send_naively(asked: dict[str, Any], now: Callable[[], datetime]) -> None:
    """Do what many systems do: look whether it may leave, send it, mark it. The negative control."""
    from collections_app.shared import sealed
    from compliance import gate
    from contacts import facts
    from contacts.models import PlannedContact

    for planned in PlannedContact.objects.filter(status="planned").order_by("?")[:4]:
        file = facts.of_case(planned.case_id, at=now())
        point = file.points[0]
        question = file.question(channel="sms", contact_point_id=point.pk, automated=True)
        if not gate.preview(question, file.facts(point.pk)).permitted:
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


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
