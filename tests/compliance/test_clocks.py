"""Legal clocks: when they begin, what starts them anew, when they end, and that the steps and the list agree."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from compliance import packs_loader, rates
from compliance.clocks import Clock, clocks
from compliance.facts import ContactEvent, Facts, MissingFact, Question, Record
from compliance.periods import Break, add_months, roll_over_holiday, running
from compliance.predicates.actions import rate_of_the_day
from tests.compliance.asking import ask, at, known

LAW = packs_loader.get("CN-LAW")


def _record(kind: str, when: str, **given: object) -> Record:
    return Record(kind=kind, at=at(when), **given)  # type: ignore[arg-type]


def _facts(*records: Record, contacts: tuple[ContactEvent, ...] = (), product: str = "credit_card") -> Facts:
    return known("CN", "Asia/Shanghai", product=product, records=records, contacts=contacts)


def _sms(when: str, **given: object) -> ContactEvent:
    usual = {"channel": "sms", "outcome": "sent", "reserved_point": True, "purpose": "collection"} | given
    return ContactEvent(at=at(when), **usual)  # type: ignore[arg-type]


def _clocks(facts: Facts, when: str) -> dict[str, Clock]:
    return {clock.id: clock for clock in clocks(facts, at(when), packs=[LAW])}


OVERDUE = _record("overdue_since", "2023-03-10T00:00:00+08:00", id=1)


# ------------------------------------------------------------------------------------------------ dates alone


@pytest.mark.parametrize(
    ("day", "months", "ends"),
    [
        ("2026-01-31", 6, "2026-07-31"),
        ("2026-08-31", 6, "2027-02-28"),  # no corresponding day: the end of the month
        ("2024-02-29", 36, "2027-02-28"),
        ("2023-02-28", 36, "2026-02-28"),  # not the 28th of a longer month
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_a_period_ends_on_the_corresponding_day_or_the_end_of_the_month(day: str, months: int, ends: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(ends)


def test_a_holiday_moves_the_last_day_and_a_working_weekend_does_not() -> None:
    assert roll_over_holiday(date(2026, 10, 1), "CN") == date(2026, 10, 8)
    assert roll_over_holiday(date(2026, 9, 20), "CN") == date(2026, 9, 20)
    with pytest.raises(MissingFact, match="calendar CN 2027"):
        roll_over_holiday(date(2027, 1, 1), "CN")


def test_a_break_after_the_end_starts_nothing_anew() -> None:
    starts = date(2023, 3, 10)
    in_time = running(starts, [Break(date(2026, 3, 10), "demand")], months=36)
    late = running(starts, [Break(date(2026, 3, 11), "demand")], months=36)
    assert (in_time.ends, len(in_time.interrupted_by)) == (date(2029, 3, 10), 1)
    assert (late.ends, late.interrupted_by) == (date(2026, 3, 10), ())


def test_a_break_on_the_last_day_as_a_holiday_moves_it_still_counts() -> None:
    starts = date(2023, 10, 2)  # three years on is a holiday; the day after it is 8 October
    assert running(starts, [Break(date(2026, 10, 8), "demand")], months=36, calendar="CN").ends == date(2029, 10, 8)
    assert running(starts, [Break(date(2026, 10, 9), "demand")], months=36, calendar="CN").ends == date(2026, 10, 2)
    assert running(starts, [Break(date(2026, 10, 8), "demand")], months=36).ends == date(2026, 10, 2)


def test_nothing_reaches_beyond_the_outer_limit() -> None:
    breaks = [Break(date(year, 6, 1), "payment") for year in range(2008, 2026, 2)]
    period = running(date(2006, 6, 1), breaks, months=36, outer_months=240)
    assert period.ends == date(2026, 6, 1)
    assert running(date(2006, 6, 1), breaks, months=36).ends == date(2027, 6, 1)


# ------------------------------------------------------------------------------------------------ the list


def test_a_debt_that_is_not_due_has_no_clock() -> None:
    assert _clocks(_facts(), "2026-03-10T10:00:00+08:00") == {}


def test_the_limitation_clock_says_start_end_and_what_is_left() -> None:
    clock = _clocks(_facts(OVERDUE), "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"]
    assert (clock.starts, clock.ends) == (date(2023, 3, 10), date(2026, 3, 10))
    assert (clock.left, clock.over, clock.certain) == (9, False, True)
    assert clock.pack == "CN-LAW"
    assert clock.source == "民法典 188, 189, 195"
    assert set(clock.title) == {"en", "zh-hans"}
    late = _clocks(_facts(OVERDUE), "2026-03-11T00:30:00+08:00")["CN-LIM-3Y"]
    assert (late.left, late.over) == (-1, True)


@pytest.mark.parametrize(
    ("event", "ground"),
    [
        (_sms("2025-06-01T10:00:00+08:00", id=7), "demand"),
        (_sms("2025-06-01T10:00:00+08:00", id=7, channel="phone", outcome="conversation"), "demand"),
        (_sms("2025-06-01T10:00:00+08:00", id=7, channel="letter", outcome="delivered_signed"), "demand"),
        (_sms("2025-06-01T10:00:00+08:00", id=7, direction="inbound", outcome="payment_made"), "payment"),
    ],
)
def test_what_arrives_or_is_paid_starts_the_claim_anew(event: ContactEvent, ground: str) -> None:
    clock = _clocks(_facts(OVERDUE, contacts=(event,)), "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"]
    assert clock.ends == date(2028, 6, 1)
    assert [(one.day, one.ground, one.id) for one in clock.interrupted_by] == [(date(2025, 6, 1), ground, 7)]


@pytest.mark.parametrize(
    "event",
    [
        _sms("2025-06-01T10:00:00+08:00", reserved_point=False),  # sent, but nobody knows whether it arrived
        _sms("2025-06-01T10:00:00+08:00", channel="phone", outcome="no_answer"),
        _sms("2025-06-01T10:00:00+08:00", party="relative", channel="phone", outcome="conversation"),
        _sms("2025-06-01T10:00:00+08:00", purpose="customer_service", channel="phone", outcome="conversation"),
        _sms("2025-06-01T10:00:00+08:00", direction="inbound", outcome="received"),
    ],
)
def test_what_is_no_demand_starts_nothing_anew(event: ContactEvent) -> None:
    clock = _clocks(_facts(OVERDUE, contacts=(event,)), "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"]
    assert (clock.ends, clock.interrupted_by) == (date(2026, 3, 10), ())


def test_a_sent_message_is_a_demand_of_a_card_claim_only() -> None:
    facts = _facts(OVERDUE, contacts=(_sms("2025-06-01T10:00:00+08:00"),), product="personal_loan")
    assert _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"].ends == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("promise_made", {}),
        ("plan_performing", {"months": 12}),
        ("oral_repayment_agreement", {"recording": "R"}),
        ("suit_filed", {}),
        ("payment_order_applied", {}),
        ("claim_assigned", {"debtor_notified": True}),
    ],
)
def test_agreement_suit_and_notice_of_the_sale_start_the_claim_anew(kind: str, given: dict) -> None:
    facts = _facts(OVERDUE, _record(kind, "2025-06-01T10:00:00+08:00", id=8, **given))
    clock = _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"]
    assert [(one.ground, one.id) for one in clock.interrupted_by] == [(kind, 8)]
    assert clock.ends == date(2028, 6, 1)


def test_a_sale_that_was_not_told_starts_nothing_anew() -> None:
    facts = _facts(OVERDUE, _record("claim_assigned", "2025-06-01T10:00:00+08:00", debtor_notified=False))
    assert _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"].ends == date(2026, 3, 10)


def test_by_instalments_the_last_one_begins_it_and_calling_in_the_whole_does_so_earlier() -> None:
    last = _record("last_instalment_due", "2022-01-01T00:00:00+08:00", until=date(2025, 3, 10))
    facts = _facts(OVERDUE, last)
    assert _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"].starts == date(2025, 3, 10)
    called_in = _record("debt_accelerated", "2024-05-20T10:00:00+08:00")
    facts = _facts(OVERDUE, last, called_in)
    assert _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"].starts == date(2024, 5, 20)


def test_an_end_that_no_calendar_reaches_is_not_certain() -> None:
    facts = _facts(_record("overdue_since", "2026-03-10T00:00:00+08:00"))
    clock = _clocks(facts, "2026-11-22T10:00:00+08:00")["CN-LIM-3Y"]
    assert (clock.ends, clock.certain) == (date(2029, 3, 10), False)


def test_a_step_whose_end_no_calendar_reaches_is_refused_only_when_the_holiday_decides() -> None:
    facts = _facts(_record("overdue_since", "2024-01-01T00:00:00+08:00"))

    def sue(when: str) -> tuple[str, ...]:
        return ask(Question(at=at(when), kind="action", action="file_suit"), facts, "CN-LAW").failing

    assert sue("2027-01-01T10:00:00+08:00") == ()  # the last day itself: no holiday is needed to be in time
    assert sue("2027-01-02T10:00:00+08:00") == ("CN-LIM-3Y", "POLICY-FAILCLOSED")


def test_the_guarantee_clock_is_never_interrupted_and_names_the_guarantor() -> None:
    facts = _facts(
        _record("overdue_since", "2026-01-31T00:00:00+08:00"),
        _record("guarantee", "2025-01-01T10:00:00+08:00", party="guarantor", person_id="G1", guarantee_kind="joint"),
        contacts=(_sms("2026-03-01T10:00:00+08:00", channel="phone", outcome="conversation"),),
    )
    assert "CN-GUAR-6M" not in _clocks(_facts(facts.records[0]), "2026-07-01T10:00:00+08:00")  # nobody has guaranteed
    clock = _clocks(facts, "2026-07-01T10:00:00+08:00")["CN-GUAR-6M"]
    assert (clock.ends, clock.interrupted_by, clock.person_id) == (date(2026, 7, 31), (), "G1")


def test_the_steps_of_a_payment_order_follow_one_another() -> None:
    applied = _record("payment_order_applied", "2026-03-01T10:00:00+08:00")
    accepted = _record("payment_order_accepted", "2026-03-04T10:00:00+08:00")
    served = _record("payment_order_served", "2026-03-12T10:00:00+08:00")
    objected = _record("payment_order_objected", "2026-03-20T10:00:00+08:00")

    def ends(*records: Record) -> list[date]:
        found = clocks(_facts(*records), at("2026-03-21T10:00:00+08:00"), packs=[LAW])
        return [clock.ends for clock in found if clock.id == "CN-ZFL"]

    assert ends(applied) == [date(2026, 3, 6)]  # the court answers
    assert ends(applied, accepted) == [date(2026, 3, 19)]  # it issues the order
    assert ends(applied, accepted, served) == [date(2026, 3, 27)]  # the debtor pays or objects
    assert ends(applied, accepted, served, objected) == []


def test_preservation_mediation_and_enforcement_have_their_clocks() -> None:
    facts = _facts(
        _record("pre_suit_preservation", "2026-03-01T10:00:00+08:00"),
        _record("mediation_agreement", "2026-03-02T10:00:00+08:00"),
        _record("judgment_due", "2024-10-02T10:00:00+08:00"),
    )
    found = _clocks(facts, "2026-03-10T10:00:00+08:00")
    assert found["CN-PRES"].ends == date(2026, 3, 31)
    assert found["CN-MED"].ends == date(2026, 4, 1)
    assert found["CN-EXEC-2Y"].ends == date(2026, 10, 8)  # 2 October is a holiday


def test_the_next_to_end_comes_first_and_what_is_over_last() -> None:
    facts = _facts(
        OVERDUE,
        _record("pre_suit_preservation", "2026-01-01T10:00:00+08:00"),
        _record("mediation_agreement", "2026-02-20T10:00:00+08:00"),
    )
    found = clocks(facts, at("2026-03-01T10:00:00+08:00"), packs=[LAW])
    assert [clock.id for clock in found] == ["CN-LIM-3Y", "CN-MED", "CN-PRES"]
    assert [clock.over for clock in found] == [False, False, True]


def test_the_clock_and_the_step_agree_on_the_last_day() -> None:
    facts = _facts(OVERDUE)
    clock = _clocks(facts, "2026-03-01T10:00:00+08:00")["CN-LIM-3Y"]
    last = datetime(clock.ends.year, clock.ends.month, clock.ends.day, 12, tzinfo=UTC)
    sue = Question(at=last, kind="action", action="file_suit")
    assert ask(sue, facts, "CN-LAW").permitted
    assert not ask(sue.moved_to(last + timedelta(days=1)), facts, "CN-LAW").permitted


def test_a_rule_not_in_force_and_a_pack_for_another_product_have_no_clock() -> None:
    facts = _facts(_record("pre_suit_preservation", "2023-06-01T10:00:00+08:00"))
    assert _clocks(facts, "2023-06-10T10:00:00+08:00") == {}
    assert clocks(_facts(OVERDUE), at("2026-03-01T10:00:00+08:00"), packs=[packs_loader.get("CN-CBA-2026")]) == []


def test_a_time_barred_debt_is_a_clock_that_is_over() -> None:
    facts = known(
        "US-TX", "America/Chicago", records=(_record("debt_time_barred", "2026-03-01T10:00:00-06:00", debts=("D1",)),)
    )
    found = clocks(facts, at("2026-03-10T10:00:00-06:00"), packs=[packs_loader.get("US-FED")], debts=("D1",))
    assert [(clock.id, clock.over) for clock in found] == [("US-F-TIMEBARRED", True)]
    assert clocks(facts, at("2026-03-10T10:00:00-06:00"), packs=[packs_loader.get("US-FED")], debts=("D2",)) == []


# ------------------------------------------------------------------------------------------------ rates


@pytest.mark.parametrize(
    ("day", "rate"),
    [("2019-08-20", "4.25"), ("2024-10-20", "3.35"), ("2024-10-21", "3.10"), ("2026-04-30", "3.00")],
)
def test_the_prime_rate_of_a_day_is_the_last_one_published(day: str, rate: str) -> None:
    assert str(rates.get("CN-LPR-1Y").on(date.fromisoformat(day))) == rate


@pytest.mark.parametrize("day", ["2019-08-19", "2026-08-20"])
def test_a_rate_beyond_what_is_known_is_not_guessed(day: str) -> None:
    with pytest.raises(MissingFact, match=f"rate CN-LPR-1Y {day}"):
        rates.get("CN-LPR-1Y").on(date.fromisoformat(day))


def test_four_times_the_prime_rate_is_said_with_a_suit() -> None:
    question = Question(at=at("2026-04-30T10:00:00+08:00"), kind="action", action="file_suit")
    rule = next(rule for rule in LAW.rules if rule.id == "CN-RATE-4LPR")
    found = rate_of_the_day(question, _facts(), **rule.versions[0].params)
    assert found.values == {"rate": "3.00", "cap": "12.00", "times": 4}


@pytest.mark.parametrize(
    "wrong",
    [
        'source = "s"\n[[rate]]\nfrom = 2020-01-01\npercent = "1"',
        'source = "s"\nthrough = 2020-01-01',
        'source = "s"\nthrough = 2021-01-01\n[[rate]]\nfrom = 2020-01-01\npercent = 1.5',
        'source = "s"\nthrough = 2019-01-01\n[[rate]]\nfrom = 2020-01-01\npercent = "1"',
        "through =",
    ],
)
def test_a_wrong_file_of_rates_is_refused(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "X.toml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(rates.RateError, match=r"X\.toml"):
        rates.read(path)


def test_a_series_that_is_not_there_is_a_missing_fact() -> None:
    with pytest.raises(MissingFact, match="rate XX"):
        rates.get("XX")
