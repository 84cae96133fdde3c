"""The one statement finds what a plain reading finds, whatever the history; and as much of it as any rule can use."""

import json
import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from cases import instructions
from cases.models import Consent, FirmPolicyVersion, LocationClaim, PartyRole, Plan
from collections_app.shared.actor import SYSTEM
from compliance import look_back
from contacts import facts
from contacts.facts import sql
from contacts.facts.casefile import NOTICE_RECORDS
from contacts.models import ContactAttempt, StopOrder
from contacts.models.attempt import NOTICES, OWING, SAID_ONCE
from tests.contacts import plain_facts
from tests.contacts.conftest import TEN
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    InstructionFactory,
    PersonFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
KINDS = [
    {"completed": True, "outcome": "conversation"}, {"completed": True, "outcome": "no_answer"}, {}, {"sms": True},
    {"delivered": True}, {"failed": True}, {"uncertain": True}, {"withheld": True}, {"inbound": True},
    {"reported": True}, {"completed": True, "outcome": "third_party_refused", "party": "relative"},
    {"content_class": "validation_notice", "sms": True}, {"purpose": "opt_out_confirmation", "sms": True},
]  # fmt: skip


class World:
    """A few people with shared numbers, two creditors, and a random past."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.creditors = [CreditorFactory(), CreditorFactory(gb=True)]
        self.people = [
            PersonFactory(), PersonFactory(london=True), PersonFactory(location=False, jurisdiction=""),
        ]  # fmt: skip
        addresses = [AddressFactory() for _ in range(3)]
        for person in self.people:
            for place, address in enumerate(self.dice.sample(addresses, self.dice.randint(1, 3))):
                kind = self.dice.choice(["mobile", "work_phone", "home_phone"])
                ContactPointFactory(
                    person=person, address=address, kind=kind, position=self.dice.randint(0, 2),
                    state=self.dice.choice(["unverified", "unverified", "bad"]), reserved=place == 1,
                    time_zone=self.dice.choice(["", "Asia/Urumqi"]),
                )  # fmt: skip
        self.cases = [
            CaseFactory(at=TEN, person=self.people[0], creditor=self.creditors[0]),
            CaseFactory(at=TEN, person=self.people[0], creditor=self.creditors[1]),
            CaseFactory(at=TEN, person=self.people[1], creditor=self.creditors[0], promised=True),
        ]
        AccountFactory(person=self.people[0], product=self.cases[0].account.product, on=TEN.date())
        for _ in range(self.dice.randint(0, 25)):
            self._contact()
        for _ in range(self.dice.randint(0, 8)):
            self._wish()
        self._state()

    def ago(self) -> datetime:
        """Return an instant of the last months, sometimes on the edge of the window, sometimes a little ahead."""
        window = look_back.longest(TEN)
        return TEN - self.dice.choice(
            [
                timedelta(minutes=self.dice.randint(1, 60 * 24 * 200)), timedelta(hours=self.dice.randint(1, 48)),
                window, window + timedelta(microseconds=1), timedelta(days=100), timedelta(seconds=-20),
            ]
        )  # fmt: skip

    def _contact(self) -> None:
        case, whom = self.dice.choice(self.cases), self.dice.choice(self.people)
        point = self.dice.choice([None, *whom.contact_points.order_by("pk")])
        kind = dict(self.dice.choice(KINDS))
        kind.setdefault("party", "debtor" if whom == case.person else self.dice.choice(["guarantor", "relative"]))
        AttemptFactory(case=case, contacted=whom, contact_point=point, at=self.ago(), **kind)

    def _wish(self) -> None:
        person = self.dice.choice(self.people)
        point = self.dice.choice([None, *person.contact_points.order_by("pk")])
        at = self.ago()
        told = InstructionFactory(
            person=person, kind=self.dice.choice(["opt_out", "cease_request", "third_party_refused"]),
            channel=self.dice.choice(["", "sms"]), contact_point=point, address=point.address if point else None,
            received_at=at, recorded_at=at, creditor=self.dice.choice([None, *self.creditors]),
            expires_at=self.dice.choice([None, TEN + timedelta(days=1)]),
        )  # fmt: skip
        if self.dice.random() < 0.3:
            instructions.withdraw(instruction_id=told.pk, reason="mistake", actor=SYSTEM, at=TEN - timedelta(hours=1))

    def _state(self) -> None:
        dice, case = self.dice, self.cases[0]
        for kind in dice.sample(["dispute", "hardship", "breathing_space", "deceased"], dice.randint(0, 3)):
            HoldFactory(case=case, kind=kind, starts_at=self.ago(), recorded_at=TEN, creditor=dice.choice(
                [None, self.creditors[0]]), released=dice.random() < 0.4)  # fmt: skip
        if dice.random() < 0.5:
            details = {"days": ["Sun"], "start": "20:00", "end": "22:00"}
            Consent.objects.create(person=dice.choice(self.people), kind="consent_time", details=details,
                                   given_at=self.ago(), recorded_at=TEN)  # fmt: skip
        PromiseFactory(case=self.cases[2], broken=dice.random() < 0.5, made_at=TEN - timedelta(days=9))
        plan = Plan.objects.create(
            case=case, person=case.person, creditor=case.creditor, status="draft", total="300.00", currency="CNY",
            months=3, first_due_on=TEN.date(), drafted_at=TEN,
        )  # fmt: skip
        if dice.random() < 0.7:
            plan.approve(by=None, at=TEN - timedelta(days=1))
            plan.save()
        PartyRole.objects.create(borrower=case.borrower, person=self.people[1], role="guarantor",
                                 since=self.ago() - timedelta(days=1),
                                 until=dice.choice([None, TEN + timedelta(days=1)]))  # fmt: skip
        for person in dice.sample(self.people, 2):
            LocationClaim.objects.create(
                person=person, basis="statement", time_zone="Asia/Urumqi", jurisdiction="CN", learned_at=self.ago(),
                authoritative=dice.random() < 0.5, ended_at=dice.choice([None, TEN - timedelta(days=9)]),
            )  # fmt: skip
        for days in dice.sample([-1, 1, 5], dice.randint(0, 3)):
            FirmPolicyVersion.objects.create(
                creditor=self.creditors[0], in_force_from=TEN - timedelta(days=days), opens="09:00", closes="20:00",
                document={"caps": [{"channels": ["sms"], "limit": days + 2}]}, reason="test", recorded_at=TEN,
            )  # fmt: skip
        if dice.random() < 0.5:
            StopOrder.objects.create(scope="channel", target="sms", reason="test", ordered_at=TEN)


@pytest.mark.parametrize("seed", range(int(os.environ.get("FACTS_EXAMPLES", "12"))))
def test_the_statement_finds_what_a_plain_reading_finds(seed: int):
    world = World(seed)
    window = look_back.longest(TEN)
    for case in world.cases:
        for whom in (None, world.people[1].pk):
            for at, live in ((TEN, True), (TEN, False), (TEN - timedelta(days=3), False)):
                read = facts.of_case(case.pk, at=at, contacted_id=whom, live=live).found
                plain = plain_facts.found(case.pk, at=at, contacted_id=whom, live=live, window=window)
                for name in read._fields:
                    assert getattr(read, name) == getattr(plain, name), name


def test_a_cap_of_the_firm_that_counts_longer_than_any_law_is_counted_to_its_end():
    creditor = CreditorFactory(policy={"caps": [{"channels": ["phone"], "limit": 1, "days": 300}]})
    case = CaseFactory(at=TEN, creditor=creditor)
    AttemptFactory(case=case, completed=True, at=TEN - timedelta(days=299))
    (event,) = facts.of_case(case.pk, at=TEN).facts(case.point.pk).contacts
    assert event.at == TEN - timedelta(days=299)


def test_the_words_of_statement_index_and_facts_are_the_same():
    assert list(NOTICE_RECORDS) == NOTICES
    for word in (*NOTICES, *OWING, *SAID_ONCE):
        assert f"'{word}'" in sql.REMEMBERED


def _plan(case: Any) -> list[dict[str, Any]]:
    """Return every scan of the statement's plan."""
    text = sql.FACTS_OF_A_CASE
    since = (TEN - look_back.longest(TEN)).isoformat()
    given = {
        "$1": str(case.pk),
        "$2": "NULL::bigint",
        "$3": f"'{TEN.isoformat()}'::timestamptz",
        "$4": "true",
        "$5": f"'{since}'::timestamptz",
        "$6": "'infinity'::timestamptz",
    }
    for mark, value in given.items():
        text = text.replace(mark, value)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {text.replace('%', '%%')}")
        ((found,),) = cursor.fetchall()
    (plan,) = json.loads(found) if isinstance(found, str) else found
    scans: list[dict[str, Any]] = []

    def walk(node: dict[str, Any]) -> None:
        if node.get("Alias", "").startswith("attempt"):
            scans.append(node)
        for child in node.get("Plans", []):
            walk(child)

    walk(plan["Plan"])
    return scans


def test_a_long_history_is_not_read():
    """Of 400 old calls at most a handful of rows is touched, whatever index finds them."""
    case = CaseFactory(at=TEN)
    first = AttemptFactory(case=case, completed=True, at=TEN - timedelta(days=90), origin="reported", decision=None,
                           to="recorded")  # fmt: skip
    ContactAttempt.objects.bulk_create(
        ContactAttempt(
            person=case.person,
            contacted=case.person,
            creditor=case.creditor,
            case=case,
            contact_point=case.point,
            address=case.point.address,
            origin="reported",
            channel="phone",
            status="recorded",
            outcome="no_answer",
            at=first.at - timedelta(hours=number),
            recorded_at=TEN,
        )
        for number in range(400)
    )
    touched = sum(
        node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0) for node in _plan(case)
    )
    assert touched <= 5
