"""A close that is killed anywhere and resumed ends in the same state as one that was left alone.

The process that closes the book is killed (SIGKILL) again and again: after every span that it finishes, sometimes
inside the next one after its work and before its commit, sometimes between two. Each successor goes on where it
stopped.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Event, current_thread, main_thread
from time import sleep
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F

from cases import closing
from cases.models import Account, PortfolioFigure
from collections_app import database
from contacts import invariants, night
from contacts.models import NightRun, NightStep
from contacts.night import runs, stages, steps
from contacts.night.stages import Stage
from contacts.strategy import shipped
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.staff import TeamFactory, UserFactory

ON = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)
LEASE = timedelta(milliseconds=150)
EXIT_DONE = 7

# Everything that a close leaves behind, by natural keys: a killed transaction burns numbers, which differ and may.
STATE = {
    "moves": "SELECT account_id, business_date, from_bucket, to_bucket, balance FROM cases_buckettransition",
    "figures": "SELECT business_date, bucket, currency, accounts, balance FROM cases_portfoliofigure",
    "cases": """SELECT person_id, status, opened_on, opened_at, cured_at, past_due_since, balance, score, next_action,
        next_action_at, next_action_note, version FROM cases_case""",
    "promises": "SELECT person_id, status, settled_at, paid_amount FROM cases_promise",
    "holds": "SELECT person_id, kind, released_at, released_reason FROM cases_hold",
    "stays": """SELECT stay.person_id, segment.name, entered_on, left_on, left_reason
        FROM contacts_enrolment AS stay JOIN contacts_segment AS segment ON segment.id = stay.segment_id""",
    "planned": """SELECT planned.person_id, step.key, business_date, planned.status, planned_for, try_again_at,
    expires_at,     channel, automated, planned.severity, reason_code
        FROM contacts_plannedcontact AS planned JOIN contacts_step AS step ON step.id = planned.step_id""",
    # An event that names many cases is told for each of them, by its person: keys differ where a transaction was lost.
    "audit": """SELECT name, coalesce(event.person_id, named.person_id), at,
        details - ARRAY['case', 'segment', 'step', 'cases', 'queued'], details -> 'queued' @> to_jsonb(named.id)
        FROM compliance_auditevent AS event
        LEFT JOIN LATERAL jsonb_array_elements(details -> 'cases') AS one (pk) ON true
        LEFT JOIN cases_case AS named ON named.id = one.pk::bigint
        WHERE name NOT LIKE 'night.%'""",
    "steps": "SELECT name, state, rows, cursor FROM contacts_nightstep",
    "run": "SELECT business_date, status, newest_state, warnings FROM contacts_nightrun",
}


def state() -> dict[str, list[str]]:
    found = {}
    with connection.cursor() as cursor:
        for name, statement in STATE.items():
            cursor.execute(statement)
            found[name] = sorted(map(repr, cursor.fetchall()))
    return found


def make_book() -> None:
    author, approver = UserFactory(supervisor=True), UserFactory(supervisor=True)
    creditor = CreditorFactory(code="bank", team=TeamFactory())
    product = ProductFactory(creditor=creditor)
    shipped.ship(creditors=[creditor], author=author, approver=approver, at=AT - timedelta(days=9))
    for number in range(24):
        person = PersonFactory(new_york=True) if number % 3 else PersonFactory()
        AccountFactory(product=product, person=person, dpd=number * 3 % 64, on=ON)
        ContactPointFactory(person=person)
    for _ in range(4):
        promised = CaseFactory(creditor=creditor, on=ON, dpd=5, promised=True, next_action="wait_promise")
        PromiseFactory(case=promised, due_on=ON - timedelta(days=2), grace_days=1)
        CaseFactory(creditor=creditor, on=ON, dpd=0, working=True)  # nothing past due: it is cured
    HoldFactory(case=promised, ends_on=ON)


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Any:
    """Return the database that holds the book."""
    with django_db_blocker.unblock():
        make_book()
    return own_database


@pytest.fixture
def copies(book: Any, django_db_blocker: Any) -> Iterator[Callable[[], str]]:
    """Return a function that makes a copy of the same book and uses it."""
    made: list[str] = []

    def copy() -> str:
        name = f"{book.name}_{len(made)}"
        connections.close_all()
        database.create(name, template=book.name)
        made.append(name)
        database.use_database(name)
        return name

    with django_db_blocker.unblock():
        yield copy
        connections.close_all()
        database.use_database(book.name)
        for name in made:
            database.drop(name)


def small_spans(kill: Callable[[str, str], None] | None = None) -> tuple[Stage, ...]:
    """Return the stages cut into spans of a few persons; `kill(name, where)` may end the process."""

    def work(stage: Stage, shared: Any, span: Any) -> Any:
        result = stage.work(shared, span)
        if kill is not None:
            kill(stage.name, "inside")
        return result

    def next_span(stage: Stage, close: Any, after: int) -> Any:
        if kill is not None:
            kill(stage.name, "between")
        return stage.next_span(close, after, size=9)

    return tuple(
        replace(stage, work=partial(work, stage), next_span=partial(next_span, stage) if stage.next_span else None)
        for stage in stages.STAGES
    )


def close_once(*, resume: bool) -> NightRun:
    creditor_id = NightRun.objects.values_list("creditor_id", flat=True).first() or _creditor_id()
    while True:
        try:
            return night.close_of_day(creditor_id=creditor_id, business_date=ON, at=AT, resume=resume, lease=LEASE)
        except night.NightBusy:  # the lease of the one that was killed runs out
            sleep(0.03)


def _creditor_id() -> int:
    from cases.models import Creditor

    return Creditor.objects.get().pk


def finishes(staged: Callable[[], Any], *, resume: bool, prepare: Callable[[], None]) -> bool:
    """Close in a process with these stages; return whether it finished, and was not killed."""
    connections.close_all()
    if (pid := os.fork()) == 0:
        status = 1
        try:
            prepare()
            runs.STAGES = staged()
            close_once(resume=resume)
            status = EXIT_DONE
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == EXIT_DONE
    return True


def child_that_dies(number: int, hits: int, prepare: Callable[[], None] = lambda: None) -> tuple[bool, str]:
    """Close in a process that kills itself at its `hits`-th event; return whether it finished, and where it died."""
    read, write = os.pipe()
    seen = 0

    def kill(name: str, where: str) -> None:
        nonlocal seen
        if where != ("inside" if number % 2 else "between"):
            return
        seen += 1
        if seen == hits:
            os.write(write, f"{name} {where}".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    done = finishes(lambda: small_spans(kill), resume=number > 0, prepare=prepare)
    os.close(write)
    died_at = os.read(read, 100).decode()
    os.close(read)
    return done, died_at


def note_the_cursor_too_early() -> None:
    proper = runs._Step._work

    def hasty(self: Any, span: Any, *, moves_on: bool = False) -> bool:
        if self.stage.next_span is not None:
            self.row.cursor = span.upto
            self.row.save(update_fields=["cursor"])
        return proper(self, span, moves_on=moves_on)

    runs._Step._work = hasty  # type: ignore[method-assign]


def test_killed_after_every_span_it_ends_the_same(copies: Callable[[], str], monkeypatch: pytest.MonkeyPatch):
    copies()
    monkeypatch.setattr(runs, "STAGES", small_spans())
    close_once(resume=False)
    expected = state()
    assert expected["cases"]
    assert expected["planned"]
    assert {"promise.broken", "case.cured", "hold.released"} <= {row.split("'")[1] for row in expected["audit"]}

    copies()
    died: list[str] = []
    for number in range(80):
        done, where = child_that_dies(number, hits=2)
        if done:
            break
        died.append(where)
        assert state() != expected  # the control: what is not resumed is not the same
    assert done
    assert state() == expected
    inside = {where.split()[0] for where in died if where.endswith("inside")}
    between = {where.split()[0] for where in died if where.endswith("between")}
    assert inside >= {"ageing", "cases", "strategies"}
    assert between >= {"cases", "strategies"}
    assert len(died) >= 12

    # The control: the same kills lose work where the cursor is committed apart from the work that it stands for.
    copies()
    for number in range(80):
        done, _ = child_that_dies(number, hits=2, prepare=note_the_cursor_too_early)
        if done:
            break
    assert done
    assert state()["cases"] != expected["cases"]


def test_of_two_processes_that_close_one_book_one_is_told_to_wait(
    copies: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    copies()
    creditor_id = _creditor_id()

    def slow(name: str, where: str) -> None:
        sleep(0.02)

    monkeypatch.setattr(runs, "STAGES", small_spans(slow))

    def close(_number: int) -> str:
        try:
            return night.close_of_day(creditor_id=creditor_id, business_date=ON, at=AT, resume=True).status
        except night.NightBusy as busy:
            return busy.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(close, range(4)))
    assert said == ["busy", "busy", "busy", "done"]
    assert NightRun.objects.get().claim == 1
    together = state()
    copies()
    close(0)
    assert state() == together


def test_a_run_that_is_left_alone_twice_is_the_same_too(copies: Callable[[], str], monkeypatch: pytest.MonkeyPatch):
    copies()
    close_once(resume=False)  # in one span
    whole = state()
    copies()
    monkeypatch.setattr(runs, "STAGES", small_spans())
    close_once(resume=False)
    parts = state()
    whole.pop("steps"), parts.pop("steps")  # the cursor of steps that find nothing depends on the spans
    assert parts == whole


# -- several connections -----------------------------------------------------------------------------------------------

SHARED = ("ageing", "cases", "strategies")


def shared_spans(work: Callable[[str, Any], None] = lambda name, span: None) -> tuple[Stage, ...]:
    """Return the stages cut into spans of a few persons, of which `work` is told before they are worked on."""

    def told(stage: Stage, shared: Any, span: Any) -> Any:
        work(stage.name, span)
        return stage.work(shared, span)

    return tuple(replace(stage, work=partial(told, stage)) for stage in small_spans())


def dies_with_all_done_but_the_first_span(number: int, prepare: Callable[[], None] = lambda: None) -> NightStep | None:
    """Close in a process that is killed inside the first span of a step when all others are done; return the step as it
    was left, or None where the close finished.
    """

    def kill(name: str, span: Any) -> None:
        if number < len(SHARED) and name == SHARED[number] and not span.after:
            last = Account.objects.order_by("-person_id").values_list("person_id", flat=True)[0]
            while _reached(NightStep.objects.get(name=name)) < last:
                sleep(0.002)
            os.kill(os.getpid(), signal.SIGKILL)

    done = finishes(lambda: shared_spans(kill), resume=number > 0, prepare=prepare)
    return None if done else NightStep.objects.get(name=SHARED[number])


def _reached(step: NightStep) -> int:
    return max([step.cursor, *(last for _, last in step.details.get("ahead", []))])


def keep_the_farthest_only() -> None:
    def naive(self: Any, span: Any) -> None:
        self.row.cursor = max(self.row.cursor, span.upto)

    steps.Step._move_on = naive  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def by_one(book: Any, django_db_blocker: Any) -> Any:
    """Return what a close with one connection leaves."""
    name = f"{book.name}_by_one"
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        connections.close_all()
        database.create(name, template=book.name)
        database.use_database(name)
        patch.setattr(runs, "STAGES", small_spans())
        assert close_once(resume=False).status == "done"
        found = state()
        connections.close_all()
        database.use_database(book.name)
        database.drop(name)
    return found


def test_two_connections_end_the_same_as_one_also_when_they_are_killed(
    copies: Callable[[], str], by_one: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
):
    monkeypatch.setattr(closing, "SPAN", 9)  # large enough to be shared, by this measure
    settings.NIGHT_CONNECTIONS = 2
    copies()
    for number, name in enumerate(SHARED):
        left = dies_with_all_done_but_the_first_span(number)
        assert left is not None
        assert (left.name, left.state, left.cursor) == (name, "running", 0)
        assert left.details["ahead"][0][0] > 0  # nobody takes the first span for done
    assert dies_with_all_done_but_the_first_span(len(SHARED)) is None
    assert state() == by_one
    assert not any("ahead" in step.details for step in NightStep.objects.all())

    # The control: the same kills leave the first span out where only the farthest is kept.
    copies()
    for number in (SHARED.index("cases"), len(SHARED)):
        left = dies_with_all_done_but_the_first_span(number, prepare=keep_the_farthest_only)
    assert left is None
    assert state()["cases"] != by_one["cases"]


def test_an_error_of_one_connection_ends_the_close_and_it_goes_on_where_each_was(
    copies: Callable[[], str], by_one: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
):
    monkeypatch.setattr(closing, "SPAN", 9)
    settings.NIGHT_CONNECTIONS = 3
    copies()
    has_failed = Event()

    def fail(name: str, span: Any) -> None:
        if name == "cases" and current_thread() is main_thread():
            has_failed.wait(30)
        elif name == "cases":
            has_failed.set()
            raise RuntimeError("the plug was pulled")

    monkeypatch.setattr(runs, "STAGES", shared_spans(fail))
    with pytest.raises(RuntimeError, match="plug"):
        close_once(resume=False)
    run = NightRun.objects.get()
    assert (run.status, run.error) == ("failed", "RuntimeError: the plug was pulled")
    monkeypatch.setattr(runs, "STAGES", shared_spans())
    close_once(resume=True)
    assert state() == by_one


def test_a_person_whose_rows_break_a_shared_step_is_left_out_and_nobody_else(
    copies: Callable[[], str], monkeypatch: pytest.MonkeyPatch, settings: Any
):
    monkeypatch.setattr(closing, "SPAN", 9)
    settings.NIGHT_CONNECTIONS = 2
    copies()
    poison = Account.objects.order_by("person_id").values_list("person_id", flat=True)[20]

    idle: dict[str, str] = {}

    def breaks(name: str, span: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            idle.setdefault(name, cursor.fetchone()[0])
        if name == "cases" and span.after < poison <= span.upto:
            raise LookupError("a row that is not there")

    monkeypatch.setattr(runs, "STAGES", shared_spans(breaks))
    run = close_once(resume=False)
    # Who waits for another connection is not thought to have forgotten his transaction.
    assert {idle[name] for name in SHARED} == {"10min"} != {idle["figures"]}
    step = run.steps.get(name="cases")
    assert list(step.details["skipped"]) == [str(poison)]
    assert [each for each in run.warnings if each["code"] != "stale-feed"] == [
        {"code": "skipped", "step": "cases", "persons": 1}
    ]
    assert step.details["seen"] == run.steps.get(name="ageing").details["seen"]

    # The same is found wrong by several connections as by one.
    right = invariants.check_creditor(run.creditor_id)
    PortfolioFigure.objects.filter(bucket="M1").update(accounts=F("accounts") + 1)
    wrong = invariants.check_creditor(run.creditor_id, several=3)
    assert wrong == invariants.check_creditor(run.creditor_id)
    assert {name for name, ids in wrong.items() if ids != right[name]} == {"figures_equal_a_recount"}
