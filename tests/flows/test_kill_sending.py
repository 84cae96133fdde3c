"""Workers die by SIGKILL at every point of a send, and at random, while people ask to be left alone.

Looked at afterwards from outside: what the carrier took, and the rows by plain SQL.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from cases import instructions
from collections_app.carrier import smtp
from collections_app.embedded.valkey import free_port
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM
from contacts.faults import POINTS
from contacts.models import PlannedContact
from tests.contacts.conftest import TOKEN, Running
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory
from tests.factories.contacts import EnrolmentFactory, PlannedContactFactory, StepFactory, TemplateFactory

TEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai, all day of the test
WORDING = {"zh-hans": "{{ salutation }}，逾期 {{ amount_due }}。"}


class Book:
    """People who each have two messages planned for the same minute, where the firm allows itself one a day."""

    def __init__(self, *, people: int, channel: str) -> None:
        creditor = CreditorFactory(
            code="kill", firm_caps={"caps": [{"channels": ["sms", "email"], "limit": 1}]}, freshness_days=3650
        )
        template = TemplateFactory(channel=channel, versions=WORDING)
        if channel == "email":
            template.versions.update(subject="{{ reference }}")
        step = StepFactory(template=template)
        again = StepFactory(template=template, segment=step.segment)
        self.numbers: dict[int, str] = {}
        for number in range(people):
            case = CaseFactory(creditor=creditor, at=TEN, points=False)
            value = f"+8619900{number:06d}" if channel == "sms" else f"person{number}@example.com"
            address = AddressFactory(kind="phone" if channel == "sms" else "email", value=value)
            ContactPointFactory(person=case.person, address=address, kind="mobile" if channel == "sms" else "email")
            enrolment = EnrolmentFactory(segment=step.segment, case=case)
            for each in (step, again):
                PlannedContactFactory(case=case, step=each, enrolment=enrolment, at=TEN, channel=channel)
            self.numbers[case.person_id] = value


def start(own_database: Any, running: Running, log: Path, **asked: Any) -> subprocess.Popen[str]:
    base = {
        "workers": 3,
        "lease_s": 1.5,
        "timeout_s": 1,
        "deaths": 3,
        "random_kills": 4,
        "at_most_s": 18,
        "at": TEN.isoformat(),
        "naive": False,
        "seed": 1,
        "log": str(log),
        "url": running.url,
        "token": TOKEN,
    }
    env = {
        **own_database.env,
        "DJANGO_SETTINGS_MODULE": "collections_app.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
        "SMS_PROVIDER_URL": f"{running.url}/sms",
        "SMS_PROVIDER_TOKEN": TOKEN,
        "WEBHOOK_SECRET": "x",
        "LOG_LEVEL": "CRITICAL",
        "VAR_DIR": str(settings.VAR_DIR),
        **asked.pop("env", {}),
    }
    script = Path(__file__).with_name("sending_workers.py")
    return subprocess.Popen(
        [sys.executable, str(script), json.dumps({**base, **asked})],
        cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.strip().splitlines()[-1])


def rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.fixture
def running() -> Any:
    carrier = Running()
    yield carrier
    carrier.close()


def ask_to_stop(book: Book, channel: str, into: dict[str, float], ended: threading.Event) -> None:
    """Let every fourth person ask for silence, one after the other; note when that was confirmed to each."""
    from django.db import connections

    for person_id, value in list(book.numbers.items())[::4]:
        if ended.is_set():
            break
        instructions.give(
            person_id=person_id, kind="opt_out", channel=channel, actor=SYSTEM, at=TEN + timedelta(seconds=1)
        )
        into[value] = time.time()
        time.sleep(0.1)
    connections.close_all()


@pytest.mark.parametrize(("channel", "people"), [("sms", 30), ("email", 20)])
@pytest.mark.slow
def test_no_crash_doubles_loses_or_hides_a_message(fresh_database, running, tmp_path, channel, people):
    book = Book(people=people, channel=channel)
    port = free_port()
    mail = smtp.start(running.store, running.faults, host="127.0.0.1", port=port)
    env = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(port), "EMAIL_USE_TLS": "0"}
    process = start(fresh_database, running, tmp_path / "deaths", channel=channel, env=env)
    silenced: dict[str, float] = {}
    ended = threading.Event()
    asking = threading.Thread(target=ask_to_stop, args=(book, channel, silenced, ended))
    asking.start()
    report = finish(process)
    ended.set()
    asking.join()
    mail.stop()

    assert report["left"] == 0, report
    assert {point: count >= 3 for point, count in report["fired"].items()} == dict.fromkeys(POINTS, True)
    arrived = running.messages(channel)
    per_key = Counter(message.key.partition("@")[0] for message in arrived)
    per_person = Counter(message.to for message in arrived)
    assert set(per_key.values()) <= {1}
    assert set(per_person.values()) <= {1}  # the firm's own limit, under all those crashes
    assert [m.to for m in arrived if m.to in silenced and m.at > silenced[m.to]] == []

    planned = dict(rows("SELECT key::text, status FROM contacts_plannedcontact"))
    assert set(planned.values()) <= {"done", "withheld", "cancelled"}
    assert rows("SELECT 1 FROM contacts_plannedcontact WHERE status <> 'done' AND reason_code = ''") == []
    fates = rows(
        "SELECT p.key::text, a.status FROM contacts_contactattempt a"
        " JOIN contacts_plannedcontact p ON p.id = a.planned_id WHERE a.status NOT IN ('withheld', 'cancelled')"
    )
    by_fate: dict[str, set[str]] = {}
    for key, fate in fates:
        by_fate.setdefault(fate, set()).add(key)
    assert set(by_fate) <= {"sent", "uncertain"}
    sent, uncertain = by_fate.get("sent", set()), by_fate.get("uncertain", set())
    assert sent <= set(per_key)  # nothing is marked as sent that did not leave
    assert set(per_key) <= sent | uncertain  # nothing left that is said not to have
    assert len(fates) == len(sent) + len(uncertain)
    assert {key for key, status in planned.items() if status == "done"} == sent | uncertain
    if channel == "sms":
        assert uncertain == set()  # this carrier can be asked
    else:
        assert len(uncertain) >= 3
    assert rows(
        "SELECT 1 FROM contacts_contactattempt a LEFT JOIN compliance_decision d ON d.id = a.decision_id"
        " WHERE a.status IN ('sent', 'uncertain') AND (d.verdict IS DISTINCT FROM 'permit')"
    ) == []  # fmt: skip


@pytest.mark.slow
def test_a_naive_sender_fails_the_same_test(fresh_database, running, tmp_path):
    """The negative control: without claims, locks and keys, this harness does show doubles."""
    Book(people=20, channel="sms")
    process = start(
        fresh_database, running, tmp_path / "deaths", channel="sms", naive=True, workers=4, random_kills=0, at_most_s=8
    )
    finish(process)
    per_row = Counter(message.reference for message in running.messages())
    per_person = Counter(message.to for message in running.messages())
    assert max(per_row.values()) > 1
    assert max(per_person.values()) > 1
    assert PlannedContact.objects.count() == 40


def test_numbers_in_the_book_are_the_ones_the_carrier_sees(fresh_database):
    book = Book(people=1, channel="sms")
    (value,) = book.numbers.values()
    planned = PlannedContact.objects.first()
    (point,) = planned.person.contact_points.all()
    assert sealed.unseal(point.address.value_sealed) == value
