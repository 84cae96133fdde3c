"""A run is asked for and previewed: what would move, why, and what everybody has before and after. Nothing moves."""

from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases import closing
from cases.distribution import reading, rule_book, sql
from cases.distribution.engine import KEPT, NOBODY, SAME, Shared, share_out
from cases.distribution.rules import NEVER, TURNS, Rules
from cases.models import Case, Creditor, DistributionMove, DistributionRun
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team, User
from compliance import audit

CHUNK: Final = 10_000
STAYS: Final = "stays"  # stands in `left` of a case that does not move
SOON: Final = 20_000  # cases: as many are previewed while somebody waits for the page


class DistributionRefused(Refused):
    SENTENCES = {
        "past-day": _("Cases are shared out for today or a later day."),
        "not-previewed": _("This allocation was not previewed yet."),
        "stale": _("The rules or the people have changed since, or another allocation was applied. Preview it again."),
        "not-today": _("This preview is for %(day)s. Only a preview for today is applied."),
        "undone": _("This allocation was undone. Preview a new one."),
        "not-applied": _("This allocation was not applied."),
    }


@transaction.atomic
def ask(
    *,
    creditor: Creditor,
    team: Team | None,
    day: date | None = None,
    is_automatic: bool = False,
    actor: Actor,
    at: datetime,
) -> DistributionRun:
    """Ask for a preview. day: for which day people's absences and the work that is due count; None is today there.

    Raises DistributionRefused.
    """
    today = clock.local_date(at, creditor.time_zone)
    if day is not None and day < today:
        raise DistributionRefused("past-day")
    return DistributionRun.objects.create(
        creditor=creditor,
        team=team,
        day=day or today,
        rules=rule_book.in_force(creditor_id=creditor.pk, at=at),
        is_automatic=is_automatic,
        asked_by_id=actor.id if actor.kind == "user" else None,
        asked_at=at,
    )


@transaction.atomic
def preview(*, run_id: int, actor: Actor, at: datetime) -> DistributionRun:
    """Work out a run that was asked for and keep what it would do. One that was previewed stays as it is."""
    run = DistributionRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run_id)
    if run.previewed_at is not None:
        return run
    closing.raise_limits()
    creditor, team = run.creditor, run.team
    rules = rule_book.rules_of(run.rules)
    book = reading.read(creditor=creditor, team=team, rules=rules, rules_id=run.rules_id, day=run.day, at=at)
    shared = share_out(book.items, book.needs, book.workers, rules, after=_after(creditor, rules))
    _keep_moves(run, book, shared)
    run.counts, run.people = _counts(book, shared), _people(book, shared)
    run.ground, run.inputs, run.previewed_at = book.ground, book.inputs, at
    run.counts["last"] = shared.last
    run.save(update_fields=["counts", "people", "ground", "inputs", "previewed_at"])
    told = {key: run.counts[key] for key in ("cases", "moved", "stayed", "nobody")}
    audit.record("allocation.previewed", subject=run, actor=actor, at=at, creditor=creditor.code, **told)
    return run


def _after(creditor: Creditor, rules: Rules) -> int:
    """Return behind whom the turns begin: whoever was given the last case by the last run that was applied."""
    if rules.mode != TURNS or rules.keep == NEVER:
        return NOBODY
    runs = DistributionRun.objects.filter(creditor=creditor, applied_at__isnull=False, undone_at__isnull=True)
    counts = runs.filter(counts__moved__gt=0).order_by("-applied_at", "-pk").values_list("counts", flat=True).first()
    return int((counts or {}).get("last") or NOBODY)


def _keep_moves(run: DistributionRun, book: reading.Book, shared: Shared) -> None:
    """Keep every case that moves, every one that nobody takes, and every one that stays for another reason than that it
    has its collector.
    """
    moving = [index for index, left in enumerate(shared.left) if left or shared.chosen[index]]
    for start in range(0, len(moving), CHUNK):
        chunk = moving[start : start + CHUNK]
        with connection.cursor() as cursor:
            cursor.execute(
                sql.KEEP_MOVES,
                {
                    "run": run.pk,
                    "cases": [book.items[index].case_id for index in chunk],
                    "from_teams": [book.teams[index] or None for index in chunk],
                    "from_owners": [book.items[index].owner or None for index in chunk],
                    "sinces": [book.since[index] for index in chunk],
                    "to_teams": [book.items[index].team or None for index in chunk],
                    "to_owners": [shared.to[index] or None for index in chunk],
                    "lefts": [shared.left[index] or STAYS for index in chunk],
                    "chosens": [shared.chosen[index] for index in chunk],
                },
            )


def _counts(book: reading.Book, shared: Shared) -> dict[str, Any]:
    """Return the counts of a run: cases, how many move, stay, lie with their team, and why."""
    moved = [index for index, left in enumerate(shared.left) if left and shared.to[index] != NOBODY]
    nobody = [index for index, left in enumerate(shared.left) if left and shared.to[index] == NOBODY]
    reasons: Counter[str] = Counter()
    for (_owner, why), count in shared.stays.items():
        reasons[why] += count
    return {
        "cases": len(book.items),
        "moved": len(moved),
        "stayed": len(book.items) - len(moved) - len(nobody),
        "nobody": len(nobody),
        "teams": sum(book.teams[index] != item.team for index, item in enumerate(book.items) if not item.pinned),
        "left": dict(sorted(Counter(shared.left[index] for index in moved).items())),
        "stays": dict(sorted(reasons.items())),
        "nobody_why": dict(sorted(Counter(shared.chosen[index] for index in nobody).items())),
    }


def _people(book: reading.Book, shared: Shared) -> list[dict[str, Any]]:
    """Return what everybody has of these cases before and after, who has most first."""
    before: dict[int, list[Any]] = defaultdict(lambda: [0, Decimal(0), 0])
    after: dict[int, list[Any]] = defaultdict(lambda: [0, Decimal(0), 0])
    gained: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for index, item in enumerate(book.items):
        for side, who in ((before, item.owner), (after, shared.to[index])):
            load = side[who]
            load[0] += 1
            load[1] += book.figures[index][0]
            load[2] += item.minutes
        if shared.to[index] != item.owner:
            gained[shared.to[index]] += 1
            lost[item.owner] += 1
    workers = {worker.id: worker for worker in book.workers}
    known = {*before, *after, *workers}
    names = dict(User.objects.filter(pk__in=known - {NOBODY}).values_list("pk", "username"))
    rows = [
        {
            "user": who,
            "name": names.get(who, ""),
            "before": [before[who][0], str(before[who][1]), before[who][2]],
            "after": [after[who][0], str(after[who][1]), after[who][2]],
            "gained": gained[who],
            "lost": lost[who],
            "max_cases": workers[who].max_cases if who in workers else None,
            "minutes_a_day": workers[who].minutes_a_day if who in workers else None,
            "away": who in workers and not workers[who].takes,
        }
        for who in known
    ]
    return sorted(rows, key=lambda row: (row["user"] == NOBODY, -row["after"][0], row["user"]))


def in_scope(creditor: Creditor, team: Team | None) -> int:
    """Return how many unresolved cases a run would look at."""
    cases = creditor.cases.unresolved()
    return int((cases.filter(team=team) if team else cases).count())


def moves_of(run: DistributionRun) -> Any:
    """Return the moves of a run, and the cases that nobody takes, with what a page shows of them."""
    moves = DistributionMove.objects.filter(run=run).exclude(left=STAYS)
    return moves.select_related("case__person", "from_owner", "to_owner", "from_team", "to_team")


def explain(run: DistributionRun, case: Case) -> tuple[str, str, str] | None:
    """Return what a run says of a case: what becomes of it ("moves", "stays", "nobody"), why it leaves, why there.

    None: the run did not look at it (another book or team, resolved, or opened since).
    """
    move = DistributionMove.objects.filter(run=run, case=case).first()
    if move is not None:
        if move.left == STAYS:
            return "stays", "", move.chosen
        return ("moves" if move.to_owner_id else "nobody"), move.left, move.chosen
    is_outside = case.creditor_id != run.creditor_id or (run.team_id is not None and case.team_id != run.team_id)
    if is_outside or case.is_resolved or case.owner_id is None or run.previewed_at is None:
        return None
    return "stays", "", SAME if rule_book.rules_of(run.rules).keep == NEVER else KEPT
