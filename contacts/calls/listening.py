"""Listening to the telephone system: one process at a time, by a lease; another takes over when it falls silent.

Whoever listens writes every event down before anything follows from it. What follows may take a while (the telephone
system is asked again), so it is done by a few threads, each call always by the same one.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import DatabaseError, close_old_connections, connection

from contacts.calls import asking, hearing, sql
from contacts.channels import telephony
from contacts.channels.senders import voice
from contacts.channels.senders.base import NotConfigured
from contacts.channels.senders.voice.cti import REPLACED, Line, LineDown
from contacts.models import TelephoneLine

log = logging.getLogger(__name__)
LEASE_S: Final = 15.0
ASKS_EVERY_S: Final = 5.0
LONGEST_WAIT_S: Final = 15.0
THREADS: Final = 4


class Hands:
    """What follows from events, by a few threads; one call is always in the same hands, and so in order."""

    def __init__(self, *, now: Callable[[], datetime], threads: int = THREADS) -> None:
        """Start the threads when first needed."""
        self.now = now
        self.pools = [ThreadPoolExecutor(1, thread_name_prefix=f"call-{number}") for number in range(threads)]

    def give(self, key: object, do: Callable[[], Any]) -> None:
        """Let it be done soon."""
        self.pools[hash(key) % len(self.pools)].submit(self._do, do)

    def end(self) -> None:
        """Finish what is under way."""
        for pool in self.pools:
            pool.submit(connection.close)
            pool.shutdown(wait=True)

    def _do(self, do: Callable[[], Any]) -> None:
        close_old_connections()
        try:
            do()
        except Exception:
            log.exception("work of the telephone failed")
        finally:
            close_old_connections()


def listen(*, now: Callable[[], datetime], ended: threading.Event, asks_every_s: float = ASKS_EVERY_S) -> None:
    """Listen until told to end. Raises NotConfigured where there is nothing to listen to."""
    if not telephony.is_on():
        raise NotConfigured("phone")
    holder, hands, wait = uuid.uuid4().hex, Hands(now=now), 0.5
    try:
        while not ended.is_set():
            try:
                if _takes_line(holder):
                    with voice.telephone_system().line() as line:
                        wait = 0.5
                        _while_open(line, hands, holder, now=now, ended=ended, asks_every_s=asks_every_s)
            except LineDown as down:
                log.warning("nobody listens to the telephone system", extra={"code": down.code})
                _note(holder, open_since=None, reason_code=down.code)
            except DatabaseError as error:  # what is not written down is not heard: begin again
                log.warning("events cannot be kept", extra={"error": type(error).__name__})
                connection.close()
            ended.wait(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
    finally:
        hands.end()
        _note(holder, open_since=None, lease_until=None, reason_code="line-closed")


def _while_open(
    line: Line, hands: Hands, holder: str, *, now: Callable[[], datetime], ended: threading.Event, asks_every_s: float
) -> None:
    _note(holder, open_since=now(), heard_at=now(), reason_code="")
    asked = 0.0
    while not ended.is_set():
        for heard in line.events(wait_s=0.5):
            if heard.what == REPLACED:  # somebody else listens under our name: two would each hear only half
                raise LineDown("line-replaced")
            event = hearing.keep(heard, at=now())
            if event is not None:
                hands.give(event.key, partial(hearing.apply, event, now=now))
            if ended.is_set():
                return
        if not _takes_line(holder):
            return
        _note(holder, heard_at=now())
        if time.monotonic() - asked >= asks_every_s:
            asked = time.monotonic()
            hands.give("asking", lambda: (hearing.apply_waiting(now=now), asking.ask(now=now)))


def _takes_line(holder: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql.TAKE_LINE, {"provider": telephony.NAME, "holder": holder, "seconds": LEASE_S})
        return cursor.fetchone() is not None


def _note(holder: str, **values: Any) -> None:
    try:
        TelephoneLine.objects.filter(provider=telephony.NAME, holder=holder).update(**values)
    except DatabaseError:
        log.warning("state of the line not kept")
        connection.close()
