"""Reads a book for the engine: rows become items, features become needs, and everything read is hashed."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from cases import ageing
from cases.distribution import people, rule_book, sql
from cases.distribution.engine import BARRING, BROKEN, COMPLAINT, DAYS, NOBODY, Item, Need
from cases.distribution.loads import Worker
from cases.distribution.rules import BALANCE, GLANCE, MINUTES, Features, Rules, lies_in
from cases.models import Creditor, DistributionRun
from collections_app.shared import clock
from collections_app.staff.models import Team
from collections_app.staff.work import spoken

CHUNK: Final = 20_000


@dataclass(slots=True)
class Book:
    """What a run reads. figures: balance and bucket of each item, for the page. ground, inputs: hashes (SHA-256)."""

    workers: list[Worker]
    items: list[Item] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    teams: list[int] = field(default_factory=list)
    since: list[datetime | None] = field(default_factory=list)
    figures: list[tuple[Decimal, str]] = field(default_factory=list)
    ground: str = ""
    inputs: str = ""


def read(*, creditor: Creditor, team: Team | None, rules: Rules, rules_id: int | None, day: date, at: datetime) -> Book:
    """Read the unresolved cases of a creditor (and of one team) and whoever may work them on the day."""
    zone = clock.zone(creditor.time_zone)
    until = datetime.combine(day + timedelta(days=1), time.min, zone)
    team_id = team.pk if team else None
    book = Book(workers=_workers(creditor, team_id, rules, day=day, until=until))
    reader = _Reader(creditor, rules, book, day=day, until=until, at=at, fixed_team=team)
    seen = hashlib.sha256()
    for row in _rows(creditor, team_id, rules, at=at):
        seen.update(repr(row).encode())
        reader.add(row)
    book.ground = ground(creditor=creditor, team=team, rules_id=rules_id, day=day, workers=book.workers)
    book.inputs = hashlib.sha256(f"{book.ground}{seen.hexdigest()}".encode()).hexdigest()
    return book


def ground(
    *, creditor: Creditor, team: Team | None, rules_id: int | None, day: date, workers: list[Worker] | None = None
) -> str:
    """Return the hash of what a preview stands on: rules, day, people, what teams take, and the run applied before.

    What people have in hand is left out: it changes all day, and every case is looked at again when it is moved.
    """
    known = workers if workers is not None else _profiles(creditor, team.pk if team else None, rules_id, day)
    last = DistributionRun.objects.filter(creditor=creditor, applied_at__isnull=False).order_by("-applied_at", "-pk")
    latest = last.values_list("pk", "undone_at").first()
    said = {
        "rules": rules_id,
        "day": day.isoformat(),
        "people": [
            [*worker[:2], sorted(worker.skills), worker.tier, sorted(worker.languages), *worker[5:9]]
            for worker in sorted(known, key=lambda each: each.id)
        ],
        "teams": sorted(map(str, _team_profiles().items())),
        "last": [str(each) for each in latest] if latest else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _workers(creditor: Creditor, team_id: int | None, rules: Rules, *, day: date, until: datetime) -> list[Worker]:
    users = people.collectors(team_id=team_id)
    ids = [user.pk for user in users]
    away = people.away(ids, day=day)
    outside = people.elsewhere(ids, creditor_id=creditor.pk, team_id=team_id, until=until, minutes=rules.minutes)
    return [
        people.as_worker(user, days_away=away.get(user.pk, 0), rules=rules, elsewhere=outside.get(user.pk, (0, 0)))
        for user in users
    ]


def _profiles(creditor: Creditor, team_id: int | None, rules_id: int | None, day: date) -> list[Worker]:
    rules = rule_book.rules_of(rules_id)
    users = people.collectors(team_id=team_id)
    away = people.away([user.pk for user in users], day=day)
    return [people.as_worker(user, days_away=away.get(user.pk, 0), rules=rules) for user in users]


def _team_profiles() -> dict[int, tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Return what every active team takes: its code, creditors, buckets, jurisdictions, skills."""
    teams = Team.objects.filter(is_active=True).select_related("work").order_by("pk")
    return {
        team.pk: (
            team.code,
            *(
                tuple(getattr(getattr(team, "work", None), name, ()) or ())
                for name in ("creditors", "buckets", "jurisdictions", "skills")
            ),
        )  # type: ignore[misc]
        for team in teams
    }


def _rows(creditor: Creditor, team_id: int | None, rules: Rules, *, at: datetime) -> Iterator[tuple[Any, ...]]:
    values = {
        "creditor": creditor.pk,
        "team": team_id,
        "with_products": rules.looks_at_products,
        "with_promises": rules.broken_promise,
        "with_complaints": rules.complaint,
        "not_back_since": at - timedelta(days=rules.not_back_days),
        "barring": list(BARRING),
    }
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql.CASES, values)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


class _Reader:
    """Turns rows into items; what many cases share (needs, teams) is worked out once for each kind."""

    def __init__(
        self,
        creditor: Creditor,
        rules: Rules,
        book: Book,
        *,
        day: date,
        until: datetime,
        at: datetime,
        fixed_team: Team | None,
    ) -> None:
        self.creditor, self.rules, self.book, self.day, self.until, self.at = creditor, rules, book, day, until, at
        self.profiles = _team_profiles()
        self.fixed = fixed_team.pk if fixed_team else None
        by_code = {profile[0]: pk for pk, profile in self.profiles.items()}
        self.order = [by_code[code] for code in rules.teams if code in by_code]
        self.conflicts = people.conflicts(people.collectors(team_id=self.fixed))
        self.bounds = sorted(
            {
                bound
                for each in rules.needs
                for bound in (each.when.balance_from, each.when.balance_below)
                if bound is not None
            }
        )
        self.places: dict[Need, int] = {}
        self.needs: dict[tuple[Any, ...], int] = {}
        self.homes: dict[tuple[Any, ...], int] = {}

    def add(self, row: tuple[Any, ...]) -> None:
        """Add one row of `sql.CASES`."""
        (case_id, person_id, team_id, owner_id, since, balance, past_due, score, action, due_at, busy, reason,
         hardship, language, place, business, vulnerable, product, broken, complaint, before) = row  # fmt: skip
        bucket = ageing.DEFAULT.bucket(ageing.dpd(past_due, self.day))
        band = sum(balance >= bound for bound in self.bounds)
        tongue = spoken(language)
        kind = (bucket, product, place, reason, hardship, vulnerable, business, band, tongue)
        need = self.needs.get(kind)
        if need is None:
            features = Features(bucket, product, place, reason, hardship, vulnerable, business, balance)
            need = self.needs[kind] = self._need(features, tongue)
        skills = self.book.needs[need].skills
        home_key = (team_id, bucket, place, skills)
        home = self.homes.get(home_key)
        if home is None:
            home = self.homes[home_key] = self._home(team_id, bucket, place, skills)
        minutes = self.rules.minutes.get(action, GLANCE) if due_at is not None and due_at < self.until else GLANCE
        leaves = ""
        if self.rules.broken_promise and broken:
            leaves = BROKEN
        elif self.rules.complaint and complaint:
            leaves = COMPLAINT
        elif self.rules.days and since is not None and self.at - since >= timedelta(days=self.rules.days):
            leaves = DAYS
        barred = self.conflicts.get(person_id, ())
        if before or leaves:
            former = {each for each in before or () if each != owner_id}  # given back to him by hand: his again
            barred = tuple(sorted({*barred, *former, *((owner_id,) if leaves and owner_id else ())}))
        self.book.items.append(
            Item(case_id, home, owner_id or NOBODY, need, minutes, self._weight(balance, minutes), score, leaves,
                 barred, busy)
        )  # fmt: skip
        self.book.teams.append(team_id or NOBODY)
        self.book.since.append(since)
        self.book.figures.append((balance, bucket))

    def _weight(self, balance: Decimal, minutes: int) -> int:
        if self.rules.mode == BALANCE:
            return max(0, int(balance * 100))
        return minutes if self.rules.mode == MINUTES else 1

    def _need(self, features: Features, tongue: str) -> int:
        skills, tier = self.rules.needed(features)
        need = Need(skills, tier, tongue)
        if need not in self.places:
            self.places[need] = len(self.book.needs)
            self.book.needs.append(need)
        return self.places[need]

    def _home(self, team_id: int | None, bucket: str, place: str, skills: frozenset[str]) -> int:
        """Return the team of a case: its own where that takes it, else the first of the rules that does."""
        if self.fixed is not None:
            return self.fixed
        own = team_id or self.creditor.team_id or NOBODY
        if not self.order or (own in self.order and self._takes(own, bucket, place, skills)):
            return own
        return next((each for each in self.order if self._takes(each, bucket, place, skills)), own)

    def _takes(self, team_id: int, bucket: str, place: str, skills: frozenset[str]) -> bool:
        _code, creditors, buckets, places, known = self.profiles[team_id]
        return (
            (not creditors or self.creditor.code in creditors)
            and (not buckets or bucket in buckets)
            and (not places or lies_in(place, places))
            and (not known or skills <= set(known))
        )
