"""Experiments: registered beforehand, drawn by chance, kept for ever, read safely at every look."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cases.closing import Span
from cases.models import Case, Payment
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from contacts.experiments import drawing, registering, results
from contacts.experiments.registering import ExperimentRefused
from contacts.models import ArmAssignment, Experiment
from contacts.night import stages
from contacts.strategy import stable
from contacts.strategy.conditions import Context, holds_for
from tests.contacts.strategy.test_planner import NIGHT_OF, case_of, close_of
from tests.factories.cases import CreditorFactory, HoldFactory, PaymentFactory, ProductFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
ARMS = [
    {"key": "as-is", "name": "As it is", "share": 40, "holdout": False},
    {"key": "sms-first", "name": "Text message first", "share": 40, "holdout": False},
    {"key": "nothing", "name": "Left alone", "share": 20, "holdout": True},
]
SPAN = Span(0, 2**62)


@pytest.fixture
def creditor():
    found = CreditorFactory(code="bank", time_zone="Asia/Shanghai")
    ProductFactory(creditor=found)
    return found


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def register(creditor, admin, **more) -> Experiment:
    given = {
        "code": "first-week", "name": "First week", "question": "Does a text message help?", "creditors": [creditor],
        "arms": ARMS, "measure": "cured", "within_days": 10, "horizon_days": 30,
        "smallest_difference": Decimal("2.0"), "guardrails": {"complaints": "5"}, "actor": Actor.of(admin), "at": AT,
    }  # fmt: skip
    return registering.register(**given | more)


def begun(creditor, admin, **more) -> Experiment:
    experiment = register(creditor, admin, **more)
    return registering.begin(experiment_id=experiment.pk, by=admin, at=AT)


def draw(creditor, on: date = NIGHT_OF) -> int:
    return drawing.draw(close_of(creditor, on), SPAN)


def sides() -> dict[int, str]:
    return dict(ArmAssignment.objects.values_list("person_id", "arm"))


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_everybody_who_takes_part_is_drawn_once_by_his_stable_number(creditor, admin):
    cases = [case_of(creditor, 5) for _ in range(12)]
    experiment = begun(creditor, admin)
    assert draw(creditor) == 12
    assert draw(creditor) == 0
    for case in cases:
        number = stable.number_of("first-week", case.person_id)
        expected = "as-is" if number < 40 else "sms-first" if number < 80 else "nothing"
        side = ArmAssignment.objects.get(person_id=case.person_id)
        assert (side.arm, side.number, side.entered_on) == (expected, number, NIGHT_OF + timedelta(days=1))
        assert drawing.arm_of(experiment, case.person_id) == expected


def test_nobody_changes_sides_whatever_is_tried(creditor, admin):
    case = case_of(creditor, 5)
    experiment = begun(creditor, admin)
    draw(creditor)
    before = sides()
    for statement in (
        lambda: ArmAssignment.objects.update(arm="nothing"),
        lambda: ArmAssignment.objects.all().delete(),
        lambda: Experiment.objects.update(arms=list(reversed(ARMS))),
        lambda: experiment.creditors.clear(),
        lambda: Experiment.objects.filter(pk=experiment.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            statement()
    with pytest.raises(IntegrityError), transaction.atomic():
        ArmAssignment.objects.create(
            experiment=experiment, person=case.person, case=case, creditor=creditor, arm="nothing", number=1,
            balance=1, currency="CNY", entered_on=NIGHT_OF, at=AT,
        )  # fmt: skip
    Case.objects.filter(pk=case.pk).update(past_due_since=NIGHT_OF - timedelta(days=90))
    draw(creditor, NIGHT_OF + timedelta(days=1))
    assert sides() == before


def test_before_it_begins_shares_may_change_and_nobody_is_drawn(creditor, admin):
    case_of(creditor, 5)
    experiment = register(creditor, admin)
    Experiment.objects.filter(pk=experiment.pk).update(arms=list(reversed(ARMS)))
    assert draw(creditor) == 0


def test_only_those_of_whom_the_condition_is_true_take_part_and_only_until_the_horizon(creditor, admin):
    late, early = case_of(creditor, 20), case_of(creditor, 3)
    begun(creditor, admin, condition={"fact": "dpd", "op": "at_least", "value": 10})
    draw(creditor)
    assert set(sides()) == {late.person_id}
    draw(creditor, date(2026, 3, 30))  # for 31 March: the thirtieth day after 1 March
    assert set(sides()) == {late.person_id, early.person_id}
    third = case_of(creditor, 40)
    assert draw(creditor, date(2026, 3, 31)) == 0
    assert third.person_id not in sides()


def test_the_night_draws_before_segments_are_chosen(creditor, admin):
    case = case_of(creditor, 5)
    begun(creditor, admin)
    result = stages._strategies(stages.Night(close_of(creditor)), SPAN)
    assert result.counts["drawn"] == 1
    context = Context(day=NIGHT_OF, begins_at=AT)
    own = sides()[case.person_id]
    others = [arm["key"] for arm in ARMS if arm["key"] != own]
    assert holds_for(case.pk, {"fact": "arm", "op": "is", "value": f"first-week:{own}"}, context) is True
    assert holds_for(case.pk, {"fact": "arm", "op": "is", "value": f"first-week:{others[0]}"}, context) is False
    assert holds_for(case.pk, {"fact": "arm", "op": "is", "value": f"another:{own}"}, context) is None
    assert holds_for(case.pk, {"fact": "arm", "op": "is_not", "value": f"another:{own}"}, context) is None


def test_a_late_tape_draws_nobody(creditor, admin):
    case_of(creditor, 5)
    begun(creditor, admin)
    stages._strategies(stages.Night(close_of(creditor), is_late=True), SPAN)
    assert sides() == {}


# -- registering -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"code": "no spaces"}, "code"),
        ({"name": " "}, "no-name"),
        ({"creditors": []}, "no-creditors"),
        ({"arms": ARMS[:1]}, "too-few"),
        ({"arms": [ARMS[0], ARMS[0] | {"share": 60}]}, "arm-key"),
        ({"arms": [ARMS[0], ARMS[1]]}, "shares"),
        ({"arms": [ARMS[0] | {"share": 40.0}, ARMS[1] | {"share": 60}]}, "shares"),
        ({"arms": [ARMS[2] | {"share": 60}, ARMS[1]]}, "champion"),
        ({"measure": "luck"}, "measure"),
        ({"within_days": 0}, "days"),
        ({"smallest_difference": Decimal(0)}, "difference"),
        ({"guardrails": {"luck": "1"}}, "guardrail"),
        ({"condition": {"fact": "luck", "op": "is", "value": 1}}, "condition"),
    ],
)
def test_what_cannot_be_compared_is_refused(creditor, admin, more, code):
    with pytest.raises(ExperimentRefused) as refused:
        register(creditor, admin, **more)
    assert refused.value.code == code
    assert str(refused.value) != code
    assert not Experiment.objects.exists()


def test_registering_beginning_and_ending_are_recorded(creditor, admin):
    experiment = begun(creditor, admin)
    registering.end(experiment_id=experiment.pk, reason="enough", by=admin, at=AT + timedelta(days=1))
    names = list(
        AuditEvent.objects.filter(name__startswith="experiment.").order_by("pk").values_list("name", flat=True)
    )
    assert names == ["experiment.registered", "experiment.begun", "experiment.ended"]
    for verb in (
        lambda: registering.end(experiment_id=experiment.pk, reason="again", by=admin, at=AT),
        lambda: registering.begin(experiment_id=experiment.pk, by=admin, at=AT),
    ):
        with pytest.raises(ExperimentRefused):
            verb()


# -- results -----------------------------------------------------------------------------------------------------------


def in_arms(creditor, admin, **more) -> tuple[Experiment, dict[str, list[Case]]]:
    """Return an experiment whose persons were drawn, and their cases by side."""
    cases = [case_of(creditor, 5, balance="1000.00") for _ in range(14)]
    experiment = begun(creditor, admin, **more)
    draw(creditor)
    found: dict[str, list[Case]] = {arm["key"]: [] for arm in ARMS}
    for case in cases:
        found[sides()[case.person_id]].append(case)
    assert Counter({key: len(each) for key, each in found.items()}) == Counter(sides().values())
    return experiment, found


def result_of(experiment, days: int):
    at = datetime(2026, 3, 4, 4, tzinfo=UTC) + timedelta(days=days)
    return {arm.key: arm for arm in results.of_experiment(experiment, at=at).arms}


def test_persons_count_when_their_days_are_over_and_not_before(creditor, admin):
    experiment, found = in_arms(creditor, admin)
    own = max(found, key=lambda key: len(found[key]))
    case = found[own][0]
    case.cure(at=datetime(2026, 3, 14, 15, tzinfo=UTC))  # 23:00 of the tenth day in Shanghai
    case.save()
    assert result_of(experiment, 9)[own].seen.persons == 0
    arm = result_of(experiment, 10)[own]
    assert (arm.persons, arm.seen.persons, arm.seen.total) == (len(found[own]), len(found[own]), 1)


def test_a_cure_after_the_days_does_not_count(creditor, admin):
    experiment, found = in_arms(creditor, admin)
    own = max(found, key=lambda key: len(found[key]))
    case = found[own][0]
    case.cure(at=datetime(2026, 3, 14, 16, tzinfo=UTC))  # midnight: the eleventh day
    case.save()
    assert result_of(experiment, 20)[own].seen.total == 0


@pytest.mark.parametrize(("measure", "total", "squares"), [("paid_any", 1, 1), ("paid_share", 0.25, 0.0625)])
def test_payments_are_measured_from_entry_to_the_last_day(creditor, admin, measure, total, squares):
    experiment, found = in_arms(creditor, admin, measure=measure)
    own = max(found, key=lambda key: len(found[key]))
    case = found[own][0]
    for day, amount in ((3, "100.00"), (4, "100.00"), (14, "150.00"), (15, "500.00")):
        payment = PaymentFactory(
            person=case.person, creditor=creditor, account=case.account, amount=amount, currency="CNY",
            value_on=date(2026, 3, day),
        )  # fmt: skip
        Payment.objects.filter(pk=payment.pk).update(status="allocated")
    seen = result_of(experiment, 20)[own].seen
    assert (seen.total, seen.squares) == (total, squares)


def test_no_winner_while_a_guardrail_is_breached(creditor, admin):
    experiment, found = in_arms(creditor, admin)
    own = max(found, key=lambda key: len(found[key]))
    for number, case in enumerate(found[own][:3], start=1):
        assert not result_of(experiment, 10)[own].breached, number  # one or two breach nothing
        HoldFactory(case=case, kind="complaint", recorded_at=datetime(2026, 3, 6, tzinfo=UTC))
    arm = result_of(experiment, 10)[own]
    assert [(each.name, each.persons) for each in arm.breached] == [("complaints", 3)]
    at = datetime(2026, 3, 20, tzinfo=UTC)
    assert results.of_experiment(experiment, at=at).words == "No winner while a guardrail is breached."


def test_a_complaint_of_before_breaches_nothing(creditor, admin):
    experiment, found = in_arms(creditor, admin)
    own = max(found, key=lambda key: len(found[key]))
    for case in found[own][:3]:
        HoldFactory(case=case, kind="complaint", recorded_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert not result_of(experiment, 10)[own].breached


def test_the_comparison_of_sides_would_see_a_draw_that_depends_on_the_day(creditor, admin, monkeypatch):
    for _ in range(30):
        case_of(creditor, 5)
    begun(creditor, admin)
    real = stable.number_sql

    def drawn() -> dict[int, str]:
        with transaction.atomic():
            draw(creditor)
            found = sides()
            transaction.set_rollback(True)
        return found

    first = drawn()
    assert len(first) == 30
    assert drawn() == first
    monkeypatch.setattr(stable, "number_sql", lambda salt, *more, **named: real(f"{salt} tomorrow", *more, **named))
    assert drawn() != first
