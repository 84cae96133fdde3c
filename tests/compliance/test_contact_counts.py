"""Counts over all channels: windows, unheard calls that are free, answers of the same day, and when there is room."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance.facts import ContactEvent, MissingFact
from compliance.predicates.contact_counts import contacts_limit, drops_out, often_today, room_again
from tests.compliance.asking import at, call, calls, known

SEOUL = ("KR", "Asia/Seoul")
NOON = datetime(2026, 3, 10, 3, tzinfo=UTC)  # in Seoul
RULE = {"limit": 3, "windows": ("hours:168",), "key": "debt"}


@pytest.mark.parametrize(
    ("window", "leaves"),
    [
        ("hours:168", "2026-03-17T12:00:00+09:00"),
        ("dates:1", "2026-03-11T00:00:00+09:00"),
        ("dates:7", "2026-03-17T00:00:00+09:00"),
        ("week", "2026-03-16T00:00:00+09:00"),
        ("month", "2026-04-01T00:00:00+09:00"),
    ],
)
def test_a_contact_leaves_each_kind_of_window_at_its_own_time(window: str, leaves: str) -> None:
    assert drops_out(window, NOON, "Asia/Seoul") == at(leaves)


def test_december_is_followed_by_january_and_an_unknown_window_is_named() -> None:
    assert drops_out("month", datetime(2026, 12, 31, tzinfo=UTC), "Asia/Seoul") == at("2027-01-01T00:00:00+09:00")
    with pytest.raises(MissingFact, match="window fortnight"):
        drops_out("fortnight", NOON, "Asia/Seoul")


def _ends(*unheard: bool) -> list[tuple[datetime, bool]]:
    return [(NOON + timedelta(hours=number), kind) for number, kind in enumerate(unheard, 1)]


@pytest.mark.parametrize(
    ("unheard", "limit", "free", "count", "hour"),
    [
        ((), 1, 0, 0, None),
        ((False, False), 3, 0, 2, None),
        ((False, False, False), 3, 0, 3, 1),
        ((False, False, False, False), 3, 0, 4, 2),
        ((True, True, False, False), 3, 2, 2, None),
        ((True, True, True, False, False), 3, 2, 3, 1),  # the first leaves, and two unheard ones are free again
        ((True, False, False, False), 3, 2, 3, 2),  # that the free one leaves changes nothing
        ((True, True, True, True, False), 1, 2, 3, 5),  # two, one, none are left over; the heard one goes last
    ],
)
def test_there_is_room_when_enough_have_left(
    unheard: tuple[bool, ...], limit: int, free: int, count: int, hour: int | None
) -> None:
    found = room_again(_ends(*unheard), NOON, limit=limit, free=free)
    assert found == (count, None if hour is None else NOON + timedelta(hours=hour))


def test_a_contact_that_leaves_at_the_instant_has_left() -> None:
    assert room_again([(NOON, False)], NOON, limit=1, free=0) == (0, None)


def test_whoever_made_it_and_however_it_counts_but_not_one_that_never_began() -> None:
    made = (
        *calls(["2026-03-09T10:00:00+09:00"], actor_kind="agency", agency="X", contact_point_id="M2"),
        *calls(["2026-03-09T11:00:00+09:00"], channel="letter", outcome="returned_undeliverable"),
        *calls(["2026-03-09T12:00:00+09:00"], channel="sms", outcome="uncertain", automated=True),
    )
    question = call("2026-03-10T12:00:00+09:00")
    found = contacts_limit(question, known(*SEOUL, contacts=made), **RULE)
    assert (found.passed, found.values["count"]) == (False, 3)
    assert found.next_at == at("2026-03-16T10:00:00+09:00")
    failed = (*made[:2], ContactEvent(at=made[2].at, channel="sms", outcome="failed", debts=("D1",)))
    assert contacts_limit(question, known(*SEOUL, contacts=failed), **RULE).passed


def test_a_contact_about_no_debt_in_particular_counts_for_every_debt_and_others_for_theirs() -> None:
    made = calls([f"2026-03-0{day}T10:00:00+09:00" for day in (5, 6, 7)], outcome="conversation", debts=())
    question = call("2026-03-10T12:00:00+09:00", debts=("D8", "D9"))
    assert not contacts_limit(question, known(*SEOUL, contacts=made), **RULE).passed
    other = calls([f"2026-03-0{day}T10:00:00+09:00" for day in (5, 6, 7)], outcome="conversation", debts=("D1",))
    assert contacts_limit(question, known(*SEOUL, contacts=other), **RULE).passed
    brought_up = calls(
        [f"2026-03-0{day}T10:00:00+09:00" for day in (5, 6, 7)], outcome="conversation", raised_debts=("D9",)
    )
    assert not contacts_limit(question, known(*SEOUL, contacts=brought_up), **RULE).passed


def test_another_person_has_a_count_of_his_own() -> None:
    made = calls([f"2026-03-0{day}T10:00:00+09:00" for day in (5, 6, 7)], outcome="conversation", party="guarantor")
    assert contacts_limit(call("2026-03-10T12:00:00+09:00"), known(*SEOUL, contacts=made), **RULE).passed
    assert not contacts_limit(
        call("2026-03-10T12:00:00+09:00", party="guarantor"), known(*SEOUL, contacts=made), **RULE
    ).passed


def test_the_counted_contacts_are_those_in_the_window() -> None:
    made = calls([f"2026-03-{day:02}T10:00:00+09:00" for day in (1, 2, 8, 9, 10)], outcome="conversation")
    found = contacts_limit(call("2026-03-10T12:00:00+09:00"), known(*SEOUL, contacts=made), **RULE)
    assert found.counted == (3, 4, 5)


def test_an_answer_is_free_only_on_the_day_of_the_question_and_only_after_it() -> None:
    full = calls([f"2026-03-{day:02}T10:00:00+09:00" for day in (7, 8, 9)], outcome="conversation")
    asked = calls(["2026-03-10T09:00:00+09:00"], channel="sms", direction="inbound", outcome="received")
    facts = known(*SEOUL, contacts=(*full, *asked))
    reply = call("2026-03-10T23:59:59+09:00", purpose="reply", channel="sms")
    assert contacts_limit(reply, facts, **RULE, answers_free=True).passed
    assert not contacts_limit(reply, facts, **RULE).passed
    assert not contacts_limit(
        call("2026-03-11T00:00:00+09:00", purpose="reply"), facts, **RULE, answers_free=True
    ).passed
    assert not contacts_limit(
        call("2026-03-10T08:59:59+09:00", purpose="reply"), facts, **RULE, answers_free=True
    ).passed
    assert not contacts_limit(call("2026-03-10T12:00:00+09:00"), facts, **RULE, answers_free=True).passed


def test_many_contacts_on_one_day_are_said_and_not_refused() -> None:
    made = calls(["2026-03-10T00:00:00+09:00", "2026-03-09T23:59:59+09:00"], outcome="conversation")
    found = often_today(call("2026-03-10T12:00:00+09:00"), known(*SEOUL, contacts=made), contacts=1)
    assert (found.passed, found.values) == (False, {"today": 1})
    assert often_today(call("2026-03-10T12:00:00+09:00"), known(*SEOUL, contacts=made), contacts=2).passed
