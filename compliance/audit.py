"""The audit trail: one insert per thing that happened, in the transaction that made it happen."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from compliance import event_names, sql
from compliance.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import Model

    from collections_app.shared.actor import Actor
    from compliance.models.audit import AuditEventQuerySet


class Happened(NamedTuple):
    """One event for `record_together`, with what `record` is given."""

    name: str
    subject: Model
    actor: Actor
    at: datetime
    person_id: int | None = None
    details: Mapping[str, Any] | None = None


class UnknownEventName(ValueError):
    """The name is not in compliance.event_names: add it there, with its sentence, before recording it."""


class NotRecordable(TypeError):
    """A detail cannot be kept as JSON without losing something (floats included)."""


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    if hasattr(value, "__str__") and hasattr(value, "_proxy____cast"):  # a lazy translation
        return str(value)
    raise NotRecordable(f"{type(value).__name__} cannot be kept in the audit trail")


def record(
    name: str, *, subject: Model, actor: Actor, at: datetime, person_id: int | None = None, **details: Any
) -> AuditEvent:
    """Write that something happened to a saved row.

    name: from compliance.event_names. at: when it happened, aware. person_id: whom it concerns, where it is one person.
    details: JSON types, Decimal, dates. Raises UnknownEventName, NotRecordable, ValueError for an unsaved subject.
    """
    _check(name, subject, at)
    event = AuditEvent(
        name=name,
        subject_label=subject._meta.label_lower,
        subject_id=subject.pk,
        person_id=person_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        at=at,
        details=_plain(details),
    )
    ((event.pk, event.recorded_at),) = sql.KEEP_EVENT.rows(
        [
            name,
            event.subject_label,
            subject.pk,
            person_id,
            actor.kind,
            actor.id,
            actor.label,
            at,
            json.dumps(event.details, ensure_ascii=False),
        ]
    )
    event._state.adding, event._state.db = False, "default"
    return event


def record_together(events: Iterable[Happened]) -> None:
    """Write in one statement that these things happened, in this order. Raises what `record` raises."""
    rows = []
    for event in events:
        _check(event.name, event.subject, event.at)
        rows.append(
            {
                "name": event.name,
                "subject_label": event.subject._meta.label_lower,
                "subject_id": event.subject.pk,
                "person_id": event.person_id,
                "actor_kind": event.actor.kind,
                "actor_id": event.actor.id,
                "actor_label": event.actor.label,
                "at": event.at.isoformat(),
                "details": _plain(dict(event.details or {})),
            }
        )
    if rows:
        sql.KEEP_EVENTS.rows([json.dumps(rows, ensure_ascii=False)])


def _check(name: str, subject: Model, at: datetime) -> None:
    if name not in event_names.CATALOGUE:
        raise UnknownEventName(name)
    if subject.pk is None:
        raise ValueError(f"{name}: the subject is not saved")
    if at.tzinfo is None:
        raise ValueError(f"{name}: {at!r} has no zone")


def timeline(subject: Model) -> AuditEventQuerySet:
    """Return what happened to this row, oldest first."""
    return (
        AuditEvent.objects.all()
        .filter(subject_label=subject._meta.label_lower, subject_id=subject.pk)
        .order_by("at", "pk")
    )
