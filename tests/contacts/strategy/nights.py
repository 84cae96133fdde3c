"""Versions of one strategy at one bank, and the enrolment and planning of a night, as plain functions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from cases.closing import Close, Span
from cases.models import Case, Creditor, Person
from collections_app.shared.actor import SYSTEM
from contacts.models import Enrolment, PlannedContact, StrategyVersion
from contacts.strategy import definition, enrolment, planner
from contacts.strategy.stable import number_of
from tests.factories.cases import CaseFactory, PersonFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.strategies import put_in_force

EVERYBODY = Span(0, 2**62)
FIRST = date(2026, 3, 3)  # the first night closes this day, for contacts on the next
ALL = {"key": "all", "name": "all", "step": [{"key": "sms-1", "kind": "message", "template": "t", "from_dpd": 1}]}


def night_of(day: date) -> datetime:
    """Return 02:30 in Shanghai after a day."""
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=18, minutes=30)


AT = night_of(FIRST) - timedelta(hours=8)  # in the evening before the first night


def segment(key: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a segment of a document; a step is a message unless it says otherwise."""
    own = [{"kind": "message", "template": "t", "from_dpd": 1} | step for step in steps]
    for step in own:
        if step["kind"] != "message":
            del step["template"]
    return {"key": key, "name": key, "step": own} | more


def draft(creditor: Creditor, *segments: dict[str, Any], code: str = "path", **more: Any) -> StrategyVersion:
    """Write the next draft of a strategy."""
    TemplateFactory._meta.model.objects.filter(code="t").exists() or TemplateFactory(code="t")
    document = {"code": code, "name": code, "segment": list(segments or [ALL])} | more
    return definition.store(definition.parse(document), creditors=[creditor], actor=SYSTEM, at=AT)


def published(creditor: Creditor, *segments: dict[str, Any], at: datetime = AT, **more: Any) -> StrategyVersion:
    """Publish the next version of a strategy. moves={key: action}, share, starts_on."""
    turn = {name: more.pop(name) for name in ("share", "starts_on") if name in more}
    moves = more.pop("moves", {})
    version = draft(creditor, *segments, **more)
    for key, action in moves.items():
        version.moves.create(from_key=key, action=action)
    return put_in_force(version, at=at, **turn)


def night(creditor: Creditor, number: int = 0, *, sends: bool = True) -> dict[str, int]:
    """Close a day, so many after the first, as far as strategies go, and send the next one; return what was planned, by
    key of the step.
    """
    day = FIRST + timedelta(days=number)
    close = Close(creditor=creditor, business_date=day, newest_state=2**62, actor=SYSTEM, at=night_of(day))
    paths = enrolment.paths_of(close)
    enrolment.leave(close, EVERYBODY, paths)
    enrolment.cancel_unwanted(close, EVERYBODY)
    enrolment.enrol(close, EVERYBODY, paths)
    made = planner.plan(close, EVERYBODY, paths)
    planner.set_futures(close, EVERYBODY)
    if sends:
        rows = PlannedContact.objects.filter(creditor=creditor, status="planned", automated=True)
        rows.update(status="done", finished_at=night_of(day) + timedelta(hours=8))
    return made


def case_of(creditor: Creditor, dpd: int = 5, **more: Any) -> Case:
    """Return a waiting case that has so many days past due on the first day of contact."""
    since = FIRST + timedelta(days=1 - dpd)
    return CaseFactory(
        creditor=creditor, past_due_since=since, dpd=dpd, on=FIRST + timedelta(days=1),
        next_action="wait_strategy", next_action_at=AT, **more,
    )  # fmt: skip


def person_of(*, inside: bool, share: int = 10, code: str = "path") -> Person:
    """Return a person who is in a canary of that share, or is not."""
    while True:
        person = PersonFactory()
        if (number_of(code, person.pk) < share) == inside:
            return person


def stays(case: Case) -> list[tuple[int, str, str]]:
    """Return the stays of a case, oldest first: version, segment, why it left ("" where it is there)."""
    rows = Enrolment.objects.filter(case=case).order_by("pk")
    return list(rows.values_list("version__version", "segment__key", "left_reason"))


def where(case: Case) -> tuple[int, str] | None:
    """Return the version and segment that a case is on, None for neither."""
    row = Enrolment.objects.filter(case=case, left_on__isnull=True).first()
    return (row.version.version, row.segment.key) if row else None


def planned(case: Case) -> list[str]:
    """Return the keys of the steps planned for a case and not cancelled, oldest first."""
    rows = PlannedContact.objects.filter(case=case).exclude(status="cancelled").order_by("business_date", "pk")
    return list(rows.values_list("step__key", flat=True))
