"""Access tokens of WeChat and enterprise WeChat: one per process and account, fetched under a lock, renewed once.

Both providers give the same token to whoever asks again while it is valid (`stable_token`, `gettoken`), so that several
processes never take a token away from each other, and nothing needs to be shared between them.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from contacts.channels.senders.base import AccountRefused, Permanent, Temporary, Unknown
from contacts.channels.senders.http import Answer, Wire

EARLY_S: Final = 300.0  # a token is renewed this long before its end
STALE: Final = frozenset({40001, 40014, 42001, 42007})
BUSY: Final = frozenset({-1, 45009, 45011, 45033, 45047})


class Token:
    """The token of one account."""

    def __init__(self, wire: Wire, request: Callable[[], dict[str, Any]]) -> None:
        """Fetch nothing yet. request: method, url and what else the asking for a token takes."""
        self.wire, self.request = wire, request
        self._lock = threading.Lock()
        self._text, self._until = "", 0.0

    def get(self) -> str:
        """Return the token, fetched where there is none. Raises Temporary, AccountRefused: no message was begun."""
        with self._lock:
            if not self._text or time.monotonic() >= self._until:
                self._fetch()
            return self._text

    def renew(self, old: str) -> str:
        """Return another token than the one that was refused; whoever comes second takes what the first has fetched."""
        with self._lock:
            if self._text == old:
                self._fetch()
            return self._text

    def _fetch(self) -> None:
        self._text, self._until = "", 0.0
        try:
            answer = self.wire.call(**self.request())
        except Unknown as error:  # asking for a token sends nothing to anybody
            raise Temporary("provider-unreachable") from error
        said = answer.said
        text, lasts = said.get("access_token"), said.get("expires_in")
        if answer.status == 200 and isinstance(text, str) and text and isinstance(lasts, int | float):
            self._text, self._until = text, time.monotonic() + max(float(lasts) - EARLY_S, 1.0)
            return
        code = code_of(answer)
        if answer.status == 429 or answer.status >= 500 or code is None or code in BUSY:
            raise Temporary("provider-busy", retry_after=answer.retry_after)
        raise AccountRefused("provider-refuses-us")


def code_of(answer: Answer) -> int | None:
    """Return the code of an answer, or None where it has none. No code beside a token means 0."""
    code = answer.said.get("errcode")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def fetch(wire: Wire, token: Token, url: str, media: str) -> bytes:
    """Return a file that a person has sent; a token that has ended is renewed once. Raises Temporary, Permanent."""
    text = token.get()
    answer = wire.ask("GET", url, params={"access_token": text, "media_id": media})
    if code_of(answer) in STALE:
        answer = wire.ask("GET", url, params={"access_token": token.renew(text), "media_id": media})
    code = code_of(answer)
    if code in BUSY or code in STALE:
        raise Temporary("provider-busy")
    if code is not None:
        raise Permanent("no-such-file")
    return answer.body
