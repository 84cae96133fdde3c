"""One way to speak HTTP with providers: it says plainly whether a request can have had an effect.

Nothing is tried twice, no redirect is followed, no proxy or password file of the machine decides where messages go, and
an answer is read within a time and a size.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from collections_app.shared import clock
from contacts.channels.senders.base import AccountRefused, Temporary, Unknown

MOST_ANSWER: Final = 64 * 1024  # bytes
CONNECT_S: Final = 3.0
LONGEST_WAIT: Final = 3600.0  # seconds that a provider may ask us to wait
_line = threading.local()  # began: whether a request was begun on a TLS line that had been opened and checked


class _Line(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _line.began = True
        super().request(*args, **kwargs)


class _Lines(HTTPSConnectionPool):
    ConnectionCls = _Line


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _Lines}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """Seconds that the provider asked us to wait (RFC 9110, 10.2.3: seconds, or a date)."""
        text = self.headers.get("Retry-After", "").strip()
        try:
            seconds = float(text)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(text) - real_now()).total_seconds()
            except (ValueError, TypeError):
                return None
        return min(LONGEST_WAIT, max(1.0, seconds))


class Wire:
    """A connection to one provider. keep_alive: reuse it; only for providers that can be asked by key afterwards,
    because a kept line that has just been closed cannot be told from one that was cut after the message was read.
    """

    def __init__(self, *, timeout: float, keep_alive: bool, most: int = MOST_ANSWER) -> None:
        """Open nothing yet. most: bytes of an answer that are read."""
        self.timeout = timeout
        self.most = most
        self.keep_alive = keep_alive
        self.session = as_careful(requests.Session(), keep_alive=keep_alive)

    def call(self, method: str, url: str, **request: Any) -> Answer:
        """Send one request and return the answer. Raises Temporary (never sent) or Unknown (it may have been)."""
        try:
            return self._call(method, url, **request)
        finally:
            if not self.keep_alive:  # not every provider says that it closes: the next request takes a new line
                self.session.close()

    def _call(self, method: str, url: str, **request: Any) -> Answer:
        until = time.monotonic() + self.timeout
        _line.began = False
        try:
            answer = self.session.request(
                method,
                url,
                timeout=(min(CONNECT_S, self.timeout), self.timeout),
                allow_redirects=False,
                stream=True,
                **request,
            )
            return Answer(answer.status_code, _read(answer, until=until, most=self.most), answer.headers)
        except Unknown:
            raise
        except requests.ConnectionError as error:
            if never_sent(error):
                raise Temporary("provider-unreachable") from error
            raise Unknown(type(error).__name__) from error
        except Exception as error:  # a line cut in the answer has many names; none says that nothing left
            raise Unknown(type(error).__name__) from error

    def ask(self, method: str, url: str, **request: Any) -> Answer:
        """Send a request that changes nothing. Raises Temporary for everything but an answer of 200."""
        try:
            answer = self.call(method, url, **request)
        except Unknown as error:
            raise Temporary("provider-unreachable") from error
        if answer.status != 200:
            raise Temporary("no-look-up")
        return answer


def as_careful(session: requests.Session, *, keep_alive: bool = False) -> requests.Session:
    """Make a session one that goes nowhere else, and whose failures `never_sent` can judge; return it."""
    session.trust_env = False
    session.mount("https://", _Adapter())
    if not keep_alive:
        session.headers["Connection"] = "close"
    _line.began = False
    return session


def never_sent(error: requests.RequestException) -> bool:
    """Whether no byte of the failed request of this thread was sent: no connection, or no TLS that was agreed on."""
    secure = str(getattr(error.request, "url", "") or "").startswith("https:")
    return (secure and not _line.began) or _never_connected(error)


def refuse_by_status(answer: Answer) -> None:
    """Raise what a status says by itself, whoever the provider is; return for 2xx and for a 4xx about the message.

    401, 402, 403, 404, 405, 407: it refuses us. 429: later. 307, 308: it lives elsewhere, and read nothing. Everything
    else outside 2xx and 4xx may hide a message that was taken.
    """
    status = answer.status
    if status in (307, 308):
        raise AccountRefused("provider-moved")
    if status in (401, 402, 403, 404, 405, 407):
        raise AccountRefused("provider-refuses-us")
    if status == 429:
        raise Temporary("provider-busy", retry_after=answer.retry_after)
    if not (200 <= status < 300 or 400 <= status < 500) or status in (408, 409):
        raise Unknown(f"status {status}")


def real_now() -> datetime:
    """Return the instant by the provider's clock, which no demonstration shifts."""
    return clock.now() - clock.offset()


def _read(answer: requests.Response, *, until: float, most: int) -> bytes:
    """Return the body, as long as it comes in time: a piece has the timeout of the socket, the whole has this one."""
    pieces: list[bytes] = []
    size = 0
    while size < most and (piece := answer.raw.read1(65536, decode_content=True)):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > until:
            answer.close()
            raise Unknown("the answer did not end")
    return b"".join(pieces)


def _never_connected(error: BaseException) -> bool:
    """Whether no connection came about, so that no byte of the request was sent."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
