"""Whom nobody may contact, and why: one situation for each kind of rule, in each country whose rules are installed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cases import addresses, holds, instructions, lifecycle
from cases.models import ContactPoint, LocationClaim, Person, Plan
from collections_app.management.drill.world import Lender, Subject, World
from collections_app.management.harness.book import Place
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from contacts import stops
from contacts.models import ContactAttempt, StopOrder

Make = Callable[[World, Subject], None]
EVERY: Final = ("phone", "sms", "email")

SHANGHAI: Final = Place("CN", "Asia/Shanghai")
CARD: Final = Lender("cn-card", kind="bank_cba_member", zone="Asia/Shanghai", currency="CNY")
LOAN: Final = Lender("cn-loan", kind="microloan_company", product="online_consumer_loan", zone="Asia/Shanghai",
                     currency="CNY")  # fmt: skip
AGENCY: Final = Lender("us-agency", kind="unspecified", acting_as="agency", product="consumer_debt")


def utc(month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return an instant of 2026."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


TEN: Final = utc(3, 4, 2)  # Wednesday, ten in the morning in Shanghai


def _nothing(world: World, subject: Subject) -> None:
    """Leave it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Why a person may not be contacted. spared: entrances at which this is no matter, or not known in time."""

    name: str
    make: Make = _nothing
    undo: Make = _nothing
    place: Place = SHANGHAI
    lender: Lender = CARD
    at: datetime = TEN
    dpd: int = 40
    channels: tuple[str, ...] = EVERY
    spared: tuple[str, ...] = ()


FREE: Final = Situation(name="free")


def _history(channel: str, outcome: str, ago: list[timedelta]) -> Make:
    def make(world: World, subject: Subject) -> None:
        now = clock.now()
        ContactAttempt.objects.bulk_create(
            ContactAttempt(
                person_id=subject.case.person_id,
                contacted_id=subject.case.person_id,
                creditor_id=subject.case.creditor_id,
                case=subject.case,
                contact_point=subject.point,
                address_id=subject.point.address_id,
                origin="reported",
                channel=channel,
                purpose="collection",
                content_class=channel,
                debts=list(subject.case.person.accounts.values_list("pk", flat=True)),
                status="recorded",
                outcome=outcome,
                at=now - one,
                recorded_at=now,
                flagged_rule="before the drill",
            )
            for one in ago
        )

    return make


def _told(kind: str, **more: Any) -> Make:
    def make(world: World, subject: Subject) -> None:
        values = dict(more)
        if values.pop("this_point", False):
            values["contact_point_id"] = subject.point.pk
        if values.get("channel") == "this":
            values["channel"] = subject.channel
        instructions.give(person_id=subject.case.person_id, kind=kind, actor=SYSTEM, at=clock.now(), **values)

    return make


def _held(kind: str) -> Make:
    def make(world: World, subject: Subject) -> None:
        holds.place(case=subject.case, kind=kind, reason="drill", actor=SYSTEM, at=clock.now())

    return make


def _plan(world: World, subject: Subject) -> None:
    now = clock.now()
    plan = Plan.objects.create(
        case=subject.case,
        person_id=subject.case.person_id,
        creditor_id=subject.case.creditor_id,
        currency=subject.case.currency,
        total=subject.case.balance,
        months=12,
        first_due_on=now.date() + timedelta(days=20),
        drafted_at=now,
    )
    plan.approve(at=now, by=None)
    plan.save()
    plan.perform()
    plan.save()


def _silenced(world: World, subject: Subject) -> None:
    addresses.suppress(address_id=subject.point.address_id, reason="stranger", actor=SYSTEM, at=clock.now())


def _marked(state: str) -> Make:
    def make(world: World, subject: Subject) -> None:
        addresses.mark(contact_point_id=subject.point.pk, state=state, actor=SYSTEM, at=clock.now())

    return make


def _nowhere(world: World, subject: Subject) -> None:
    Person.objects.filter(pk=subject.case.person_id).update(jurisdiction="", time_zone="")


def _two_places(world: World, subject: Subject) -> None:
    LocationClaim.objects.create(
        person_id=subject.case.person_id,
        basis="mobile_area_code",
        time_zone="America/Los_Angeles",
        jurisdiction="US-CA",
        learned_at=clock.now() - timedelta(days=9),
    )


def _closed(world: World, subject: Subject) -> None:
    lifecycle.close(case_id=subject.case.pk, reason="withdrawn", actor=SYSTEM, at=clock.now())


def _stopped(scope: str) -> Make:
    def make(world: World, subject: Subject) -> None:
        target = subject.channel if scope == "channel" else ""
        stops.order_stop(scope=scope, target=target, reason="drill", actor=SYSTEM, at=clock.now())

    return make


def _lifted(world: World, subject: Subject) -> None:
    for order in StopOrder.objects.filter(lifted_at__isnull=True):
        stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=clock.now())


def _somebody_elses(world: World, subject: Subject) -> None:
    """The number asked for is another person's: nobody may be reached through the wrong case."""
    other = world.subject(SHANGHAI, lender=CARD, channel=subject.channel)
    subject.point = ContactPoint.objects.get(person_id=other.case.person_id)


def _agency(code: str, *, kind: str = "unspecified", has_hours: bool = True) -> Lender:
    return Lender(code, kind=kind, acting_as="agency", product="consumer_debt", has_hours=has_hours)


def _bank(code: str, *, has_hours: bool = True, kind: str = "bank") -> Lender:
    return Lender(code, kind=kind, product="personal_loan", has_hours=has_hours)


_days: Final = [timedelta(days=number, hours=1) for number in range(7)]
_minutes: Final = [timedelta(minutes=5 * number + 5) for number in range(8)]
LIVE_ONLY: Final = ("agency",)  # how it was on another day is not known, or it is not a matter of law
ORDERS: Final = ("agency", "database", "import")  # no matter of the gate

ALL: Final = (
    Situation(name="night", at=utc(3, 4, 14, 30), spared=("import",)),
    Situation(name="the last minute before the opening", at=utc(3, 3, 23, 59), spared=("import",)),
    Situation(name="after the firm's own close", at=utc(3, 4, 13, 0, 5), spared=("import",)),
    Situation(name="three effective calls today", make=_history("phone", "conversation", _minutes[:3]),
              lender=LOAN, channels=("phone",)),
    Situation(name="six unanswered dials today", make=_history("phone", "no_answer", _minutes[:6]),
              channels=("phone",)),
    Situation(name="the firm's message of the day is used", make=_history("sms", "sent", _minutes[:1]),
              channels=("sms",), spared=("import",)),
    Situation(name="asked not to be contacted by this medium", make=_told("opt_out", channel="this")),
    Situation(name="asked not to be contacted at this number", make=_told("opt_out", this_point=True)),
    Situation(name="asked us to stop, in writing", make=_told("cease_request", form="written")),
    Situation(name="asked us to stop, on the telephone", make=_told("cease_request")),
    Situation(name="a lawyer acts", make=_told("attorney_represented", details={"attorney_contact_known": True})),
    Situation(name="not at this time", make=_told("inconvenient_window", details={"start": "00:00", "end": "24:00"})),
    Situation(name="disputes the debt", make=_held("dispute")),
    Situation(name="has complained", make=_held("complaint")),
    Situation(name="bankrupt", make=_held("bankruptcy")),
    Situation(name="deceased", make=_held("deceased")),
    Situation(name="represented", make=_held("represented")),
    Situation(name="hardship", make=_held("hardship")),
    Situation(name="breathing space", make=_held("breathing_space")),
    Situation(name="a performing plan", make=_plan),
    Situation(name="the number is a stranger's", make=_silenced),
    Situation(name="the number is marked a stranger's", make=_marked("stranger"), spared=LIVE_ONLY),
    Situation(name="the number is removed", make=_marked("removed"), spared=LIVE_ONLY),
    Situation(name="nobody knows where he is", place=Place("", ""), make=_nowhere),
    Situation(name="no rules for the place", place=Place("BR", "America/Sao_Paulo"), at=utc(3, 4, 14)),
    Situation(name="no zone for the place", place=Place("CN", ""), make=_nowhere),
    Situation(name="the case is closed", make=_closed, spared=("agency", "database", "import")),
    Situation(name="all contact is stopped", make=_stopped("everything"), undo=_lifted, spared=ORDERS),
    Situation(name="the channel is stopped", make=_stopped("channel"), undo=_lifted, spared=ORDERS),
    Situation(name="somebody else's number", make=_somebody_elses, channels=("phone",), spared=("agency", "database")),
    # United States, an agency
    Situation(name="US: before eight", place=Place("US-TX", "America/Chicago"), lender=AGENCY, at=utc(3, 4, 13, 59),
              spared=("import",)),
    Situation(name="US: after nine", place=Place("US-TX", "America/Chicago"), lender=AGENCY, at=utc(3, 5, 3, 0, 5),
              spared=("import",)),
    Situation(name="US: two places, one still asleep", place=Place("US-NY", "America/New_York"), lender=AGENCY,
              at=utc(3, 4, 14), make=_two_places, spared=("import",)),
    Situation(name="US: seven calls in seven days", place=Place("US-TX", "America/Chicago"), lender=AGENCY,
              at=utc(3, 4, 18), make=_history("phone", "no_answer", _days), channels=("phone",)),
    Situation(name="US: a talk three days ago", place=Place("US-TX", "America/Chicago"), lender=AGENCY,
              at=utc(3, 4, 18), make=_history("phone", "conversation", _days[3:4]), channels=("phone",)),
    Situation(name="US: asked us to stop, in writing", place=Place("US-TX", "America/Chicago"), lender=AGENCY,
              at=utc(3, 4, 18), make=_told("cease_request", form="written")),
    # elsewhere
    Situation(name="IN: after seven", place=Place("IN", "Asia/Kolkata"), lender=_bank("in"), at=utc(3, 4, 13, 45),
              channels=("phone",)),
    Situation(name="GB: the firm has set no hours", place=Place("GB-EW", "Europe/London"),
              lender=_agency("gb", has_hours=False), at=utc(3, 4, 12)),
    Situation(name="AU: Sunday before nine", place=Place("AU-NSW", "Australia/Sydney"), lender=_agency("au"),
              at=utc(3, 7, 21, 30), channels=("phone",)),
    Situation(name="US-MA: two calls in seven days", place=Place("US-MA", "America/New_York"), lender=AGENCY,
              at=utc(3, 4, 18), make=_history("phone", "voicemail_message", _days[1:3]), channels=("phone",)),
    Situation(name="US-NYC: three attempts in seven days", place=Place("US-NY-NYC", "America/New_York"), lender=AGENCY,
              at=utc(10, 7, 18), make=_history("phone", "no_answer", _days[1:4]), spared=("import",)),
    Situation(name="US-WA: half past seven is open there, and closed by federal law",
              place=Place("US-WA", "America/Los_Angeles"), lender=AGENCY, at=utc(3, 4, 15, 45), spared=("import",)),
    Situation(name="TW: after ten", place=Place("TW", "Asia/Taipei"),
              lender=_agency("tw", kind="bank", has_hours=False), at=utc(3, 4, 14, 5), channels=("phone",)),
    Situation(name="HK: the firm has set no hours", place=Place("HK", "Asia/Hong_Kong"),
              lender=_bank("hk", has_hours=False), channels=("phone",)),
    Situation(name="ID: Sunday", place=Place("ID", "Asia/Makassar"), lender=_agency("id"), at=utc(3, 8, 4),
              spared=("import",)),
    Situation(name="ID: a year without a calendar", place=Place("ID", "Asia/Jakarta"), lender=_agency("id"),
              at=datetime(2031, 3, 5, 4, tzinfo=UTC)),
    Situation(name="JP: after nine", place=Place("JP", "Asia/Tokyo"),
              lender=_bank("jp", has_hours=False, kind="money_lender"), at=utc(3, 4, 12, 5), channels=("phone",)),
    Situation(name="KR: seven contacts in seven days", place=Place("KR", "Asia/Seoul"), lender=_bank("kr"),
              make=_history("phone", "conversation", _days), spared=("import",)),
    Situation(name="PH: before six, ten days past due", place=Place("PH", "Asia/Manila"), dpd=10,
              lender=_bank("ph", has_hours=False, kind="lending_company"), at=utc(3, 3, 21, 30), spared=("import",)),
    Situation(name="VN: five reminders today", place=Place("VN", "Asia/Ho_Chi_Minh"),
              lender=_bank("vn", kind="finance_company"), at=utc(3, 4, 6),
              make=_history("phone", "conversation", _minutes[:5]), spared=("import",)),
    Situation(name="CA-ON: Sunday before one", place=Place("CA-ON", "America/Toronto"), lender=_agency("ca"),
              at=utc(3, 8, 16), channels=("phone", "email")),
    Situation(name="CA-QC: Sunday", place=Place("CA-QC", "America/Toronto"), lender=_agency("ca"), at=utc(3, 8, 17),
              spared=("import",)),
    Situation(name="GR: Saturday", place=Place("GR", "Europe/Athens"), lender=_agency("gr"), at=utc(3, 7, 10),
              channels=("phone",)),
)  # fmt: skip
