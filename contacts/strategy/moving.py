"""Cases in flight: where they stand on the version in force, and what a new version would best do with them."""

from dataclasses import dataclass

from django.db import connection

from contacts.models import Move, Segment, StrategyVersion
from contacts.strategy import sql_watch
from contacts.strategy.publishing import whole_of


@dataclass(frozen=True, slots=True)
class InFlight:
    """The cases on one segment of the version in force. steps: by the key of the last step done ("": none yet).

    action: what is set, else what is suggested and would happen: `move`. kept: its steps that the new version has too.
    """

    key: str
    name: str
    cases: int
    steps: tuple[tuple[str, int], ...]
    action: str
    suggested: str
    is_set: bool
    kept: tuple[str, ...]
    lost: tuple[str, ...]


def in_flight(version: StrategyVersion) -> tuple[StrategyVersion | None, list[InFlight]]:
    """Return the version that this one would replace (or has replaced), and its cases by segment."""
    before = version.replaces if version.published_at is not None else whole_of(version)
    if before is None:
        return None, []
    standing: dict[str, list[tuple[str, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql_watch.STANDING, {"version": before.pk})
        for segment_key, step_key, count in cursor.fetchall():
            standing.setdefault(segment_key, []).append((step_key, count))
    chosen = dict(version.moves.values_list("from_key", "action"))
    known = _keys(version)
    rows = []
    for segment in before.segments.prefetch_related("steps").order_by("position", "pk"):
        steps = standing.get(segment.key, [])
        own = [step.key for step in segment.steps.all()]
        kept = tuple(key for key in own if key in known)
        rows.append(
            InFlight(
                key=segment.key,
                name=segment.title,
                cases=sum(count for _, count in steps),
                steps=tuple(steps),
                action=chosen.get(segment.key, Move.Action.MOVE),
                suggested=_suggested(segment, own, kept, version),
                is_set=segment.key in chosen,
                kept=kept,
                lost=tuple(key for key in own if key not in known),
            )
        )
    return before, rows


def _keys(version: StrategyVersion) -> set[str]:
    """Return the keys of a version's steps, and of those that count as them."""
    keys: set[str] = set()
    for segment in version.segments.prefetch_related("steps"):
        for step in segment.steps.all():
            keys |= {step.key, *step.counts_as}
    return keys


def _suggested(segment: Segment, own: list[str], kept: tuple[str, ...], version: StrategyVersion) -> str:
    """Suggest to go on where any step is known to the new version; else to finish a path that it no longer has."""
    if kept or not own:
        return str(Move.Action.MOVE)
    return str(Move.Action.RESTART if version.segments.filter(key=segment.key).exists() else Move.Action.STAY)
