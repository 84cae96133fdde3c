"""Lists that leave the system as files: each is written into the audit trail before the first row is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collections_app.shared.actor import Actor
from compliance import audit


def record(user: Any, *, name: str, asked: Mapping[str, str], rows: int, at: datetime) -> None:
    """Write down who took which list with which filters, and how many rows it had."""
    filters = {key: str(value)[:80] for key, value in asked.items() if value and key != "as"}
    audit.record("reveal.exported", subject=user, actor=Actor.of(user), at=at, list=name, filters=filters, rows=rows)
