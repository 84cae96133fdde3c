"""A disk is full: for files, uploads, logs, or in the database. Nothing is half done, nothing leaves unproved, and it
goes on by itself when there is room again.

No test needs more rights than anybody has: a limit on the size of files that this process may write, /dev/full, and a
database that answers a write with `disk_full` as PostgreSQL does.
"""

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from cases.models import ImportBatch
from collections_app.shared import sealed
from collections_app.troubles import gave_way
from compliance.models import Decision
from contacts import dispatch, inbound
from contacts.inbound.attachments import Attached, read
from contacts.inbound.receiving import Incoming
from contacts.models import ContactAttempt, InboundMessage
from tests.contacts.conftest import TEN, TOKEN, WORDING, Clock, Running, carrier, now  # noqa: F401  (fixtures)
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory
from tests.factories.staff import UserFactory

FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
"""
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 400


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse this process whatever would make a file larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_room_for(own: Any, event: str, table: str) -> Iterator[None]:
    """Let the database answer a write with `disk_full`."""
    link = psycopg2.connect(own.owner_url)
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute(f"{FULL} CREATE TRIGGER a_full_disk BEFORE {event} ON {table} EXECUTE FUNCTION no_room()")
        try:
            yield
        finally:
            cursor.execute(f"DROP TRIGGER a_full_disk ON {table}; DROP FUNCTION no_room()")
            link.close()


def files_of(folder: str) -> list[Path]:
    return [path for path in (Path(settings.MEDIA_ROOT) / folder).rglob("*") if path.is_file()]


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_file_that_finds_no_room_is_brought_again_and_its_words_were_in_force_at_once(at: Any):
    case = CaseFactory()
    point = case.person.contact_points.get(kind="mobile")
    number = sealed.unseal(point.address.value_sealed)
    came = Incoming(source="t", event_id="1", channel="sms", sender=number, text="STOP",
                    files=(Attached("a.jpg", PICTURE),))  # fmt: skip
    before = files_of("inbound")
    with no_file_larger_than(4096), pytest.raises(OSError) as raised:
        inbound.take(came, at=at)
    assert gave_way(raised.value)
    assert files_of("inbound") == before  # not even a part of it
    assert case.person.instructions.filter(kind="opt_out").count() == 1
    assert inbound.take(came, at=at).message.pk == InboundMessage.objects.get().pk
    (file,) = InboundMessage.objects.get().attachments.all()
    assert (read(file), file.refused) == (PICTURE, "")
    assert case.person.instructions.filter(kind="opt_out").count() == 1


@pytest.mark.django_db
def test_an_upload_that_finds_no_room_says_so_and_loads_nothing(at: Any):
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(admin=True))
    rows = b"account,name\n" + b"1,A\n" * 40_000

    def upload() -> Any:
        return client.post(reverse("cases:imports"), {"file": SimpleUploadedFile("tape.csv", rows, "text/csv")})

    with no_file_larger_than(65_536):
        answer = upload()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "a disk is full" in answer.content.decode()
    assert not ImportBatch.objects.exists()
    assert upload().status_code != 503  # the control: with room the same upload is looked at


@pytest.mark.django_db
def test_a_defect_of_ours_is_not_called_a_full_disk(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("ours")

    monkeypatch.setattr("contacts.channels.providers.in_use", broken)
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(supervisor=True))
    assert client.get(reverse("contacts:providers")).status_code == 500


# -- the database and the logs -----------------------------------------------------------------------------------------


@pytest.fixture
def planned(fresh_database: Any, carrier: Running) -> Any:  # noqa: F811
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    return PlannedContactFactory(case=CaseFactory(at=TEN), step=step, at=TEN)


def lapse(row: Any) -> None:
    """Let the lease of a row end now."""
    type(row).objects.filter(pk=row.pk, status="claimed").update(lease_until=TEN - timedelta(days=1))


def goes_on(carrier: Running, row: Any) -> list[str]:  # noqa: F811
    """Run what runs every minute; return to whom something went."""
    clock = Clock(TEN)
    for _ in range(3):
        lapse(row)
        dispatch.sweep(now=clock)
        clock.move(minutes=1)
        dispatch.run(channel="sms", limit=5, now=clock)
    row.refresh_from_db()
    return [each.reference for each in carrier.messages()]


def test_without_room_for_the_decision_nothing_leaves_and_later_it_leaves_once(fresh_database, carrier, planned):  # noqa: F811
    with no_room_for(fresh_database, "INSERT", "compliance_decision"):
        dispatch.run(channel="sms", limit=1, now=Clock(TEN))
        assert carrier.messages() == []
    assert not Decision.objects.filter(case_id=planned.case_id).exists()
    assert goes_on(carrier, planned) == [planned.case.ref]
    assert planned.status == "done"


def test_a_sender_that_writes_afterwards_sends_without_a_proof(fresh_database, carrier, planned):  # noqa: F811
    """The control: the same full disk, and a sender that hands over first."""
    with no_room_for(fresh_database, "INSERT", "compliance_decision"), connection.cursor() as cursor:
        requests.post(
            f"{carrier.url}/sms/messages",
            json={"to": "+8613800000001", "text": "x"},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5,
        )
        with pytest.raises(OperationalError, match="No space left"):
            cursor.execute("INSERT INTO compliance_decision DEFAULT VALUES")
    assert len(carrier.messages()) == 1
    assert not Decision.objects.filter(case_id=planned.case_id).exists()


def test_without_room_for_the_outcome_it_is_asked_for_and_not_sent_again(fresh_database, carrier, planned):  # noqa: F811
    with no_room_for(fresh_database, "UPDATE", "contacts_contactattempt"):
        dispatch.run(channel="sms", limit=1, now=Clock(TEN))
        assert len(carrier.messages()) == 1
        assert ContactAttempt.objects.get(planned=planned).status == "cleared"  # it counts as one that may have left
    assert goes_on(carrier, planned) == [planned.case.ref]
    assert ContactAttempt.objects.get(planned=planned).status in ("sent", "delivered")


def test_a_log_that_finds_no_room_stops_no_message(fresh_database, carrier, planned):  # noqa: F811
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115  (closing it fails as well)
    handler = logging.StreamHandler(full)
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("contacts").warning("this finds no room")
        assert goes_on(carrier, planned) == [planned.case.ref]
    finally:
        logging.getLogger().removeHandler(handler)
        with suppress(OSError):
            full.close()
