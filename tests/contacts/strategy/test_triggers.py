"""Steps that wait for what came of another step, or for an event; and what they leave the case waiting for."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from cases.models import Case, Document, Payment, Plan, PlanInstalment, Product
from contacts.models import (
    InboundBinding,
    InboundMessage,
    Move,
    PlannedContact,
    PostalLetter,
    PrintBatch,
    Template,
)
from tests.contacts.strategy.test_planner import MORNING, NIGHT_OF, case_of, night, nights, publish
from tests.factories.cases import AccountFactory, CreditorFactory, PaymentFactory, ProductFactory, PromiseFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TODAY = NIGHT_OF + timedelta(days=1)  # 4 March, the first day of contact
DAY = timedelta(days=1)
FIRST = {"key": "first", "kind": "message", "template": "t-sms", "from_dpd": 1, "until_dpd": 2, "catch_up_days": 0}


@pytest.fixture
def creditor():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


def after(outcome: str, days: int = 0, within: int = 3, **more) -> dict:
    waits = {"step": "first", "outcome": outcome, "days": days, "within": within}
    return {"key": "next", "kind": "call", "after": waits, "catch_up_days": 0} | more


def on(event: str, days: int = 0, within: int = 3, **more) -> dict:
    return {"key": "answer", "kind": "call", "on": {"event": event, "days": days, "within": within},
            "catch_up_days": 0} | more  # fmt: skip


def at_noon(day: date) -> datetime:
    """Noon in Shanghai."""
    return datetime.combine(day, datetime.min.time(), UTC).replace(hour=4)


def send(case: Case, to: str, *, day: date = TODAY) -> None:
    """What dispatch and the receipts make of the row that waits."""
    row = PlannedContact.objects.get(case=case, status="planned", automated=True)
    attempt = AttemptFactory(case=case, channel=row.channel, automated=True, to=to, at=at_noon(day), planned=row)
    assert attempt.status == to
    if to == "failed":
        row.cancel(at=at_noon(day), reason_code="provider-refused")
    else:
        row.finish(at=at_noon(day))
    row.save()


def call(case: Case, outcome: str, *, day: date = TODAY) -> None:
    row = PlannedContact.objects.get(case=case, status="planned", automated=False)
    AttemptFactory(case=case, to="completed", outcome=outcome, at=at_noon(day))
    row.finish(at=at_noon(day) + timedelta(minutes=2))
    row.save()


# -- after a step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "any_", "reached", "not_reached"),
    [
        ("sent", True, False, False),
        ("delivered", True, True, False),
        ("failed", True, False, True),
        ("uncertain", True, False, False),
    ],
)
def test_what_became_of_a_message_decides_what_follows(creditor, to, any_, reached, not_reached):
    steps = [after("any", key="any"), after("reached", key="reached"), after("not_reached", key="not_reached")]
    publish(creditor, steps=[FIRST, *steps])
    case = case_of(creditor, 1)
    assert night(creditor) == {"first": 1}
    send(case, to)
    assert night(creditor, TODAY) == {
        key: 1 for key, due in (("any", any_), ("reached", reached), ("not_reached", not_reached)) if due
    }


@pytest.mark.parametrize(
    ("outcome", "reached"),
    [("conversation", True), ("no_answer", False), ("voicemail_message", False), ("third_party_refused", False)],
)
def test_a_call_reached_somebody_when_he_spoke(creditor, outcome, reached):
    steps = [{**FIRST, "kind": "call", "template": None}, after("reached", key="yes"), after("not_reached", key="no")]
    del steps[0]["template"]
    publish(creditor, steps=steps)
    case = case_of(creditor, 1)
    night(creditor)
    call(case, outcome)
    assert night(creditor, TODAY) == ({"yes": 1} if reached else {"no": 1})


@pytest.mark.parametrize("status", ["planned", "withheld", "cancelled"])
def test_what_was_not_done_has_no_outcome(creditor, status):
    publish(creditor, steps=[FIRST, after("any"), after("not_reached", key="no")])
    case = case_of(creditor, 1)
    night(creditor)
    PlannedContact.objects.filter(case=case).update(status=status, reason_code="" if status == "planned" else "limit")
    assert nights(creditor, 3, TODAY) == [{}, {}, {}]


def test_it_is_due_so_many_days_after_the_outcome_and_for_so_many_more(creditor):
    condition = {"fact": "hardship", "op": "is", "value": True}
    publish(creditor, steps=[FIRST, after("any", days=3, within=1, condition=condition)])
    cases = [case_of(creditor, 1) for _ in range(3)]
    night(creditor)
    for number, case in enumerate(cases):
        send(case, "sent", day=TODAY)
        if number == 0:
            Case.objects.filter(pk=case.pk).update(is_hardship=True)
    assert nights(creditor, 2, TODAY) == [{}, {}]  # 5 and 6 March
    assert night(creditor, TODAY + 2 * DAY) == {"next": 1}  # 7 March: three days after
    Case.objects.filter(pk=cases[1].pk).update(is_hardship=True)
    assert night(creditor, TODAY + 3 * DAY) == {"next": 1}  # 8 March: the last day
    Case.objects.filter(pk=cases[2].pk).update(is_hardship=True)
    assert nights(creditor, 3, TODAY + 4 * DAY) == [{}, {}, {}]


def test_after_an_outage_it_is_done_late_within_its_days(creditor):
    publish(creditor, steps=[FIRST, after("any", days=1, within=0, catch_up_days=2)])
    one, other = case_of(creditor, 1), case_of(creditor, 1)
    night(creditor)
    send(one, "sent")
    send(other, "sent", day=TODAY - 2 * DAY)
    back = MORNING + 3 * DAY  # nobody closed until then
    for number in (1, 2):
        assert night(creditor, NIGHT_OF + number * DAY, at=back) == {}
    assert night(creditor, NIGHT_OF + 3 * DAY, at=back) == {"next": 1}
    assert PlannedContact.objects.get(step__key="next").case_id == one.pk  # the other one is five days late


@pytest.mark.parametrize(("catch_up", "planned"), [("skip", {}), ("escalate", {"next": 1})])
def test_what_is_not_done_late_is_left_out_or_put_before_a_supervisor(creditor, catch_up, planned):
    publish(creditor, steps=[FIRST, after("any", days=1, within=0, catch_up=catch_up, catch_up_days=2)])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    back = MORNING + 2 * DAY
    assert night(creditor, TODAY, at=back) == {}
    assert night(creditor, TODAY + DAY, at=back) == planned
    assert [row.channel for row in PlannedContact.objects.filter(step__key="next")] == ["review"] * len(planned)


def test_once_is_once_also_after_a_second_outcome(creditor):
    steps = [{**FIRST, "until_dpd": 20, "repeat_every_days": 2}, after("any", days=0, within=9)]
    publish(creditor, steps=steps)
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    assert night(creditor, TODAY) == {"next": 1}
    assert night(creditor, TODAY + DAY) == {"first": 1}
    send(case, "sent", day=TODAY + 2 * DAY)
    assert nights(creditor, 1, TODAY + 2 * DAY) == [{}]


def test_it_may_be_repeated_within_its_days(creditor):
    publish(creditor, steps=[FIRST, after("any", days=1, within=4, repeat_every_days=2)])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    planned = [bool(found.get("next")) for found in nights(creditor, 8, TODAY)]
    assert planned == [True, False, True, False, True, False, False, False]


def test_from_dpd_is_a_floor(creditor):
    publish(creditor, steps=[FIRST, after("any", days=0, within=9, from_dpd=5)])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    assert [bool(found) for found in nights(creditor, 5, TODAY)] == [False, False, False, True, False]


# -- one path after another --------------------------------------------------------------------------------------------


def test_a_step_that_counts_as_another_is_not_done_again(creditor):
    publish(creditor, steps=[FIRST])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    renamed = {**FIRST, "key": "greeting", "until_dpd": 9}
    publish(creditor, steps=[{**renamed, "counts_as": ["first"]}])
    assert nights(creditor, 2, TODAY) == [{}, {}]
    publish(creditor, steps=[renamed])
    assert night(creditor, TODAY + 2 * DAY) == {"greeting": 1}  # the negative control


def test_who_begins_anew_gets_everything_again_and_waits_for_new_outcomes(creditor):
    publish(creditor, steps=[FIRST, after("any", within=9)])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    version = publish(
        creditor,
        segments=[{"name": "all", "step": [{**FIRST, "until_dpd": 5}, after("any", within=9)]}],
        moves={"s1": Move.Action.RESTART},
    )
    assert version.version == 2
    assert night(creditor, TODAY) == {"first": 1}
    stay = case.enrolments.get(left_on=None)
    assert stay.is_fresh
    assert nights(creditor, 2, TODAY + DAY) == [{}, {}]


def test_who_goes_on_does_not_begin_anew(creditor):
    """The negative control."""
    publish(creditor, steps=[FIRST, after("any", within=9)])
    case = case_of(creditor, 1)
    night(creditor)
    send(case, "sent")
    publish(creditor, segments=[{"name": "all", "step": [{**FIRST, "until_dpd": 5}, after("any", within=9)]}])
    assert night(creditor, TODAY) == {"next": 1}


# -- events ------------------------------------------------------------------------------------------------------------


def broken_promise(case, day):
    promise = PromiseFactory(case=case, broken=True)
    type(promise).objects.filter(pk=promise.pk).update(settled_at=at_noon(day))


def payment(case, day):
    product = Product.objects.get(creditor=case.creditor)
    account = case.person.accounts.first() or AccountFactory(product=product, person=case.person, dpd=1, on=TODAY)
    row = PaymentFactory(creditor=case.creditor, received_at=at_noon(day))
    Payment.objects.filter(pk=row.pk).update(status="allocated", account=account, person=case.person)


def reply(case, day):
    message = InboundMessage.objects.create(
        source="sms", event_id=f"{case.pk}-{day}", channel="sms", content_sealed=b"x", content_sha256="0" * 64,
        received_at=at_noon(day),
    )  # fmt: skip
    InboundBinding.objects.create(message=message, person=case.person, case=case, bound_at=at_noon(day))


def letter_returned(case, day):
    document = Document.objects.create(
        case=case, person=case.person, kind="letter", title="x", content_type="application/pdf", size=1,
        sha256="0" * 64, path=f"{case.pk}-{day}", added_at=at_noon(day),
    )  # fmt: skip
    batch = PrintBatch.objects.create(
        creditor=case.creditor, letters_count=1, pages=1, path="x", sha256="0" * 64, manifest="x",
        manifest_sha256="0" * 64, collected_at=at_noon(day),
    )  # fmt: skip
    PostalLetter.objects.create(
        document=document, creditor=case.creditor, case=case, person=case.person, key=uuid.uuid4(),
        made_at=at_noon(day), batch=batch, position=1, posted_at=at_noon(day), ending="returned",
        ended_at=at_noon(day), reason="moved",
    )  # fmt: skip


def plan_missed(case, day):
    plan = Plan.objects.create(
        case=case, person=case.person, creditor=case.creditor, total="500.00", covers="500.00", currency=case.currency,
        months=2, first_due_on=day - 30 * DAY, drafted_at=at_noon(day),
    )  # fmt: skip
    PlanInstalment.objects.create(
        plan=plan, person=case.person, number=1, due_on=day - 4 * DAY, amount="250.00", currency=case.currency
    )
    plan.approve(by=UserFactory(), at=at_noon(day))
    plan.save()
    plan.signed_at, plan.signed_how, plan.signed_by = at_noon(day), "paper", "the borrower"
    plan.perform()
    plan.save()
    plan.miss(since=day - 4 * DAY)
    plan.save()
    Plan.objects.filter(pk=plan.pk).update(status="broken")


EVENTS = {
    "promise_broken": broken_promise,
    "payment": payment,
    "reply": reply,
    "letter_returned": letter_returned,
    "plan_missed": plan_missed,
}


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_answered_once_and_the_next_one_again(creditor, event):
    publish(creditor, steps=[on(event)])
    case, quiet = case_of(creditor, 5), case_of(creditor, 5)
    assert night(creditor) == {}
    EVENTS[event](case, TODAY)
    assert nights(creditor, 4, TODAY) == [{"answer": 1}, {}, {}, {}]
    EVENTS[event](case, TODAY + 5 * DAY) if event != "plan_missed" else None
    assert nights(creditor, 3, TODAY + 5 * DAY) == [{"answer": 1} if event != "plan_missed" else {}, {}, {}]
    assert not PlannedContact.objects.filter(case=quiet).exists()


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_answered_after_its_days_and_not_later_than_it_says(creditor, event):
    publish(creditor, steps=[on(event, days=2, within=1)])
    EVENTS[event](case_of(creditor, 5), TODAY)
    EVENTS[event](case_of(creditor, 5), TODAY - 3 * DAY)  # its last day is tonight's
    EVENTS[event](case_of(creditor, 5), TODAY - 4 * DAY)  # too long ago
    assert nights(creditor, 4) == [{"answer": 1}, {}, {"answer": 1}, {}]


def test_two_events_before_the_answer_are_answered_together(creditor):
    publish(creditor, steps=[on("reply", days=2, within=5)])
    case = case_of(creditor, 5)
    reply(case, TODAY)
    reply(case, TODAY + DAY)
    assert nights(creditor, 6, TODAY) == [{}, {"answer": 1}, {}, {}, {}, {}]


def test_a_payment_that_went_back_is_no_payment(creditor):
    publish(creditor, steps=[on("payment")])
    case = case_of(creditor, 5)
    payment(case, TODAY)
    Payment.objects.update(status="reversed", reversed_at=at_noon(TODAY), reversed_reason="bounced")
    assert night(creditor, TODAY) == {}


def test_an_automatic_answer_is_no_reply(creditor):
    publish(creditor, steps=[on("reply")])
    reply(case_of(creditor, 5), TODAY)
    InboundMessage.objects.update(kind="auto_reply")
    assert night(creditor, TODAY) == {}


# -- what the case waits for -------------------------------------------------------------------------------------------


def waits(case: Case) -> tuple[str, date]:
    case.refresh_from_db()
    return case.next_action, case.next_action_at.date()


@pytest.mark.parametrize(
    ("to", "action"), [("sent", "wait_strategy"), ("delivered", "wait_strategy"), ("failed", "review")]
)
def test_a_case_waits_for_what_may_still_follow(creditor, to, action):
    publish(creditor, steps=[FIRST, after("reached", days=5, within=2)])
    case = case_of(creditor, 2)
    night(creditor)
    send(case, to)
    night(creditor, TODAY)
    assert waits(case)[0] == action
    if action == "wait_strategy":
        assert waits(case)[1] == TODAY + 5 * DAY


def test_a_case_waits_for_the_answer_to_an_event_but_not_for_the_event(creditor):
    publish(creditor, steps=[on("payment", days=3, within=2)])
    paid, quiet = case_of(creditor, 5), case_of(creditor, 5)
    payment(paid, TODAY)
    night(creditor, TODAY)
    assert waits(paid) == ("wait_strategy", TODAY + 3 * DAY)
    assert waits(quiet)[0] == "review"


def test_a_reminder_of_what_was_agreed_is_nothing_to_wait_for(creditor):
    Template.objects.create(code="t-remind", name="x", channel="sms", purpose="service_reminder")
    publish(creditor, steps=[on("payment", days=3, within=2, kind="message", template="t-remind")])
    case = case_of(creditor, 5)
    payment(case, TODAY)
    night(creditor, TODAY)
    assert waits(case)[0] == "review"


def test_every_unresolved_case_has_a_future_whatever_became_of_its_steps(creditor):
    publish(creditor, steps=[FIRST, after("reached", days=2, within=2), after("not_reached", days=1, key="other")])
    cases = [case_of(creditor, 1) for _ in range(4)]
    night(creditor)
    for case, to in zip(cases, ("sent", "delivered", "failed"), strict=False):
        send(case, to)
    for number in range(12):
        night(creditor, TODAY + number * DAY)
        for case in Case.objects.all():
            assert case.next_action
            assert case.next_action_at is not None
            if case.next_action == "wait_strategy":
                assert case.next_action_at.date() > TODAY + number * DAY
