"""A simulated day of sending is the day that dispatch would have, row for row, and leaves nothing behind."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from cases.closing import Close, Span
from cases.models import Case, ContactPoint, Creditor, LocationClaim
from collections_app.shared.actor import SYSTEM
from compliance import gate
from compliance.models import Decision
from contacts import dispatch
from contacts.channels import catalogue
from contacts.facts import of_case
from contacts.models import ContactAttempt, PlannedContact, StopOrder
from contacts.rehearsal import answers as answers_module
from contacts.rehearsal import sending, sql_sending
from contacts.rehearsal.answers import Answers
from contacts.rehearsal.sending import Sent, send_day
from tests.contacts.conftest import TEN, Clock
from tests.factories.cases import (
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    InstructionFactory,
    PersonFactory,
)
from tests.factories.contacts import AttemptFactory, PlannedContactFactory, SegmentFactory, StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db
WHOLE = Span(0, 2**62)
DAY = TEN.date()
MIDNIGHT = datetime.fromisoformat("2026-03-04T00:00:00+08:00")
A_DAY = timedelta(days=1)
TEXT = "{{ creditor_name }}: {{ amount_due }} is past due. This is a debt collector. {{ opt_out }}"

CHINESE = "【{{ creditor_name }}】{{ salutation }}，逾期 {{ amount_due }}，{{ opt_out }}。"
PAST = [{"sms": True}, {"completed": True}, {"completed": True, "outcome": "conversation"}]


def close_of(creditor: Creditor) -> Close:
    """Return the close that prepares the day of the tests."""
    return Close(creditor, DAY - timedelta(days=1), 0, SYSTEM, MIDNIGHT)


def rehearse(creditor: Creditor, **how: Any) -> list[Sent]:
    return list(send_day(close_of(creditor), WHOLE, **how))


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done inside, on a private copy of the attempts: a real one begins with its permit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE contacts_contactattempt (LIKE public.contacts_contactattempt INCLUDING ALL)")
        cursor.execute("INSERT INTO pg_temp.contacts_contactattempt SELECT * FROM public.contacts_contactattempt")
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        yield
        transaction.set_rollback(True)


def book() -> dict[str, list[tuple[Any, ...]]]:
    """Return what a day leaves of rows, attempts and cases."""
    rows = PlannedContact.objects.order_by("pk")
    left = ContactAttempt.objects.filter(planned__isnull=False, status="sent").order_by("planned")
    return {
        "rows": list(rows.values_list("pk", "status", "reason_code", "try_again_at", "tries", "claim", "finished_at")),
        "attempts": list(
            left.values_list(
                "planned", "at", "channel", "purpose", "content_class", "contact_point", "address", "debts",
                "template_version", "outcome", "started_at",
            )
        ),
        "cases": list(Case.objects.order_by("pk").values_list("pk", "last_contact_at")),
    }  # fmt: skip


def live_through(creditor: Creditor) -> dict[int, tuple[str, str]]:
    """Let dispatch send the day, its clock moved from one due row to the next; return what became of each row."""
    clock, ends_at = Clock(MIDNIGHT), MIDNIGHT + A_DAY
    seen: dict[int, tuple[str, str]] = {}
    while True:
        due = PlannedContact.objects.filter(
            status__in=["planned", "withheld"], try_again_at__lt=ends_at, automated=True, creditor=creditor
        )
        first = due.order_by("try_again_at").values_list("try_again_at", flat=True).first()
        if first is None:
            return seen
        clock.at = max(clock.at, first)
        looked_at = list(due.filter(try_again_at__lte=clock.at).values_list("pk", flat=True))
        for channel in catalogue.SENDING:
            dispatch.run(channel=channel, limit=500, budget_s=30, now=clock)
        for row in PlannedContact.objects.filter(pk__in=looked_at):
            refused = Decision.objects.filter(pk=row.decision_id, verdict="refuse", at=clock.at).exists()
            outcome = "sent" if row.status == "done" else "withheld" if refused else "obstacle"
            seen[row.pk] = outcome, row.reason_code


def compared(creditor: Creditor) -> tuple[Any, Any]:
    """Return the simulated day and the real one."""
    with undone():
        said = {one.planned_id: (one.outcome, one.reason) for one in rehearse(creditor)}
        simulated = said, book()
    return simulated, (live_through(creditor), book())


class Book:
    """A book of one creditor with everything that stands in the way of a message somewhere in it."""

    def __init__(self, seed: int, *, people: int = 7) -> None:
        self.dice = random.Random(seed)
        dice = self.dice
        self.creditor = CreditorFactory(
            policy={"caps": [{"channels": ["sms", "email"], "limit": dice.randint(1, 3), "days": dice.choice([1, 7])}]},
            freshness_days=dice.choice([35, 35, 35, 0]),
        )  # fmt: skip
        self.segment = SegmentFactory()
        self.steps = [
            StepFactory(
                segment=self.segment,
                template=TemplateFactory(
                    channel=channel,
                    versions={"en": dice.choice([TEXT, TEXT, "{{ plan_total }}"])}
                    | ({"zh-hans": CHINESE} if dice.random() < 0.8 else {}),
                ),
                severity=severity,
            )
            for severity, channel in ((1, "sms"), (2, "sms"), (3, dice.choice(["sms", "email", "letter"])))
        ]  # fmt: skip
        self.shared = [AddressFactory() for _ in range(2)]
        for _ in range(people):
            self._person()

    def _person(self) -> None:
        dice = self.dice
        person = PersonFactory(
            **dice.choice([{}, {}, {}, {"new_york": True}, {"los_angeles": True}, {"london": True}, {"unnamed": True},
                           {"location": False, "jurisdiction": ""}])
        )  # fmt: skip
        case = CaseFactory(at=TEN, person=person, creditor=self.creditor, dpd=dice.choice([0, 12, 12, 12, 95]))
        for place in range(dice.randint(0, 2)):
            address = dice.choice([*self.shared, AddressFactory()])
            if not ContactPoint.objects.filter(person=person, address=address).exists():
                ContactPointFactory(person=person, address=address, position=place,
                                    **dice.choice([{"verified": True}, {}, {"bad": True}]))  # fmt: skip
        for _ in range(dice.choice([0, 0, 1, 2, 6])):
            point = dice.choice([*person.contact_points.order_by("pk"), None])
            at = MIDNIGHT - timedelta(minutes=dice.randint(1, 60 * 24 * 8))
            AttemptFactory(case=case, contact_point=point, at=at, **dice.choice(PAST))
        if dice.random() < 0.25:
            HoldFactory(case=case, kind=dice.choice(["dispute", "hardship", "complaint", "deceased"]),
                        starts_at=MIDNIGHT - A_DAY, recorded_at=MIDNIGHT - A_DAY)  # fmt: skip
        if dice.random() < 0.3:
            point = dice.choice([None, *person.contact_points.order_by("pk")])
            InstructionFactory(person=person, kind=dice.choice(["opt_out", "cease_request", "inconvenient_window"]),
                               channel="sms", contact_point=point, address=point.address if point else None,
                               details={"days": ["Wed"], "start": "09:00", "end": "11:30"},
                               received_at=MIDNIGHT - A_DAY, recorded_at=MIDNIGHT - A_DAY)  # fmt: skip
        if dice.random() < 0.2:
            LocationClaim.objects.create(person=person, basis="statement", time_zone="Asia/Urumqi", jurisdiction="CN",
                                         learned_at=MIDNIGHT - A_DAY, authoritative=dice.random() < 0.5)  # fmt: skip
        for step in dice.sample(self.steps, dice.randint(1, 3)):
            due = MIDNIGHT + timedelta(minutes=dice.choice([-300, 0, 419, 480, 485, 600, 1190, 1300, 1430]))
            row = PlannedContactFactory(
                case=case, step=step, at=due, severity=step.severity, priority=dice.choice([0, 0, 5]),
                expires_at=dice.choice([MIDNIGHT + A_DAY, MIDNIGHT + 2 * A_DAY, due + timedelta(hours=5)]),
            )  # fmt: skip
            if dice.random() < 0.1:
                type(row).objects.filter(pk=row.pk).update(automated=False)


@pytest.mark.parametrize("seed", range(int(os.environ.get("SENDING_EXAMPLES", "8"))))
def test_a_simulated_day_is_the_day_that_dispatch_has(seed: int, carrier: Any):
    simulated, real = compared(Book(seed).creditor)
    assert simulated[0] == real[0]
    assert simulated[1] == real[1]


@pytest.mark.parametrize("what", ["order", "shares"])
def test_a_simulation_that_forgets_something_is_found_out(what: str, carrier: Any, monkeypatch: Any):
    if what == "order":
        monkeypatch.setattr(sending._Row, "order", lambda row: -row.planned.pk)
    else:
        monkeypatch.setattr(sending._Groups, "join", lambda *_: None)
    shared = AddressFactory()
    creditor = CreditorFactory(policy={"caps": [{"channels": ["sms"], "limit": 1, "days": 1, "per": "contact_point"}]})
    step = StepFactory(template=TemplateFactory(versions={"zh-hans": "【{{ creditor_name }}】{{ opt_out }}。"}))
    for minutes in (700, 600, 601):
        person = PersonFactory()
        case = CaseFactory(at=TEN, person=person, creditor=creditor)
        ContactPoint.objects.filter(person=person, kind="mobile").update(address=shared)
        PlannedContactFactory(case=case, step=step, at=MIDNIGHT + timedelta(minutes=minutes))
    simulated, real = compared(creditor)
    assert sorted(outcome for outcome, _ in real[0].values()) == ["sent", "withheld", "withheld"]
    assert simulated[0] != real[0]


def late_rows(creditor: Creditor, **fields: Any) -> list[PlannedContact]:
    """Return rows that are due a quarter of an hour before the day ends, so that few tries are left."""
    step = StepFactory(template=TemplateFactory())
    at = MIDNIGHT + A_DAY - timedelta(minutes=14)
    made = {"step": step, "at": at, "expires_at": MIDNIGHT + 2 * A_DAY}
    return [PlannedContactFactory(case=CaseFactory(at=TEN, creditor=creditor), **made | fields) for _ in range(2)]


@pytest.mark.parametrize("scope", ["creditor", "strategy", "template"])
def test_what_is_stopped_by_order_is_tried_every_five_minutes_and_stays(scope: str, carrier: Any):
    creditor = CreditorFactory()
    row, _ = late_rows(creditor)
    codes = {
        "creditor": creditor.code,
        "strategy": row.step.segment.version.strategy.code,
        "template": row.template.code,
    }
    StopOrder.objects.create(scope=scope, target=codes[scope], reason="test", ordered_at=TEN)
    simulated, real = compared(creditor)
    assert simulated == real
    assert set(simulated[0].values()) == {("obstacle", "stopped")}
    assert {tries for *_, tries, _, _ in simulated[1]["rows"]} == {3}


@pytest.mark.parametrize("scope", ["everything", "channel"])
def test_the_rows_of_a_channel_that_is_stopped_keep_their_place(scope: str):
    creditor = CreditorFactory()
    late_rows(creditor)
    StopOrder.objects.create(scope=scope, target="sms" if scope == "channel" else "", reason="test", ordered_at=TEN)
    before = book()
    with undone():
        assert {(one.outcome, one.reason) for one in rehearse(creditor)} == {("obstacle", "stopped")}
        assert book() == before


def test_who_shares_an_address_is_read_once_for_the_address_and_not_for_each_two_of_them():
    shared, other = AddressFactory(), AddressFactory()
    many = sorted(ContactPointFactory(address=shared).person_id for _each in range(20))
    two = sorted([many[0], ContactPointFactory(address=other).person_id])
    ContactPointFactory(address=other, person_id=many[0])
    ContactPointFactory(person_id=many[1])  # of one person alone: nobody shares it
    rows = [sorted(persons) for (persons,) in sql_sending.SHARING.rows([many])]
    assert sorted(rows) == sorted([many, two])


def test_only_the_persons_asked_for_are_simulated(carrier: Any):
    creditor = CreditorFactory()
    step = StepFactory(template=TemplateFactory(versions={"zh-hans": CHINESE}))
    first, second = (
        PlannedContactFactory(case=CaseFactory(at=TEN, creditor=creditor), step=step, at=TEN) for _ in "12"
    )
    with undone():
        assert [one.planned_id for one in rehearse(creditor, limit_to=[first.person_id])] == [first.pk]
    with undone():
        assert sorted(one.planned_id for one in rehearse(creditor)) == sorted([first.pk, second.pk])
    with undone():
        assert list(send_day(close_of(creditor), Span(second.person_id, 2**62))) == []


def test_a_person_whose_morning_is_after_the_creditors_midnight_is_decided_in_the_next_days_run(carrier: Any):
    creditor = CreditorFactory()
    step = StepFactory(template=TemplateFactory(versions={"zh-hans": CHINESE}))
    case = CaseFactory(at=TEN, creditor=creditor)
    row = PlannedContactFactory(
        case=case, step=step, at=MIDNIGHT + timedelta(hours=34), expires_at=MIDNIGHT + 2 * A_DAY
    )
    with undone():
        assert rehearse(creditor) == []
        next_day = Close(creditor, DAY, 0, SYSTEM, MIDNIGHT + A_DAY)
        (sent,) = send_day(next_day, WHOLE)
        assert (sent.planned_id, sent.outcome, sent.at) == (row.pk, "sent", MIDNIGHT + timedelta(hours=34))


def asked(case: Case, at: datetime) -> tuple[Any, Any]:
    """Return the question and the facts of a text message to this case."""
    file = of_case(case.pk, at=at)
    question = file.question(channel="sms", contact_point_id=case.point.pk, automated=True)
    return replace(question, identity_stated=True, opt_out_notice=True, purpose_stated=True), file.facts(case.point.pk)


def test_what_is_asked_again_about_somebody_alike_is_answered_from_memory_and_nothing_else_is():
    creditor = CreditorFactory()
    alike = [CaseFactory(at=TEN, creditor=creditor) for _ in range(3)]
    elsewhere = CaseFactory(at=TEN, creditor=creditor, person=PersonFactory(new_york=True))
    older = CaseFactory(at=TEN, creditor=creditor, dpd=40)
    called = CaseFactory(at=TEN, creditor=creditor)
    AttemptFactory(case=called, completed=True, at=TEN - timedelta(hours=1))
    answers = Answers()
    for at in (TEN, TEN + timedelta(hours=13)):
        for case in (*alike, elsewhere, older, called):
            question, facts = asked(case, at)
            outcome = gate.preview(question, facts)
            expected = None if outcome.permitted else (outcome.failing, outcome.next_permitted)
            assert answers.refusal(question, facts) == expected
    assert (answers.asked, answers.known) == (12, 4)


def test_a_memory_that_forgets_the_hour_is_found_out(monkeypatch: Any):
    case, answers = CaseFactory(at=TEN), Answers()
    monkeypatch.setattr(answers_module, "_key", lambda *_: "everybody")
    said = [answers.refusal(*asked(case, at)) for at in (TEN, TEN + timedelta(hours=13))]
    assert said[0] is None
    assert said[1] is None  # at eleven at night
    assert not gate.preview(*asked(case, TEN + timedelta(hours=13))).permitted
