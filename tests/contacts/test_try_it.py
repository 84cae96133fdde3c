"""Try it: the same answer as the gate would give, for anybody at any instant, and nothing is stored."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from compliance.facts import ContactEvent, Record
from compliance.models import Decision
from contacts import trials
from contacts.models import ContactAttempt
from tests.factories.cases import CaseFactory, CreditorFactory, HoldFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(at, settings):
    set_clock(settings, at)
    creditor = CreditorFactory(team=TeamFactory(code="north"), policy={"caps": [{"channels": ["phone"], "limit": 2}]})
    return CaseFactory(creditor=creditor, person__created_at=at - timedelta(days=30))


@pytest.fixture
def collector(client, case):
    user = UserFactory(team=case.team)
    client.force_login(user)
    return user


def tried(client, **query):
    return client.get(reverse("contacts:try-it"), query)


def test_a_call_at_night_is_refused_and_the_next_morning_is_permitted(client, collector, case, at):
    night = tried(client, case=case.ref, at="2026-03-04T23:00", channel="phone").context
    assert night["answer"]["permitted"] is False
    assert night["answer"]["sentence"] == (
        "Not permitted: quiet hours until 08:00 their time. You may call from tomorrow 08:00 their time."
    )
    assert night["answer"]["next_permitted"] == datetime(2026, 3, 5, 0, tzinfo=UTC)
    step = next(step for step in night["steps"] if step["key"] == "n")
    morning = client.get(reverse("contacts:try-it") + step["url"]).context
    assert morning["answer"]["permitted"] is True
    assert morning["answer"]["at"] == datetime(2026, 3, 5, 0, tzinfo=UTC)


def test_a_step_of_the_clock_is_an_hour_on_their_clock(client, collector, case):
    page = tried(client, case=case.ref, at="2026-03-04T10:00", channel="phone").context
    later = next(step for step in page["steps"] if step["key"] == "+")
    assert "at=2026-03-04+11%3A00" in later["url"]
    earlier = next(step for step in page["steps"] if step["key"] == "<")
    assert "at=2026-03-03+10%3A00" in earlier["url"]


def test_a_moment_is_taken_as_people_say_it_and_the_address_says_the_day(client, collector, case):
    asked = {"case": case.ref, "channel": "phone"}
    for said in ("fri 3pm", "周五下午3点", "２０２６-０３-０６ １５:００"):
        answer = tried(client, **asked, at=said)
        assert answer.status_code == 302
        assert "at=2026-03-06+15%3A00" in answer.url
        assert client.get(answer.url).context["answer"]["at"] == datetime(2026, 3, 6, 7, tzinfo=UTC)


def test_nothing_is_stored(client, collector, case):
    before = (Decision.objects.count(), ContactAttempt.objects.count())
    tried(client, case=case.ref, at="2026-03-05T10:00", channel="sms")
    tried(client, who="invented", place="CN", at="2026-03-05T10:00", channel="phone")
    assert (Decision.objects.count(), ContactAttempt.objects.count()) == before == (0, 0)
    assert "Nothing is stored" in tried(client).text


def test_what_is_known_of_the_person_counts(client, collector, case, at):
    for minutes in (300, 400):
        AttemptFactory(case=case, completed=True, at=at - timedelta(minutes=minutes))
    full = tried(client, case=case.ref, at="2026-03-04T21:00", channel="phone").context["answer"]
    assert [one.rule for one in full["limits"] if one.is_full] == ["POLICY-CAP"]
    assert "the limit is used up, 2 of 2 today" in full["sentence"]
    HoldFactory(case=case, kind="bankruptcy")
    held = tried(client, case=case.ref, at="2026-03-05T10:00", channel="phone").context["answer"]
    assert held["next_permitted"] is None


def test_a_question_about_last_week_forgets_what_came_after(client, collector, case, at):
    for minutes in (300, 400):
        AttemptFactory(case=case, completed=True, at=at - timedelta(minutes=minutes))
    before = tried(client, case=case.ref, at="2026-03-03T21:00", channel="phone").context["answer"]
    assert [one.used for one in before["limits"] if one.rule == "POLICY-CAP"] == [0]


def test_a_collector_tries_only_people_whom_he_may_see(client, case):
    client.force_login(UserFactory(team=TeamFactory(code="south")))
    page = tried(client, case=case.ref, at="2026-03-04T10:00", channel="phone")
    assert page.context["case"] is None
    assert page.context["answer"] is None
    assert case.person.name not in page.text
    assert tried(client, q=case.person.name).context["matches"] == []


def test_people_are_found_by_name_and_reference(client, collector, case):
    by_name = tried(client, q=case.person.name[:3]).context["matches"]
    by_ref = tried(client, q=case.ref).context["matches"]
    assert tried(client, q=case.ref).context["answer"] is None
    assert [one["ref"] for one in by_name] == [one["ref"] for one in by_ref] == [case.ref]


def test_somebody_invented_has_the_history_that_is_written_down(client, collector):
    asked = {"who": "invented", "place": "CN", "kind": "bank_cba_member", "product": "credit_card",
             "at": "2026-03-04T15:00", "channel": "phone"}  # fmt: skip
    assert tried(client, **asked).context["answer"]["permitted"] is True
    history = "\n".join(f"2026-03-04 {hour:02}:00 call, no answer" for hour in range(8, 14))
    six = tried(client, **asked, history=history).context["answer"]
    assert [one.rule for one in six["limits"] if one.is_full] == ["CN-FREQ-ATT"]
    assert six["permitted"] is False
    reasoned = tried(client, **asked, history=history, reason="he asked for the call").context["answer"]
    assert reasoned["permitted"] is True
    stopped = tried(client, **asked, history="2026-03-03 14:00 stop all contact").context["answer"]
    assert stopped["next_permitted"] is None


def test_a_line_that_is_not_understood_is_named(client, collector):
    page = tried(client, who="invented", place="CN", at="2026-03-04T15:00", channel="phone",
                 history="2026-03-03 14:00 call, no answer\nyesterday evening")  # fmt: skip
    assert page.context["answer"] is None
    assert page.context["form"].errors["history"] == ["Line 2: “yesterday evening” is not understood."]


def test_a_line_reads_in_either_language_and_on_the_persons_clock():
    from django.utils import translation

    line = trials.read_line("2026-03-03 10:15 call, answered, then dropped", zone="Asia/Shanghai", number=1)
    assert isinstance(line, ContactEvent)
    assert (line.at, line.channel, line.outcome) == (
        datetime(2026, 3, 3, 2, 15, tzinfo=UTC), "phone", "answered_dropped"
    )  # fmt: skip
    told = trials.read_line("2026-03-03 10:15 opt_out, sms", zone="Asia/Shanghai", number=2)
    assert isinstance(told, Record)
    assert (told.kind, told.channel) == ("opt_out", "sms")
    with translation.override("zh-hans"):
        assert trials.read_line("2026-03-03 10:15 call, no answer", zone="Asia/Shanghai", number=3).channel == "phone"
        assert (
            trials.read_line("2026-03-03 10:15 phone，no_answer", zone="Asia/Shanghai", number=3).outcome == "no_answer"
        )
    for wrong in ("2026-13-03 10:15 call, no answer", "2026-03-03 10:15 call, nothing", "2026-03-03 10:15", "call"):
        with pytest.raises(ValueError):
            trials.read_line(wrong, zone="Asia/Shanghai", number=1)


@pytest.mark.parametrize("wrong", [{"at": "soon"}, {"channel": "pigeon"}, {"zone": "Moon/Base"}, {"dpd": "-3"}])
def test_a_form_that_is_wrong_shows_its_error_and_no_answer(client, collector, wrong):
    asked = {"who": "invented", "place": "CN", "at": "2026-03-04T15:00", "channel": "phone"} | wrong
    page = tried(client, **asked)
    assert page.status_code == 200
    assert page.context["answer"] is None
    assert set(page.context["form"].errors) == set(wrong)
