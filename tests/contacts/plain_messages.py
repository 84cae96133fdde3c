"""What the statement of `contacts.dispatch.outgoing` must find, read plainly: rows of the models, chosen in Python."""

from datetime import date, datetime
from typing import Any

from cases import arrears, freshness
from cases.models import AccountState
from collections_app.shared import clock
from contacts import facts
from contacts.dispatch import sql_message as sql
from contacts.dispatch.outgoing import Outgoing
from contacts.models import ContactAttempt, Letterhead, PlannedContact

LIVE = ("cleared", "sent", "delivered", "uncertain")


def found(pk: int, *, at: datetime) -> Outgoing:
    """Return everything that the statement should return for this row."""
    planned = PlannedContact.objects.get(pk=pk)
    file = facts.of_case(planned.case_id, at=at)
    zone = file.case.creditor.time_zone
    today = clock.business_day(at, zone)
    done = [
        row
        for row in PlannedContact.objects.filter(case_id=planned.case_id)
        if row.status == "done" and row.channel != "review" and row.pk != pk
    ]
    days = [(clock.business_day(row.finished_at, zone), row.severity) for row in done]
    versions = [each for each in planned.template.versions.all() if each.status == "approved"]
    return Outgoing(
        planned=planned,
        file=file,
        owed=arrears.of_accounts(list(file.accounts), on=today),
        approved=tuple(sorted(versions, key=lambda each: (-each.version, each.pk))),
        as_of=_as_of(file),
        climbed_before=max((severity for day, severity in days if day < today), default=0),
        climbed_today=max((severity for day, severity in days if day >= today), default=0),
        is_live=any(each.status in LIVE for each in ContactAttempt.objects.filter(planned=planned)),
    )


def _as_of(file: Any) -> date | None:
    stated = [
        state.effective_on for state in AccountState.objects.filter(account__in=file.accounts) if state.cause == "tape"
    ]
    tape = freshness.newest_tapes([file.creditor_id]).get(file.creditor_id)
    return max([*stated, *([tape] if tape else [])], default=None)


def as_values(known: Outgoing) -> dict[str, Any]:
    """Return all that was read, as values that can be compared."""
    planned, file = known.planned, known.file
    letterhead = Letterhead.objects.filter(creditor_id=file.creditor_id).first()
    read = getattr(file.case.creditor, "letterhead", None)
    segment = planned.step.segment
    return {
        "planned": _named(planned, sql.PLANNED),
        "case": _named(file.case, sql.CASE),
        "person": _named(file.case.person, sql.PERSON),
        "creditor": _named(file.case.creditor, sql.CREDITOR),
        "creditor again": planned.creditor.pk,
        "letterhead": letterhead == read and (read is None or _named(read, sql.LETTERHEAD)),
        "template": _named(planned.template, sql.TEMPLATE),
        "enrolment": _named(planned.enrolment, sql.ENROLMENT),
        "version": _named(segment.version, sql.VERSION),
        "strategy": _named(segment.version.strategy, sql.STRATEGY),
        "points": [_named(point, sql.POINT) for point in file.points],
        "addresses": [
            (bytes(point.address.value_sealed), point.address.pk, point.address.suppressed_at) for point in file.points
        ],
        "accounts": [_named(account, sql.ACCOUNT) for account in file.accounts],
        "owed": [(p.account.pk, p.past_due_since, p.amount, p.balance, p.as_of) for p in known.owed],
        "approved": [_named(version, sql.WORDING) for version in known.approved],
        "as_of": known.as_of,
        "climbed": (known.climbed_before, known.climbed_today),
        "is_live": known.is_live,
    }


def _named(row: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)
