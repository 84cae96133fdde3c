"""One trial: fill a database, let workers send and die while people ask for silence, and look at it from outside.

The oracle shares no code with what it judges: what the carrier took, and the rows by plain SQL.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection, connections

from cases import instructions
from collections_app.carrier import smtp
from collections_app.carrier.faults import Faults
from collections_app.carrier.receipts import Receipts
from collections_app.carrier.store import Store
from collections_app.carrier.web import Carrier
from collections_app.embedded.valkey import free_port
from collections_app.management.harness import book, sql
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import gate
from compliance.models import Decision
from contacts.faults import POINTS

TOKEN: Final = "token-of-the-trial"  # noqa: S105  (of a carrier that lives for one trial)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a trial is run. deaths: at every named point at least so many; random_kills: besides, anywhere."""

    people: int = 30
    channel: str = "sms"
    workers: int = 3
    deaths: int = 3
    random_kills: int = 4
    lease_s: float = 3.0
    timeout_s: float = 1.0
    at_most_s: float = 90.0
    seed: int = 1
    naive: bool = False
    silence_every: int = 4  # every so many-th person asks for silence; 0: nobody


@dataclass(slots=True)
class Report:
    """What was seen. Every count from `double` to `replayer_disagreements` must be nought."""

    kills: int = 0
    fault_points: dict[str, int] = field(default_factory=dict)
    handovers: int = 0
    double: int = 0
    over_limit: int = 0
    after_stop: int = 0
    marked_sent_not_sent: int = 0
    refused_but_sent: int = 0
    lost: int = 0
    replayer_disagreements: int = 0
    uncertain: int = 0
    sent: int = 0
    withheld: int = 0
    seconds: float = 0.0

    @property
    def violations(self) -> dict[str, int]:
        """Return the counts that must be nought and are not."""
        names = ("double", "over_limit", "after_stop", "marked_sent_not_sent", "refused_but_sent", "lost")
        return {name: count for name in (*names, "replayer_disagreements") if (count := getattr(self, name))}


class LocalCarrier:
    """A carrier in threads of this process: SMS by HTTP and, where asked for, mail by SMTP."""

    def __init__(self, *, mail: bool = False) -> None:
        self.store, self.faults = Store(), Faults()
        self.receipts = Receipts(self.store, url="", secret="", delay_s=0.01)
        self.web = Carrier(("127.0.0.1", 0), store=self.store, faults=self.faults, receipts=self.receipts, token=TOKEN)
        self.url = f"http://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.smtp_port = free_port() if mail else 0
        self._mail = smtp.start(self.store, self.faults, host="127.0.0.1", port=self.smtp_port) if mail else None

    def messages(self, channel: str) -> list[Any]:
        """Return what was taken, newest first."""
        return self.store.latest(channel=channel, limit=1_000_000)

    def close(self) -> None:
        """Stop serving."""
        self.web.shutdown()
        self.receipts.end()
        self.web.server_close()
        if self._mail is not None:
            self._mail.stop()


@contextmanager
def carrier(*, mail: bool = False) -> Iterator[LocalCarrier]:
    """Serve for the time of the block."""
    running = LocalCarrier(mail=mail)
    try:
        yield running
    finally:
        running.close()


def run(plan: Plan, *, env: dict[str, str]) -> Report:
    """Run one trial on the (empty) database in use. env: what a child process needs to use the same one."""
    with carrier(mail=plan.channel == "email") as running, tempfile.TemporaryDirectory() as folder:
        people = book.fill(people=plan.people, channel=plan.channel)
        workers = start_workers(plan, running, env=env, log=Path(folder) / "deaths")
        silenced: dict[str, float] = {}
        over = threading.Event()
        asking = threading.Thread(target=_ask_for_silence, args=(plan, people, silenced, over))
        asking.start()
        said = finish_workers(workers, at_most_s=plan.at_most_s + 20)
        over.set()
        asking.join()
        return judge(plan, running, silenced, said)


def start_workers(plan: Plan, running: LocalCarrier, *, env: dict[str, str], log: Path) -> subprocess.Popen[str]:
    """Start the process of the workers."""
    asked = asdict(plan) | {"at": book.AT.isoformat(), "log": str(log), "url": running.url, "token": TOKEN}
    environment = {
        **os.environ,
        **env,
        "DJANGO_SETTINGS_MODULE": "collections_app.settings",
        "DEVELOPMENT": "1",
        "VAR_DIR": str(settings.VAR_DIR),
        "SMS_PROVIDER_URL": f"{running.url}/sms",
        "SMS_PROVIDER_TOKEN": TOKEN,
        "WEBHOOK_SECRET": "of the trial",
        "EMAIL_HOST": "127.0.0.1" if running.smtp_port else "",
        "EMAIL_PORT": str(running.smtp_port or 25),
        "EMAIL_USE_TLS": "0",
        "LOG_LEVEL": "CRITICAL",
    }
    return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-m", "collections_app.management.harness.workers", json.dumps(asked)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_workers(process: subprocess.Popen[str], *, at_most_s: float) -> dict[str, Any]:
    """Wait for the workers and return what they say. Raises RuntimeError with their last words when they failed."""
    out, err = process.communicate(timeout=at_most_s)
    if process.returncode != 0:
        raise RuntimeError(err[-3000:])
    said: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return said


def judge(plan: Plan, running: LocalCarrier, silenced: dict[str, float], said: dict[str, Any]) -> Report:
    """Compare what the carrier took with what the rows say."""
    arrived = running.messages(plan.channel)
    per_key = Counter(message.reference if plan.naive else message.key.partition("@")[0] for message in arrived)
    per_person = Counter(message.to for message in arrived)
    fates: dict[str, set[str]] = {}
    for key, fate in _rows(sql.FATES):
        fates.setdefault(fate, set()).add(key)
    sent = fates.get("sent", set()) | fates.get("delivered", set())
    uncertain = fates.get("uncertain", set())
    ((lost,),) = _rows(sql.LOST)
    ((withheld,),) = _rows(sql.WITHHELD)
    return Report(
        kills=said["killed"] + sum(said["fired"].values()),
        fault_points={point: said["fired"].get(point, 0) for point in POINTS},
        handovers=len(arrived),
        double=sum(count > 1 for count in per_key.values()),
        over_limit=sum(count > book.LIMIT for count in per_person.values()),
        after_stop=sum(m.to in silenced and m.at > silenced[m.to] for m in arrived),
        marked_sent_not_sent=len(sent - set(per_key)),
        refused_but_sent=0 if plan.naive else len(set(per_key) - sent - uncertain),
        lost=lost + len(fates.get("cleared", set())),
        replayer_disagreements=_disagreements(),
        uncertain=len(uncertain),
        sent=len(sent),
        withheld=withheld,
        seconds=said["seconds"],
    )


def _disagreements() -> int:
    """Return how many hand-overs rest on a decision that, computed again from what it stored, is not the same."""
    handed_over = _rows(sql.DECISIONS_OF_HAND_OVERS)
    wrong = 0
    for decision in Decision.objects.filter(pk__in=[pk for (pk,) in handed_over]).iterator():
        outcome = gate.recompute(decision)
        wrong += not outcome.permitted or bool(gate.differences(decision, outcome))
    return wrong


def _ask_for_silence(plan: Plan, people: dict[int, str], into: dict[str, float], over: threading.Event) -> None:
    """Let people ask for silence one after the other; note when that was confirmed to each."""
    actor = Actor.system("trial")
    asking = list(people.items())[:: plan.silence_every] if plan.silence_every else []
    for person_id, value in asking:
        if over.is_set():
            break
        instructions.give(person_id=person_id, kind="opt_out", channel=plan.channel, actor=actor, at=book.AT)
        into[value] = (clock.now() - clock.offset()).timestamp()  # the carrier's clock is never shifted
        over.wait(0.1)
    connections.close_all()


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
