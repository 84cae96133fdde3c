"""The ways in: each tries to reach a person, and then says, from outside, whether somebody was reached."""

import hashlib
import hmac
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases.imports import loader
from cases.models import AccountState
from collections_app.management.drill import sql
from collections_app.management.drill.world import Subject, World, real_now
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from compliance import gate
from contacts import facts, night, tasks
from contacts.channels.receipts import HEADER
from contacts.models import ContactAttempt, PlannedContact

Enter = Callable[[World, Subject, str], None]
Leak = Callable[[World, Subject, str], str]
_API: Final = "/api/v1/"


def left(world: World, subject: Subject, channel: str) -> str:
    """Return what shows that the person was, or is about to be, contacted; nothing where he was left alone."""
    taken, made = world.taken_by_carrier(subject), world.standing(subject)
    if taken:
        return f"the carrier took {taken}"
    return f"attempts {', '.join(made)}" if made else ""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way in and the channels that it serves."""

    name: str
    channels: tuple[str, ...]
    enter: Enter
    leak: Leak = left


def _screen(world: World, subject: Subject, channel: str) -> None:
    """A collector presses the key that dials."""
    page = reverse("contacts:call", args=[subject.case.ref])
    answer = world.browser().post(page, {"point": subject.point.pk})
    if answer.status_code != 302 or answer["Location"] != reverse("cases:case", args=[subject.case.ref]):
        raise RuntimeError(f"the page of the case answered {answer.status_code}")


def _api(world: World, subject: Subject, channel: str) -> None:
    """A dialler asks for the call."""
    body = {"case": subject.case.ref, "contact_point": world.point_ref(subject)}
    _posted(Client().post(f"{_API}calls", body, content_type="application/json",
                          headers=world.headers_of(subject, f"ask-{subject.case.pk}")))  # fmt: skip


def _agency(world: World, subject: Subject, channel: str) -> None:
    """An agency tells of a call that it has made: too late to refuse, but not to flag."""
    body = {
        "case": subject.case.ref,
        "contact_point": world.point_ref(subject),
        "happened_at": clock.now().isoformat(),
        "outcome": "no_answer",
    }
    _posted(Client().post(f"{_API}calls/report", body, content_type="application/json",
                          headers=world.headers_of(subject, f"told-{subject.case.pk}")))  # fmt: skip


def _unflagged(world: World, subject: Subject, channel: str) -> str:
    told = ContactAttempt.objects.filter(person_id=subject.case.person_id, origin="reported", flagged_rule="")
    newest = told.filter(outcome="no_answer").order_by("-pk").first()
    return "the report stands unflagged" if newest is not None and newest.made_by_id is None else ""


def _task(world: World, subject: Subject, channel: str) -> None:
    """A worker finds a message that is due."""
    world.plan(subject)
    tasks.dispatch_due(channel=channel)


def _webhook(world: World, subject: Subject, channel: str) -> None:
    """A worker finds a message that is due; the carrier swears that it was delivered, and the person asks for more."""
    planned = world.plan(subject)
    tasks.dispatch_due(channel=channel)
    _signed({"type": "receipt", "channel": channel, "event_id": f"r{planned.pk}", "id": "", "key": str(planned.key),
             "status": "delivered"})  # fmt: skip
    _signed({"type": "reply", "channel": channel, "event_id": f"a{planned.pk}", "from": subject.value,
             "text": "please send me the details again"})  # fmt: skip
    tasks.dispatch_due(channel=channel)


def _tape(world: World, subject: Subject, channel: str) -> None:
    """The creditor's next tape names the person as if nothing had been said; the night plans, a worker sends."""
    at = clock.now()
    ended = (at - timedelta(days=1)).date()
    state = AccountState.objects.filter(person_id=subject.case.person_id).latest("pk")
    number = subject.case.borrower.external_ref.removeprefix("T")
    rows = (
        "account_number,borrower_ref,name,mobile,balance,oldest_unpaid_due_date,currency",
        f"account {number},T{number},Person {number},{subject.value},650.00,{state.oldest_unpaid_due_on},"
        f"{subject.case.currency}",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tape.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        loader.import_tape(path, mapping="auto", creditor=subject.case.creditor, as_of=ended, actor=SYSTEM, at=at)
    night.close_of_day(creditor_id=subject.case.creditor_id, business_date=ended, at=at)
    due = PlannedContact.objects.filter(person_id=subject.case.person_id, channel=channel).order_by("-pk").first()
    if due is not None:
        subject.planned = due
        world.shift_to(max(due.planned_for, at) + timedelta(seconds=1))
    tasks.dispatch_due(channel=channel)


def _database(world: World, subject: Subject, channel: str) -> None:
    """Somebody writes the attempt past the product, on whatever the gate has said last."""
    at = clock.now()
    file = facts.of_case(subject.case.pk, at=at)
    gate.decide(
        file.question(channel=channel, contact_point_id=subject.point.pk, content_class=channel),
        file.facts(subject.point.pk),
        actor=SYSTEM,
        at=at,
        entrance="drill",
        creditor_id=subject.case.creditor_id,
        case_id=subject.case.pk,
    )
    columns: dict[str, Any] = {
        "person": subject.case.person_id,
        "creditor": subject.case.creditor_id,
        "case": subject.case.pk,
        "point": subject.point.pk,
        "address": subject.point.address_id,
        "channel": channel,
        "at": at,
        "until": at + gate.PERMIT_LASTS,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.INSERT, columns)
            cursor.execute(sql.CHECK_NOW)
    except DatabaseError:
        pass  # refused, as it should be; the judge looks at the rows
    finally:
        with connection.cursor() as cursor:
            cursor.execute(sql.CHECK_LATER)


def _posted(answer: Any) -> None:
    if answer.status_code not in (200, 201, 404, 409, 422):
        raise RuntimeError(f"the API answered {answer.status_code}")


def _signed(event: dict[str, Any]) -> None:
    """Bring an event with the carrier's signature."""
    body, stamp = json.dumps(event).encode(), int(real_now().timestamp())
    digest = hmac.new(settings.WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"host": "localhost", HEADER: f"t={stamp},v1={digest}"}
    answer = Client().post(f"{_API}webhooks/receipts", body, content_type="application/json", headers=headers)
    if answer.status_code != 204:
        raise RuntimeError(f"the webhook answered {answer.status_code}")


ALL: Final = (
    Entrance("screen", ("phone",), _screen),
    Entrance("api", ("phone",), _api),
    Entrance("task", ("sms", "email"), _task),
    Entrance("webhook", ("sms",), _webhook),
    Entrance("agency", ("phone",), _agency, _unflagged),
    Entrance("import", ("sms",), _tape),
    Entrance("database", ("phone",), _database),
)
