"""Listening: one process at a time, every event kept, the line opened again, and a second listener that takes over."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from contacts.calls import listening
from contacts.channels import telephone_line, telephony
from contacts.channels.senders import voice
from contacts.channels.senders.voice.cti import LineDown
from contacts.models import TelephoneEvent, TelephoneLine
from tests.contacts.conftest import TOKEN, Running
from tests.contacts.telephone import use_telephone

pytestmark = pytest.mark.usefixtures("own_database")


def now() -> datetime:
    return datetime.now(UTC)


class Listener:
    """`listen` in a thread, as the command runs it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.thread = threading.Thread(target=listening.listen, kwargs={"now": now, "ended": self.ended}, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.ended.set()
        self.thread.join(10)


def until(true: Any, *, within_s: float = 8.0) -> None:
    waited = threading.Event()
    for _ in range(int(within_s / 0.02)):
        if true():
            return
        waited.wait(0.02)
    raise AssertionError("it did not come about")


@pytest.fixture
def listener(carrier: Running, settings: Any, django_db_blocker: Any) -> Iterator[Listener]:
    with django_db_blocker.unblock():
        TelephoneLine.objects.all().delete()
        TelephoneEvent.objects.all().delete()
        use_telephone(settings, carrier)
        made = Listener()
        until(lambda: telephone_line.problem(at=now()) == "" and telephony.is_on())
        yield made
        made.end()


def call_a_stranger(carrier: Running) -> None:
    asked = {"endpoint": "PJSIP/+8613900000007@trunk", "app": "collections", "channelId": f"x-{now().timestamp()}"}
    requests.post(f"{carrier.url}/ari/channels", json=asked, auth=("collections", TOKEN), timeout=5)


def test_events_are_kept_and_a_broken_line_is_opened_again(carrier, listener):
    call_a_stranger(carrier)
    until(lambda: TelephoneEvent.objects.filter(what="ended", cause=17).count() == 1)
    first = TelephoneLine.objects.get().open_since
    carrier.web.pbx.listeners["collections"].put(None)  # the telephone system closes the line
    until(lambda: (TelephoneLine.objects.get().open_since or first) > first)
    assert telephone_line.problem(at=now()) == ""
    call_a_stranger(carrier)
    until(lambda: TelephoneEvent.objects.filter(what="ended", cause=17).count() == 2)


def test_a_second_listener_waits_and_takes_over(carrier, listener):
    second = Listener()
    holder = TelephoneLine.objects.get().holder
    listener.end()
    until(lambda: TelephoneLine.objects.get().holder != holder and telephone_line.problem(at=now()) == "")
    second.end()
    assert telephone_line.problem(at=now()) == "line-closed"


@pytest.mark.parametrize(("password", "code"), [("wrong", "provider-refuses-us"), (None, "provider-unreachable")])
def test_a_line_that_is_refused_or_not_there_says_which(carrier, settings, password, code):
    use_telephone(settings, carrier)
    if password is None:
        settings.ARI_URL = "http://127.0.0.1:1/ari"
    else:
        settings.ARI_PASSWORD = password
    with pytest.raises(LineDown) as down, voice.telephone_system().line():
        pass
    assert down.value.code == code
