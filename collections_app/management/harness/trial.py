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
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import Error, connection, connections

from cases import instructions
from collections_app import embedded
from collections_app.carrier import smtp
from collections_app.carrier.faults import Faults
from collections_app.carrier.receipts import Receipts
from collections_app.carrier.store import Store
from collections_app.carrier.web import Carrier
from collections_app.embedded.valkey import free_port
from collections_app.management.harness import book, oracle, sql, troubles
from collections_app.management.harness.clocks import TrialClock
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import gate
from compliance.models import Decision
from compliance.packs_loader import Pack
from contacts.faults import POINTS

MUST_BE_NOUGHT: Final = (
    "double", "over_limit", "after_stop", "marked_sent_not_sent", "refused_but_sent", "lost", "replayer_disagreements",
    "outside_hours", "mixed_versions", "delivered_twice",
)  # fmt: skip
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
    failing: float = 0.0  # part of the provider's requests that fail, in all the ways in which they do
    odd_receipts: bool = False  # receipts come, twice, in the wrong order, before the answer
    exchanges_pack: bool = False  # another version of a pack begins to bind in the middle
    crashes: int = 0  # immediate stops of the database; only with `own_cluster`
    crash_every: int = 6  # messages taken since the start or the crash before
    away_s: float = 0.0  # that the database stays away after each
    at_once: int = 1  # rows that a worker claims together
    changes_clocks: bool = False  # in New York, over the night in which summer time ends

    @property
    def clock(self) -> TrialClock:
        """Return the clock that the trial runs by."""
        if not self.changes_clocks:
            return TrialClock(book.AT)
        # 21:57 on 31 October; 07:05 on 1 November, which is 08:05 for whoever still adds the hour of summer; 08:01.
        evening = datetime(2026, 11, 1, 1, 57, tzinfo=UTC)
        return TrialClock(
            evening, ((12.0, evening.replace(hour=12, minute=5)), (15.0, evening.replace(hour=13, minute=1)))
        )

    @property
    def zone(self) -> str:
        """Return the time zone of everybody in the book."""
        return "America/New_York" if self.changes_clocks else "Asia/Shanghai"


@dataclass(slots=True)
class Report:
    """What was seen. Every count in MUST_BE_NOUGHT must be nought."""

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
    outside_hours: int = 0
    mixed_versions: int = 0
    delivered_twice: int = 0
    uncertain: int = 0
    sent: int = 0
    withheld: int = 0
    seconds: float = 0.0
    crashes: int = 0
    failures: int = 0
    receipts: int = 0
    versions: int = 0
    days: int = 0

    @property
    def violations(self) -> dict[str, int]:
        """Return the counts that must be nought and are not."""
        return {name: count for name in MUST_BE_NOUGHT if (count := getattr(self, name))}


class LocalCarrier:
    """A carrier in threads of this process: SMS by HTTP and, where asked for, mail by SMTP."""

    def __init__(self, *, mail: bool = False, receipts_to: str = "", seed: int = 1) -> None:
        self.store, self.faults = Store(), Faults(seed=seed)
        self.receipts = Receipts(self.store, url=receipts_to, secret=troubles.secret(), delay_s=0.01)
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
def carrier(*, mail: bool = False, receipts_to: str = "", seed: int = 1) -> Iterator[LocalCarrier]:
    """Serve for the time of the block. receipts_to: the address that gets the receipts; none where it is empty."""
    running = LocalCarrier(mail=mail, receipts_to=receipts_to, seed=seed)
    try:
        yield running
    finally:
        running.close()


def run(plan: Plan, *, env: dict[str, str], own_cluster: embedded.Servers | None = None) -> Report:
    """Run one trial on the (empty) database in use. env: what a child process needs to use the same one.

    own_cluster: the servers of that database, where nobody else uses them and they may be crashed.
    """
    with ExitStack() as around:
        folder = around.enter_context(tempfile.TemporaryDirectory())
        to = around.enter_context(troubles.receiver(at=plan.clock.begins)) if plan.odd_receipts else ""
        running = around.enter_context(carrier(mail=plan.channel == "email", receipts_to=to, seed=plan.seed))
        people = book.fill(people=plan.people, channel=plan.channel, zone=plan.zone, at=plan.clock.begins)
        exchange = _make_trouble(plan, running)
        workers = start_workers(plan, running, env=env, log=Path(folder) / "deaths")
        silenced: dict[str, float] = {}
        over = threading.Event()
        asking = threading.Thread(target=_ask_for_silence, args=(plan, people, silenced, over))
        asking.start()
        crashes = troubles.Crashes(
            own_cluster,
            times=plan.crashes,
            taken=lambda: running.store.counts[f"{plan.channel}.accepted"],
            every=plan.crash_every,
            away_s=plan.away_s,
        )
        try:
            with crashes:
                said = finish_workers(workers, at_most_s=plan.at_most_s + 30)
        finally:
            over.set()
            asking.join()
        connections.close_all()  # of a server that may have died since
        if plan.odd_receipts:
            troubles.wait_for_receipts(running.receipts.waiting, at_most_s=10)
        report = judge(plan, running, silenced, said, exchange=exchange)
        report.crashes = crashes.happened
        return report


def _make_trouble(plan: Plan, running: LocalCarrier) -> troubles.Exchange | None:
    if plan.failing:
        troubles.order_bad_day(running.faults, share=plan.failing, channel=plan.channel)
    if plan.odd_receipts:
        troubles.order_odd_receipts(running.faults)
    if not plan.exchanges_pack:
        return None
    begins = plan.clock.begins
    return troubles.exchange_pack(begins=begins + timedelta(seconds=60), at=begins)


def start_workers(plan: Plan, running: LocalCarrier, *, env: dict[str, str], log: Path) -> subprocess.Popen[str]:
    """Start the process of the workers."""
    asked = asdict(plan) | {"log": str(log), "url": running.url, "token": TOKEN}
    asked |= {"clock": plan.clock.as_json(), "zone": plan.zone, "crashes": plan.crashes}
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


def judge(
    plan: Plan,
    running: LocalCarrier,
    silenced: dict[str, float],
    said: dict[str, Any],
    *,
    exchange: troubles.Exchange | None = None,
) -> Report:
    """Compare what the carrier took with what the rows say, and judge every hand-over again."""
    arrived = running.messages(plan.channel)
    taken = [oracle.HandOver(each.to, plan.clock.after(each.at - said["began"])) for each in arrived]
    per_key = Counter(message.reference if plan.naive else message.key.partition("@")[0] for message in arrived)
    fates: dict[str, set[str]] = {}
    for key, fate in _rows(sql.FATES):
        fates.setdefault(fate, set()).add(key)
    sent = fates.get("sent", set()) | fates.get("delivered", set())
    uncertain = fates.get("uncertain", set())
    ((lost,),) = _rows(sql.LOST)
    ((withheld,),) = _rows(sql.WITHHELD)
    ((delivered_twice,),) = _rows(sql.DELIVERED_TWICE)
    ((received,),) = _rows(sql.RECEIPTS)
    return Report(
        kills=said["killed"] + sum(said["fired"].values()),
        fault_points={point: said["fired"].get(point, 0) for point in POINTS},
        handovers=len(arrived),
        double=sum(count > 1 for count in per_key.values()),
        over_limit=oracle.over_limit(taken, zone=plan.zone, limit=book.LIMIT),
        after_stop=sum(m.to in silenced and m.at > silenced[m.to] for m in arrived),
        marked_sent_not_sent=len(sent - set(per_key)),
        refused_but_sent=0 if plan.naive else len(set(per_key) - sent - uncertain),
        lost=lost + len(fates.get("cleared", set())),
        replayer_disagreements=_disagreements(),
        outside_hours=oracle.outside_hours(taken, zone=plan.zone),
        mixed_versions=_mixed(exchange),
        delivered_twice=delivered_twice,
        uncertain=len(uncertain),
        sent=len(sent),
        withheld=withheld,
        seconds=said["seconds"],
        failures=sum(count for name, count in running.store.counts.items() if name.startswith("faults.")),
        receipts=received,
        versions=_versions_seen(exchange),
        days=len({oracle.local_day_and_hour(plan.zone, each.at)[0] for each in taken}),
    )


def _mixed(exchange: troubles.Exchange | None) -> int:
    if exchange is None:
        return 0
    return oracle.mixed_versions(_rows(sql.DECIDED), old=exchange.old, new=exchange.new, begins=exchange.begins)


def _versions_seen(exchange: troubles.Exchange | None) -> int:
    if exchange is None:
        return 0
    named = {name for _at, hashes in _rows(sql.DECIDED) for name in hashes}
    return sum(any(full.startswith(name) for name in named) for full in (exchange.old, exchange.new))


def _disagreements() -> int:
    """Return how many hand-overs rest on a decision that, computed again from what it stored, is not the same."""
    handed_over = _rows(sql.DECISIONS_OF_HAND_OVERS)
    wrong = 0
    packs: dict[str, Pack] = {}
    for decision in Decision.objects.filter(pk__in=[pk for (pk,) in handed_over]).iterator():
        unread = [each for each in decision.releases if each not in packs]
        packs |= gate.revived(unread) if unread else {}
        outcome = gate.recompute(decision, releases=packs)
        wrong += not outcome.permitted or bool(gate.differences(decision, outcome))
    return wrong


def _ask_for_silence(plan: Plan, people: dict[int, str], into: dict[str, float], over: threading.Event) -> None:
    """Let people ask for silence one after the other; note when that was confirmed to each."""
    actor = Actor.system("trial")
    asking = list(people.items())[:: plan.silence_every] if plan.silence_every else []
    for person_id, value in asking:
        while not over.is_set():
            try:
                instructions.give(
                    person_id=person_id, kind="opt_out", channel=plan.channel, actor=actor, at=plan.clock.begins
                )
            except Error:  # the database is away: nothing was confirmed to him, and he asks again
                connections.close_all()
                over.wait(0.2)
                continue
            into[value] = (clock.now() - clock.offset()).timestamp()  # the carrier's clock is never shifted
            break
        over.wait(0.1)
    connections.close_all()


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
