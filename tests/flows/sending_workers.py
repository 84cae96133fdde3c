"""Workers that send, and die: a process that keeps several children at work until nothing is left to do.

Started by the tests as a process of its own, with one JSON object as its argument. Every child is a fork that runs the
product's own `dispatch.run` and `dispatch.sweep` until it is killed or all rows are settled; while deaths are
wanted each child is armed with one fault point, and now and then one is killed from outside. Prints one JSON object
at the end.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
import requests

STARTED = time.monotonic()
PASSING = ("interrupted", "permit-expired", "stopped")


def main(asked: dict[str, Any]) -> None:
    """Keep children at work; `deaths` per point are wanted, and `random_kills` from outside."""
    django.setup()
    from django.conf import settings
    from django.db import connections

    from contacts import dispatch, faults

    _warm_up(datetime.fromisoformat(asked["at"]))
    settings.DISPATCH_LEASE_S = asked["lease_s"]
    settings.PROVIDER_TIMEOUT_S = asked["timeout_s"]
    dispatch.AT_ONCE = 2
    log = Path(asked["log"])
    log.touch()
    dice = random.Random(asked["seed"])
    children: dict[int, float] = {}
    killed, until = 0, time.monotonic() + asked["at_most_s"]
    clock = _clock(datetime.fromisoformat(asked["at"]))
    while time.monotonic() < until:
        fired = Counter(log.read_text().split())
        wanted = [p for p in faults.POINTS if fired[p] < asked["deaths"]] if not asked["naive"] else []
        while len(children) < asked["workers"]:
            connections.close_all()
            point = dice.choice(wanted) if wanted else ""
            child = os.fork()
            if child == 0:
                faults.arm(f"{point}:0.7" if point else "", log=str(log))
                _work(asked, clock)
            children[child] = time.monotonic()
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid:
            children.pop(pid, None)
        elif killed < asked["random_kills"] and dice.random() < 0.1:
            victim = dice.choice(sorted(children))
            os.kill(victim, signal.SIGKILL)
            killed += 1
        else:
            time.sleep(0.02)
        if not wanted and killed >= asked["random_kills"] and not _left(asked):
            break
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    print(
        json.dumps(
            {
                "fired": Counter(log.read_text().split()),
                "killed": killed,
                "left": _left(asked),
                "seconds": round(time.monotonic() - STARTED, 1),
            }
        )
    )


def _warm_up(at: datetime) -> None:
    """Read packs and languages once, so that a newborn child is at work at once."""
    from compliance import gate
    from contacts import facts
    from contacts.dispatch import wanted, wording
    from contacts.models import PlannedContact

    planned = PlannedContact.objects.order_by("pk").first()
    file = facts.of_case(planned.case_id, at=at)
    question = file.question(channel=planned.channel, contact_point_id=file.points[0].pk, automated=True)
    gate.preview(question, file.facts(file.points[0].pk))
    version = wording.wording_for(planned.template, "zh-hans")
    wording.write(version, file, wanted.positions(file), channel=planned.channel)


def _clock(at: datetime) -> Any:
    # Twenty times as fast as the real one, so that a wait of a minute is one of three seconds.
    return lambda: at + timedelta(seconds=20 * (time.monotonic() - STARTED))


def _work(asked: dict[str, Any], now: Any) -> None:
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


def _send_naively(asked: dict[str, Any], now: Any) -> None:
    """Do what many systems do: look whether it may leave, send it, mark it."""
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
        if random.random() < 0.1:
            os.kill(os.getpid(), signal.SIGKILL)
        planned.finish(at=datetime.now(UTC))
        planned.save()


def _left(asked: dict[str, Any]) -> int:
    """Return how many rows are not settled."""
    from contacts.models import ContactAttempt, PlannedContact

    open_rows = PlannedContact.objects.filter(status__in=["planned", "claimed"]).count()
    interrupted = PlannedContact.objects.filter(status="withheld", reason_code__in=PASSING)
    return open_rows + interrupted.count() + ContactAttempt.objects.filter(status="cleared").count()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
