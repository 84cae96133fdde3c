"""An order that stops sending stops it in a rehearsal, and the rehearsal says what would leave without it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from collections_app.management.measures import first_day
from collections_app.shared.actor import SYSTEM
from contacts import rehearsal, stops
from contacts.models import Rehearsal, SendingEpoch, StrategyVersion
from tests.contacts.rehearsal.book import AT, make_book
from tests.factories.staff import UserFactory


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return the database that holds the book, with a carrier."""
    with django_db_blocker.unblock():
        make_book()
        with first_day.connected():
            yield own_database


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def rehearsed() -> Rehearsal:
    version = StrategyVersion.objects.get()
    row = rehearsal.rehearse(version_id=version.pk, days=1, actor=SYSTEM, at=AT, processes=0)
    assert (row.status, row.error) == ("done", "")
    return row


def leave(row: Rehearsal) -> int:
    return sum(row.results["totals"]["sent"].values())


def page(row: Rehearsal) -> str:
    client = Client()
    client.force_login(UserFactory(admin=True))
    return " ".join(client.get(f"/strategies/rehearsals/{row.pk}/").content.decode().split())


def test_an_order_stops_sending_and_the_page_says_so_with_what_would_leave(book):
    free = rehearsed()
    assert leave(free) > 5
    assert (free.results["stops"], free.results["lifted"]) == ([], None)
    assert "An order stops sending" not in page(free)
    order = stops.order_stop(scope="everything", reason="audit of wordings", actor=SYSTEM, at=AT)
    stopped = rehearsed()
    assert leave(stopped) == 0
    assert stopped.results["stops"] == [["everything", "", "audit of wordings"]]
    assert sum(stopped.results["lifted"]["sent"].values()) == leave(free)
    shown = page(stopped)
    assert "An order stops sending, so" in shown
    assert "audit of wordings" in shown
    assert f"Were it lifted, {leave(free)} messages would leave" in shown
    stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=AT)
    assert leave(rehearsed()) == leave(free)


def test_a_minute_that_passes_while_it_rehearses_is_no_database_that_went_back(book, settings, tmp_path):
    settings.EPOCH_FOLDER = str(tmp_path)
    SendingEpoch.objects.update_or_create(pk=1, defaults={"number": 5})
    (tmp_path / f"epoch-{book.name}").write_text("9")  # the file is ahead of what this connection sees
    assert stops.stops_channel("sms")
    row = rehearsed()
    assert leave(row) > 5
    assert row.results["held"] is True
    assert "Sending is held at the moment" in page(row)
