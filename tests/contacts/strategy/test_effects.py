"""Steps that are no contact: assignments, holds, reviews, referrals, offers; visits as tasks; the best time of day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from cases import queries
from cases.models import Hold
from compliance.models import AuditEvent
from contacts.models import PlannedContact, Step
from contacts.strategy import effects, sentences
from tests.contacts.strategy.test_planner import NIGHT_OF, case_of, night, nights, publish
from tests.factories.cases import CreditorFactory, PersonFactory, ProductFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = NIGHT_OF + timedelta(days=1)
MORNING_OPENS = datetime(2026, 3, 4, 0, 0, tzinfo=UTC)  # eight in the morning in Shanghai


@pytest.fixture
def creditor():
    creditor = CreditorFactory(code="bank", team=TeamFactory(code="south"))
    ProductFactory(creditor=creditor)
    return creditor


def step(kind: str, **more) -> dict:
    return {"key": kind, "kind": kind, "from_dpd": 5} | more


# -- an assignment -----------------------------------------------------------------------------------------------------


def test_cases_go_to_another_team_and_leave_their_collector(creditor):
    north = TeamFactory(code="north")
    publish(creditor, steps=[step("assign", settings={"team": "north"})])
    case, early = case_of(creditor, 5), case_of(creditor, 4)
    case.owner = UserFactory()
    case.save()
    assert night(creditor) == {"assign": 1}
    case.refresh_from_db()
    early.refresh_from_db()
    assert (case.team, case.owner) == (north, None)
    assert early.team != north
    event = AuditEvent.objects.get(name="case.unassigned")
    assert (event.subject_id, event.details["team"], event.details["why"]) == (case.pk, north.pk, "strategy")
    assert PlannedContact.objects.get().status == "done"


@pytest.mark.parametrize("code", ["nowhere", "closed"])
def test_a_team_that_does_not_work_takes_nothing(creditor, code):
    TeamFactory(code="closed", is_active=False)
    publish(creditor, steps=[step("assign", settings={"team": code})])
    case = case_of(creditor, 5)
    team = case.team
    night(creditor)
    case.refresh_from_db()
    assert case.team == team
    assert not AuditEvent.objects.filter(name="case.unassigned").exists()


# -- a hold ------------------------------------------------------------------------------------------------------------


def test_a_hold_stands_for_so_many_days_and_nothing_is_planned_meanwhile(creditor):
    call = {"key": "call", "kind": "call", "from_dpd": 1, "repeat_every_days": 1, "severity": 2}
    publish(creditor, steps=[step("hold", settings={"days": 3, "reason": "hardship", "about": "time"}), call])
    case = case_of(creditor, 5)
    assert night(creditor) == {"hold": 1}
    hold = Hold.objects.get()
    assert (hold.person, hold.creditor, hold.kind, hold.reason) == (case.person, creditor, "hardship", "time")
    assert (hold.ends_on, hold.confirmed_at is not None) == (date(2026, 3, 6), True)
    assert AuditEvent.objects.filter(name="hold.placed", subject_id=hold.pk).count() == 1
    assert nights(creditor, 2, TODAY) == [{}, {}]
    Hold.objects.update(released_at=MORNING_OPENS, released_reason="ended")  # the negative control
    assert night(creditor, TODAY + timedelta(days=2)) == {"call": 1}


def test_a_hold_that_stands_already_is_not_placed_again(creditor):
    publish(creditor, steps=[step("hold", settings={"days": 3})])
    case = case_of(creditor, 5)
    Hold.objects.create(
        person=case.person, creditor=creditor, kind="policy", starts_at=MORNING_OPENS, ends_on=date(2026, 6, 1),
        recorded_at=MORNING_OPENS, released_at=None,
    )  # fmt: skip
    assert night(creditor) == {}
    assert Hold.objects.count() == 1


# -- people ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "settings", "action", "note", "words"),
    [
        ("review", {}, "review", "strategy-review", "the strategy asks for a review"),
        ("review", {"about": "why?"}, "review", "strategy: review | why?", "the strategy asks for a review (why?)"),
        (
            "legal",
            {"measure": "suit"},
            "review",
            "strategy: legal suit",
            "the strategy refers it to legal: suit",
        ),
        ("agency", {"agency": "a-1"}, "review", "strategy: agency", "the strategy refers it to an agency"),
        ("plan_offer", {}, "call", "strategy: plan_offer", "the strategy asks to offer a plan"),
        (
            "visit",
            {"party": "guarantor", "place": "site"},
            "review",
            "strategy: visit guarantor site",
            "the strategy asks for a visit: the guarantor, on site",
        ),
        ("call", {}, "call", "", ""),
        (
            "call",
            {"party": "counter_guarantor"},
            "call",
            "strategy: call counter_guarantor",
            "the strategy asks for a call: the counter-guarantor",
        ),
    ],
)
def test_a_person_is_told_what_the_strategy_wants(creditor, kind, settings, action, note, words):
    publish(creditor, steps=[step(kind, settings=settings)])
    case = case_of(creditor, 5)
    assert night(creditor) == {kind: 1}
    case.refresh_from_db()
    assert (case.next_action, case.next_action_note) == (action, note)
    with translation.override("en"):
        assert queries.skip_label(note) == words
    row = PlannedContact.objects.get()
    reaches = kind in ("call", "visit")
    assert (row.channel, row.status, row.automated) == (
        {"call": "phone", "visit": "visit"}.get(kind, "review"),
        "planned" if reaches else "done",
        False,
    )


def test_what_reaches_nobody_counts_for_no_severity_and_waits_for_none(creditor):
    quiet = ("review", "agency", "plan_offer")
    steps = [step(kind, severity=number) for number, kind in enumerate(quiet, start=1)]
    publish(creditor, steps=[*steps, {"key": "visit", "kind": "visit", "from_dpd": 5, "severity": 9}])
    case_of(creditor, 5)
    assert night(creditor) == {"review": 1, "agency": 1, "plan_offer": 1, "visit": 1}


def test_visits_climb_like_every_contact(creditor):
    """The negative control."""
    call = {"key": "call", "kind": "call", "from_dpd": 5, "severity": 2}
    publish(creditor, steps=[call, {"key": "visit", "kind": "visit", "from_dpd": 5, "severity": 3}])
    case_of(creditor, 5)
    assert nights(creditor, 2) == [{"call": 1}, {"visit": 1}]


def test_a_night_takes_as_many_statements_for_one_case_as_for_many():
    TeamFactory(code="north")
    first = {"key": "sms", "kind": "message", "template": "t-sms", "from_dpd": 1}
    steps = [
        first,
        step("assign", settings={"team": "north"}),
        step("legal", settings={"measure": "demand"}),
        step("call", severity=2, on={"event": "payment", "days": 1}, from_dpd=0),
        step("plan_offer", after={"step": "sms", "days": 1}, from_dpd=0),
        {"key": "hold", "kind": "hold", "from_dpd": 9, "settings": {"days": 3}},
    ]
    counted = []
    for code, many in (("one", 1), ("other", 9)):
        whose = CreditorFactory(code=code)
        publish(whose, steps=steps, code=code)
        for dpd in range(4, 11):
            for _ in range(many):
                case_of(whose, dpd)
        with CaptureQueriesContext(connection) as seen:
            assert sum(night(whose).values()) > many
        counted.append(len(seen))
    assert counted[0] == counted[1]


# -- the best time -----------------------------------------------------------------------------------------------------


def planned_at(creditor, **more) -> list[str]:
    publish(creditor, steps=[{"key": "call", "kind": "call", "from_dpd": 5, **more}])
    night(creditor)
    rows = PlannedContact.objects.order_by("person_id").values_list("planned_for", "person__time_zone")
    return [f"{at.astimezone(ZoneInfo(zone)):%d %H:%M}" for at, zone in rows]


def test_a_contact_begins_at_the_best_time_of_the_person(creditor):
    case_of(creditor, 5)
    case_of(creditor, 5, person=PersonFactory(new_york=True))
    assert planned_at(creditor, time_from="18:30", time_until="20:00") == ["04 18:30", "04 18:30"]


def test_without_a_best_time_it_begins_when_the_day_opens(creditor):
    """The negative control."""
    case_of(creditor, 5)
    case_of(creditor, 5, person=PersonFactory(new_york=True))
    assert planned_at(creditor) == ["04 08:00", "04 08:00"]


@pytest.mark.parametrize("best", ["05:00", "23:30"])
def test_a_best_time_outside_what_is_permitted_is_the_opening(creditor, best):
    case_of(creditor, 5)
    case_of(creditor, 5, person=PersonFactory(new_york=True))
    assert planned_at(creditor, time_from=best) == ["04 08:00", "04 08:00"]


def test_messages_are_spread_within_the_best_hours(creditor):
    for _ in range(12):
        case_of(creditor, 5)
    publish(
        creditor,
        steps=[
            {"key": "sms", "kind": "message", "template": "t-sms", "from_dpd": 5, "spread_minutes": 240,
             "time_from": "18:00", "time_until": "18:30"}
        ],
    )  # fmt: skip
    night(creditor)
    begins = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # six in the evening
    late = [row.planned_for - begins for row in PlannedContact.objects.all()]
    assert len(set(late)) > 3
    assert all(timedelta(0) <= by < timedelta(minutes=30) for by in late)


# -- in words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"from_dpd": 7, "until_dpd": 7}, "7 days after the due date: call"),
        ({"from_dpd": 1, "until_dpd": 1}, "1 day after the due date: call"),
        ({"from_dpd": 0}, "From the due date on: call"),
        ({"from_dpd": 3}, "From 3 days after the due date on: call"),
        ({"from_dpd": 3, "until_dpd": 6}, "3 to 6 days after the due date: call"),
        ({"from_dpd": 3, "repeat_every_days": 1}, "From 3 days after the due date on, again every day: call"),
        (
            {"after": {"step": "sms", "outcome": "reached", "days": 3}},
            "3 days after “First reminder” reached the person: call",
        ),
        (
            {"after": {"step": "sms", "outcome": "not_reached"}},
            "As soon as “First reminder” did not reach the person: call",
        ),
        (
            {"after": {"step": "sms", "days": 1, "within": 2}},
            "1 day after “First reminder” (at most 2 days later): call",
        ),
        ({"on": {"event": "promise_broken", "days": 2}}, "2 days after a promise was broken: call"),
        ({"on": {"event": "reply", "days": 0}}, "As soon as the person wrote to us: call"),
        (
            {"on": {"event": "payment", "days": 1}, "from_dpd": 9},
            "1 day after a payment came, not before day 9 past due: call",
        ),
        ({"from_dpd": 7, "kind": "review"}, "From 7 days after the due date on: put it before a supervisor"),
        (
            {"from_dpd": 7, "kind": "hold", "settings": {"days": 14, "reason": "hardship"}},
            "From 7 days after the due date on: no contact for 14 days, hardship",
        ),
        (
            {"from_dpd": 7, "kind": "assign", "settings": {"team": "north", "skill": "late"}},
            "From 7 days after the due date on: give it to: team north, skill late arrears",
        ),
        (
            {"from_dpd": 7, "kind": "legal", "settings": {"measure": "suit"}},
            "From 7 days after the due date on: refer it to legal: suit",
        ),
        (
            {"from_dpd": 7, "kind": "visit", "settings": {"place": "home"}, "time_from": "18:00",
             "time_until": "20:00"},
            "From 7 days after the due date on: visit the borrower at home, best between 18:00 and 20:00",
        ),
        (
            {"from_dpd": 7, "kind": "plan_offer", "settings": {"months": 12, "about": "kindly"}},
            "From 7 days after the due date on: offer a plan of up to 12 months (kindly)",
        ),
        (
            {"from_dpd": 7, "until_dpd": 7, "kind": "message", "template": "t-sms"},
            "7 days after the due date: send text message “First reminder”",
        ),
    ],
)  # fmt: skip
def test_a_step_reads_as_a_sentence(creditor, said, sentence):
    TemplateFactory(code="t-sms", name="First reminder")
    first = {"key": "sms", "kind": "message", "template": "t-sms", "from_dpd": 1}
    publish(creditor, steps=[first, {"key": "own", "kind": "call"} | said])
    with translation.override("en"):
        assert sentences.of_step(Step.objects.get(key="own")) == sentence


def test_every_kind_and_event_has_its_words(creditor):
    assert set(effects._WORDS) | {"message", "assign", "hold"} == set(Step.Kind.values)
    for event in Step.Event.values:
        publish(creditor, steps=[{"key": "own", "kind": "call", "on": {"event": event, "days": 2}}], code=event)
        own = Step.objects.get(key="own", segment__version__strategy__code=event)
        with translation.override("en"):
            assert sentences.of_step(own).startswith("2 days after ")
