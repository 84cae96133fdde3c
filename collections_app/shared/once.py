"""What is asked again and again inside one transaction, asked once.

A night asks for the firm's policy at every step and place, a rehearsal for a seal at every letter. Inside `asked_once`
the first answer holds to the end of the block; outside it every question is asked. The block lies inside one
transaction, so what is changed by others binds the next one.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

MOST: Final = 10_000  # answers; then it begins anew
_KNOWN: Final[ContextVar[dict[Hashable, Any] | None]] = ContextVar("asked_once", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Remember answers for as long as the block lasts. A block inside a block is part of it."""
    if _KNOWN.get() is not None:
        yield
        return
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def once[T](key: Hashable, ask: Callable[[], T]) -> T:
    """Return the answer that is known under this key in the block around, or ask; outside a block ask always."""
    known = _KNOWN.get()
    if known is None:
        return ask()
    if key not in known:
        if len(known) >= MOST:
            known.clear()
        known[key] = ask()
    answer: T = known[key]
    return answer


def forget(key: Hashable) -> None:
    """Ask again: what the key stands for was changed inside the block."""
    known = _KNOWN.get()
    if known is not None:
        known.pop(key, None)


def is_remembering() -> bool:
    """Whether a block of `asked_once` is around."""
    return _KNOWN.get() is not None
