"""What stands in the form of an open call while somebody looks at the plan, or after its outcome was undone; without
scripts also after every act of the call, all of which come with what its form holds.

It is kept in the session of whoever types it, for one call at a time, and is gone when the call is recorded for good.
"""

from typing import Any, Final

from django.http import HttpRequest

from cases.verification_policy import QUESTIONS
from contacts.forms import CallForm

KEY: Final = "call"
LONGEST: Final = 4000
NOT_KEPT: Final = ("version", "attempt")
MARK: Final = "abusive"
TICKS: Final = "right"  # the questions that were heard answered rightly: their keys, never what was said


def keep(request: HttpRequest, attempt_id: int) -> None:
    """Keep what was typed in the form of this call."""
    names = [name for name in CallForm.base_fields if name not in NOT_KEPT]
    typed = {name: request.POST[name][:LONGEST] for name in names if request.POST.get(name)}
    mark = {MARK: True} if is_marked(request, attempt_id) else {}
    request.session[KEY] = {"attempt": attempt_id, "typed": typed, "ticks": _ticks(request), **mark}


def keep_mark(request: HttpRequest) -> None:
    """Keep that the call of which something is kept was marked as abusive."""
    request.session[KEY] = {**request.session[KEY], MARK: True}


def is_marked(request: HttpRequest, attempt_id: int) -> bool:
    """Return whether this call was marked as abusive while it was open."""
    kept = request.session.get(KEY)
    return bool(kept and kept["attempt"] == attempt_id and kept.get(MARK))


def typed(request: HttpRequest, attempt_id: int) -> dict[str, Any] | None:
    """Return what was typed in the form of this call, or None."""
    kept = request.session.get(KEY)
    return kept["typed"] if kept and kept["attempt"] == attempt_id else None


def ticked(request: HttpRequest, attempt_id: int) -> list[str]:
    """Return the questions that are ticked in the form of this call, as it was sent or as it is kept."""
    kept = request.session.get(KEY)
    return _ticks(request) or (kept.get("ticks", []) if kept and kept["attempt"] == attempt_id else [])


def _ticks(request: HttpRequest) -> list[str]:
    return [key for key in request.POST.getlist(TICKS) if key in QUESTIONS]


def forget(request: HttpRequest) -> None:
    """Keep it no longer."""
    request.session.pop(KEY, None)
