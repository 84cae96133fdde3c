"""Two hundred workers through every entrance: never more than a limit in any window, no deadlock, whoever shares what.

The counts are made by SQL that knows nothing of the gate. SOAK_WORKERS and SOAK_ROUNDS make it longer.
"""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import RequestFactory
from psycopg2.errors import LockNotAvailable

from cases.models import Address, ContactPoint
from collections_app.shared.actor import SYSTEM
from collections_app.troubles import server_error
from compliance import gate
from contacts import calls, facts
from contacts.calls import CallRefused
from contacts.dispatch import carriers, claims, clearing
from contacts.models import ContactAttempt, PlannedContact
from tests.contacts.conftest import TEN, WORDING
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory

WORKERS = int(os.environ.get("SOAK_WORKERS", "200"))
PERSONS = int(os.environ.get("SOAK_PERSONS", "1000"))
LIMIT = 3
TIMES = 20  # that a worker asks before it gives up

# The most contacts of one key on one day of Shanghai, counted by nothing but time.
MOST_PER_PERSON = """
SELECT coalesce(max(n), 0) FROM (
    SELECT count(*) AS n FROM contacts_contactattempt
    WHERE status NOT IN ('withheld', 'cancelled') AND channel = ANY (%(channels)s)
    GROUP BY person_id, (at AT TIME ZONE 'Asia/Shanghai')::date
) AS counted
"""
MOST_PER_NUMBER = MOST_PER_PERSON.replace("person_id", "address_id")


def most(statement: str, *channels: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"channels": list(channels)})
        return cursor.fetchone()[0]


def patiently(work: Any, place: int, waited: list[int]) -> str:
    """Do it, and again where somebody held a lock for longer than the database lets anybody wait.

    As it is in production: nothing was done, a message is taken up by the sweep, and a person is asked to come again.
    """
    for _time in range(TIMES):
        try:
            return work(place)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            waited.append(place)
    raise AssertionError(f"nobody let go of a lock, {TIMES} times: {place}")


def at_once(work: Any, number: int, *, threads: int) -> Counter:
    """Let so many threads, each on a connection of its own and all begun together, do it; count what each time gave."""
    ready, waited = threading.Barrier(threads), []
    left = iter(range(number))
    lock = threading.Lock()

    def one(_thread: int) -> Counter:
        said: Counter = Counter()
        connections["default"].ensure_connection()
        ready.wait()
        try:
            while True:
                with lock:
                    place = next(left, None)
                if place is None:
                    return said
                said[patiently(work, place, waited)] += 1
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(one, range(threads)), Counter())
    print(f"{len(waited)} times a lock was waited for in vain")
    return total


def call(case: Any, point_id: int, place: int, **more: Any) -> str:
    at = TEN + timedelta(milliseconds=place)
    try:
        calls.open_call(case_id=case.pk, contact_point_id=point_id, actor=SYSTEM, at=at, **more)
    except CallRefused as refused:
        return "withheld" if refused.decision is not None else refused.code
    return "cleared"


@pytest.fixture
def creditors(own_database: Any) -> list[Any]:
    """Return two creditors with the same limits: three calls and three messages a day per person, and per number."""
    caps = [
        {"channels": ["phone"], "limit": LIMIT}, {"channels": ["phone"], "limit": LIMIT, "per": "contact_point"},
        {"channels": ["sms"], "limit": LIMIT}, {"channels": ["sms"], "limit": LIMIT, "per": "contact_point"},
    ]  # fmt: skip
    return [CreditorFactory(policy={"caps": caps}) for _ in range(2)]


def test_two_hundred_workers_on_one_person_through_two_entrances(creditors, settings):
    """Calls about two debts at two numbers, and messages of the night, all about one person at the same moment."""
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = "http://127.0.0.1:1/sms", "none"
    carriers.forget()
    person = PersonFactory()
    cases = [CaseFactory(person=person, creditor=creditor, at=TEN, points=False) for creditor in creditors]
    numbers = [ContactPointFactory(person=person) for _ in cases]
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    steps = [
        StepFactory(template=step.template, segment=step.segment, key=f"s{place}", position=place + 10)
        for place in range(WORKERS // 2)
    ]
    for place, own in enumerate(steps):
        PlannedContactFactory(case=cases[place % 2], step=own, at=TEN)
    waiting = iter(claims.claim_due(channel="sms", limit=WORKERS, at=TEN + timedelta(minutes=1)))
    taking = threading.Lock()

    def work(place: int) -> str:
        if place % 2:
            return f"call {call(cases[place % 4 // 2], numbers[place % 8 // 4].pk, place)}"
        with taking:
            claim = next(waiting, None)
        if claim is None:
            return "none"
        return f"sms {'withheld' if clearing.clear(claim, now=lambda: TEN) is None else 'cleared'}"

    said = at_once(work, WORKERS, threads=WORKERS)
    assert said["call cleared"] == LIMIT
    assert said["sms cleared"] == LIMIT
    assert most(MOST_PER_PERSON, "phone") == most(MOST_PER_PERSON, "sms") == LIMIT
    assert said["call withheld"] == WORKERS // 2 - LIMIT
    refused = PlannedContact.objects.filter(person=person, status="withheld").values_list("reason_code", flat=True)
    assert set(refused) == {"POLICY-CAP"}


def test_a_number_that_many_share_has_one_budget(creditors):
    """Fifty persons with one number: whoever is called, the number rings three times that day."""
    address = AddressFactory()
    cases = []
    for place in range(50):
        case = CaseFactory(creditor=creditors[place % 2], at=TEN, points=False)
        case.number = ContactPointFactory(person=case.person, address=address)
        cases.append(case)
    said = at_once(lambda place: call(cases[place % 50], cases[place % 50].number.pk, place), 100, threads=50)
    assert said["cleared"] == LIMIT
    assert ContactAttempt.objects.filter(address=address, status="cleared").count() == LIMIT


def test_a_thousand_persons_by_two_hundred_workers(creditors):
    """Hot persons and cold ones, pairs that share a number, guarantors asked about another's debt; nobody goes over."""
    people = _many(creditors, PERSONS)
    dice = random.Random(7)
    hot = people[:40]
    rounds = [dice.choice(hot if place % 3 else people) for place in range(int(os.environ.get("SOAK_ROUNDS", "1500")))]

    def work(place: int) -> str:
        case_id, point_id = rounds[place]
        try:
            calls.open_call(case_id=case_id, contact_point_id=point_id, actor=SYSTEM,
                            at=TEN + timedelta(milliseconds=place))  # fmt: skip
        except CallRefused as refused:
            return "withheld" if refused.decision is not None else refused.code
        return "cleared"

    said = at_once(work, len(rounds), threads=min(WORKERS, 200))
    assert set(said) == {"cleared", "withheld"}
    assert most(MOST_PER_PERSON, "phone") == LIMIT
    assert most(MOST_PER_NUMBER, "phone") == LIMIT
    possible = Counter(case for case, _ in rounds)
    assert said["cleared"] <= sum(min(LIMIT, number) for number in possible.values())


def test_who_waits_in_vain_for_a_lock_has_done_nothing_and_comes_again(creditors):
    """Somebody holds the person longer than anybody waits; the second call about him is a call like any other."""
    case = CaseFactory(creditor=creditors[0], at=TEN)
    holder, waited, seen = connections.create_connection("default"), [], []

    def let_go_after_the_first(place: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        try:
            return call(case, case.point.pk, place)
        except OperationalError:
            page = server_error(RequestFactory().get("/"))
            said = b"Others were at work on the same just then" in page.content
            seen.append((page.status_code, said, ContactAttempt.objects.filter(case=case).count()))
            holder.rollback()
            raise

    holder.set_autocommit(False)
    with holder.cursor() as cursor:
        cursor.execute("SELECT 1 FROM cases_person WHERE id = %s FOR UPDATE", [case.person_id])
    try:
        assert patiently(let_go_after_the_first, 0, waited) == "cleared"
    finally:
        holder.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert (waited, seen) == ([0], [(503, True, 0)])
    assert ContactAttempt.objects.filter(case=case, status="cleared").count() == 1


def _many(creditors: list[Any], number: int) -> list[tuple[int, int]]:
    """Make so many persons with a case each; every fifth shares the number of the one before."""
    first = CaseFactory(creditor=creditors[0], at=TEN)
    rows = [(first.pk, first.point.pk)]
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"number": number - 1, "case": first.pk, "point": first.point.pk})
        rows += cursor.fetchall()
    return rows


MANY = """
WITH numbered AS (
    SELECT number, nextval(pg_get_serial_sequence('cases_person', 'id')) AS person_id,
        nextval(pg_get_serial_sequence('cases_address', 'id')) AS address_id
    FROM generate_series(1, %(number)s) AS number
), persons AS (
    INSERT INTO cases_person (id, kind, name, is_named, language, jurisdiction, time_zone, document_kind,
        document_last4, vulnerability, created_at)
    SELECT person_id, 'person', 'Person ' || number, true, 'en', 'CN', 'Asia/Shanghai', '', '', 'none', '2026-01-01'
    FROM numbered RETURNING id
), addresses AS (
    INSERT INTO cases_address (id, kind, value_sealed, value_hash, value_last4, region, suppressed_reason, created_at)
    SELECT address_id, 'phone', '-', decode(md5('many' || number), 'hex'), '', '', '', '2026-01-01' FROM numbered
    RETURNING id
), points AS (
    INSERT INTO cases_contactpoint (person_id, address_id, kind, source, lawful_basis, state, time_zone, reserved,
        position, created_at)
    SELECT person_id, coalesce(CASE WHEN number %% 5 = 0 THEN lag(address_id) OVER (ORDER BY number) END, address_id),
        'mobile', 'contract', 'contract', 'unverified', '', false, 0, '2026-01-01'
    FROM numbered RETURNING id, person_id
), claims AS (
    INSERT INTO cases_locationclaim (person_id, basis, time_zone, jurisdiction, authoritative, learned_at)
    SELECT person_id, 'address', 'Asia/Shanghai', 'CN', false, '2026-01-01' FROM numbered
), borrowers AS (
    INSERT INTO cases_borrower (person_id, creditor_id, external_ref, created_at)
    SELECT person_id, (SELECT creditor_id FROM cases_case WHERE id = %(case)s), 'many' || number, '2026-01-01'
    FROM numbered RETURNING id, person_id, creditor_id
), opened AS (
    INSERT INTO cases_case (creditor_id, person_id, borrower_id, status, closed_reason, opened_on, opened_at,
        past_due_since, balance, currency, score, default_reason, default_detail, willingness, ability, is_hardship,
        next_action, next_action_at, next_action_note, version)
    SELECT creditor_id, person_id, id, 'new', '', '2026-02-01', '2026-02-01', '2026-02-01', 500, 'CNY', 0, 'unknown',
        '', 'unknown', 'unknown', false, 'call', '2026-02-01', '', 1
    FROM borrowers RETURNING id, person_id
)
SELECT opened.id, points.id FROM opened JOIN points USING (person_id) ORDER BY opened.id
"""


def test_counting_before_inserting_without_the_lock_goes_over(creditors):
    """The negative control: the same calls, decided by the same gate, written without having locked anybody."""
    case = CaseFactory(creditor=creditors[0], at=TEN)

    def naive(place: int) -> str:
        at = TEN + timedelta(milliseconds=place)
        with transaction.atomic():
            file = facts.of_case(case.pk, at=at)
            question = file.question(channel="phone", contact_point_id=case.point.pk, content_class="phone")
            decision = gate.decide(question, file.facts(case.point.pk), actor=SYSTEM, at=at, entrance="test",
                                   creditor_id=case.creditor_id)  # fmt: skip
            if not decision.permitted:
                return "withheld"
            ContactAttempt.objects.create(
                person_id=case.person_id, contacted_id=case.person_id, creditor_id=case.creditor_id, case=case,
                contact_point=case.point, address_id=case.point.address_id, decision_id=decision.decision_id,
                channel="phone", content_class="phone", at=at, valid_from=decision.valid_from,
                valid_until=decision.valid_until, recorded_at=at,
            )  # fmt: skip
        return "cleared"

    assert at_once(naive, 60, threads=60)["cleared"] > LIMIT


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", ""])
def test_without_redis_a_limit_holds_all_the_same(creditors, settings, address):
    """Nothing that counts is asked of Redis: with none there, the same calls are refused."""
    settings.REDIS_URL = settings.CELERY_BROKER_URL = address
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                                   "LOCATION": address or "redis://127.0.0.1:1/0"}}  # fmt: skip
    case = CaseFactory(creditor=creditors[0], at=TEN)
    said = [call(case, case.point.pk, place) for place in range(LIMIT + 2)]
    assert said == ["cleared"] * LIMIT + ["withheld"] * 2


def test_a_flushed_redis_gives_no_budget_back(creditors, broker, settings):
    import redis

    settings.REDIS_URL = broker
    case = CaseFactory(creditor=creditors[0], at=TEN)
    said = []
    for place in range(LIMIT + 2):
        redis.Redis.from_url(broker).flushall()
        said.append(call(case, case.point.pk, place))
    assert said == ["cleared"] * LIMIT + ["withheld"] * 2
    assert Address.objects.filter(pk=case.point.address_id).exists()
    assert ContactPoint.objects.filter(pk=case.point.pk).exists()
