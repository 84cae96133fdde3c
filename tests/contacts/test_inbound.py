"""Messages received: kept first, in force for everybody who has the number, shown with what was done, undone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from cases import holds
from cases.models import Address, Case, ContactPoint, Hold, Instruction
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from contacts import inbound
from contacts.inbound import receiving, undoing, unmatched
from contacts.inbound.receiving import Incoming
from contacts.models import ContactAttempt, InboundAction, InboundBinding, InboundMessage
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, PersonFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NUMBER = "+8613800001234"


def bring(text, *, sender=NUMBER, event_id="e1", channel="sms", at=TEN, **more):
    return inbound.take(
        Incoming(source="test", event_id=event_id, channel=channel, sender=sender, text=text, **more), at=at
    )


def case_with(number=NUMBER, **fields):
    address = Address.objects.filter(value_last4=number[-4:]).first() or AddressFactory(value=number)
    person = fields.pop("person", None) or PersonFactory()
    ContactPointFactory(person=person, address=address)
    return CaseFactory(person=person, at=TEN, working=True, **fields)


def kinds(person):
    return sorted(Instruction.objects.filter(person=person).values_list("kind", "channel"))


def done():
    return sorted(InboundAction.objects.values_list("intent", "done"))


def test_a_stop_binds_everybody_who_has_the_number():
    first, second = case_with(), case_with()
    bring("STOP")
    assert kinds(first.person) == kinds(second.person) == [("opt_out", "sms")]
    assert Instruction.objects.filter(confirmed_at=TEN).count() == 2
    assert InboundBinding.objects.filter(message__channel="sms").count() == 2


def test_a_stop_leaves_persons_with_another_number_alone():
    case_with()
    other = case_with("+8613800005678")
    bring("STOP")
    assert kinds(other.person) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stop calling me", [("opt_out", "phone"), ("opt_out", "voice_notice")]),
        ("不要再联系我", [("cease_request", ""), ("opt_out", "sms")]),
        ("wrong number", [("wrong_party", "")]),
        ("please contact my lawyer", [("attorney_represented", "")]),
        ("我要投诉你们", [("complaint_open", "")]),
        ("call me after six", [("inconvenient_window", "")]),
        ("don't call me at work", [("inconvenient_place", "")]),
        ("I will pay on Friday", []),
        ("thanks", []),
    ],
)
def test_what_the_words_ask_is_in_force_at_once(text, expected):
    case = case_with()
    bring(text)
    assert kinds(case.person) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I dispute this debt", "dispute"),
        ("我已经还了", "dispute"),
        ("I am a victim of identity theft", "fraud"),
        ("我失业了", "hardship"),
        ("My husband passed away", "deceased"),
        ("I filed for bankruptcy", "bankruptcy"),
        ("我不想活了", "vulnerable"),
    ],
)
def test_what_needs_a_person_is_held_until_one_has_looked(text, kind):
    case = case_with()
    bring(text)
    (hold,) = Hold.objects.filter(person=case.person)
    assert (hold.kind, hold.source, hold.confirmed_at, hold.released_at) == (kind, "message", TEN, None)
    assert hold.review_on is not None
    case.refresh_from_db()
    assert case.next_action == "review"


def test_a_wrong_number_is_silent_for_everybody_at_once():
    first, second = case_with(), case_with()
    bring("Wrong number")
    assert Address.objects.get(value_last4="1234").suppressed_at == TEN
    assert done() == [("wrong_number", "instructed"), ("wrong_number", "instructed")]
    assert {first.person_id, second.person_id} == set(InboundBinding.objects.values_list("person_id", flat=True))


def test_the_same_event_is_taken_once():
    case = case_with()
    assert bring("STOP").is_new
    assert not bring("STOP").is_new
    assert (InboundMessage.objects.count(), ContactAttempt.objects.filter(case=case).count()) == (1, 1)
    assert kinds(case.person) == [("opt_out", "sms")]


def test_a_second_stop_is_recorded_and_says_that_it_stood():
    case_with()
    bring("STOP")
    bring("stop", event_id="e2", at=TEN + timedelta(minutes=1))
    assert done() == [("stop", "instructed"), ("stop", "stood")]


def test_what_a_dead_process_left_is_finished():
    case = case_with()
    message, _ = receiving._keep(Incoming("test", "e9", "sms", NUMBER, "STOP"), at=TEN)
    assert kinds(case.person) == []
    assert inbound.finish_what_was_left(at=TEN + timedelta(seconds=10)) == 0
    assert inbound.finish_what_was_left(at=TEN + timedelta(seconds=40)) == 1
    assert kinds(case.person) == [("opt_out", "sms")]
    message.refresh_from_db()
    assert message.taken_at is not None


def test_a_reply_is_bound_to_the_case_that_was_written_about():
    case = case_with()
    other = CaseFactory(person=case.person, at=TEN)
    point = case.person.contact_points.get(address__value_last4="1234")
    AttemptFactory(case=case, contact_point=point, address=point.address, sms=True, at=TEN - timedelta(days=1))
    bring("I dispute this")
    assert list(Hold.objects.values_list("creditor_id", flat=True)) == [case.creditor_id]
    assert other.creditor_id != case.creditor_id


def test_a_dispute_of_an_unknown_debt_holds_them_all():
    case = case_with()
    other = CaseFactory(person=case.person, at=TEN)
    bring("I dispute this")
    assert set(Hold.objects.values_list("creditor_id", flat=True)) == {case.creditor_id, other.creditor_id}


def test_the_words_are_sealed_and_their_place_is_kept():
    case_with()
    taken = bring("Hello. STOP texting me")
    (action,) = InboundAction.objects.all()
    assert taken.message.text[action.begins : action.ends] == "STOP texting"
    assert b"STOP" not in bytes(taken.message.content_sealed)


@pytest.mark.parametrize("kind", ["auto_reply", "bounce"])
def test_what_a_machine_sends_is_not_the_persons_word(kind):
    case = case_with()
    bring("STOP. I am out of the office", kind=kind)
    assert (kinds(case.person), ContactAttempt.objects.count()) == ([], 0)
    assert InboundMessage.objects.get().kind == kind


# -- Unknown senders ---------------------------------------------------------------------------------------------------


def test_a_stop_of_an_unknown_number_silences_it_before_a_file_brings_it():
    bring("STOP", sender="+8613900009999")
    assert Address.objects.get().suppressed_at == TEN
    assert [message.ref for message in unmatched.waiting()] == [InboundMessage.objects.get().ref]


def test_an_unknown_sender_is_found_by_his_number_and_only_by_that():
    bring("hello", sender="+8613900009999")
    for asked, count in (("9999", 1), ("+86 139 0000 9999", 1), ("+8613900009998", 0), ("hello", 0), ("", 1)):
        assert unmatched.search(unmatched.waiting(), asked).count() == count, asked


def test_a_message_given_to_a_case_is_then_in_force_for_its_person():
    bring("不要再联系我", sender="+8613900009999")
    case, user = CaseFactory(at=TEN, working=True), UserFactory()
    message = InboundMessage.objects.get()
    unmatched.assign(message_id=message.pk, case=case, actor=Actor.of(user), at=TEN)
    assert kinds(case.person) == [("cease_request", ""), ("opt_out", "sms")]
    assert not unmatched.waiting().exists()
    with pytest.raises(unmatched.AssignRefused):
        unmatched.assign(message_id=message.pk, case=case, actor=Actor.of(user), at=TEN)


def test_unclaimed_words_are_blanked_after_ninety_days_and_claimed_ones_never():
    case_with()
    bring("hello")
    bring("hello", sender="+8613900009999", event_id="e2")
    assert unmatched.blank_old(at=TEN + timedelta(days=89)) == 0
    assert unmatched.blank_old(at=TEN + timedelta(days=91)) == 1
    kept = {m.event_id: (m.text, m.sender) for m in InboundMessage.objects.all()}
    assert kept == {"e1": ("hello", NUMBER), "e2": ("", "")}


# -- Undoing -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(collector, supervisor):
    return collector, supervisor


def action_of(text):
    case = case_with()
    bring(text)
    return case, InboundAction.objects.filter(done__in=undoing.IN_FORCE).order_by("pk").first()


def undo(action, user, *, may_decide, reason="the words meant something else"):
    return undoing.undo(action_id=action.pk, reason=reason, may_decide=may_decide, actor=Actor.of(user), at=TEN)


def test_a_collector_undoes_what_was_only_likely_and_the_rows_stay(people):
    case, action = action_of("call me after six")
    undo(action, people[0], may_decide=False)
    instruction = Instruction.objects.get(person=case.person)
    assert instruction.withdrawal.reason == "the words meant something else"
    action.refresh_from_db()
    assert (action.undone_by, action.done) == (people[0], "instructed")


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "Stop calling me",
        "do not contact me again",
        "wrong number",
        "call me after 18:00",
        "I dispute this debt",
        "我失业了",
        "please contact my lawyer",
        "你们这是骚扰",
    ],
)
def test_plain_words_and_silence_need_a_second_look(people, text):
    case, action = action_of(text)
    with pytest.raises(undoing.UndoRefused) as refused:
        undo(action, people[0], may_decide=False)
    assert refused.value.code == "second-look"
    undoing.ask(action_id=action.pk, reason="meant the cat", actor=Actor.of(people[0]), at=TEN)
    standing = Instruction.objects.filter(person=case.person, withdrawal__isnull=True).count()
    assert standing + Hold.objects.filter(released_at__isnull=True).count() >= 1
    undo(action, people[1], may_decide=True)
    action.refresh_from_db()
    assert action.undone_by == people[1]


def test_nobody_gives_the_second_look_to_what_he_asked_himself(people):
    _case, action = action_of("STOP")
    undoing.ask(action_id=action.pk, reason="x", actor=Actor.of(people[1]), at=TEN)
    with pytest.raises(undoing.UndoRefused) as refused:
        undo(action, people[1], may_decide=True)
    assert refused.value.code == "own"


@pytest.mark.parametrize("reason", ["", "   "])
def test_undoing_says_why(people, reason):
    _case, action = action_of("call me after six")
    with pytest.raises(undoing.UndoRefused):
        undo(action, people[1], may_decide=True, reason=reason)
    with pytest.raises(IntegrityError), transaction.atomic():
        InboundAction.objects.filter(pk=action.pk).update(undone_at=TEN)


def test_undoing_one_meaning_leaves_the_others_in_force(people):
    case, action = action_of("不要再联系我")
    undo(action, people[1], may_decide=True)
    standing = Instruction.objects.filter(person=case.person, withdrawal__isnull=True)
    assert list(standing.values_list("kind", flat=True)) == ["opt_out"]


def test_undoing_a_wrong_number_opens_it_again_and_is_audited(people):
    _case, action = action_of("wrong number")
    undo(action, people[1], may_decide=True)
    assert Address.objects.get(value_last4="1234").suppressed_at is None
    assert AuditEvent.objects.filter(name="inbound.undone").count() == 1


# -- Hostile and broken input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["\0STOP\0", "STOP\0\0", "\u202eSTOP\u202c", "🛑 STOP 🛑", "ＳＴＯＰ", "S\u200bT\u200bO\u200bP"]
)
def test_no_trick_of_writing_hides_a_stop(text):
    case = case_with()
    bring(text)
    assert kinds(case.person) == [("opt_out", "sms")]


@pytest.mark.parametrize(
    "sender", ["", " ", "\0", "x" * 5_000, "not a number", "+", "'; DROP TABLE cases_case; --", "🙂"]
)
@pytest.mark.parametrize("channel", ["sms", "email", "chat", "phone"])
def test_a_sender_that_cannot_be_read_is_kept_and_bound_to_nobody(sender, channel):
    case_with()
    taken = bring("hello", sender=sender, channel=channel)
    assert taken.message.taken_at == TEN
    assert taken.attempts == ()


@pytest.mark.parametrize("text", ["", "\ud800", "a" * 3_000_000, "\0" * 1000, "\r\n" * 9999])
def test_any_text_is_kept(text):
    case = case_with()
    bring(text)
    assert InboundMessage.objects.get().taken_at == TEN
    assert ContactAttempt.objects.filter(case=case).count() == 1


def test_a_hold_that_stands_is_not_placed_twice():
    case = case_with()
    holds.place(case=case, kind="dispute", actor=inbound.INBOUND, at=TEN)
    bring("I dispute this debt")
    assert done() == [("dispute", "stood")]


def test_a_removed_number_binds_nobody():
    case_with()
    ContactPoint.objects.filter(address__value_last4="1234").update(state=ContactPoint.State.REMOVED)
    assert bring("STOP").attempts == ()
    assert Case.objects.count() == 1
