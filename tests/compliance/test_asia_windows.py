"""Hours, days and counts of East and South-East Asia beside an independent reckoning in whole seconds.

The reckoning knows no zone but a number of hours, no calendar but a list of days, and no window but subtraction. What
the engine permits, what it refuses and the first instant at which it permits again must be the same to the second.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.engine import Outcome
from compliance.facts import ContactEvent, Facts, LocationClaim, Question, Record
from tests.compliance.asking import LEARNED, ask

HOUR, DAY = 3600, 86_400
BEGIN = 1_767_225_600  # 2026-01-01T00:00:00Z
END = BEGIN + 345 * DAY  # what follows is still in a year that the calendars know
OFFSETS = {"Asia/Jakarta": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}
# Libur nasional 2026 by the joint decree of three ministers.
INDONESIAN_HOLIDAYS = frozenset(
    (date.fromisoformat(f"2026-{day}") - date(1970, 1, 1)).days
    for day in (
        "01-01", "01-16", "02-17", "03-19", "03-21", "03-22", "04-03", "04-05", "05-01", "05-14", "05-27", "05-31",
        "06-01", "06-16", "08-17", "08-25", "12-25",
    )
)  # fmt: skip
SUNDAY = 6

same_speed = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _question(stamp: int, **given: object) -> Question:
    usual = {"channel": "phone", "contact_point_id": "M1", "point_kind": "mobile", "debts": ("D1",)}
    return Question(at=datetime.fromtimestamp(stamp, UTC), **usual | given)


def _facts(place: str, zone: str, **given: object) -> Facts:
    return Facts(jurisdictions=(place,), locations=(LocationClaim(zone=zone, at=LEARNED),), **given)


def _minutes_from(stamp: int, days: int) -> range:
    """Return every full minute after a second: all edges here lie on one."""
    first = stamp - stamp % 60 + 60
    return range(first, first + days * DAY, 60)


def _same(outcome: Outcome, stamp: int, opens: int | None) -> None:
    """Compare the answer with the first second that is open by the reckoning."""
    assert outcome.permitted is (opens == stamp)
    assert outcome.next_permitted is not None
    assert int(outcome.next_permitted.timestamp()) == opens


def test_the_zones_of_indonesia_japan_and_korea_never_change_their_clocks() -> None:
    for zone, hours in {**OFFSETS, "Asia/Tokyo": 9, "Asia/Seoul": 9}.items():
        shown = {
            datetime.fromtimestamp(stamp, ZoneInfo(zone)).utcoffset().total_seconds()
            for stamp in range(BEGIN - 3 * 365 * DAY, END, DAY)
        }
        assert shown == {hours * HOUR}


def _indonesia_open(stamp: int, hours: int) -> bool:
    day, second = divmod(stamp + hours * HOUR, DAY)
    return (day + 3) % 7 != SUNDAY and day not in INDONESIAN_HOLIDAYS and 8 * HOUR <= second < 20 * HOUR


@same_speed
@given(zone=st.sampled_from(sorted(OFFSETS)), stamp=st.integers(BEGIN, END))
def test_indonesia_opens_on_the_second_in_each_of_its_three_zones(zone: str, stamp: int) -> None:
    facts = _facts("ID", zone)
    outcome = ask(_question(stamp), facts, "ID-POJK-22-2023")
    hours = OFFSETS[zone]
    opens = stamp if _indonesia_open(stamp, hours) else None
    if opens is None:
        opens = next(at for at in _minutes_from(stamp, 6) if _indonesia_open(at, hours))
        assert not ask(_question(opens - 1), facts, "ID-POJK-22-2023").permitted
        assert ask(_question(opens), facts, "ID-POJK-22-2023").permitted
    _same(outcome, stamp, opens)


@same_speed
@given(stamp=st.integers(BEGIN, END), zones=st.sets(st.sampled_from(sorted(OFFSETS)), min_size=2))
def test_where_the_zone_is_uncertain_every_clock_must_be_inside(stamp: int, zones: set[str]) -> None:
    claims = tuple(LocationClaim(zone=zone, at=LEARNED) for zone in sorted(zones))
    facts = Facts(jurisdictions=("ID",), locations=claims)
    outcome = ask(_question(stamp), facts, "ID-POJK-22-2023")
    assert outcome.permitted is all(_indonesia_open(stamp, OFFSETS[zone]) for zone in zones)


def _seoul_night(stamp: int) -> bool:
    return not 8 * HOUR <= (stamp + 9 * HOUR) % DAY < 21 * HOUR


def _rolling(made: list[tuple[int, bool]], stamp: int) -> int:
    """Return what 168 hours hold: contacts heard, and of those unheard all but two."""
    inside = [unheard for at, unheard in made if at <= stamp < at + 168 * HOUR]
    return inside.count(False) + max(0, inside.count(True) - 2)


def _calendar(made: list[tuple[int, bool]], stamp: int) -> int:
    """Return what seven dates hold, that of the stamp the last."""
    today = (stamp + 9 * HOUR) // DAY
    inside = [unheard for at, unheard in made if at <= stamp and today - 7 < (at + 9 * HOUR) // DAY]
    return inside.count(False) + max(0, inside.count(True) - 2)


def _korea_open(made: list[tuple[int, bool]], stamp: int) -> bool:
    return not _seoul_night(stamp) and _rolling(made, stamp) < 7 and _calendar(made, stamp) < 7


SENT = Record(kind="collection_notice_sent", at=datetime(2026, 1, 5, tzinfo=UTC))
HEARD = (("phone", "conversation"), ("sms", "delivered"), ("email", "sent"), ("visit", "not_met"), ("letter", "sent"))
UNHEARD = (("phone", "no_answer"), ("phone", "busy"), ("voice_notice", "answered_dropped"))
history = st.lists(st.tuples(st.integers(0, 9 * 24 * 60), st.booleans(), st.integers(0, 14)), max_size=16)


def _contacts(made: list[tuple[int, bool]], kinds: list[int]) -> tuple[ContactEvent, ...]:
    events = []
    for number, ((stamp, unheard), kind) in enumerate(zip(made, kinds, strict=True)):
        ways = UNHEARD if unheard else HEARD
        channel, outcome = ways[kind % len(ways)]
        at = datetime.fromtimestamp(stamp, UTC)
        events.append(ContactEvent(id=number, at=at, channel=channel, outcome=outcome, debts=("D1",)))
    return tuple(events)


@same_speed
@given(ago=history, stamp=st.integers(BEGIN + 60 * DAY, END))
def test_korea_counts_seven_in_both_readings_and_opens_on_the_second(
    ago: list[tuple[int, bool, int]], stamp: int
) -> None:
    stamp -= stamp % 60
    made = [(stamp - minutes * 60, unheard) for minutes, unheard, _ in ago]
    facts = _facts("KR", "Asia/Seoul", contacts=_contacts(made, [kind for *_, kind in ago]), records=(SENT,))
    packs = ("KR-FDCA", "KR-PDPA-2024")
    outcome = ask(_question(stamp, channel="sms"), facts, *packs)
    assert ("KR-7IN7" in outcome.failing) is (_rolling(made, stamp) >= 7)
    opens = stamp if _korea_open(made, stamp) else next(at for at in _minutes_from(stamp, 9) if _korea_open(made, at))
    if opens != stamp:
        assert not ask(_question(opens - 1, channel="sms"), facts, *packs).permitted
        assert ask(_question(opens, channel="sms"), facts, *packs).permitted
    _same(outcome, stamp, opens)


@same_speed
@given(ago=history, later=st.integers(0, 8 * DAY))
def test_seven_dates_never_hold_more_than_168_hours_where_clocks_do_not_change(
    ago: list[tuple[int, bool, int]], later: int
) -> None:
    made = [(END - minutes * 60, unheard) for minutes, unheard, _ in ago]
    assert _calendar(made, END + later) <= _rolling(made, END + later)


@same_speed
@given(
    stamp=st.integers(BEGIN + 60 * DAY, END),
    ago=st.lists(st.integers(0, 30 * 60), max_size=9),
    agreed=st.one_of(st.none(), st.tuples(st.integers(0, 22), st.integers(1, 23))),
)
def test_vietnam_keeps_five_a_day_its_hours_and_the_narrower_ones_of_the_contract(
    stamp: int, ago: list[int], agreed: tuple[int, int] | None
) -> None:
    made = [stamp - minutes * 60 for minutes in ago]
    contacts = tuple(
        ContactEvent(at=datetime.fromtimestamp(at, UTC), channel="sms", outcome="delivered", debts=("D1",))
        for at in made
    )
    start, end = 7, 21
    records: tuple[Record, ...] = ()
    if agreed is not None and agreed[0] < agreed[1]:
        first, last = (f"{hour:02}:00" for hour in agreed)
        records = (Record(kind="consent_time", at=LEARNED, start=first, end=last, only=True, evidence="contract"),)
        if max(agreed[0], 7) < min(agreed[1], 21):
            start, end = max(agreed[0], 7), min(agreed[1], 21)

    def is_open(at: int) -> bool:
        day, second = divmod(at + 7 * HOUR, DAY)
        today = sum((one + 7 * HOUR) // DAY == day for one in made)
        return start * HOUR <= second < end * HOUR and today < 5

    outcome = ask(_question(stamp), _facts("VN", "Asia/Ho_Chi_Minh", contacts=contacts, records=records), "VN-18-2019")
    opens = stamp if is_open(stamp) else next(at for at in _minutes_from(stamp, 3) if is_open(at))
    _same(outcome, stamp, opens)


@same_speed
@given(stamp=st.integers(BEGIN, END), dpd=st.integers(0, 20))
def test_the_philippine_night_opens_on_the_second_at_which_the_debt_is_sixteen_days_old(stamp: int, dpd: int) -> None:
    today = (stamp + 8 * HOUR) // DAY

    def is_open(at: int) -> bool:
        day, second = divmod(at + 8 * HOUR, DAY)
        return 6 * HOUR <= second < 22 * HOUR or dpd + day - today > 15

    outcome = ask(_question(stamp), _facts("PH", "Asia/Manila", dpd=dpd), "PH-SEC-18-2019")
    opens = stamp if is_open(stamp) else next(at for at in _minutes_from(stamp, 2) if is_open(at))
    _same(outcome, stamp, opens)


def test_the_reckoning_itself_would_notice_an_hour_too_many() -> None:
    sunday_noon = int(datetime(2026, 3, 15, 12, tzinfo=ZoneInfo("Asia/Jakarta")).timestamp())
    assert not _indonesia_open(sunday_noon, 7)
    assert _indonesia_open(sunday_noon + DAY, 7)
    evening = int(datetime(2026, 3, 16, 19, 30, tzinfo=ZoneInfo("Asia/Jakarta")).timestamp())
    assert _indonesia_open(evening, 7)
    assert not _indonesia_open(evening, 8)
