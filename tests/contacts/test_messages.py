"""What a person writes: decided at the key press, handed over after five seconds, once, and never against a stop."""

from datetime import timedelta

import pytest

from cases import instructions
from cases.models import Instruction
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import Decision
from contacts import dispatch, facts, inbound, messages, rendering, wording_rules
from contacts.dispatch import wording, written
from contacts.inbound.receiving import Incoming
from contacts.models import ContactAttempt
from contacts.wording_rules import Kind
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory

pytestmark = pytest.mark.django_db
TEXT = "我们已收到您的来信，明天回复您。\n{bank}。回复TD退订"


@pytest.fixture
def case(carrier):
    return CaseFactory(at=TEN, working=True)


@pytest.fixture
def author(collector):
    return Actor.of(collector)


def write(case, author, *, at=TEN, text=TEXT, **more):
    point = case.person.contact_points.get(kind="mobile")
    fields = {"channel": "sms", "contact_point_id": point.pk} | more
    text = text.replace("{bank}", case.creditor.name)
    return messages.write(case_id=case.pk, text=text, actor=author, at=at, **fields)


def reply_of(case, text="when can I pay?", at=TEN - timedelta(minutes=5)):
    point = case.person.contact_points.get(kind="mobile")
    from collections_app.shared import sealed

    number = sealed.unseal(point.address.value_sealed)
    (attempt,) = inbound.take(Incoming("t", "e1", "sms", number, text), at=at).attempts
    return attempt


def status(attempt):
    return ContactAttempt.objects.values_list("status", "reason_code").get(pk=attempt.pk)


def test_a_message_is_reserved_at_once_and_leaves_after_five_seconds(case, author, now, carrier):
    attempt = write(case, author)
    assert (attempt.status, attempt.planned_id, attempt.automated) == ("cleared", None, False)
    now.move(seconds=4.9)
    assert dispatch.run_written(now=now) == {}
    now.move(seconds=0.1)
    assert dispatch.run_written(now=now) == {"sent": 1}
    assert [message.text for message in carrier.messages()] == [TEXT.format(bank=case.creditor.name)]
    assert dispatch.run_written(now=now) == {}
    assert len(carrier.messages()) == 1


def test_what_left_is_kept_sealed_with_its_hash_and_parts(case, author, now):
    attempt = write(case, author)
    now.move(seconds=5)
    dispatch.run_written(now=now)
    attempt = ContactAttempt.objects.get(pk=attempt.pk)
    assert attempt.segments == 1
    assert len(attempt.content_sha256) == 64
    assert "明天".encode() not in bytes(attempt.content_sealed)


def test_an_answer_is_asked_of_the_gate_as_a_reply(case, author):
    asked = reply_of(case)
    attempt = write(case, author, in_reply_to=asked.pk)
    decision = Decision.objects.get(pk=attempt.decision_id)
    assert (attempt.purpose, decision.purpose) == ("reply", "reply")


@pytest.mark.parametrize("wrong", ["other-case", "too-old", "outbound"])
def test_only_a_recent_message_of_this_case_is_answered(case, author, wrong):
    if wrong == "other-case":
        asked = reply_of(CaseFactory(at=TEN, working=True))
    elif wrong == "too-old":
        asked = reply_of(case, at=TEN - timedelta(days=31))
    else:
        asked = write(case, author)
        messages.take_back(attempt_id=asked.pk, actor=author, at=TEN)
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, in_reply_to=asked.pk)
    assert refused.value.code == "not-a-reply"


def test_taken_back_in_time_nothing_leaves_and_nothing_counts(case, author, now, carrier):
    attempt = write(case, author)
    messages.take_back(attempt_id=attempt.pk, actor=author, at=TEN + timedelta(seconds=4))
    now.move(seconds=6)
    assert dispatch.run_written(now=now) == {}
    assert (status(attempt), carrier.messages()) == (("cancelled", "undone"), [])


def test_it_is_too_late_once_it_was_handed_over_and_it_is_the_authors_own(case, author, now, supervisor):
    attempt = write(case, author)
    with pytest.raises(messages.MessageRefused, match="somebody else"):
        messages.take_back(attempt_id=attempt.pk, actor=Actor.of(supervisor), at=TEN)
    now.move(seconds=5)
    dispatch.run_written(now=now)
    with pytest.raises(messages.MessageRefused, match="too late"):
        messages.take_back(attempt_id=attempt.pk, actor=author, at=now())


def test_a_stop_between_the_key_and_the_hand_over_withholds_it(case, author, now, carrier):
    attempt = write(case, author)
    instructions.give(person_id=case.person_id, kind=Instruction.Kind.OPT_OUT, channel="sms", actor=SYSTEM, at=TEN)
    now.move(seconds=5)
    assert dispatch.run_written(now=now) == {"withheld": 1}
    assert (status(attempt)[0], carrier.messages()) == ("withheld", [])


def test_a_stop_before_refuses_it_and_the_refusal_is_kept(case, author):
    instructions.give(person_id=case.person_id, kind=Instruction.Kind.OPT_OUT, channel="sms", actor=SYSTEM, at=TEN)
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, at=TEN + timedelta(seconds=1))
    assert refused.value.code == "gate"
    assert Decision.objects.get(pk=refused.value.decision.decision_id).verdict == "refuse"
    assert ContactAttempt.objects.get().status == "withheld"


def test_at_night_it_is_refused_with_the_next_time(case, author):
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, at=TEN + timedelta(hours=13))
    assert refused.value.decision.next_permitted is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("x" * 1_001, "too-long"),
        ("Pay or we will have you arrested.", "forbidden"),
        ("再不还款就把你抓起来坐牢", "forbidden"),
        ("{{ amount_due }}", "text"),
        ("hello \x07", "text"),
    ],
)
def test_words_that_may_not_be_written_are_refused_before_anybody_is_asked(case, author, text, code):
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, text=text)
    assert refused.value.code == code
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("channel", "code"), [("phone", "channel"), ("letter", "channel"), ("chat", "no-sender")])
def test_only_what_is_connected_can_be_written(case, author, channel, code):
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, channel=channel)
    assert refused.value.code in (code, "point")


def test_a_number_of_somebody_else_is_refused(case, author):
    other = CaseFactory(at=TEN, working=True)
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author, contact_point_id=other.point.pk)
    assert refused.value.code == "point"


def test_two_keys_make_one_message(case, author):
    write(case, author)
    with pytest.raises(messages.MessageRefused) as refused:
        write(case, author)
    assert refused.value.code == "twice"


def test_a_permit_that_is_over_sends_nothing(case, author, now, carrier):
    attempt = write(case, author)
    now.move(minutes=4)
    assert dispatch.run_written(now=now) == {"withheld": 1}
    assert (status(attempt), carrier.messages()) == (("withheld", "permit-expired"), [])


@pytest.mark.parametrize(
    ("kind", "became", "left"),
    [
        ("error", "cleared", 0),
        ("rate_limited", "failed", 0),
        ("refused", "failed", 0),
        ("credentials", "withheld", 0),
        ("error_after_accept", "cleared", 1),
        ("wrong_json", "cleared", 1),
    ],
)
def test_whatever_the_provider_answers_it_is_seen_and_never_sent_twice(case, author, now, carrier, kind, became, left):
    carrier.order(kind)
    attempt = write(case, author)
    now.move(seconds=5)
    dispatch.run_written(now=now)
    assert status(attempt)[0] == became
    assert dispatch.run_written(now=now) == {}
    assert len(carrier.messages()) == left


def test_a_message_without_saying_who_writes_is_refused_by_the_gate(case, author):
    with pytest.raises(messages.MessageRefused, match="CN-ID"):
        write(case, author, text="明天回复您。回复TD退订")


@pytest.mark.parametrize("kind", ["error_after_accept", "wrong_json"])
def test_one_that_left_without_an_answer_is_found_at_the_provider(case, author, now, carrier, kind):
    carrier.order(kind)
    attempt = write(case, author)
    now.move(seconds=5)
    dispatch.run_written(now=now)
    now.move(minutes=5)
    assert dispatch.sweep_written(now=now) == 1
    assert (status(attempt)[0], len(carrier.messages())) == ("sent", 1)


def test_a_message_lost_half_way_is_asked_of_the_provider_and_never_sent_again(case, author, now, carrier):
    attempt = write(case, author)
    ContactAttempt.objects.filter(pk=attempt.pk).update(claim=1)  # a process took it and died before the hand-over
    now.move(seconds=10)
    assert dispatch.run_written(now=now) == {}
    assert dispatch.sweep_written(now=now) == 0
    now.move(minutes=5)
    assert dispatch.sweep_written(now=now) == 1
    assert status(attempt)[0] in ("withheld", "uncertain")
    assert carrier.messages() == []


# -- What the rules of a place ask of every message --------------------------------------------------------------------

NOON_IN_BOSTON = TEN.replace(hour=17)


@pytest.fixture
def abroad(carrier):
    """Return a case of somebody in Massachusetts, collected by an agency."""
    person = PersonFactory(jurisdiction="US-MA", time_zone="America/New_York", language="en")
    return CaseFactory(at=NOON_IN_BOSTON, working=True, person=person, creditor=CreditorFactory(kind="bank"))


def told_by(case, text):
    """Return the text as it would be asked of the gate, and how many characters of it are the writer's own."""
    file = facts.of_case(case.pk, at=NOON_IN_BOSTON)
    point = case.person.contact_points.get(kind="mobile")
    question = messages.question_of(file, contact_point_id=point.pk, channel="sms", in_reply=False, staff_id=None)
    return messages.completed(file, question, subject="", text=text)


def test_a_written_message_to_the_united_states_gets_the_disclosures_that_it_lacks(abroad):
    own = "We got your letter and answer tomorrow."
    whole = told_by(abroad, own)
    assert whole.startswith(f"{own} ")
    assert "STOP" in whole
    assert rendering.OPENS not in whole
    assert told_by(abroad, whole) == whole  # nothing is said twice
    kind = Kind("sms", "collection", "reminder")
    file = facts.of_case(abroad.pk, at=NOON_IN_BOSTON)
    places, asked = wording.places_of(file), {"kind": kind, "at": NOON_IN_BOSTON}
    assert wording_rules.lacking("", written.as_wording(whole, file), places=places, **asked) == ()
    # The control: the writer's own words alone lack something there.
    assert {one.clause for one in wording_rules.lacking("", own, places=places, **asked)} >= {"opt_out"}


def test_elsewhere_a_written_message_stays_as_it_was_written(case):
    assert told_by(case, "明天回复您。回复TD退订") == "明天回复您。回复TD退订"
