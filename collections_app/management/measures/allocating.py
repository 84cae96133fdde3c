"""The allocation of cases measured: the preview of a book, and applying it, beside reading and changing it in SQL."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from django.db import connection, transaction

from cases.distribution import applying, previewing, rule_book
from cases.models import Creditor
from collections_app.management.measures import sql_allocating as sql
from collections_app.management.measures.people import AT
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team, User

BENCH: Final = Actor.system("bench")
CASES_EACH: Final = 500
RULES: Final = {
    "mode": "cases",
    "criteria": [{"name": "skill", "is": "must"}, {"name": "language", "is": "prefer"}],
    "needs": [
        {"skill": "hardship", "when": {"hardship": True}},
        {"skill": "legal", "when": {"buckets": ["M6"], "balance_from": "5000.00"}},
    ],
    "keep": {"while": "balanced"},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, and how many cases went to how many collectors. again: a second preview, which moves nothing."""

    cases: int
    collectors: int
    moved: int
    preview: float
    apply: float
    again: float
    moved_again: int
    read: float
    change: float


def measure(cases: int) -> Measured:
    """Make a book of so many cases in the empty database in use, and share it out."""
    team = Team.objects.create(code="bench", name="Bench")
    creditor = Creditor.objects.create(code="bench", name="Bench", time_zone="Asia/Shanghai", currency="CNY", team=team)
    collectors = max(2, cases // CASES_EACH)
    values: dict[str, Any] = {
        "cases": cases, "collectors": collectors, "creditor": creditor.pk, "team": team.pk, "at": AT,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (sql.MAKE_PEOPLE, sql.MAKE_BORROWERS, sql.MAKE_CASES, sql.MAKE_COLLECTORS, sql.MAKE_PROFILES):
            cursor.execute(statement, values)
        cursor.execute(sql.ANALYSE)
    rule_book.set_rules(creditor=creditor, document=RULES, reason="bench", actor=BENCH, at=AT)
    read, change = _floor()
    began = perf_counter()
    run = previewing.ask(creditor=creditor, team=None, actor=BENCH, at=AT)
    run = previewing.preview(run_id=run.pk, actor=BENCH, at=AT)
    previewed = perf_counter()
    done = applying.apply(run_id=run.pk, actor=BENCH, at=AT)
    applied = perf_counter()
    second = previewing.ask(creditor=creditor, team=None, actor=BENCH, at=AT)
    second = previewing.preview(run_id=second.pk, actor=BENCH, at=AT)
    return Measured(
        cases=cases,
        collectors=collectors,
        moved=done.moved,
        preview=previewed - began,
        apply=applied - previewed,
        again=perf_counter() - applied,
        moved_again=second.counts["moved"],
        read=read,
        change=change,
    )


def _floor() -> tuple[float, float]:
    """Return the seconds to read every case and to change every case, in one statement each; nothing stays changed."""
    owner = User.objects.filter(role="collector").values_list("pk", flat=True).first()
    began = perf_counter()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql.READ)
            cursor.fetchall()
            read = perf_counter() - began
            cursor.execute(sql.CHANGE, {"owner": owner, "at": AT})
        transaction.set_rollback(True)
    return read, perf_counter() - began - read
