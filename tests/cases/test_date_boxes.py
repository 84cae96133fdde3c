"""Boxes for days and moments: what is said is understood the same everywhere, in full width and in both languages."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import amounts, date_boxes, natural_dates, natural_times
from cases.amounts import AmountRefused, DayRefused
from cases.models import Promise
from tests.factories.cases import CaseFactory, CreditorFactory

ROOT = Path(__file__).resolve().parents[2]
APPS = ("cases", "collections_app", "compliance", "contacts")
NOW = datetime(2026, 11, 22, 14, 20)  # a Sunday
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HAN = "一二三四五六日"


def full_width(text: str) -> str:
    """Return a text as an input method for Chinese writes it."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


@given(DAYS, st.integers(0, 6), st.integers(3, 9))
def test_a_weekday_is_the_next_of_its_name_however_short_or_wide_it_is_written(today, weekday, length):
    name = WEEKDAYS[weekday][:length]
    day = natural_dates.read(name, today=today)
    assert day.weekday() == weekday
    assert timedelta(0) < day - today <= timedelta(7)
    same = [name.upper(), full_width(name), f"周{HAN[weekday]}", f"星期{HAN[weekday]}", f"by {name}"]
    assert {natural_dates.read(text, today=today) for text in same} == {day}


@given(DAYS, st.integers(0, 400))
def test_days_ahead_are_days_ahead(today, count):
    for text in (f"+{count}", f"+{count}d", full_width(f"+{count}"), f"{count}天后"):
        assert natural_dates.read(text, today=today) == today + timedelta(days=count)


@given(DAYS, DAYS)
def test_a_day_that_is_written_out_is_that_day_in_every_spelling(today, day):
    spellings = [day.isoformat(), f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日"]
    for text in [*spellings, *map(full_width, spellings)]:
        assert natural_dates.read(text, today=today) == day


@given(DAYS, st.integers(1, 12), st.integers(1, 12))
def test_two_numbers_are_read_as_the_language_writes_them_or_not_at_all(today, first, second):
    text = f"{first}/{second}"
    by_day = natural_dates.read(text, today=today, order=natural_dates.DAY_FIRST)
    by_month = natural_dates.read(text, today=today, order=natural_dates.order_in("zh-hans"))
    assert (by_day.day, by_day.month, by_month.day, by_month.month) == (first, second, second, first)
    if first == second:
        assert natural_dates.read(text, today=today) == by_day
    else:
        with pytest.raises(DayRefused) as refused:
            natural_dates.read(text, today=today, order=natural_dates.order_in("en"))
        assert refused.value.code == "ambiguous"
        assert str(by_day) in str(refused.value)
        assert str(by_month) in str(refused.value)


@settings(max_examples=300)
@given(st.text(max_size=12))
def test_anything_is_a_day_or_a_sentence(text):
    for read in (lambda: natural_dates.read(text, today=NOW.date()), lambda: natural_times.read(text, now=NOW)):
        try:
            said = f"{read():%Y-%m-%d}"
        except DayRefused as refused:
            said = str(refused)
        assert len(said) >= 10


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(0, 23), st.integers(0, 59))
def test_a_time_alone_is_the_next_such_time(now, hour, minute):
    for text in (f"{hour}:{minute:02}", full_width(f"{hour}:{minute:02}")):
        moment = natural_times.read(text, now=now)
        assert (moment.hour, moment.minute) == (hour, minute)
        assert timedelta(0) < moment - now.replace(microsecond=0) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("fri 14:30", "2026-11-27 14:30"),
        ("tomorrow 9am", "2026-11-23 09:00"),
        ("in 2 hours", "2026-11-22 16:20"),
        ("noon", "2026-11-23 12:00"),
        ("fri", "2026-11-27 09:30"),
        ("30.11 9:15", "2026-11-30 09:15"),
        ("2026-12-01T10:00", "2026-12-01 10:00"),
        ("周五下午3点", "2026-11-27 15:00"),
        ("明天9点半", "2026-11-23 09:30"),
        ("明晚8点", "2026-11-23 20:00"),
        ("3点", "2026-11-22 15:00"),
        ("半小时后", "2026-11-22 14:50"),
        ("12月1日 下午2点15分", "2026-12-01 14:15"),
        ("ｆｒｉ １４：３０", "2026-11-27 14:30"),
    ],
)
def test_a_moment_is_read_as_it_is_said(typed, moment):
    assert f"{natural_times.read(typed, now=NOW):%Y-%m-%d %H:%M}" == moment


@pytest.mark.parametrize("typed", ["25:00", "fri 12:75", "5/6 10:00", "soon", "14.30", "31/11 9:00", ""])
def test_what_is_no_moment_is_refused(typed):
    with pytest.raises(DayRefused):
        natural_times.read(typed, now=NOW)


@given(st.times())
def test_an_hour_of_every_day_is_the_same_however_it_is_written(at):
    said = at.replace(second=0, microsecond=0)
    texts = [f"{at:%H:%M}", f"{at.hour}:{at:%M}", f"{at.hour}.{at:%M}", f"{at:%I:%M%p}", f"{at.hour}h{at:%M}"]
    assert {natural_times.read_clock(each) for text in texts for each in (text, full_width(text))} == {said}
    assert natural_times.read_clock(f"{at.hour}") == said.replace(minute=0)


@pytest.mark.parametrize(
    ("typed", "hour"),
    [("9", "09:00"), ("9pm", "21:00"), ("9 o'clock", "09:00"), ("noon", "12:00"), ("下午3点", "15:00"),
     ("晚8点半", "20:30"), ("２１：３０", "21:30"), ("24:00", "00:00"), ("24点", "00:00")],
)  # fmt: skip
def test_an_hour_of_every_day_is_read_as_it_is_said(typed, hour):
    assert f"{natural_times.read_clock(typed):%H:%M}" == hour


@pytest.mark.parametrize("typed", ["", "25", "24:30", "12:75", "fri 14:30", "ten", "1 2", "-3"])
def test_what_is_no_hour_is_refused_and_says_how_to_write_one(typed):
    with pytest.raises(DayRefused, match=r"is not a time of day\. Write it like 9, 14:30 or 9pm"):
        natural_times.read_clock(typed)


@given(st.decimals(min_value="0.01", max_value="99999999.99", places=2))
def test_an_amount_is_the_same_in_every_width_and_with_its_unit(amount):
    plain, grouped = f"{amount:f}", f"{amount:,.2f}"
    for text in (plain, grouped, full_width(plain), full_width(grouped), f"{plain}元", f"￥{grouped}", f"{plain} CNY"):
        assert amounts.read(text, currency="CNY") == amount


def test_hundreds_in_words_are_no_amount():
    with pytest.raises(AmountRefused):
        amounts.read("5百", currency="CNY")


# On the pages


@pytest.fixture
def case(team, at):
    return CaseFactory(creditor=CreditorFactory(team=team), at=at, working=True)


@pytest.fixture
def desk(client, collector, settings, at):
    from tests.factories.staff import set_clock

    set_clock(settings, at)  # Wednesday
    client.force_login(collector)
    return client


def next_action(client, case, due_at, **more):
    case.refresh_from_db()
    data = {"version": case.version, "action": "call", "due_at": due_at, **more}
    return client.post(reverse("cases:next-action", args=[case.ref]), data)


def test_the_line_below_a_box_says_weekday_and_date(desk):
    asked = reverse("cases:day-reads")
    said = desk.get(asked, {"box": "on", "on": "fri", "kind": "day"}).content.decode()
    assert "Friday 2026-03-06" in said
    said = desk.get(asked, {"box": "due_at", "due_at": "fri 14:30", "kind": "moment"}).content.decode()
    assert "Friday 2026-03-06 14:30" in said
    said = desk.get(asked, {"box": "opens", "opens": "9pm", "kind": "clock"}).content.decode()
    assert "21:00" in said
    wrong = desk.get(asked, {"box": "on", "on": "5/6", "kind": "day"}).content.decode()
    assert "may be 2026-06-05 or 2026-05-06" in wrong


def test_the_line_reads_two_numbers_as_the_readers_language_does(desk):
    asked = {"box": "on", "on": "5/6", "kind": "day"}
    said = desk.get(reverse("cases:day-reads"), asked, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "2026-05-06" in said


def test_a_refusal_names_its_box(desk, case):
    page = next_action(desk, case, "someday")
    assert page.context["form"].errors["due_at"] == ["Due: “someday” is not a date. Write it like 2026-11-22."]
    page = next_action(desk, case, "2026-03-03 10:00")
    assert page.context["form"].errors["due_at"] == ["Due: 2026-03-03 10:00 is in the past."]


def test_without_scripts_what_is_said_is_shown_once_and_then_saved(desk, case):
    page = next_action(desk, case, "fri 14:30", due_at__said="")
    assert "Read as Friday 2026-03-06 14:30" in page.content.decode()
    assert 'name="due_at__said" value="fri 14:30"' in page.content.decode()
    case.refresh_from_db()
    assert f"{case.next_action_at:%Y-%m-%d}" != "2026-03-06"
    assert next_action(desk, case, "fri 14:30", due_at__said="fri 14:30").status_code == 302
    case.refresh_from_db()
    assert f"{case.next_action_at:%Y-%m-%d}" == "2026-03-06"


def test_with_scripts_or_written_out_it_is_saved_at_once(desk, case):
    assert next_action(desk, case, "fri 14:30").status_code == 302
    assert next_action(desk, case, "2026-03-07 10:00", due_at__said="").status_code == 302


def test_a_promise_without_scripts_says_its_days_before_it_is_kept(desk, case):
    def promise(**more):
        case.refresh_from_db()
        data = {"version": case.version, "amount": "100", "due_on": "fri", "method": "transfer", **more}
        return desk.post(reverse("cases:promise", args=[case.ref]), data)

    assert "Read as 100.00 Friday 2026-03-06" in promise(promise__said="").content.decode()
    assert not Promise.objects.exists()
    assert promise(promise__said="100 fri").status_code == 302
    assert Promise.objects.get().due_on == date(2026, 3, 6)


def test_where_days_gone_by_are_meant_a_weekday_and_a_day_of_the_month_are_the_last_such_day():
    sunday = NOW.date()
    read = {text: f"{date_boxes.past_day_of(text, today=sunday):%m-%d}" for text in ("fri", "周日", "25", "3 march")}
    assert read == {"fri": "11-20", "周日": "11-22", "25": "10-25", "3 march": "03-03"}
    ahead = {text: date_boxes.past_day_of(text, today=sunday) - sunday for text in ("+3", "tomorrow", "2026-12-01")}
    assert [gap.days for gap in ahead.values()] == [3, 1, 9]
    assert date_boxes.day_of("fri", today=sunday) == date(2026, 11, 27)  # elsewhere it is the next


def test_an_hour_without_scripts_is_asked_about_where_it_is_not_written_out():
    def box(typed, shown):
        return date_boxes.ClockInput().value_from_datadict({"from": typed, "from__said": shown}, {}, "from")

    field = date_boxes.ClockField(label="From")
    with pytest.raises(ValidationError, match=r"Read as 21:00\. Save again if that is right"):
        field.clean(box("9pm", ""))
    assert field.clean(box("9pm", "9pm")) == time(21)
    assert field.clean(box("9:30", "")) == time(9, 30)
    assert type(date_boxes.DayInput().value_from_datadict({"on": "15", "on__said": ""}, {}, "on")) is date_boxes.Said


def test_no_page_asks_for_a_day_or_an_hour_in_the_browsers_own_box():
    own = re.compile(r"""["']?type["']?\s*[=:]\s*["'](date|time)["']""")
    assert own.search('attrs={"type": "time"}')
    assert own.search('<input type="date">')
    assert own.search('attrs={"type": "date"}')
    sources = [*(ROOT / "templates").rglob("*.html")]
    sources += [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in sources if own.search(path.read_text())] == []
