"""What another version of a rule pack would change, looked up before it is put in force; nothing is stored.

Two questions about the same contacts, once with today's packs and once with the other version in the place of its own:

- **planned**: contacts due in the next days, with what is known now, at the instant at which each is to be made;
- **made**: contacts of the last days, with what was known then: the facts that their decisions keep, which reach back
  as far as the rules of that day asked.

Only law is looked at. What else holds a planned contact back (a stop order, an old feed) is not, and what is planned is
what the last close of day planned. Where changes of the version begin on a later day than today both sides are read as
of that day, since nothing would differ before it; the answer names it as `read_as_of`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.models.functions import Mod

from cases.models import ContactPoint
from collections_app.shared import refs
from compliance import engine, gate, look_back
from compliance.facts import Facts, FactsError, Question, from_plain
from compliance.models import ScheduledRelease
from compliance.packs_loader import POLICY, Pack
from compliance.releases import in_force, meaning, uploads
from compliance.releases.in_force import Edition
from contacts import facts
from contacts.channels import catalogue
from contacts.facts import CaseFile
from contacts.models import ContactAttempt, PlannedContact

CHUNK: Final = 500
PAGE_LIMIT: Final = 1000  # contacts of each kind that a page may wait for: some seconds
EXAMPLES: Final = 20
NEVER_MADE: Final = ("withheld", "cancelled")
REVIEW: Final = "review"  # a step of a strategy that reaches nobody
FORBIDDEN, ALLOWED = "forbidden", "allowed"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Example:
    """One contact whose answer would be another. `rules`: those that forbid it then, or that forbid it now."""

    becomes: str  # forbidden, allowed
    rules: tuple[str, ...]
    case_ref: str
    channel: str
    at: datetime
    next_permitted: datetime | None  # with the version, where it would be forbidden
    planned_id: int | None = None
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of contact. Numbers are of the contacts looked at: all of them, or a share (`total`, `looked_at`).

    A contact that two rules forbid counts for both of them in by_rule, and once in by_channel.
    """

    total: int
    looked_at: int
    forbidden: int  # permitted today, refused with the version
    allowed: int  # refused today, permitted with the version
    refused_by_both: int
    forbidden_by_rule: dict[str, int]
    allowed_by_rule: dict[str, int]
    forbidden_by_channel: dict[str, int]
    allowed_by_channel: dict[str, int]
    not_asked: dict[str, int]  # why, for contacts of which the rules could not be asked
    examples: tuple[Example, ...]

    @property
    def share(self) -> float:
        """The part of all contacts that was looked at, from 0 to 1."""
        return self.looked_at / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Impact:
    """What a version of a pack would change, against the packs that bind at `at`."""

    pack: str
    version: str
    version_now: str
    hash: str
    at: datetime
    days: int
    read_as_of: date | None
    planned: Side
    made: Side
    seconds: float

    @property
    def is_sample(self) -> bool:
        """Whether not every contact was looked at."""
        return any(side.looked_at < side.total for side in (self.planned, self.made))


def of_release(scheduled_id: int, *, days: int, at: datetime, limit: int | None = PAGE_LIMIT) -> Impact:
    """Return what a proposed or scheduled release would change (`of_pack`). Raises PackError, ReleasesUnknown."""
    row = ScheduledRelease.objects.only("files").get(pk=scheduled_id)
    return of_pack(uploads.read(row.files), days=days, at=at, limit=limit)


def of_pack(
    pack: Pack, *, days: int, at: datetime, limit: int | None = None, progress: Progress | None = None
) -> Impact:
    """Return what this version of an installed pack would change for the contacts of `days` days on both sides of `at`.

    limit: the most contacts of each kind to look at: an even share of them, the same at every call; None: all. Memory
    does not grow with the book. Raises PackError when no such pack is installed, ReleasesUnknown.
    """
    started = time.perf_counter()
    today = in_force.at(at)
    now = today.get(pack.id)
    day = begins_to_differ(now, pack, on=at.astimezone(UTC).date())
    pair = _Pair(pack.id, today, today.with_pack(pack), day)
    planned, made = due(at=at, days=days), past(at=at, days=days)
    window = max(look_back.of_edition(edition) for edition in (pair.now, pair.then))
    return Impact(
        pack=pack.id,
        version=pack.version,
        version_now=now.version,
        hash=pack.hash,
        at=at,
        days=days,
        read_as_of=day,
        planned=_side(planned, lambda rows: _planned(rows, at=at, window=window), pair, limit, progress, "planned"),
        made=_side(made, _made, pair, limit, progress, "made"),
        seconds=round(time.perf_counter() - started, 3),
    )


def begins_to_differ(now: Pack, then: Pack, *, on: date) -> date | None:
    """Return the last day later than `on` from which a rule of one version differs from the other; None: none later."""
    before, after = meaning.record_of(now), meaning.record_of(then)
    days: set[date] = set()
    for rule in {*before, *after}:
        old, new = (
            {each["from"]: each for each in record.get(rule, {}).get("versions", ())} for record in (before, after)
        )
        for begins in {*old, *new}:
            if old.get(begins) == new.get(begins):
                continue
            days.add(date.fromisoformat(begins))
            if begins in new and new[begins]["until"]:
                days.add(date.fromisoformat(new[begins]["until"]) + timedelta(days=1))
    return max((day for day in days if day > on), default=None)


def due(*, at: datetime, days: int) -> QuerySet[PlannedContact]:
    """Return the planned contacts that are to be made from now until so many days later."""
    rows = PlannedContact.objects.filter(status__in=["planned", "claimed", "withheld"], expires_at__gt=at)
    return rows.filter(try_again_at__lt=at + timedelta(days=days)).exclude(channel=REVIEW)


def past(*, at: datetime, days: int) -> QuerySet[ContactAttempt]:
    """Return the contacts of the last days, ours and reported ones, that were decided about."""
    rows = ContactAttempt.objects.filter(at__gte=at - timedelta(days=days), at__lte=at, decision__isnull=False)
    return rows.filter(direction=ContactAttempt.Direction.OUTBOUND).exclude(status__in=NEVER_MADE)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A contact and what the rules are asked about it; `obstacle` where they cannot be."""

    case_id: int | None
    channel: str
    question: Question | None = None
    facts: Facts | None = None
    obstacle: str = ""
    planned_id: int | None = None
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Pair:
    """Today's packs, and the same with another version of one of them, both read as of one day."""

    pack_id: str
    now: Edition
    then: Edition
    as_of: date | None

    def packs(self, edition: Edition, known: Facts) -> tuple[Pack, ...]:
        return (*gate.choose_from(edition, known), edition.get(POLICY))


@dataclass(slots=True)
class _Count:
    """What is counted while the contacts pass by."""

    looked_at: int = 0
    refused_by_both: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=lambda: {FORBIDDEN: Counter(), ALLOWED: Counter()})
    channels: dict[str, Counter[str]] = field(default_factory=lambda: {FORBIDDEN: Counter(), ALLOWED: Counter()})
    not_asked: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=lambda: {FORBIDDEN: [], ALLOWED: []})


def _side(
    rows: QuerySet[Any],
    asked: Callable[[Sequence[Any]], Iterator[_Asked]],
    pair: _Pair,
    limit: int | None,
    progress: Progress | None,
    label: str,
) -> Side:
    total = rows.count()
    every = 1 if limit is None else -(-total // limit) or 1
    if every > 1:
        rows = rows.annotate(turn=Mod(F("pk"), every)).filter(turn=0)
    expected = total if every == 1 else total // every
    count = _Count()
    for chunk in _chunks(rows):
        for one in asked(chunk):
            _compare(one, pair, count)
        count.looked_at += len(chunk)
        if progress is not None:
            progress(min(count.looked_at, expected), expected, label)
    return Side(
        total=max(total, count.looked_at),
        looked_at=count.looked_at,
        forbidden=count.totals[FORBIDDEN],
        allowed=count.totals[ALLOWED],
        refused_by_both=count.refused_by_both,
        forbidden_by_rule=dict(count.rules[FORBIDDEN].most_common()),
        allowed_by_rule=dict(count.rules[ALLOWED].most_common()),
        forbidden_by_channel=dict(count.channels[FORBIDDEN].most_common()),
        allowed_by_channel=dict(count.channels[ALLOWED].most_common()),
        not_asked=dict(count.not_asked.most_common()),
        examples=(*count.examples[FORBIDDEN], *count.examples[ALLOWED]),
    )


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Return the rows by key, some hundreds at a time, so that no more than those are ever in memory."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def _planned(rows: Sequence[PlannedContact], *, at: datetime, window: timedelta) -> Iterator[_Asked]:
    templates = dict(
        PlannedContact.objects.filter(pk__in=[row.pk for row in rows], template__isnull=False).values_list(
            "pk", "template__content_class"
        )
    )
    points: dict[int, list[ContactPoint]] = {}
    for each in ContactPoint.objects.filter(person_id__in={row.person_id for row in rows}).select_related("address"):
        points.setdefault(each.person_id, []).append(each)
    files = {case_id: facts.of_case(case_id, at=at, window=window) for case_id in {row.case_id for row in rows}}
    for row in rows:
        file = replace(files[row.case_id], at=max(row.try_again_at, at))
        point = None if file.is_resolved else catalogue.best(row.channel, points.get(row.person_id, ()))
        if point is None:
            obstacle = "case-resolved" if file.is_resolved else "no-contact-point"
            yield _Asked(row.case_id, row.channel, obstacle=obstacle, planned_id=row.pk)
            continue
        question = _question(row, file, point.pk, templates.get(row.pk))
        yield _Asked(row.case_id, row.channel, question, file.facts(point.pk), planned_id=row.pk)


def _question(row: PlannedContact, file: CaseFile, point_id: int, content_class: str | None) -> Question:
    """Return the proposal that a planned contact will be: a message of its template, or a call by a person."""
    by_person = not catalogue.info(row.channel).is_message
    return file.question(
        channel=row.channel,
        contact_point_id=point_id,
        purpose=row.purpose,
        content_class=row.channel if by_person else content_class or "reminder",
        automated=row.automated,
    )


def _made(rows: Sequence[ContactAttempt]) -> Iterator[_Asked]:
    kept = ContactAttempt.objects.filter(pk__in=[row.pk for row in rows])
    stored = {pk: both for pk, *both in kept.values_list("pk", "decision__question", "decision__facts")}
    for row in rows:
        asked, known = stored[row.pk]
        try:
            question, before = from_plain(Question, asked), from_plain(Facts, known)
        except FactsError:
            yield _Asked(row.case_id, row.channel, obstacle="unreadable-decision", attempt_id=row.pk)
            continue
        yield _Asked(row.case_id, row.channel, question, before, attempt_id=row.pk)


def _compare(one: _Asked, pair: _Pair, count: _Count) -> None:
    """Count one contact: what today's packs and the others say about it."""
    if one.question is None or one.facts is None:
        count.not_asked[one.obstacle] += 1
        return
    question, known = one.question, one.facts
    if pair.as_of is not None:
        known = replace(known, as_of=pair.as_of)
    now, then = pair.packs(pair.now, known), pair.packs(pair.then, known)
    before = engine.permits(question, known, now)
    after = before if _same(now, then) else engine.permits(question, known, then)
    if before == after:
        count.refused_by_both += not before
        return
    becomes = FORBIDDEN if before else ALLOWED
    decisive = engine.evaluate(question, known, then if before else now)
    count.totals[becomes] += 1
    count.rules[becomes].update(decisive.failing)
    count.channels[becomes][one.channel] += 1
    if len(count.examples[becomes]) < EXAMPLES:
        count.examples[becomes].append(
            Example(
                becomes=becomes,
                rules=decisive.failing,
                case_ref=refs.encode("C", one.case_id) if one.case_id is not None else "",
                channel=one.channel,
                at=question.at,
                next_permitted=decisive.next_permitted if before else None,
                planned_id=one.planned_id,
                attempt_id=one.attempt_id,
            )
        )


def _same(now: tuple[Pack, ...], then: tuple[Pack, ...]) -> bool:
    """Whether the pack takes no part in either choice: then nothing can differ."""
    return [pack.hash for pack in now] == [pack.hash for pack in then]
