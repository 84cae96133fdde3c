"""What a rehearsal found, as the page, the lists of cases and the interface for other systems read it: only the rows
within somebody's reach, added up in one query.

A number is a sum of cells. Whoever opens it gets the cells it was made of, by the same words in the address.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import BigIntegerField, Func, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from cases import reach
from cases.models import Case
from contacts.models import Rehearsal, RehearsalCell
from contacts.rehearsal.counting import TASK

DRAFT: Final = str(RehearsalCell.Side.DRAFT)
CURRENT: Final = str(RehearsalCell.Side.CURRENT)
SENT, WITHHELD, OBSTACLE = "sent", "withheld", "obstacle"
OUTCOMES: Final = (SENT, TASK, WITHHELD, OBSTACLE)
# What a number may be asked for by: a word of the address and the column that it stands for.
ASKED: Final = {
    "side": "side",
    "day": "day",
    "creditor": "creditor__code",
    "segment": "segment_key",
    "step": "step_key",
    "kind": "kind",
    "channel": "channel",
    "team": "team_id",
    "outcome": "outcome",
    "reason": "reason",
}
_COLUMNS: Final = (
    "side", "day", "creditor_id", "segment_key", "step_key", "kind", "channel", "team_id", "outcome", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """Cells that agree in everything, added up."""

    side: str
    day: date
    creditor_id: int
    segment_key: str
    step_key: str
    kind: str
    channel: str
    team_id: int | None
    outcome: str
    reason: str
    count: int
    minutes: int
    cost: Decimal


@dataclass(slots=True)
class Sums:
    """Contacts by what becomes of them, the minutes of people's work, and what the messages cost."""

    by_outcome: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    minutes: int = 0
    cost: Decimal = Decimal("0.00")

    def add(self, number: Number) -> None:
        """Count a number in."""
        self.by_outcome[number.outcome] = self.by_outcome.get(number.outcome, 0) + number.count
        self.minutes += number.minutes
        self.cost += number.cost

    @property
    def contacts(self) -> int:
        """Messages that left and tasks for people."""
        return self.by_outcome[SENT] + self.by_outcome[TASK]


def rehearsals(user: Any) -> QuerySet[Rehearsal]:
    """Return the rehearsals of versions for a creditor within reach."""
    return Rehearsal.objects.filter(version__creditors__in=reach.creditors(user)).distinct()


def cells(rehearsal: Rehearsal, user: Any) -> QuerySet[RehearsalCell]:
    """Return the numbers within reach: those of cases of one's own team, and of none at one's own creditors."""
    return reach.limit(RehearsalCell.objects.filter(rehearsal=rehearsal), user, team="team")


def numbers(rows: QuerySet[RehearsalCell]) -> list[Number]:
    """Return the numbers of these cells."""
    summed = rows.order_by().values_list(*_COLUMNS).annotate(Sum("count"), Sum("minutes"), Sum("cost"))
    return [Number(*row) for row in summed]


def of_all_teams(found: Iterable[Number]) -> list[Number]:
    """Return the numbers with those of all teams and creditors together, in the order of days and steps."""
    whole: dict[Number, list[Number]] = {}
    for number in found:
        key = replace(number, team_id=None, creditor_id=0, count=0, minutes=0, cost=Decimal(0))
        whole.setdefault(key, []).append(number)
    ordered = sorted(whole, key=lambda one: (one.side, one.day, one.segment_key, one.step_key, one.outcome, one.reason))
    return [
        replace(
            key,
            count=sum(one.count for one in whole[key]),
            minutes=sum(one.minutes for one in whole[key]),
            cost=sum((one.cost for one in whole[key]), Decimal("0.00")),
        )
        for key in ordered
    ]


def grouped[Key](found: Iterable[Number], by: Callable[[Number], Key]) -> dict[Key, dict[str, Sums]]:
    """Return the sums of each of the two sides by a key, keys as they come; of the shares nothing."""
    groups: dict[Key, dict[str, Sums]] = {}
    for number in found:
        if number.side not in (DRAFT, CURRENT):
            continue
        sides = groups.setdefault(by(number), {DRAFT: Sums(), CURRENT: Sums()})
        sides[number.side].add(number)
    return groups


def reasons(found: Iterable[Number], outcome: str) -> list[tuple[str, int, int]]:
    """Return why, how often on this side and how often on the other, the most frequent first."""
    counts: dict[str, list[int]] = {}
    for number in found:
        if number.outcome == outcome and number.side in (DRAFT, CURRENT):
            pair = counts.setdefault(number.reason, [0, 0])
            pair[number.side != DRAFT] += number.count
    return [
        (reason, ours, theirs)
        for reason, (ours, theirs) in sorted(counts.items(), key=lambda each: (-max(each[1]), each[0]))
    ]


def narrowed(rows: QuerySet[RehearsalCell], asked: Mapping[str, str]) -> QuerySet[RehearsalCell]:
    """Return the cells that an address asks for. Words that are not known, and values that are none, find nothing."""
    for word, value in asked.items():
        column = ASKED.get(word)
        if column is None:
            continue
        if "\x00" in value:
            return rows.none()
        if word == "team":
            rows = rows.filter(team_id=int(value[:9])) if value.isdecimal() else rows.filter(team__isnull=True)
        elif word == "day":
            try:
                rows = rows.filter(day=date.fromisoformat(value))
            except ValueError:
                return rows.none()
        else:
            rows = rows.filter(**{column: value[:80]})
    return rows


class _Keys(Func):
    """The elements of a list of keys, a row each."""

    function = "jsonb_array_elements_text"
    set_returning = True
    output_field = TextField()


def behind(rows: QuerySet[RehearsalCell], user: Any) -> QuerySet[Case]:
    """Return the cases of these cells that somebody may see: those that stood when it was rehearsed, of each number the
    first ten thousand.
    """
    keys = rows.order_by().annotate(key=Cast(_Keys("cases"), BigIntegerField())).values("key")
    return _visible(Case.objects.filter(pk__in=keys), user)


def cases_of(keys: Sequence[int], user: Any) -> list[Case]:
    """Return these cases as far as they are within reach, in this order."""
    found = {case.pk: case for case in _visible(Case.objects.filter(pk__in=keys), user)}
    return [found[key] for key in keys if key in found]


def _visible(cases: QuerySet[Case], user: Any) -> QuerySet[Case]:
    cases = cases.select_related("person", "creditor")
    if user.has_perm("cases.view_all"):
        return cases
    return cases.filter(team_id=user.team_id) if user.has_perm("cases.view_team") and user.team_id else cases.none()
