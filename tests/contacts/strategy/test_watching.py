"""After publishing: what was predicted beside what happened, guardrails that stop a canary by themselves, alarms."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cases.models import Instruction
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts.models import PlannedContact, Rehearsal, RehearsalCell, StrategyAlarm, StrategyVersion
from contacts.strategy import definition, guardrails, inputs, publishing, rollout, watching
from contacts.strategy.guardrails import Count
from contacts.strategy.rollout import RolloutRefused
from contacts.strategy.stable import number_of
from tests.contacts.strategy.nights import AT, FIRST, case_of, draft, night, night_of, published, segment
from tests.factories.cases import CreditorFactory, InstructionFactory, PersonFactory, ProductFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
DAY = FIRST + timedelta(days=1)  # the first day of contact
NEXT = segment("all", {"key": "sms-2"})
LATER = night_of(DAY) + timedelta(hours=6)  # the morning after the first day


@pytest.fixture
def bank():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


def treated(bank, count: int, *, inside: bool) -> list:
    """Return cases of so many persons who are in a canary of ten, or are not."""
    cases = []
    while len(cases) < count:
        person = PersonFactory()
        if (number_of("path", person.pk) < 10) == inside:
            cases.append(case_of(bank, person=person))
    return cases


def complain(cases) -> None:
    for case in cases:
        InstructionFactory(
            person=case.person,
            kind=Instruction.Kind.COMPLAINT,
            received_at=night_of(FIRST) + timedelta(hours=9),
            expires_at=LATER + timedelta(days=90),
        )


def predicted(bank, count: int, *, share: int = 100, key: str = "sms-1") -> StrategyVersion:
    """Publish a version whose rehearsal found so many messages on the first day."""
    version = draft(bank, segment("all", {"key": key}))
    found = inputs.inputs_of(version, at=AT)
    row = Rehearsal.objects.create(
        version=version, status="running", days=14, content_hash=definition.of_version(version).content_hash,
        inputs=found, inputs_hash=inputs.hash_of(found), full_hash="x", requested_at=AT, snapshot_at=AT,
    )  # fmt: skip
    for outcome, number in (("sent", count), ("withheld", 2)):
        RehearsalCell.objects.create(
            rehearsal=row, day=DAY, creditor=bank, segment_key="all", step_key=key, kind="message", channel="sms",
            outcome=outcome, count=number,
        )  # fmt: skip
    row.status, row.finished_at = "done", AT
    row.save()
    publishing.submit(version_id=version.pk, actor=SYSTEM, at=AT)
    publishing.approve(version_id=version.pk, by=UserFactory(), at=AT)
    return publishing.publish(version_id=version.pk, share=share, actor=SYSTEM, at=AT)


# -- guardrails --------------------------------------------------------------------------------------------------------


def test_a_breached_guardrail_stops_the_canary_and_everybody_goes_back(bank):
    inside, outside = treated(bank, 6, inside=True), treated(bank, 6, inside=False)
    published(bank)
    canary = published(bank, NEXT, share=10)
    night(bank)
    assert watching.watch(at=LATER) == []
    complain(inside[:3])
    (alarm,) = watching.watch(at=LATER)
    assert (alarm.version, alarm.code, alarm.stopped_it) == (canary, "guardrail:complaints", True)
    assert alarm.details["events"] == 3
    assert alarm.details["of"] == 6
    canary.refresh_from_db()
    assert canary.status == "stopped"
    assert list(canary.rollouts.order_by("pk").values_list("what", flat=True)) == ["published", "stopped"]
    assert AuditEvent.objects.filter(name="strategy.alarm_raised", subject_id=canary.pk).count() == 1
    night(bank, 1)
    assert {case.enrolments.get(left_on=None).version.version for case in inside + outside} == {1}
    assert watching.watch(at=LATER + timedelta(minutes=10)) == []


def test_complaints_under_the_version_before_stop_nothing(bank):
    treated(bank, 6, inside=True)
    outside = treated(bank, 6, inside=False)
    published(bank)
    canary = published(bank, NEXT, share=10)
    night(bank)
    complain(outside[:5])
    assert not StrategyAlarm.objects.filter(version=canary).exists()
    watching.watch(at=LATER)
    canary.refresh_from_db()
    assert canary.status == "published"


def test_a_breached_canary_is_neither_widened_nor_resumed(bank):
    inside = treated(bank, 4, inside=True)
    published(bank)
    canary = published(bank, NEXT, share=10)
    night(bank)
    complain(inside[:3])
    with pytest.raises(RolloutRefused) as error:
        rollout.widen(version_id=canary.pk, share=100, actor=SYSTEM, at=LATER)
    assert error.value.code == "breached"
    assert "complaints" in str(error.value)
    rollout.stop(version_id=canary.pk, reason="bad", actor=SYSTEM, at=LATER)
    with pytest.raises(RolloutRefused) as error:
        rollout.resume(version_id=canary.pk, actor=SYSTEM, at=LATER)
    assert error.value.code == "breached"


@pytest.mark.parametrize(
    ("own", "control", "limit", "breach"),
    [
        (Count(2, 10), None, 5, ""),  # fewer than three
        (Count(3, 600), None, 5, ""),  # exactly the limit
        (Count(3, 599), None, 5, "limit"),
        (Count(8, 1000), Count(10, 9000), 9, "control"),
        (Count(8, 1000), Count(72, 9000), 9, ""),
        (Count(8, 1000), Count(0, 0), 9, ""),
    ],
)
def test_a_guardrail_is_breached_by_its_limit_or_against_the_control(own, control, limit, breach):
    assert guardrails._breach(own, control, Decimal(limit)) == breach


def test_the_chance_is_that_of_the_exact_test():
    assert guardrails.chance_of(Count(3, 100), Count(0, 100)) == pytest.approx(1 / 8)
    assert guardrails.chance_of(Count(0, 100), Count(3, 100)) == pytest.approx(1)


def test_a_version_may_have_limits_of_its_own(bank):
    version = published(bank)
    StrategyVersion.objects.filter(pk=version.pk).update(guardrails={"complaints": "0.5"})
    limits = guardrails.limits_of(StrategyVersion.objects.get(pk=version.pk))
    assert (limits["complaints"], limits["opt_outs"]) == (Decimal("0.5"), Decimal(30))


# -- predicted and actual ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicted_sent", "share", "days", "between"),
    [
        (100, 100, 0, (99, 101)),
        (100, 100, 1, (94, 106)),
        (1000, 10, 0, (70, 130)),
        (1000, 10, 30, (20, 180)),
        (0, 1, 9, (0, 1)),
    ],
)
def test_the_interval_is_that_of_the_draw_and_of_the_days_since(predicted_sent, share, days, between):
    assert watching.interval(predicted_sent, share=share, days=days) == between


def test_a_day_as_predicted_raises_nothing_and_another_one_raises_one_alarm(bank):
    for _ in range(5):
        case_of(bank)
    version = predicted(bank, 5)
    night(bank)
    assert watching.watch(at=LATER) == []
    (row,) = watching.compare(version, first=DAY, last=DAY)
    assert (row.step_key, row.predicted, row.sent, row.predicted_refused, row.is_outside) == ("sms-1", 5, 5, 2, False)
    PlannedContact.objects.filter(pk__in=PlannedContact.objects.values("pk")[:3]).delete()
    (alarm,) = watching.watch(at=LATER)
    assert (alarm.code, alarm.day, alarm.stopped_it) == ("prediction", DAY, False)
    assert alarm.details == {"rows": [{"step": "sms-1", "channel": "sms", "low": 3, "high": 7, "sent": 2}]}
    assert watching.watch(at=LATER) == []
    assert StrategyVersion.objects.get(pk=version.pk).status == "published"


def test_a_day_that_is_not_over_is_not_judged(bank):
    predicted(bank, 50)
    night(bank)
    assert watching.watch(at=night_of(FIRST) + timedelta(hours=12)) == []
    assert [alarm.code for alarm in watching.watch(at=LATER)] == ["prediction"]


def test_an_alarm_is_looked_at_once(bank, make_user):
    predicted(bank, 50)
    night(bank)
    (alarm,) = watching.watch(at=LATER)
    first, second = make_user("admin", username="first"), make_user("admin", username="second")
    for person in (first, second):
        watching.look_at(alarm_id=alarm.pk, by=person, at=LATER)
    alarm.refresh_from_db()
    assert alarm.seen_by == first
