"""The bar that offers to undo: what it says stands in the session, so that no page asks the database about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from cases import lifecycle, undoing
from cases.models import Case, Undo
from collections_app.shared.actor import Actor

KEY = "undo"


@contextmanager
def undoable(request: HttpRequest, case: Case, *, kind: str, label: str, at: datetime, **more: Any) -> Iterator[None]:
    """Do what stands inside so that it can be undone for five seconds: all of it or, if it is refused, nothing."""
    with transaction.atomic():
        lifecycle.locked(case.pk)
        before = undoing.look(case.pk)
        yield
        actor = Actor.of(request.user)
        kept = undoing.keep(case_id=case.pk, kind=kind, before=before, label=label, actor=actor, at=at, **more)
    offer(request, kept)


@contextmanager
def withdrawable(request: HttpRequest, case: Case, *, kind: str, label: str, at: datetime) -> Iterator[None]:
    """Do what stands inside so that it can be withdrawn for five seconds. It waits for no lock: a stop acts at once."""
    before = undoing.look(case.pk)
    yield
    actor = Actor.of(request.user)
    offer(request, undoing.keep(case_id=case.pk, kind=kind, before=before, label=label, actor=actor, at=at))


def offer(request: HttpRequest, kept: Undo | None) -> None:
    """Show the bar on the next pages, for as long as there is time."""
    if kept is None:
        return
    request.session[KEY] = {
        "pk": kept.pk,
        "ref": kept.case.ref,
        "label": kept.label or str(kept.get_kind_display()),
        "until": kept.until.isoformat(),
    }


def forget(request: HttpRequest) -> None:
    """Show it no more."""
    request.session.pop(KEY, None)
