"""The close of day as a run: order of days, one at a time, repeated, interrupted, poisoned, caught up."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cases import closing, firm_policy, ledger
from cases.models import (
    BucketTransition,
    Case,
    FirmPolicyVersion,
    ImportBatch,
    ImportRow,
    LedgerEntry,
    Person,
    Plan,
    PlanInstalment,
    PortfolioFigure,
    Product,
    Promise,
    Rate,
)
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from collections_app.shared.money import Money
from compliance.models import AuditEvent
from contacts import invariants, night
from contacts.models import Enrolment, NightRun, NightStep, PlannedContact
from contacts.night import runs, stages, steps
from contacts.night.stages import Stage
from contacts.strategy import shipped
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.damage import wrong_balance

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)  # 02:30 on 4 March in Shanghai
NAMES = ["freshness", "ageing", "cases", "promises", "plans", "holds", "strategies", "figures", "invariants"]


@pytest.fixture
def creditor(supervisor, collector):
    creditor = CreditorFactory(code="bank")
    product = ProductFactory(creditor=creditor)
    shipped.ship(creditors=[creditor], author=supervisor, approver=collector, at=AT - timedelta(days=9))
    for dpd in (0, 0, 1, 2, 6, 29, 60):  # on the day that is closed; one more on the day of contact
        person = PersonFactory()
        AccountFactory(product=product, person=person, dpd=dpd, on=ON, balance="500.00")
        ContactPointFactory(person=person)
    promised = CaseFactory(creditor=creditor, on=ON, dpd=5, promised=True, next_action="wait_promise")
    PromiseFactory(case=promised, due_on=ON - timedelta(days=2), grace_days=1)
    planned = CaseFactory(creditor=creditor, on=ON, dpd=5, on_plan=True, next_action="wait_plan")
    plan = Plan.objects.create(
        case=planned,
        person=planned.person,
        creditor=creditor,
        total="500.00",
        currency="CNY",
        months=2,
        first_due_on=ON - timedelta(days=9),
        drafted_at=AT,
        drafted_by=supervisor,
    )
    PlanInstalment.objects.create(
        plan=plan, person=planned.person, number=1, due_on=ON - timedelta(days=9), amount="250.00", currency="CNY"
    )
    plan.approve(by=collector, at=AT)
    plan.save()
    plan.signed_at, plan.signed_how, plan.signed_by = AT, "paper", "the borrower"
    plan.perform()
    plan.save()
    return creditor


def close(creditor, on: date = ON, *, at: datetime | None = None, **more) -> NightRun:
    at = at or AT + (on - ON)
    return night.close_of_day(creditor_id=creditor.pk, business_date=on, at=at, **more)


def book() -> dict[str, list]:
    """What a close leaves behind, without keys and stamps of its own."""
    return {
        "moves": sorted(
            BucketTransition.objects.values_list("account_id", "business_date", "from_bucket", "to_bucket")
        ),
        "figures": sorted(PortfolioFigure.objects.values_list("business_date", "bucket", "accounts", "balance")),
        "cases": sorted(Case.objects.values_list("person_id", "status", "past_due_since", "next_action", "score")),
        "stays": sorted(Enrolment.objects.values_list("person_id", "segment__name", "entered_on")),
        "planned": sorted(PlannedContact.objects.values_list("person_id", "step__key", "business_date", "status")),
        "promises": sorted(Promise.objects.values_list("case_id", "status")),
        "plans": sorted(Plan.objects.values_list("case_id", "status")),
        "ledger": sorted(LedgerEntry.objects.values_list("account_id", "amount")),
    }


def test_a_close_leaves_a_row_with_its_nine_steps(creditor):
    run = close(creditor)
    steps = list(run.steps.order_by("position").values_list("name", "state", "rows"))
    assert [name for name, _, _ in steps] == NAMES
    assert {state for _, state, _ in steps} == {"done"}
    rows = {name: count for name, _, count in steps}
    assert (rows["ageing"], rows["cases"], rows["figures"]) == (9, 7, 3)
    assert (run.status, run.started_at, run.lease_until) == ("done", AT, None)
    assert AT < run.finished_at < AT + timedelta(minutes=1)
    assert all(AT <= step.started_at < step.finished_at <= run.finished_at for step in run.steps.all())
    assert run.warnings == [{"code": "stale-feed", "age": None, "allowed": 35}]
    names = AuditEvent.objects.filter(subject_label="contacts.nightrun").order_by("pk").values_list("name", flat=True)
    assert list(names) == ["night.started", *["night.step_finished"] * 9, "night.finished"]


def test_where_the_books_are_kept_here_interest_accrues_with_the_ageing(creditor):
    creditor.books = "ours"
    creditor.save()
    account = creditor.accounts.order_by("pk").first()
    Rate.objects.create(product=account.product, component="interest", percent="36.5", from_on=ON)
    ledger.charge(account, "principal", Money(Decimal(1000), "CNY"), ON, ON, at=AT - timedelta(hours=9), source="test")
    assert close(creditor).steps.get(name="ageing").details["accrued"] == 1
    assert ledger.components(account.pk)["interest"] == Decimal("1.00")
    assert account.states.order_by("-pk").first().past_due_since == ON
    assert close(creditor, ON + timedelta(days=1)).steps.get(name="ageing").details["accrued"] == 1
    assert ledger.components(account.pk)["interest"] == Decimal("2.00")


def test_what_it_looks_back_on_and_what_it_prepares(creditor):
    close(creditor)
    figures = PortfolioFigure.objects.order_by("bucket").values_list("business_date", "bucket", "accounts")
    assert list(figures) == [(ON, "M0", 2), (ON, "M1", 6), (ON, "M2", 1)]
    assert Case.objects.count() == 7
    planned = PlannedContact.objects.order_by("person_id").values_list("step__key", "business_date")
    tomorrow = ON + timedelta(days=1)
    assert list(planned) == [
        ("sms-1", tomorrow),
        ("sms-3", tomorrow),
        ("call", tomorrow),
        ("call", tomorrow),
        ("call", tomorrow),
        ("review-60", tomorrow),
        ("sms-3", tomorrow),
    ]
    assert Promise.objects.get().status == "broken"
    assert Plan.objects.get().status == "missed"


def test_the_text_of_refused_rows_is_forgotten_when_its_days_are_over(creditor):
    batch = ImportBatch.objects.create(creditor=creditor, file_name="tape.csv", uploaded_at=AT)
    for line, day in ((1, ON), (2, ON + timedelta(days=1))):
        ImportRow.objects.create(batch=batch, line=line, code="bad_amount", raw_sealed=b"sealed", purge_on=day)
    close(creditor)
    kept = dict(ImportRow.objects.values_list("line", "raw_sealed"))
    assert kept[1] is None
    assert bytes(kept[2]) == b"sealed"
    assert NightStep.objects.get(name="freshness").details["purged"] == 1


def test_running_it_twice_for_one_date_is_harmless(creditor):
    close(creditor)
    before = book()
    run = close(creditor)
    assert book() == before
    assert NightRun.objects.count() == 1
    assert dict(run.steps.values_list("name", "rows")) == dict.fromkeys(NAMES, 0) | {"figures": 3}


def test_a_correction_is_taken_in_when_the_newest_day_is_closed_again(creditor):
    close(creditor)
    account = AccountFactory(product=creditor.products.get(), person=PersonFactory(), dpd=100, on=ON)
    close(creditor)
    moved = BucketTransition.objects.filter(account=account).values_list("from_bucket", "to_bucket")
    assert list(moved) == [("", "M4")]
    assert not any(invariants.check_creditor(creditor.pk).values())


def test_an_older_day_stays_as_it_was_closed(creditor):
    close(creditor)
    close(creditor, ON + timedelta(days=1))
    AccountFactory(product=creditor.products.get(), person=PersonFactory(), dpd=100, on=ON)
    before = book()
    assert close(creditor).status == "done"
    assert book() == before


# -- which day ---------------------------------------------------------------------------------------------------------


def test_a_day_that_is_not_over_is_refused(creditor):
    with pytest.raises(night.NightRefused) as refused:
        close(creditor, at=datetime(2026, 3, 3, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    assert refused.value.code == "not-over"
    assert close(creditor, at=datetime(2026, 3, 3, 16, 0, tzinfo=UTC)).status == "done"


def test_a_day_is_refused_while_an_earlier_one_is_open(creditor):
    close(creditor)
    with pytest.raises(night.NightRefused) as refused:
        close(creditor, ON + timedelta(days=3))
    assert (refused.value.code, refused.value.values["dates"]) == ("missed", "2026-03-04, 2026-03-05")
    with pytest.raises(night.NightRefused) as refused:
        close(creditor, ON - timedelta(days=1))
    assert refused.value.code == "before-first"
    assert NightRun.objects.count() == 1


def test_missed_days_are_closed_in_order_and_only_the_last_plans(creditor):
    close(creditor)
    back = AT + timedelta(days=3)
    done = night.close_missed(at=back)
    assert [run.business_date.day for run in done] == [4, 5, 6]
    assert night.close_missed(at=back) == []
    days = set(PlannedContact.objects.values_list("business_date", flat=True))
    assert days == {date(2026, 3, 4), date(2026, 3, 7)}
    most = PlannedContact.objects.filter(business_date=date(2026, 3, 7)).exclude(channel="review")
    assert all(most.filter(case_id=case).count() <= 2 for case in most.values_list("case_id", flat=True))


@pytest.mark.parametrize(("hour", "day"), [(17, date(2026, 3, 2)), (18, date(2026, 3, 3))])
def test_the_night_closes_a_day_from_two_in_the_morning_at_the_creditors(creditor, hour, day):
    done = night.close_missed(at=datetime(2026, 3, 3, hour, 0, tzinfo=UTC))
    assert [run.business_date for run in done] == [day]


def test_each_creditor_has_his_own_days(creditor):
    other = ProductFactory(creditor=CreditorFactory(us=True)).creditor
    AccountFactory(product=other.products.get(), person=PersonFactory(new_york=True), dpd=5, on=ON)
    done = night.close_missed(at=AT)
    assert [(run.creditor_id, run.business_date) for run in done] == [
        (creditor.pk, date(2026, 3, 3)),
        (other.pk, date(2026, 3, 2)),  # 13:30 on 3 March in New York
    ]


# -- interrupted -------------------------------------------------------------------------------------------------------


def breaking(name: str, error: type[Exception], *, times: int = 1):
    """Return the stages, of which one fails so many times after its work and before its commit."""
    left = [times]

    def work(original: Stage):
        def failing(shared, span):
            result = original.work(shared, span)
            if left[0]:
                left[0] -= 1
                raise error("the plug was pulled")
            return result

        return failing

    return tuple(
        Stage(stage.name, work(stage) if stage.name == name else stage.work, stage.next_span) for stage in stages.STAGES
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_failed_in_any_step_goes_on_and_ends_the_same(creditor, monkeypatch, name):
    with transaction.atomic():
        close(creditor)
        expected = book()
        transaction.set_rollback(True)
    assert book()["figures"] == []
    monkeypatch.setattr(runs, "STAGES", breaking(name, RuntimeError))
    with pytest.raises(RuntimeError):
        close(creditor)
    run = NightRun.objects.get()
    assert (run.status, run.error) == ("failed", "RuntimeError: the plug was pulled")
    assert book() != expected or name == "invariants"
    with pytest.raises(night.NightRefused) as refused:
        close(creditor)
    assert refused.value.code == "interrupted"
    assert close(creditor, resume=True).status == "done"
    assert book() == expected
    assert set(run.steps.values_list("state", flat=True)) == {"done"}
    assert AuditEvent.objects.filter(name="night.resumed").count() == 1


def test_a_book_that_another_process_closes_is_left_to_it(creditor):
    run = NightRun.objects.create(creditor=creditor, business_date=ON, started_at=AT)
    runs.take(run, timedelta(seconds=60))
    with pytest.raises(night.NightBusy) as busy:
        close(creditor, resume=True)
    assert 58 <= busy.value.values["seconds"] <= 60
    assert night.close_missed(at=AT) == []


def test_a_holder_that_was_thought_dead_writes_nothing_more(creditor, monkeypatch):
    original = stages.STAGES[3].work

    def usurped(shared, span):
        NightRun.objects.update(claim=99)
        return original(shared, span)

    usurper = tuple(
        Stage(stage.name, usurped, closing.next_span) if stage.name == "promises" else stage for stage in stages.STAGES
    )
    monkeypatch.setattr(runs, "STAGES", usurper)
    with pytest.raises(night.NightBusy):
        close(creditor)
    assert not PortfolioFigure.objects.exists()
    assert NightRun.objects.get().status == "running"


# -- poisoned ----------------------------------------------------------------------------------------------------------


def poisoned(person_id: int, *, times: int):
    """Return the stages, of which the one for cases fails so many times on spans that hold this person."""
    left = [times]
    original = stages.STAGES[2]

    def work(shared, span):
        if span.after < person_id <= span.upto and left[0]:
            left[0] -= 1
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return original.work(shared, span)

    return tuple(
        Stage(stage.name, work, stage.next_span) if stage.name == "cases" else stage for stage in stages.STAGES
    )


def test_a_person_whose_rows_break_a_step_is_left_out_and_nobody_else(creditor, monkeypatch):
    poison = AccountFactory(product=creditor.products.get(), person=PersonFactory(), dpd=9, on=ON).person_id
    monkeypatch.setattr(runs, "STAGES", poisoned(poison, times=10**6))
    run = close(creditor)
    step = run.steps.get(name="cases")
    assert (run.status, step.state, list(step.details["skipped"])) == ("done", "done", [str(poison)])
    assert "division by zero" in step.details["skipped"][str(poison)]
    assert {"code": "skipped", "step": "cases", "persons": 1} in run.warnings
    assert Case.objects.count() == 7
    assert AuditEvent.objects.get(name="night.case_skipped").person_id == poison
    monkeypatch.undo()
    close(creditor, ON + timedelta(days=1))
    assert Case.objects.filter(person_id=poison).count() == 1  # the next night takes him up again


def test_a_person_who_failed_by_accident_is_tried_again_in_the_same_night(creditor, monkeypatch):
    poison = AccountFactory(product=creditor.products.get(), person=PersonFactory(), dpd=9, on=ON).person_id
    monkeypatch.setattr(runs, "STAGES", poisoned(poison, times=4))
    run = close(creditor)
    assert "skipped" not in run.steps.get(name="cases").details
    assert Case.objects.count() == 8


# -- what must hold ----------------------------------------------------------------------------------------------------


def test_invariants_find_what_is_planted(creditor):
    close(creditor)
    clean = invariants.check_creditor(creditor.pk)
    assert len(clean) == invariants.COUNT
    assert not any(clean.values())
    account = creditor.accounts.order_by("pk").first()
    wrong_balance(account, "0.01")
    figure = PortfolioFigure.objects.get(bucket="M2")
    PortfolioFigure.objects.filter(pk=figure.pk).update(accounts=9)
    moved = BucketTransition.objects.order_by("account_id").last()
    BucketTransition.objects.filter(pk=moved.pk).update(to_bucket="M6")
    case = Case.objects.order_by("pk").first()
    Case.objects.filter(pk=case.pk).update(next_action="wait_promise")
    found = {name: ids for name, ids in invariants.check_creditor(creditor.pk).items() if ids}
    assert found == {
        "balances_equal_their_entries": [account.pk],
        "figures_equal_a_recount": [figure.pk],
        "transitions_are_complete": [moved.account_id],
        "cases_have_a_future": [case.pk],
    }


def test_a_broken_invariant_fails_its_step_and_warns_but_ends_the_run(creditor):
    account = creditor.accounts.order_by("pk").first()
    wrong_balance(account, "0.01")
    run = close(creditor)
    assert (run.status, run.steps.get(name="invariants").state) == ("done", "failed")
    warning = {"code": "invariant", "name": "balances_equal_their_entries", "ids": [account.pk], "count": 1}
    assert warning in run.warnings


def test_a_close_takes_the_same_number_of_statements_whatever_the_book(supervisor, collector):
    creditor = CreditorFactory(code="bank")
    product = ProductFactory(creditor=creditor)
    shipped.ship(creditors=[creditor], author=supervisor, approver=collector, at=AT - timedelta(days=9))

    def grow(count: int) -> None:
        for number in range(count):
            person = PersonFactory()
            AccountFactory(product=product, person=person, dpd=number * 7 % 64, on=ON)
            ContactPointFactory(person=person)

    grow(10)
    close(creditor, ON - timedelta(days=1), at=AT)
    with CaptureQueriesContext(connection) as few:
        close(creditor)
    grow(60)
    with CaptureQueriesContext(connection) as many:
        close(creditor, ON + timedelta(days=1))
    analysed = sum(1 for query in many if query["sql"].startswith("ANALYZE"))
    assert abs(len(many) - len(few) - analysed) <= 3


def asked_about_policies(queries) -> int:
    names = FirmPolicyVersion._meta.db_table, firm_policy._newest._made.prepared.name
    return sum(any(name in query["sql"] for name in names) for query in queries)


def test_a_night_asks_for_the_policy_once_a_step_whatever_the_places_and_steps(creditor):
    for number, person in enumerate(Person.objects.order_by("pk")):
        new_york, london = ("US-NY", "America/New_York"), ("GB", "Europe/London")
        person.jurisdiction, person.time_zone = (new_york, london)[number % 2]
        person.save(update_fields=["jurisdiction", "time_zone"])
    with CaptureQueriesContext(connection) as two_places:
        close(creditor)
    steps = {"ageing", "cases", "promises", "plans", "holds", "strategies", "figures"}
    assert 0 < asked_about_policies(two_places) <= len(steps)

    for zone in ("America/Chicago", "America/Denver", "America/Los_Angeles", "Asia/Tokyo", "Europe/Paris"):
        person = PersonFactory(jurisdiction="US-CA", time_zone=zone)
        AccountFactory(product=Product.objects.get(), person=person, dpd=1, on=ON, balance="500.00")
        ContactPointFactory(person=person)
    with CaptureQueriesContext(connection) as many_places:
        close(creditor, ON + timedelta(days=1))
    assert asked_about_policies(many_places) <= asked_about_policies(two_places)


def test_without_a_memory_it_would_ask_at_every_step_and_place(creditor, monkeypatch):
    monkeypatch.setattr(steps, "asked_once", nullcontext)
    with CaptureQueriesContext(connection) as queries:
        close(creditor)
    assert asked_about_policies(queries) > 9


def test_a_policy_that_is_changed_between_two_closes_binds_in_the_second(creditor):
    def waits_until() -> set[time]:
        zone = clock.zone(creditor.time_zone)
        waiting = Case.objects.filter(next_action="wait_strategy").values_list("next_action_at", flat=True)
        return {instant.astimezone(zone).time() for instant in waiting}

    close(creditor)
    assert waits_until() == {time(8)}
    firm_policy.set_policy(creditor=creditor, opens=time(10), closes=time(19), reason="later", actor=SYSTEM, at=AT)
    close(creditor, ON + timedelta(days=1))
    assert waits_until() == {time(10)}


def test_progress_is_told_step_by_step(creditor):
    told = []
    close(creditor, actor=SYSTEM, progress=lambda name, number, rows: told.append((name, number)))
    assert [name for name, _ in told if name == "freshness"] == ["freshness"]
    assert {number for _, number in told} <= set(range(9))
    assert NightStep.objects.filter(state="done").count() == 9


def test_contacts_are_planned_by_index_and_everything_else_as_usual(creditor, monkeypatch):
    def setting() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW enable_seqscan")
            return cursor.fetchone()[0]

    seen = []
    real = {name: getattr(stages.planner, name) for name in ("plan", "set_futures")}
    for name in real:
        monkeypatch.setattr(stages.planner, name, lambda *args, of=real[name]: [seen.append(setting()), of(*args)][1])
    figures = stages.closing.write_figures
    monkeypatch.setattr(stages.closing, "write_figures", lambda *args: [seen.append(setting()), figures(*args)][1])
    close(creditor)
    assert seen == ["off", "off", "on"]
    assert setting() == "on"
