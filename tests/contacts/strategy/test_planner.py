"""What the night plans for each case: due steps, one rung a day, opening minutes, outages, holds, reach."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import closing
from cases.closing import Close, Span
from cases.models import Case, ContactPoint
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts.models import Enrolment, Move, PlannedContact, StrategyVersion, Template
from contacts.strategy import conditions, definition, due, enrolment, planner, rollout
from tests.factories.cases import (
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    FirmPolicyFactory,
    HoldFactory,
    PersonFactory,
    ProductFactory,
)
from tests.factories.strategies import put_in_force

pytestmark = pytest.mark.django_db
EVERYBODY = Span(0, 2**62)
NIGHT_OF = date(2026, 3, 3)  # closed in the small hours of 4 March, for contacts on 4 March
MORNING = datetime(2026, 3, 3, 18, 30, tzinfo=UTC)  # 02:30 on 4 March in Shanghai
STEPS = [
    {"key": "sms-1", "kind": "message", "template": "t-sms", "from_dpd": 1, "until_dpd": 2, "catch_up_days": 1},
    {"key": "sms-3", "kind": "message", "template": "t-sms", "from_dpd": 3, "until_dpd": 6, "catch_up": "skip"},
    {"key": "call", "kind": "call", "from_dpd": 4, "repeat_every_days": 1, "severity": 2, "catch_up_days": 0},
    {
        "key": "email-7",
        "kind": "message",
        "template": "t-email",
        "from_dpd": 7,
        "until_dpd": 29,
        "severity": 2,
        "priority": 9,
    },
    {"key": "letter", "kind": "message", "template": "t-letter", "from_dpd": 30, "severity": 3},
    {"key": "review", "kind": "review", "from_dpd": 60, "severity": 4},
]


@pytest.fixture
def creditor():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


def publish(creditor, *, segments=None, steps=STEPS, code="path", moves=None) -> StrategyVersion:
    for name, channel in (("t-sms", "sms"), ("t-email", "email"), ("t-letter", "letter")):
        Template.objects.get_or_create(code=name, defaults={"name": name, "channel": channel})
    document = {"code": code, "name": code, "segment": segments or [{"name": "all", "step": steps}]}
    version = definition.store(definition.parse(document), creditors=[creditor], actor=SYSTEM, at=MORNING)
    for from_key, action in (moves or {}).items():
        Move.objects.create(version=version, from_key=from_key, action=action)
    return put_in_force(version, at=MORNING)


def close_of(creditor, on: date = NIGHT_OF, at: datetime | None = None) -> Close:
    late = datetime.combine(on + timedelta(days=1), MORNING.time(), UTC) - timedelta(days=1)
    return Close(creditor=creditor, business_date=on, newest_state=2**62, actor=SYSTEM, at=at or late)


def night(creditor, on: date = NIGHT_OF, at: datetime | None = None) -> dict[str, int]:
    close = close_of(creditor, on, at)
    paths = enrolment.paths_of(close)
    enrolment.leave(close, EVERYBODY, paths)
    enrolment.cancel_unwanted(close, EVERYBODY)
    enrolment.enrol(close, EVERYBODY, paths)
    planned = planner.plan(close, EVERYBODY, paths)
    planner.set_futures(close, EVERYBODY)
    return planned


def nights(creditor, count: int, first: date = NIGHT_OF) -> list[dict[str, int]]:
    return [night(creditor, first + timedelta(days=number)) for number in range(count)]


def case_of(creditor, dpd: int, **more) -> Case:
    """A waiting case that has so many days past due on 4 March, the first day of contact."""
    since = NIGHT_OF + timedelta(days=1 - dpd)
    more = {"next_action": "wait_strategy", "next_action_at": MORNING} | more
    case = CaseFactory(creditor=creditor, past_due_since=since, dpd=dpd, on=NIGHT_OF + timedelta(days=1), **more)
    if more.get("points", True) and case.person.is_named:
        address = AddressFactory(kind="postal", value=f"1 Street {case.pk}")
        ContactPointFactory(person=case.person, kind="postal", position=9, address=address)
    return case


# -- due ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dpd", "planned"),
    [
        (0, {}),
        (1, {"sms-1": 1}),
        (2, {"sms-1": 1}),
        (3, {"sms-3": 1}),
        (4, {"sms-3": 1}),
        (6, {"sms-3": 1}),
        (7, {"email-7": 1}),
        (29, {"email-7": 1}),
        (30, {"call": 1}),
        (59, {"call": 1}),
        (60, {"call": 1, "review": 1}),
    ],
)
def test_the_first_contact_of_a_case_is_the_mildest_that_is_due(creditor, dpd, planned):
    publish(creditor)
    case_of(creditor, dpd)
    assert night(creditor) == planned


def test_days_past_due_are_those_of_the_day_of_contact(creditor):
    publish(creditor)
    case = case_of(creditor, 1)
    assert case.past_due_since == NIGHT_OF  # nothing was past due on the day that was closed
    night(creditor)
    row = PlannedContact.objects.get()
    assert row.business_date == case.past_due_since + timedelta(days=1)


def test_a_path_day_by_day(creditor):
    publish(creditor)
    case_of(creditor, 1)
    said = nights(creditor, 9)
    assert said == [
        {"sms-1": 1},
        {},
        {"sms-3": 1},
        {"call": 1},
        {"call": 1},
        {"call": 1},
        {"call": 1, "email-7": 1},
        {"call": 1},
        {"call": 1},
    ]


def test_running_a_night_twice_plans_nothing_twice(creditor):
    publish(creditor)
    for dpd in (1, 3, 8, 45, 61):
        case_of(creditor, dpd)
    night(creditor)
    before = list(PlannedContact.objects.order_by("pk").values())
    events = AuditEvent.objects.count()
    assert night(creditor) == {}
    assert list(PlannedContact.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.count() == events


def test_a_case_climbs_one_rung_a_day_and_jumps_none(creditor):
    publish(creditor)
    case_of(creditor, 45)
    assert nights(creditor, 3) == [{"call": 1}, {"call": 1, "letter": 1}, {"call": 1}]
    for row in PlannedContact.objects.filter(step__key="letter"):
        assert PlannedContact.objects.filter(case=row.case, business_date__lt=row.business_date, severity=2).exists()


def test_without_the_guard_a_late_case_would_get_everything_at_once(creditor, monkeypatch):
    publish(creditor)
    case_of(creditor, 45)
    monkeypatch.setattr(due, "_climbs", lambda step, close: conditions.ALWAYS)
    assert night(creditor) == {"call": 1, "letter": 1}


def test_a_rung_that_is_due_the_same_day_waits_for_tomorrow(creditor):
    publish(creditor)
    case_of(creditor, 30)
    night(creditor)
    case_of(creditor, 1)
    assert night(creditor, NIGHT_OF + timedelta(days=1)) == {"call": 1, "letter": 1, "sms-1": 1}


# -- outages -----------------------------------------------------------------------------------------------------------


def test_a_close_whose_next_day_is_over_plans_nothing(creditor):
    publish(creditor)
    case_of(creditor, 1)
    assert night(creditor, at=MORNING + timedelta(days=1)) == {}
    assert Enrolment.objects.get().entered_on == date(2026, 3, 4)


def test_after_an_outage_what_was_missed_is_done_late_within_its_days(creditor):
    publish(creditor)
    case_of(creditor, 2)  # its texts of day 1 and 2 end on 4 March
    back = MORNING + timedelta(days=1)  # nobody closed 3 March until 5 March
    assert night(creditor, NIGHT_OF, at=back) == {}
    assert night(creditor, NIGHT_OF + timedelta(days=1), at=back) == {"sms-1": 1}
    assert night(creditor, NIGHT_OF + timedelta(days=2)) == {"sms-3": 1, "call": 1}


def test_after_too_long_an_outage_it_is_left_out(creditor):
    publish(creditor)
    case_of(creditor, 2)
    back = MORNING + timedelta(days=2)
    assert night(creditor, NIGHT_OF, at=back) == {}
    assert night(creditor, NIGHT_OF + timedelta(days=1), at=back) == {}
    assert night(creditor, NIGHT_OF + timedelta(days=2), at=back) == {"sms-3": 1}


def test_a_case_that_comes_late_is_not_an_outage(creditor):
    publish(creditor)
    case_of(creditor, 3)
    assert night(creditor) == {"sms-3": 1}


def test_five_missed_nights_give_one_contact_and_not_five(creditor):
    publish(creditor)
    case_of(creditor, 1)
    back = MORNING + timedelta(days=5)
    said = [night(creditor, NIGHT_OF + timedelta(days=number), at=back) for number in range(6)]
    assert said == [{}, {}, {}, {}, {}, {"sms-3": 1}]


# -- who is left alone -------------------------------------------------------------------------------------------------


def test_nothing_is_planned_while_a_hold_stands(creditor):
    publish(creditor)
    HoldFactory(case=case_of(creditor, 1))
    assert night(creditor) == {}


def test_a_released_hold_does_not_hold(creditor):
    publish(creditor)
    HoldFactory(case=case_of(creditor, 1), released=True)
    assert night(creditor) == {"sms-1": 1}


@pytest.mark.parametrize("status", ["promised", "on_plan"])
def test_nothing_is_planned_while_a_promise_or_plan_runs_except_service_reminders(creditor, status):
    publish(creditor)
    case_of(creditor, 1, to=status, next_action="wait_promise")
    assert night(creditor) == {}
    Template.objects.update(purpose="service_reminder")
    assert night(creditor) == {"sms-1": 1}


def test_who_cannot_be_reached_by_a_channel_is_not_planned_for_it_but_may_be_called(creditor):
    publish(creditor)
    ContactPoint.objects.filter(person=case_of(creditor, 1).person).update(state="bad")
    ContactPoint.objects.filter(person=case_of(creditor, 5).person, kind="mobile").delete()
    assert night(creditor) == {"call": 1}


def test_a_step_has_a_condition_of_its_own(creditor):
    only_large = {"fact": "balance", "op": "at_least", "value": "1000.00"}
    publish(creditor, steps=[STEPS[0] | {"condition": only_large}])
    case_of(creditor, 1, balance="999.99")
    large = case_of(creditor, 1, balance="1000.00")
    assert night(creditor) == {"sms-1": 1}
    assert PlannedContact.objects.get().case_id == large.pk


# -- paths -------------------------------------------------------------------------------------------------------------


def test_the_first_segment_that_is_true_takes_the_case(creditor):
    big = {"fact": "balance", "op": "at_least", "value": "1000.00"}
    publish(creditor, segments=[{"name": "big", "condition": big}, {"name": "rest", "step": STEPS}])
    large, small = case_of(creditor, 1, balance="5000.00"), case_of(creditor, 1)
    night(creditor)
    assert dict(Enrolment.objects.values_list("case_id", "segment__name")) == {large.pk: "big", small.pk: "rest"}


def test_a_case_changes_its_path_when_another_segment_becomes_its_own(creditor):
    big = {"fact": "balance", "op": "at_least", "value": "1000.00"}
    publish(creditor, segments=[{"name": "big", "condition": big, "step": STEPS}, {"name": "rest", "step": STEPS}])
    case = case_of(creditor, 1)
    night(creditor)
    Case.objects.update(balance="2000.00")
    assert night(creditor, NIGHT_OF + timedelta(days=1)) == {"sms-1": 1}  # it did not leave from the other path
    stays = Enrolment.objects.filter(case=case).order_by("pk").values_list("segment__name", "left_reason")
    assert list(stays) == [("rest", "segment-changed"), ("big", "")]
    assert [row.reason_code for row in PlannedContact.objects.order_by("pk")] == ["left-strategy", ""]


def test_a_new_version_goes_on_where_the_old_one_was(creditor):
    publish(creditor)
    case_of(creditor, 1)
    night(creditor)
    PlannedContact.objects.update(status="done", finished_at=MORNING)
    publish(creditor, steps=[STEPS[0] | {"until_dpd": 5}, STEPS[1]])
    assert night(creditor, NIGHT_OF + timedelta(days=1)) == {}
    assert list(Enrolment.objects.order_by("pk").values_list("version__version", "left_reason")) == [
        (1, "version-changed"),
        (2, ""),
    ]


@pytest.mark.parametrize("status", ["cured", "closed"])
def test_an_ended_case_leaves_and_its_contacts_are_cancelled(creditor, status):
    publish(creditor)
    case = case_of(creditor, 1)
    night(creditor)
    getattr(case, "cure" if status == "cured" else "close")(
        at=MORNING, **({} if status == "cured" else {"reason": "sold"})
    )
    case.save()
    night(creditor, NIGHT_OF + timedelta(days=1))
    row = PlannedContact.objects.get()
    assert (row.status, row.reason_code) == ("cancelled", "case-resolved")
    assert Enrolment.objects.get().left_reason == "case-ended"
    assert AuditEvent.objects.filter(name="strategy.left").count() == 1


def test_a_stopped_strategy_plans_nothing(creditor):
    version = publish(creditor)
    rollout.stop(version_id=version.pk, reason="stop", actor=SYSTEM, at=MORNING)
    case_of(creditor, 1)
    assert night(creditor) == {}


# -- when --------------------------------------------------------------------------------------------------------------


def test_a_message_is_planned_for_the_opening_minute_of_the_persons_own_zone(creditor):
    publish(creditor)
    people = {
        "Asia/Shanghai": PersonFactory(),
        "America/New_York": PersonFactory(new_york=True),
        "America/Los_Angeles": PersonFactory(los_angeles=True),
    }
    for person in people.values():
        case_of(creditor, 1, person=person)
    night(creditor)
    rows = PlannedContact.objects.values_list("person__time_zone", "planned_for", "try_again_at")
    planned = {zone: (planned_for.isoformat(), again == planned_for) for zone, planned_for, again in rows}
    assert planned == {
        "Asia/Shanghai": ("2026-03-04T00:00:00+00:00", True),
        "America/New_York": ("2026-03-04T13:00:00+00:00", True),
        "America/Los_Angeles": ("2026-03-04T16:00:00+00:00", True),
    }


def test_a_contact_is_useless_after_its_local_day_and_what_may_be_late(creditor):
    publish(creditor)
    case_of(creditor, 1)
    case_of(creditor, 3)
    night(creditor)
    ends = dict(PlannedContact.objects.values_list("step__key", "expires_at"))
    assert ends["sms-1"] == datetime(2026, 3, 5, 16, tzinfo=UTC)  # the end of 5 March in Shanghai
    assert ends["sms-3"] == datetime(2026, 3, 4, 16, tzinfo=UTC)


def test_messages_are_spread_over_minutes_only_where_that_is_configured(creditor):
    publish(creditor)
    FirmPolicyFactory(creditor=creditor, document={"spread_minutes": 30})
    for _ in range(20):
        case_of(creditor, 1)
    night(creditor)
    minutes = [(row.planned_for.hour, row.planned_for.minute) for row in PlannedContact.objects.all()]
    assert all(hour == 0 and minute < 30 for hour, minute in minutes)
    assert len(set(minutes)) > 10


# -- the work of people ------------------------------------------------------------------------------------------------


def test_a_call_task_puts_the_case_into_the_queue(creditor):
    publish(creditor)
    case = case_of(creditor, 5)
    night(creditor)
    night(creditor, NIGHT_OF + timedelta(days=1))
    case.refresh_from_db()
    row = PlannedContact.objects.get(step__key="call")
    assert (row.channel, row.automated, row.status) == ("phone", False, "planned")
    assert (case.next_action, case.next_action_at) == ("call", row.planned_for)


@pytest.mark.parametrize("action", ["callback", "review", "verify_payment"])
def test_a_call_task_does_not_take_the_place_of_what_people_have_agreed(creditor, action):
    publish(creditor)
    case = case_of(creditor, 45, next_action=action)
    night(creditor)
    case.refresh_from_db()
    assert case.next_action == action


def test_a_call_task_that_was_not_done_ends_with_its_day(creditor):
    publish(creditor)
    case_of(creditor, 45)
    night(creditor)
    night(creditor, NIGHT_OF + timedelta(days=1))
    rows = PlannedContact.objects.filter(step__key="call").order_by("business_date")
    assert list(rows.values_list("status", "reason_code")) == [("cancelled", "too-late"), ("planned", "")]


def test_a_review_puts_the_case_before_a_supervisor_and_is_done_with_that(creditor):
    publish(creditor)
    case = case_of(creditor, 60)
    night(creditor)
    case.refresh_from_db()
    assert (case.next_action, case.next_action_note) == ("review", "strategy-review")
    row = PlannedContact.objects.get(step__key="review")
    assert (row.status, row.channel, row.automated) == ("done", "review", False)
    assert AuditEvent.objects.filter(name="case.flagged_for_review", subject_id=case.pk).count() == 1


def test_a_waiting_case_waits_for_the_day_of_its_next_step(creditor):
    publish(creditor)
    case = case_of(creditor, 1)
    night(creditor)
    case.refresh_from_db()
    assert case.next_action == "wait_strategy"
    assert case.next_action_at == closing.Close.morning.fget(close_of(creditor)) + timedelta(days=2)


def test_a_case_on_no_path_is_put_before_a_collector_and_one_at_the_end_before_a_supervisor(creditor):
    nobody = {"fact": "balance", "op": "less_than", "value": "100.00"}
    publish(creditor, segments=[{"name": "small", "condition": nobody, "step": STEPS[:1]}])
    free, ended = case_of(creditor, 1), case_of(creditor, 9, balance="50.00")
    night(creditor)
    assert Case.objects.get(pk=free.pk).next_action == "call"
    row = Case.objects.get(pk=ended.pk)
    assert (row.next_action, row.next_action_note) == ("review", "strategy-ended")


def test_the_number_of_queries_does_not_grow_with_the_book(creditor):
    publish(creditor)
    for dpd in range(1, 13):
        case_of(creditor, dpd)
    night(creditor, NIGHT_OF - timedelta(days=1))
    for dpd in range(1, 13):
        case_of(creditor, dpd)
    with CaptureQueriesContext(connection) as few:
        night(creditor)
    for dpd in [*range(1, 13)] * 3:
        case_of(creditor, dpd)
    with CaptureQueriesContext(connection) as many:
        night(creditor)
    assert len(many) == len(few)


MANY_STEPS = [
    {"kind": "message", "template": "t-sms", "from_dpd": 1, "until_dpd": 2, "catch_up_days": 3, "key": "late"},
    {"kind": "message", "template": "t-sms", "from_dpd": 4, "until_dpd": 5, "catch_up": "skip", "key": "skip"},
    {"kind": "call", "from_dpd": 3, "until_dpd": 4, "catch_up": "escalate", "catch_up_days": 2, "key": "escalate"},
    {"kind": "call", "from_dpd": 6, "until_dpd": 9, "repeat_every_days": 2, "key": "repeat"},
    {"kind": "review", "from_dpd": 8, "key": "open-ended"},
]


def left_out_and_due(creditor) -> tuple[int, int]:
    """For every step of a night: how often it is left out for its days alone, and for how many cases it is due then."""
    close = close_of(creditor)
    paths = enrolment.paths_of(close)
    enrolment.enrol(close, EVERYBODY, paths)
    since = due.on_segments(close, EVERYBODY)
    left_out, wrong = 0, 0
    for path in paths:
        for step in path.steps:
            for missed in (False, True):
                if not due.may_be_due(step, close.day, since.get(path.segment.pk), missed=missed):
                    left_out += 1
                    wrong += due.due(close, EVERYBODY, path, step, missed=missed).count()
    return left_out, wrong


@pytest.mark.parametrize("dpd", range(11))
def test_a_step_that_costs_no_statement_is_due_for_no_case(creditor, dpd):
    publish(creditor, steps=MANY_STEPS)
    case = case_of(creditor, dpd)
    enrolment.enrol(close_of(creditor), EVERYBODY, enrolment.paths_of(close_of(creditor)))
    Enrolment.objects.filter(case=case).update(entered_on=NIGHT_OF - timedelta(days=20))
    left_out, due_then = left_out_and_due(creditor)
    assert left_out > 0
    assert due_then == 0


def test_if_days_of_catching_up_were_forgotten_a_step_that_is_due_would_be_left_out(creditor, monkeypatch):
    monkeypatch.setattr(due.triggers, "may_be_late", lambda step: False)
    publish(creditor, steps=MANY_STEPS)
    case = case_of(creditor, 4)
    enrolment.enrol(close_of(creditor), EVERYBODY, enrolment.paths_of(close_of(creditor)))
    Enrolment.objects.filter(case=case).update(entered_on=NIGHT_OF - timedelta(days=20))
    close, since = close_of(creditor), due.on_segments(close_of(creditor), EVERYBODY)
    path = enrolment.paths_of(close)[0]
    late = next(step for step in path.steps if step.key == "late")
    assert not due.may_be_due(late, close.day, since[path.segment.pk])
    monkeypatch.undo()
    assert due.due(close, EVERYBODY, path, late).count() == 1
    assert due.may_be_due(late, close.day, since[path.segment.pk])


# -- catching up, one message for everything, and the spread -----------------------------------------------------------

ONCE = {"kind": "message", "template": "t-sms", "from_dpd": 1, "until_dpd": 2, "catch_up_days": 3}


def missed_nights(creditor, catch_up: str) -> tuple[list[tuple[str, str, str]], Case]:
    """Enrol a case, let two nights pass in which nobody plans, and go on; return what is planned, and the case."""
    steps = [{**ONCE, "key": "sms-1", "catch_up": catch_up}, {"key": "call", "kind": "call", "from_dpd": 60}]
    publish(creditor, steps=steps)
    case = case_of(creditor, 0)
    night(creditor)
    Case.objects.filter(pk=case.pk).update(past_due_since=NIGHT_OF + timedelta(days=1))
    night(creditor, NIGHT_OF + timedelta(days=4))
    rows = PlannedContact.objects.values_list("step__key", "channel", "status")
    return list(rows), Case.objects.get(pk=case.pk)


@pytest.mark.parametrize(
    ("catch_up", "planned", "action"),
    [
        ("send_late", [("sms-1", "sms", "planned")], "wait_strategy"),
        ("skip", [], "wait_strategy"),
        ("escalate", [("sms-1", "review", "done")], "review"),
    ],
)
def test_each_step_says_what_becomes_of_it_after_an_outage(creditor, catch_up, planned, action):
    rows, case = missed_nights(creditor, catch_up)
    assert rows == planned
    assert case.next_action == action


def test_a_message_that_did_not_leave_in_time_is_put_before_a_supervisor_once(creditor):
    publish(creditor, steps=[{**ONCE, "key": "sms-1", "catch_up": "escalate"}])
    case = case_of(creditor, 2)
    night(creditor)
    PlannedContact.objects.update(status="cancelled", reason_code="too-late", finished_at=MORNING)
    for later in (1, 2, 3):
        night(creditor, NIGHT_OF + timedelta(days=later))
    rows = PlannedContact.objects.order_by("pk").values_list("channel", "status", "business_date")
    assert list(rows) == [("sms", "cancelled", date(2026, 3, 4)), ("review", "done", date(2026, 3, 5))]
    case.refresh_from_db()
    assert case.next_action == "review"


def several_on_a_day(creditor) -> list[str]:
    """Return what is planned for a case that has had a message yesterday and for which three steps are due."""
    later = {**ONCE, "from_dpd": 4, "until_dpd": 9}
    by_mail = {**later, "key": "mail", "template": "t-email"}
    publish(
        creditor, steps=[{**ONCE, "key": "a", "until_dpd": 9}, {**later, "key": "b"}, {**later, "key": "c"}, by_mail]
    )
    case_of(creditor, 3)
    night(creditor)
    night(creditor, NIGHT_OF + timedelta(days=1))
    today = PlannedContact.objects.filter(business_date=NIGHT_OF + timedelta(days=2))
    return sorted(today.values_list("step__key", flat=True))


def test_two_steps_that_are_due_on_a_day_are_one_message_by_a_channel(creditor):
    assert several_on_a_day(creditor) == ["b", "mail"]
    night(creditor, NIGHT_OF + timedelta(days=2))
    assert sorted(PlannedContact.objects.values_list("step__key", flat=True)) == ["a", "b", "c", "mail"]


def test_without_that_rule_both_would_be_planned_for_one_day(creditor, monkeypatch):
    """The negative control."""
    monkeypatch.setattr(due, "_said_today", lambda *_: PlannedContact.objects.none())
    assert several_on_a_day(creditor) == ["b", "c", "mail"]


def test_a_step_says_over_how_many_minutes_it_is_spread_and_the_night_again_the_same(creditor):
    publish(creditor, steps=[{**ONCE, "key": "a", "spread_minutes": 120}])
    FirmPolicyFactory(creditor=creditor, document={"spread_minutes": 5})
    for _ in range(30):
        case_of(creditor, 1)
    night(creditor)
    planned = dict(PlannedContact.objects.values_list("person_id", "planned_for"))
    begins = datetime(2026, 3, 4, tzinfo=UTC)
    minutes = [(at - begins) // timedelta(minutes=1) for at in planned.values()]
    assert min(minutes) >= 0
    assert 5 < max(minutes) < 120
    assert max(minutes.count(minute) for minute in minutes) <= 3
    PlannedContact.objects.all().delete()
    night(creditor)
    assert dict(PlannedContact.objects.values_list("person_id", "planned_for")) == planned
