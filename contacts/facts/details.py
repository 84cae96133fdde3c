"""What a wish or a consent says beside its kind and scope, as far as a rule reads it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from compliance.facts import Record

_DETAILS: Final = (
    "start",
    "end",
    "zone",
    "only",
    "express",
    "voluntary",
    "keyword",
    "per_day",
    "valid",
    "occasion",
    "of",
)
_DETAIL_FLAGS: Final = ("annotated", "attorney_contact_known")


def record_with(kind: str, *, details: Mapping[str, Any] | None = None, **values: Any) -> Record:
    """Return a record with what its free details say, where they mean something to a rule."""
    details = details or {}
    extra: dict[str, Any] = {
        name: details[name] for name in (*_DETAILS, *_DETAIL_FLAGS) if details.get(name) is not None
    }
    if details.get("days"):
        extra["days"] = tuple(details["days"])
    if details.get("valid_dates"):
        extra["valid_dates"] = tuple(date.fromisoformat(day) for day in details["valid_dates"])
    if details.get("until"):
        extra["until"] = date.fromisoformat(details["until"])
    return Record(kind=kind, **values, **extra)
