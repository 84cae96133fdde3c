"""A creditor whose tape is late is not treated: the night plans nothing new for him until a tape comes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cases.models import Case, ImportBatch
from compliance.models import AuditEvent
from contacts import night
from contacts.models import Enrolment, NightRun, PlannedContact
from contacts.night import runs
from contacts.strategy import shipped
from tests.factories.cases import (
    AccountFactory,
    ContactPointFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)  # 02:30 on 4 March in Shanghai
DAY = timedelta(days=1)


@pytest.fixture
def creditor(supervisor, collector):
    creditor = CreditorFactory(code="bank", freshness_days=2)
    product = ProductFactory(creditor=creditor)
    shipped.ship(creditors=[creditor], author=supervisor, approver=collector, at=AT - timedelta(days=9))
    for dpd in (1, 2, 6):  # on ON; one more on the day of contact
        person = PersonFactory()
        AccountFactory(product=product, person=person, dpd=dpd, on=ON, balance="500.00")
        ContactPointFactory(person=person)
    return creditor


def tape(creditor, as_of: date) -> None:
    batch = ImportBatch.objects.create(creditor=creditor, as_of=as_of, file_name="tape.csv", uploaded_at=AT)
    batch.stage()
    batch.save()
    batch.check_rows()
    batch.save()
    batch.load(at=AT)
    batch.save()


def close(creditor, on: date = ON, **more) -> NightRun:
    return night.close_of_day(creditor_id=creditor.pk, business_date=on, at=AT + (on - ON), **more)


def planned() -> list[tuple[str, date]]:
    return list(PlannedContact.objects.order_by("business_date", "pk").values_list("step__key", "business_date"))


def test_nothing_is_planned_while_the_tape_is_late_and_the_run_says_so(creditor):
    tape(creditor, ON - 3 * DAY)
    run = close(creditor)
    assert planned() == []
    assert run.warnings == [{"code": "late-feed", "age": 3, "allowed": 2, "as_of": "2026-02-28"}]
    details = run.steps.get(name="strategies").details
    assert (details["entered"], details["untreated"], "planned" in details) == (3, 3, False)
    told = AuditEvent.objects.get(name="night.not_treated")
    assert (told.subject_label, told.subject_id) == ("contacts.nightrun", run.pk)
    assert (told.details["age"], told.details["allowed"]) == (3, 2)


@pytest.mark.parametrize("age", [0, 2])
def test_at_the_age_that_is_allowed_everybody_is_treated(creditor, age):
    tape(creditor, ON - age * DAY)
    run = close(creditor)
    assert planned() == [("sms-1", ON + DAY), ("sms-3", ON + DAY), ("call", ON + DAY)]
    assert run.warnings == []
    assert not AuditEvent.objects.filter(name="night.not_treated").exists()


def test_a_book_that_never_had_a_tape_waits_for_none(creditor):
    run = close(creditor)
    assert len(planned()) == 3
    assert [warning["code"] for warning in run.warnings] == ["stale-feed"]


def test_calls_of_before_stay_and_no_new_ones_are_planned(creditor):
    tape(creditor, ON - 2 * DAY)
    close(creditor)
    called = Case.objects.get(next_action="call")
    close(creditor, ON + DAY)
    assert {day for _, day in planned()} == {ON + DAY}
    called.refresh_from_db()
    assert called.next_action == "call"


def test_no_case_lands_before_a_supervisor_because_a_tape_is_late(creditor):
    tape(creditor, ON - 3 * DAY)
    close(creditor)
    assert set(Case.objects.values_list("next_action", flat=True)) == {"wait_strategy"}


def test_the_first_close_with_a_new_tape_plans_what_is_due_and_each_step_once(creditor):
    tape(creditor, ON - 2 * DAY)
    close(creditor)
    close(creditor, ON + DAY)
    before = planned()
    tape(creditor, ON + 2 * DAY)
    close(creditor, ON + 2 * DAY)
    new = [row for row in planned() if row not in before]
    assert new
    assert {day for _, day in new} == {ON + 3 * DAY}
    steps = PlannedContact.objects.filter(step__repeat_every_days__isnull=True).values_list("case_id", "step__key")
    assert len(steps) == len(set(steps))


def test_a_day_closed_without_its_tape_is_treated_when_it_is_closed_again_with_it(creditor):
    tape(creditor, ON - 3 * DAY)
    close(creditor)
    tape(creditor, ON)
    run = close(creditor)
    assert len(planned()) == 3
    assert run.warnings == []
    assert Enrolment.objects.count() == 3


def test_a_run_that_goes_on_still_knows_that_the_tape_was_late(creditor, monkeypatch):
    tape(creditor, ON - 3 * DAY)
    real = runs._Step.run

    def dies(step) -> None:
        if step.stage.name == "ageing":
            raise KeyboardInterrupt
        real(step)

    monkeypatch.setattr(runs._Step, "run", dies)
    with pytest.raises(KeyboardInterrupt):
        close(creditor)
    monkeypatch.setattr(runs._Step, "run", real)
    close(creditor, resume=True)
    assert planned() == []
