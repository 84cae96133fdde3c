"""Slows down guessing at the sign-in: so many failures per name and address, and per address alone, in 15 minutes.

Counts live in the cache, for names that exist and names that do not alike. Where the cache is away, sign-in goes on.
"""

import hashlib
import logging
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

MINUTES: Final = 15
PER_NAME: Final = 5
PER_ADDRESS: Final = 50

log = logging.getLogger(__name__)


def address_of(request: HttpRequest) -> str:
    """Return the network address that a request comes from; behind our own proxy, the one that the proxy saw."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def _keys(name: str, address: str) -> dict[str, int]:
    def key(*parts: str) -> str:
        return "sign-in:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    return {key("name", name.casefold(), address): PER_NAME, key("address", address): PER_ADDRESS}


def is_closed(name: str, address: str) -> bool:
    """Return whether this name from this address, or this address at all, has failed too often just now."""
    keys = _keys(name, address)
    try:
        counts = cache.get_many(keys)
    except Exception:  # noqa: BLE001  (whatever the cache's client raises: it is a convenience)
        log.warning("the cache is away: sign-in is not slowed down")
        return False
    return any(counts.get(key, 0) >= limit for key, limit in keys.items())


def count_failure(name: str, address: str) -> None:
    """Count one failed sign-in."""
    try:
        for key in _keys(name, address):
            cache.add(key, 0, timeout=MINUTES * 60)
            cache.incr(key)
    except Exception:  # noqa: BLE001  (as above; a key may also end between the two calls)
        log.warning("a failed sign-in was not counted")


def forget(name: str, address: str) -> None:
    """Begin anew for a name after it has signed in."""
    try:
        cache.delete(next(iter(_keys(name, address))))
    except Exception:  # noqa: BLE001  (as above)
        log.warning("a count of failed sign-ins was not removed")
