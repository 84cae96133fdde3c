"""Hears from the people below this app what belongs in the audit trail."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from collections_app.shared.actor import Actor
from collections_app.staff import events
from collections_app.staff.models import User
from compliance import audit


@receiver(events.signed_in)
def keep_sign_in(*, user: User, at: datetime, **_other: Any) -> None:
    """Record that somebody signed in."""
    audit.record("user.signed_in", subject=user, actor=Actor.of(user), at=at)


@receiver(events.signed_out)
def keep_sign_out(*, user: User, at: datetime, **_other: Any) -> None:
    """Record that somebody signed out."""
    audit.record("user.signed_out", subject=user, actor=Actor.of(user), at=at)


@receiver(events.sign_in_failed)
def keep_failure(*, user: User, at: datetime, address: str, **_other: Any) -> None:
    """Record that somebody's name was tried with a wrong password."""
    audit.record("user.sign_in_failed", subject=user, actor=Actor.system("sign-in"), at=at, address=address)
