"""Writing down that the rules were proved, and reading the latest proofs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from collections_app.shared.actor import Actor
from compliance.models import CheckRun

NAMES: Final = {
    "drill": _("Forbidden contacts tried through every entrance"),
    "replay": _("Decisions of a day computed again"),
    "check_packs": _("Examples of the packs"),
    "check_vectors": _("Vectors of the rules"),
}
FIGURES: Final = {
    "attempts": _("tried"),
    "refused": _("refused"),
    "leaked": _("leaked"),
    "permitted": _("permitted"),
    "decisions": _("decisions"),
    "identical": _("identical"),
    "different": _("different"),
    "date": _("day"),
    "packs": _("packs"),
    "rules": _("rules"),
    "examples": _("examples"),
    "failed": _("failed"),
    "vectors": _("vectors"),
    "agree": _("agree"),
    "seconds": _("seconds"),
}


def record(*, name: str, ok: bool, figures: Mapping[str, Any], actor: Actor, at: datetime) -> CheckRun:
    """Write down one run of a check.

    name: drill, replay, check_packs, check_vectors or another one. ok: it held. figures: JSON types, short.
    """
    return CheckRun.objects.create(
        name=name,
        ran_at=at,
        ok=ok,
        figures=dict(figures),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
    )


def latest() -> list[CheckRun]:
    """Return the latest run of each check, the known ones in their order, then others by name."""
    rows = CheckRun.objects.order_by("name", "-ran_at", "-pk").distinct("name")
    order = list(NAMES)
    return sorted(rows, key=lambda row: (order.index(row.name) if row.name in order else len(order), row.name))


def in_words(row: CheckRun) -> list[tuple[str, str]]:
    """Return the figures of a run with what they are called; lists by their length."""
    shown = []
    for name, value in row.figures.items():
        if isinstance(value, Mapping):
            continue
        text = str(len(value)) if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else str(value)
        shown.append((str(FIGURES.get(name, name.replace("_", " "))), text))
    return shown
