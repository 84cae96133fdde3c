"""The sentence of a refusal: what was not done, why, and from when on it may be; words that a collector understands."""

from datetime import UTC, datetime

import pytest

from compliance import plain
from compliance.plain import Cause

ZONE = "Asia/Shanghai"
AT = datetime(2026, 3, 4, 15, tzinfo=UTC)  # Wednesday, 23:00 there
MORNING = datetime(2026, 3, 5, 0, tzinfo=UTC)


def hours(opens=MORNING):
    said = plain.cause("local_hours", {}, title="No calls at night", opens_at=opens, zone=ZONE)
    return Cause(said, opens, is_hours=True)


def refused(*causes, channel="phone", opens=MORNING, now=AT, **more):
    return plain.refused(channel, causes, next_permitted=opens, zone=ZONE, now=now, at=AT, **more)


def test_a_call_at_night_is_told_in_one_sentence():
    assert refused(hours()) == (
        "Not called: quiet hours until 08:00 their time. You may call from tomorrow 08:00 their time."
    )


def test_of_two_quiet_hours_the_later_opening_is_told_alone():
    later = datetime(2026, 3, 5, 0, 30, tzinfo=UTC)
    assert refused(hours(), hours(later), opens=later) == (
        "Not called: quiet hours until 08:30 their time. You may call from tomorrow 08:30 their time."
    )


def test_what_holds_longest_is_told_first_and_the_rest_is_counted():
    friday = datetime(2026, 3, 6, 0, tzinfo=UTC)
    count = plain.cause(
        "count_limit", {"count": 7, "limit": 7, "window": "dates:7"}, title="", opens_at=friday, zone=ZONE
    )
    assert refused(hours(), Cause(count, friday), opens=friday) == (
        "Not called: the limit is used up, 7 of 7 within 7 days, and 1 more."
        " You may call from Friday 2026-03-06 08:00 their time."
    )


def test_what_has_no_end_says_so():
    held = Cause("The estate is not clear", None)
    assert refused(hours(), held, opens=None) == (
        "Not called: The estate is not clear, and 1 more. No time can be given at which this ends by itself."
    )


def test_a_refusal_of_the_past_says_from_when_on_it_was_possible():
    sentence = refused(hours(), now=datetime(2026, 3, 9, tzinfo=UTC))
    assert sentence.endswith("It was possible again from Thursday 2026-03-05 08:00 their time.")


@pytest.mark.parametrize(
    ("channel", "begins", "ends"),
    [
        ("sms", "No text message sent: ", "It may be sent from tomorrow 08:00 their time."),
        ("visit", "Not visited: ", "You may visit from tomorrow 08:00 their time."),
        ("letter", "No letter sent: ", "A letter may leave from tomorrow 08:00 their time."),
        ("pigeon", "Not done: ", "It may be sent from tomorrow 08:00 their time."),
    ],
)
def test_each_channel_has_its_verb(channel, begins, ends):
    sentence = refused(hours(), channel=channel)
    assert sentence.startswith(begins)
    assert sentence.endswith(ends)


def test_a_trial_says_that_nothing_was_to_be_done():
    assert refused(hours(), tried=True).startswith("Not permitted: quiet hours")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-04T15:59:00+00:00", "today 23:59"),
        ("2026-03-04T16:00:00+00:00", "tomorrow 00:00"),
        ("2026-03-03T15:59:00+00:00", "yesterday 23:59"),
        ("2026-03-05T16:00:00+00:00", "Friday 2026-03-06 00:00"),
    ],
)
def test_days_are_those_of_the_person(at, said):
    assert plain.moment(datetime.fromisoformat(at), ZONE, AT) == said
