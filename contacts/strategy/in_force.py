"""Which versions treat whom on a day: the one in force, its canary, and older paths that are walked to their end.

For each strategy of a creditor:

- `whole`: the version published for everybody. One that begins later leaves its predecessor in force until its day.
- `canary`: a version published for a share; it takes the persons whose stable number is below it, `whole` the others.
- A stopped version for everybody freezes its strategy: nobody enters, moves or is treated until somebody publishes,
  resumes or rolls back. A stopped canary treats nobody; its persons go back to `whole`.
- What becomes of a stay on an older version is what the version that took its place says (`Move`): `stay` lets it
  finish. Where nothing took its place (it was rolled back), the case moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from cases.models import Creditor
from collections_app.shared.once import once
from contacts.models import Move, Strategy, StrategyVersion
from contacts.strategy.stable import number_of, number_sql

Status = StrategyVersion.Status
USED = (Status.PUBLISHED, Status.STOPPED, Status.RETIRED)


@dataclass(slots=True)
class Standing:
    """One strategy on one day, for one creditor (or for all of its creditors).

    successors: by version, the one that took its place. moves: by version and key of the older segment.
    """

    strategy: Strategy
    whole: StrategyVersion | None = None
    canary: StrategyVersion | None = None
    is_frozen: bool = False
    successors: dict[int, StrategyVersion] = field(default_factory=dict)
    moves: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def has_moved(self) -> frozenset[str]:
        """What any of the versions does with cases in flight."""
        return frozenset(action for by_key in self.moves.values() for action in by_key.values())

    def action(self, version_id: int, key: str) -> str:
        """Return what becomes of a stay on a segment of a version that no longer treats the person."""
        successor = self.successors.get(version_id)
        if successor is None:
            return str(Move.Action.MOVE)
        return self.moves.get(successor.pk, {}).get(key, str(Move.Action.MOVE))

    def version_of(self, person_id: int) -> StrategyVersion | None:
        """Return the version that takes a person's new cases."""
        if self.canary is not None and number_of(self.strategy.code, person_id) < self.canary.share:
            return self.canary
        return None if self.is_frozen else self.whole


def below(strategy: Strategy, share: int) -> Q:
    """Return the condition that a row's person is in a canary of that share; the row has a person_id."""
    return Q(LessThan(number_sql(strategy.code), share))


def from_on(strategy: Strategy, share: int) -> Q:
    """Return the condition that a row's person is not in a canary of that share."""
    return Q(GreaterThanOrEqual(number_sql(strategy.code), share))


def of_creditor(creditor: Creditor, day: date) -> list[Standing]:
    """Return the strategies of a creditor as they stand on a day, by code: three statements."""
    ours = set(StrategyVersion.objects.filter(creditors=creditor).values_list("pk", flat=True))
    versions = StrategyVersion.objects.filter(status__in=USED, strategy__versions__in=ours)
    found = standings(list(versions.select_related("strategy").distinct().order_by("pk")), day)
    for standing in found:
        if standing.whole is not None and standing.whole.pk not in ours:
            standing.whole, standing.is_frozen = None, False
        if standing.canary is not None and standing.canary.pk not in ours:
            standing.canary = None
    return found


def of_strategy(strategy: Strategy, day: date) -> Standing:
    """Return one strategy as it stands on a day, for all of its creditors."""
    versions = strategy.versions.filter(status__in=USED).select_related("strategy").order_by("pk")
    found = standings(list(versions), day)
    return found[0] if found else Standing(strategy)


def standings(versions: list[StrategyVersion], day: date) -> list[Standing]:
    """Return how the strategies of these versions (all of theirs that were ever published) stand on a day."""
    by_pk = {version.pk: version for version in versions}
    moves: dict[int, dict[str, str]] = {}
    for version_id, key, action in Move.objects.filter(version__in=by_pk).values_list(
        "version_id", "from_key", "action"
    ):
        moves.setdefault(version_id, {})[key] = action
    of: dict[int, list[StrategyVersion]] = {}
    for version in versions:
        of.setdefault(version.strategy_id, []).append(version)
    found = [_standing(those, by_pk, moves, day) for those in of.values()]
    return sorted(found, key=lambda standing: standing.strategy.code)


def _standing(
    versions: list[StrategyVersion],
    by_pk: Mapping[int, StrategyVersion],
    moves: Mapping[int, dict[str, str]],
    day: date,
) -> Standing:
    standing = Standing(versions[0].strategy)
    for version in versions:
        if version.status == Status.PUBLISHED and version.share < 100 and begun(version, day):
            standing.canary = version
        elif version.status in (Status.PUBLISHED, Status.STOPPED) and version.share == 100:
            standing.whole = version
    while standing.whole is not None and not begun(standing.whole, day):
        standing.whole = by_pk.get(standing.whole.replaces_id or 0)
    standing.is_frozen = standing.whole is not None and standing.whole.stopped_at is not None
    for newest in (standing.whole, standing.canary):
        turn, seen = newest, set()
        while turn is not None and turn.replaces_id is not None and turn.pk not in seen:
            seen.add(turn.pk)
            standing.successors[turn.replaces_id] = turn
            turn = by_pk.get(turn.replaces_id)
    standing.moves = {version.pk: moves[version.pk] for version in versions if version.pk in moves}
    return standing


def begun(version: StrategyVersion, day: date) -> bool:
    """Whether a version plans for a day, as far as its beginning goes."""
    return version.starts_on is None or version.starts_on <= day


def still_treats(version: StrategyVersion, *, today: date) -> bool:
    """Whether what a version has planned for today may leave.

    It may while the version is in force, and after another took its place: those contacts are of a path that goes on,
    or of the last day before the night moves it. It may not once the version was stopped or rolled back.
    """
    if version.status != Status.RETIRED:
        return bool(version.status == Status.PUBLISHED)
    if version.stopped_at is not None:
        return False
    strategy = version.strategy
    standing = once(("standing", strategy.pk, today), lambda: of_strategy(strategy, today))
    is_whole = standing.whole is not None and standing.whole.pk == version.pk  # its successor has not begun
    return not standing.is_frozen and (is_whole or version.pk in standing.successors)
