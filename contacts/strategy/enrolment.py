"""Who is on which path: cases enter the first segment that takes them, and leave when it no longer does.

- A segment takes a case whose condition is true, whose stop condition is not, whose person is on the side of its
  version (`in_force`), and that may come back (the re-entry rule, by the key of the segment within the strategy).
- A case leaves when the stop condition is true; when it ends; when its person changes sides or its version is over;
  and, `dwell_days` after it entered at the earliest, when the condition is no longer true or a segment before it takes
  the case. What was planned of a path that it left is cancelled the same night.
- A case that leaves and enters nothing waits for nobody: `planner.set_futures` puts it before a person.

A constant number of statements, whatever the size of the book.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models import Case as Choose

from cases.closing import Close, Span
from cases.models import Case
from cases.models.case import RESOLVED
from collections_app.shared.once import once
from contacts.models import Enrolment, Move, Segment, Step, StrategyVersion
from contacts.strategy import conditions, in_force, sql
from contacts.strategy.in_force import Standing

ENDED: Final = "case-ended"
STRATEGY_ENDED: Final = "strategy-ended"
STOPPED: Final = "stopped"
CHANGED: Final = "segment-changed"
# Why a case left the path of a version that no longer treats it, by what its move says.
BY_MOVE: Final = {Move.Action.MOVE: "version-changed", Move.Action.RESTART: "restarted", Move.Action.END: "ended"}
LEFT_ITSELF: Final = (STOPPED, CHANGED, ENDED)  # what the re-entry rule counts


@dataclass(frozen=True, slots=True)
class Path:
    """A segment that is walked, with its steps in the order in which they are planned: the mildest first.

    people: the persons whose cases it takes. accepts: whether it takes any; not where older stays are only finished.
    keeps: the persons whose cases may go on; the others leave for the reason `side_reason`. barred: cases that a move
    has taken out of the strategy. fresh: cases that begin anew.
    """

    version: StrategyVersion
    segment: Segment
    steps: tuple[Step, ...]
    accepts: bool = True
    people: Q = conditions.ALWAYS
    keeps: Q = conditions.ALWAYS
    side_reason: str = BY_MOVE[Move.Action.MOVE]
    barred: Q = conditions.NEVER
    fresh: Q = conditions.NEVER


def context_of(close: Close, version: StrategyVersion | None = None) -> conditions.Context:
    """Return the day that conditions are asked about when this close prepares it, in the words of a version."""
    begins_at = close.morning.replace(hour=0, minute=0, second=0, microsecond=0)
    context = conditions.Context(day=close.day, begins_at=begins_at)
    return context if version is None else context.within(version)


def paths_of(close: Close) -> list[Path]:
    """Return the paths that are walked at the creditor on the day, in the order in which segments take cases.

    Of each strategy: those of its canary, those of the version in force, then older ones that are only finished.
    """
    standings = in_force.of_creditor(close.creditor, close.day)
    segments = _segments(standings)
    paths: list[Path] = []
    for standing in standings:
        paths += _paths_in_force(standing, segments)
    finishing = _finishing(close, standings, {path.segment.pk for path in paths})
    return sorted([*paths, *finishing], key=lambda path: path.version.strategy.code)  # stable: the order above


def _segments(standings: Sequence[Standing]) -> dict[int, list[Segment]]:
    versions = tuple(version.pk for one in standings for version in (one.canary, one.whole) if version is not None)
    return once(("segments", versions), lambda: _segments_of(versions))


def _segments_of(versions: Sequence[int]) -> dict[int, list[Segment]]:
    found: dict[int, list[Segment]] = {}
    for segment in _with_steps(Segment.objects.filter(version__in=versions)):
        found.setdefault(segment.version_id, []).append(segment)
    return found


def _with_steps(segments: QuerySet[Segment]) -> QuerySet[Segment]:
    steps = Step.objects.select_related("template").order_by("severity", "-priority", "position", "pk")
    return segments.order_by("version", "position", "pk").prefetch_related(Prefetch("steps", queryset=steps))


def _paths_in_force(standing: Standing, segments: dict[int, list[Segment]]) -> Iterator[Path]:
    strategy, canary, whole = standing.strategy, standing.canary, standing.whole
    if canary is not None:
        people = in_force.below(strategy, canary.share)
        for segment in segments.get(canary.pk, []):
            yield Path(
                canary, segment, tuple(segment.steps.all()), people=people, keeps=people, **_entry(standing, canary)
            )
    if whole is None or standing.is_frozen:
        return
    people = in_force.from_on(strategy, canary.share) if canary is not None else conditions.ALWAYS
    for segment in segments.get(whole.pk, []):
        action = standing.action(whole.pk, segment.key) if canary is not None else ""
        yield Path(
            whole,
            segment,
            tuple(segment.steps.all()),
            people=people,
            keeps=conditions.ALWAYS if action == Move.Action.STAY else people,
            side_reason=BY_MOVE.get(Move.Action(action), "") if action else "",
            **_entry(standing, whole),
        )


def _entry(standing: Standing, version: StrategyVersion) -> dict[str, Any]:
    """Return which cases a version must not take, and which begin anew: by how each left the strategy last.

    A case that a move took out of one version may come back to that one (the move was taken back), to no other.
    """
    ended, fresh = conditions.NEVER, conditions.NEVER
    if standing.has_moved & {Move.Action.END, Move.Action.RESTART}:
        last = Enrolment.objects.filter(
            case_id=OuterRef(OuterRef("pk")), left_on__isnull=False, version__strategy=standing.strategy
        ).order_by("-pk")[:1]
        by_move = Enrolment.objects.filter(pk=Subquery(last.values("pk"))).exclude(version=version)
        ended = Q(Exists(by_move.filter(left_reason=BY_MOVE[Move.Action.END])))
        fresh = Q(Exists(by_move.filter(left_reason=BY_MOVE[Move.Action.RESTART])))
    return {"barred": ended, "fresh": fresh}


def _finishing(close: Close, standings: Sequence[Standing], known: set[int]) -> list[Path]:
    by_strategy = {standing.strategy.pk: standing for standing in standings}
    open_stays = Enrolment.objects.filter(segment=OuterRef("pk"), left_on__isnull=True, creditor_id=close.creditor.pk)
    older = Segment.objects.filter(
        version__status=StrategyVersion.Status.RETIRED,
        version__creditors=close.creditor,
        version__strategy__in=[pk for pk, standing in by_strategy.items() if not standing.is_frozen],
    ).exclude(pk__in=known)
    found = []
    for segment in _with_steps(older.filter(Exists(open_stays)).select_related("version__strategy")):
        standing = by_strategy[segment.version.strategy_id]
        if standing.whole is None and standing.canary is None:
            continue
        if standing.action(segment.version_id, segment.key) == Move.Action.STAY:
            found.append(
                Path(segment.version, segment, tuple(segment.steps.all()), accepts=False, people=conditions.NEVER)
            )
    return found


def book(close: Close, span: Span) -> QuerySet[Case]:
    """Return the unresolved cases of these persons at the creditor."""
    return Case.objects.unresolved().filter(
        creditor_id=close.creditor.pk, person_id__gt=span.after, person_id__lte=span.upto
    )


def leave(close: Close, span: Span, paths: Sequence[Path]) -> int:
    """End the stays of cases that are resolved, stopped, on another side, or that belong elsewhere now."""
    stays = Enrolment.objects.filter(
        creditor_id=close.creditor.pk, left_on__isnull=True, person_id__gt=span.after, person_id__lte=span.upto
    )
    gone = _leave(close, stays.filter(case__status__in=RESOLVED), ENDED)
    gone += _leave_the_rest(close, stays, paths)
    before, own, version, strategy_id = conditions.NEVER, conditions.NEVER, 0, 0
    taken = conditions.NEVER
    walked = set(stays.order_by().values_list("segment_id", flat=True).distinct())
    last = max((number for number, path in enumerate(paths) if path.segment.pk in walked), default=-1)
    for path in paths[: last + 1]:
        if path.version.strategy_id != strategy_id:
            strategy_id, before = path.version.strategy_id, taken
        if path.version.pk != version:  # the versions of a strategy do not take each other's cases
            version, own = path.version.pk, conditions.NEVER
        if path.segment.pk in walked:
            gone += _leave_path(close, span, stays.filter(segment=path.segment), path, before | own)
        if path.accepts:
            wanted = takes(path, close)
            own |= wanted
            taken |= wanted
    return gone


def _leave_path(close: Close, span: Span, here: QuerySet[Enrolment], path: Path, taken: Q) -> int:
    context, segment, gone = context_of(close, path.version), path.segment, 0
    # Said of the cases too, not of the stays alone: conditions would be worked out for the whole book in every span.
    cases = Case.objects.filter(person_id__gt=span.after, person_id__lte=span.upto)
    if segment.stop:
        stopped = cases.filter(conditions.matching(segment.stop, context), pk=OuterRef("case_id"))
        gone += _leave(close, here.filter(Exists(stopped)), STOPPED)
    if path.keeps is not conditions.ALWAYS:
        gone += _leave(close, here.exclude(path.keeps), path.side_reason)
    still = cases.filter(conditions.matching(segment.condition, context))
    if taken != conditions.NEVER:
        still = still.exclude(Exists(cases.filter(taken, pk=OuterRef("pk"))))
    free_to_go = here.filter(entered_on__lte=close.day - timedelta(days=segment.dwell_days))
    return gone + _leave(close, free_to_go.exclude(Exists(still.filter(pk=OuterRef("case_id")))), CHANGED)


def _leave_the_rest(close: Close, stays: QuerySet[Enrolment], paths: Sequence[Path]) -> int:
    """End the stays on segments that are not walked: over, moved, or of another creditor now; not those frozen."""
    others = Segment.objects.exclude(pk__in=[path.segment.pk for path in paths]).filter(
        Exists(stays.filter(segment=OuterRef("pk")))
    )
    rest = list(others.select_related("version").order_by("pk"))
    if not rest:
        return 0
    ours = set(StrategyVersion.objects.filter(creditors=close.creditor).values_list("pk", flat=True))
    standings = {one.strategy.pk: one for one in in_force.of_creditor(close.creditor, close.day)}
    by_reason: dict[str, list[int]] = {}
    for segment in rest:
        reason = _reason(segment, standings.get(segment.version.strategy_id), is_ours=segment.version_id in ours)
        if reason:
            by_reason.setdefault(reason, []).append(segment.pk)
    return sum(_leave(close, stays.filter(segment__in=pks), reason) for reason, pks in sorted(by_reason.items()))


def _reason(segment: Segment, standing: Standing | None, *, is_ours: bool) -> str:
    if standing is None or not is_ours:
        return STRATEGY_ENDED
    if standing.is_frozen and (standing.canary is None or segment.version_id != standing.canary.pk):
        return ""
    if standing.whole is None and standing.canary is None:
        return STRATEGY_ENDED
    action = standing.action(segment.version_id, segment.key)
    return BY_MOVE.get(Move.Action(action), BY_MOVE[Move.Action.MOVE])


def takes(path: Path, close: Close) -> Q:
    """Return the condition under which a path takes a case that comes new to it."""
    segment, context = path.segment, context_of(close, path.version)
    wanted = conditions.matching(segment.condition, context)
    if segment.stop:
        stopped = Case.objects.filter(conditions.matching(segment.stop, context), pk=OuterRef("pk"))
        wanted &= ~Q(Exists(stopped))
    if path.people is not conditions.ALWAYS:
        wanted &= path.people
    if path.barred is not conditions.NEVER:
        wanted &= ~path.barred
    if segment.re_entry != Segment.ReEntry.ALWAYS:
        before = Enrolment.objects.filter(
            case_id=OuterRef("pk"),
            left_on__isnull=False,
            left_reason__in=LEFT_ITSELF,
            segment__key=segment.key,
            version__strategy_id=path.version.strategy_id,
        )
        if segment.re_entry == Segment.ReEntry.AFTER:
            before = before.filter(left_on__gt=close.day - timedelta(days=segment.re_entry_days))
        wanted &= ~Q(Exists(before))
    return wanted


def enrol(close: Close, span: Span, paths: Sequence[Path]) -> int:
    """Put every unresolved case that is on no path on the first one that takes it."""
    entered = 0
    stay = Enrolment.objects.filter(case_id=OuterRef("pk"), left_on__isnull=True)
    on_no_path = book(close, span).exclude(Exists(stay))
    if not on_no_path.exists():
        return 0
    for path in paths:
        if not path.accepts:
            continue
        free = on_no_path.filter(takes(path, close))
        is_fresh: Any = Value(False, BooleanField())  # noqa: FBT003
        if path.fresh is not conditions.NEVER:
            is_fresh = Choose(When(path.fresh, then=Value(True)), default=Value(False), output_field=BooleanField())  # noqa: FBT003
        chosen = free.order_by("pk").values_list(
            "pk",
            "person_id",
            "creditor_id",
            Value(path.version.pk, BigIntegerField()),
            Value(path.segment.pk, BigIntegerField()),
            Value(close.day, DateField()),
            is_fresh,
        )
        entered += run_around(sql.ENROL_HEAD, chosen, sql.ENROL_TAIL, after=_who(close))
    return entered


def cancel_unwanted(close: Close, span: Span) -> int:
    """Take out of the outbox what is of cases resolved or off their path, and call tasks whose time is over."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CANCEL_UNWANTED, close.values(**span.values()))
        return cursor.fetchone()[0]


def _leave(close: Close, stays: QuerySet[Enrolment], reason: str) -> int:
    return run_around(
        sql.LEAVE_HEAD, stays.values_list("pk"), sql.LEAVE_TAIL, before=[close.day, reason], after=_who(close)
    )


def _who(close: Close) -> list[Any]:
    return [close.actor.kind, close.actor.id, close.actor.label, close.at]


def run_around(
    head: str, rows: QuerySet[Any], tail: str, *, before: Sequence[Any] = (), after: Sequence[Any] = ()
) -> int:
    """Run one statement made of a constant head, a query of the ORM and a constant tail; return how many rows it wrote:
    what it says itself, where it says anything.
    """
    made = sql.around(head, rows, tail, before=before, after=after)
    if made is None:
        return 0
    statement, values = made
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else max(0, cursor.rowcount)
