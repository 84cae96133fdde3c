"""How far a close is, how long it will take, and what is to be done when it does not go on."""

from datetime import date, timedelta

import pytest
from celery import current_app
from django.db import connection
from django.urls import reverse

from cases.models import Case, ImportBatch
from contacts import night
from contacts.models import NightRun, NightStep, PlannedContact
from contacts.night import progress
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 3)


@pytest.fixture
def bank(at, settings):
    set_clock(settings, at)
    return CreditorFactory(team=TeamFactory(code="north"), code="bank")


@pytest.fixture
def supervisor(client, bank):
    user = UserFactory(supervisor=True, team=bank.team)
    client.force_login(user)
    return user


@pytest.fixture
def admin(client, bank):
    user = UserFactory(admin=True)
    client.force_login(user)
    return user


@pytest.fixture
def eager():
    """Tasks run in this process; nobody else would hear of them."""
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = before


def step(
    name: str, state: str = "waiting", *, seconds: float = 0, seen: int = 0, rows: int = 0, **details
) -> NightStep:
    details |= {"seen": seen} if seen else {}
    return NightStep(name=name, state=state, seconds=seconds, rows=rows, details=details)


def run_of(*steps: NightStep) -> list[NightStep]:
    return [step("freshness", "done", book=100_000), *steps]


def test_a_step_that_goes_through_the_book_has_its_own_rate():
    found = progress.of_steps(run_of(step("cases", "running", seconds=4, seen=40_000)))["cases"]
    assert found == progress.Progress(done=40_000, total=100_000, rate=10_000.0, remaining=6.0)


def test_steps_to_come_take_as_long_as_at_the_last_close_by_account():
    before = [step("freshness", "done", book=50_000), step("strategies", "done", seconds=10)]
    found = progress.of_steps(run_of(step("strategies")), before)
    assert found["strategies"].remaining == 20.0
    assert progress.remaining(found) == 20.0


def test_without_an_earlier_close_the_pace_of_this_run_is_taken():
    steps = run_of(step("ageing", "done", seconds=5, seen=100_000), step("cases"), step("strategies"))
    found = progress.of_steps(steps)
    assert (found["cases"].remaining, found["strategies"].remaining) == (10.0, 18.0)
    assert progress.remaining(found) == 28.0


def test_nothing_is_said_while_nothing_is_known():
    found = progress.of_steps(run_of(step("ageing"), step("cases")))
    assert progress.remaining(found) is None


def test_a_step_that_is_over_takes_no_more_time():
    found = progress.of_steps(run_of(step("cases", "done", seconds=2, seen=100_000, rows=900)))["cases"]
    assert (found.done, found.rate, found.remaining) == (900, 50_000.0, 0.0)


def test_a_close_counts_the_accounts_it_has_gone_through(bank, at):
    for _ in range(3):
        CaseFactory(creditor=bank)
    run = night.close_of_day(creditor_id=bank.pk, business_date=DAY, at=at)
    details = {each.name: each.details for each in run.steps.all()}
    assert details["freshness"]["book"] == 3
    assert [details[name]["seen"] for name in ("ageing", "cases", "strategies")] == [3, 3, 3]
    assert "seen" not in details["figures"]


# -- the page ----------------------------------------------------------------------------------------------------------


def half_way(bank, at, **more) -> NightRun:
    run = NightRun.objects.create(creditor=bank, business_date=DAY, started_at=at, **more)
    run.steps.create(position=1, name="freshness", state="done", details={"book": 100_000})
    run.steps.create(position=2, name="cases", state="running", seconds=20, details={"seen": 40_000})
    run.steps.create(position=3, name="strategies")
    return run


def lease(run: NightRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE contacts_nightrun SET lease_until = clock_timestamp() + interval '1 min' WHERE id = %s", [run.pk]
        )


def page(client, run: NightRun):
    return client.get(reverse("contacts:run", args=[run.pk]))


def test_a_run_under_way_says_rates_and_what_is_left(client, admin, bank, at):
    run = half_way(bank, at)
    lease(run)
    shown = page(client, run)
    assert shown.context["whole"] == {"percent": 14, "left": 30 + 90, "done": 1, "of": 3}
    cases = shown.context["steps"][1]
    assert (cases["done"], cases["total"], cases["rate"], cases["remaining"]) == (40_000, 100_000, 2_000, 30)
    assert "about 2 min 00 s left" in shown.text
    assert shown.context["advice"] == []


def test_a_run_that_nobody_holds_is_to_be_resumed(client, admin, bank, at):
    shown = page(client, half_way(bank, at))
    assert [(each["action"], each["may"]) for each in shown.context["advice"]] == [("resume", True)]
    assert "Nobody is working on this run" in shown.text


def test_a_supervisor_reads_what_is_to_be_done_and_has_no_button(client, supervisor, bank, at):
    shown = page(client, half_way(bank, at))
    assert [(each["action"], each["may"]) for each in shown.context["advice"]] == [("resume", False)]
    assert "btn-primary" not in shown.text.split('id="steps"')[1]


def test_a_failed_run_names_the_step_and_offers_to_resume(client, admin, bank, at):
    run = half_way(bank, at)
    run.steps.filter(name="cases").update(state="failed")
    NightRun.objects.filter(pk=run.pk).update(status="failed", finished_at=at, error="OSError: disk full")
    shown = page(client, run)
    assert "It stopped in the step “Cases opened, updated, cured”." in shown.text
    assert "OSError: disk full" in shown.text
    assert shown.context["advice"][0]["may"]


@pytest.fixture
def late(bank, at):
    """The tape of ten days ago is the newest; two are allowed."""
    type(bank).objects.filter(pk=bank.pk).update(freshness_days=2)
    CaseFactory(creditor=bank)
    tape(bank, DAY - timedelta(days=10), at)
    return night.close_of_day(creditor_id=bank.pk, business_date=DAY, at=at)


def tape(bank, as_of: date, at) -> None:
    batch = ImportBatch.objects.create(creditor=bank, as_of=as_of, file_name="tape.csv", uploaded_at=at)
    for move in (batch.stage, batch.check_rows):
        move()
        batch.save()
    batch.load(at=at)
    batch.save()


def test_a_late_tape_is_said_and_the_day_closed_again_when_a_newer_one_came(client, admin, bank, late, at, eager):
    shown = page(client, late)
    assert "The newest balances are of 2026-02-21, 10 days old; 2 are allowed." in shown.text
    assert [each["action"] for each in shown.context["advice"]] == ["again"]
    tape(bank, DAY, at)
    form = {"creditor": bank.pk, "business_date": DAY.isoformat(), "again": "1"}
    client.post(reverse("contacts:run-night"), form, follow=True)
    late.refresh_from_db()
    assert late.warnings == []
    assert page(client, late).context["advice"] == []


def test_without_asking_for_it_a_closed_day_is_not_closed_again(client, admin, bank, late, at, eager):
    tape(bank, DAY, at)
    client.post(reverse("contacts:run-night"), {"creditor": bank.pk, "business_date": DAY.isoformat()}, follow=True)
    late.refresh_from_db()
    assert [warning["code"] for warning in late.warnings] == ["late-feed"]
    assert (Case.objects.count(), PlannedContact.objects.count()) == (1, 0)


def test_an_older_day_is_not_offered_to_be_closed_again(client, admin, bank, late, at):
    NightRun.objects.create(
        creditor=bank, business_date=DAY + timedelta(days=1), status="done", started_at=at, finished_at=at
    )
    assert [each["may"] for each in page(client, late).context["advice"]] == [False]
