"""What a rehearsal found, summed up for the page, the command and the publisher: by day, by step, by team, beside the
version in force.

Collectors' hours are the minutes that steps put before people (`minutes` of a step, else those of its kind). Capacity
is the active collectors of a team times COLLECTOR_MINUTES, every day alike: nobody knows who will be on leave.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db.models import Count

from cases.models import Creditor
from collections_app.staff.models import Team, User
from contacts import epochs, stops
from contacts.rehearsal import costs
from contacts.rehearsal.counting import TASK, Cell, Cells, Key
from contacts.rehearsal.running import Ran

# What a rehearsal takes for granted, by code; the page says each in words.
ASSUMED: Final = ("nobody-pays", "no-new-tape", "tasks-stay-open", "every-hand-over-succeeds", "nobody-writes")
SIXTY: Final = Decimal(60)


def of(
    draft: Ran, current: Ran | None, shares: Mapping[int, Ran] | None = None, *, with_answers: bool = True
) -> dict[str, Any]:
    """Return the results of a rehearsal, as plain values. shares: the version for so many of a hundred persons."""
    return {
        "assumed": [*ASSUMED, "people-answer" if draft.rates else "nobody-is-reached"],
        "answers": {"asked": with_answers, "rates": draft.rates},
        "shares": {str(share): totals(one.cells) for share, one in sorted((shares or {}).items())},
        "persons": draft.persons,
        "skipped": draft.skipped,
        "late": draft.late,
        "currency": costs.currency(),
        "enrolled": draft.enrolled,
        "days": _days(draft),
        "nodes": _nodes(draft.cells),
        "teams": _teams(draft.cells),
        "creditors": _creditors(draft.cells),
        "totals": totals(draft.cells),
        "compare": None if current is None else _compare(draft, current),
    }


def of_stops(lifted: Ran | None) -> dict[str, Any]:
    """Return the orders that stop sending now, whether it is held because the database went back in time (a rehearsal
    sends all the same), and what would leave were the orders lifted.
    """
    return {
        "stops": [[order.scope, order.target, order.reason] for order in stops.standing()],
        "held": epochs.went_back(),
        "lifted": None if lifted is None else totals(lifted.cells),
    }


def totals(cells: Cells) -> dict[str, Any]:
    """Return the sums over all days."""
    sums = _Sums()
    for key, cell in cells.by_key.items():
        sums.add(key, cell)
    return sums.told()


class _Sums:
    """Contacts by what becomes of them."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.obstacles: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self.minutes, self.cost = 0, Decimal("0.00")

    def add(self, key: Key, cell: Cell) -> None:
        """Count a number in."""
        where = {"sent": (self.sent, key.channel), "withheld": (self.refused, key.reason), TASK: (self.tasks, key.kind)}
        counter, name = where.get(key.outcome, (self.obstacles, key.reason))
        counter[name] += cell.count
        self.minutes += cell.minutes
        self.cost += cell.cost

    def told(self) -> dict[str, Any]:
        """Return the sums as plain values."""
        return {
            "sent": dict(sorted(self.sent.items())),
            "refused": dict(sorted(self.refused.items())),
            "obstacles": dict(sorted(self.obstacles.items())),
            "tasks": dict(sorted(self.tasks.items())),
            "collector_hours": _hours(self.minutes),
            "cost": str(self.cost),
        }


def _days(ran: Ran) -> list[dict[str, Any]]:
    sums: dict[date, _Sums] = {}
    for key, cell in ran.cells.by_key.items():
        sums.setdefault(key.day, _Sums()).add(key, cell)
    days = sorted({*sums, *(day for day, _channel in ran.planned)})
    planned: dict[date, dict[str, int]] = {day: {} for day in days}
    for (day, channel), count in sorted(ran.planned.items()):
        planned[day][channel] = count
    return [{"date": day.isoformat(), "planned": planned[day]} | sums.get(day, _Sums()).told() for day in days]


def _nodes(cells: Cells) -> list[dict[str, Any]]:
    """Return every step with its sums and the first cases that it takes."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    sums: dict[tuple[str, str], _Sums] = {}
    for key, cell in sorted(cells.by_key.items(), key=_order):
        name = (key.segment_key, key.step_key)
        node = nodes.setdefault(
            name,
            {"segment": key.segment_key, "step": key.step_key, "kind": key.kind, "channel": key.channel, "cases": []},
        )
        sums.setdefault(name, _Sums()).add(key, cell)
        room = 5 - len(node["cases"])
        node["cases"] += [case for case in cell.cases if case not in node["cases"]][: max(0, room)]
    return [node | sums[name].told() for name, node in sorted(nodes.items())]


def _order(one: tuple[Key, Cell]) -> tuple[date, str, str, str]:
    return one[0].day, one[0].segment_key, one[0].step_key, one[0].outcome


def _teams(cells: Cells) -> list[dict[str, Any]]:
    """Return each team's hours on its fullest day and on an average one, beside what it can do."""
    minutes: dict[int | None, Counter[date]] = {}
    for key, cell in cells.by_key.items():
        minutes.setdefault(key.team_id, Counter())[key.day] += cell.minutes
    days = {key.day for key in cells.by_key}
    names, capacity = dict(Team.objects.values_list("pk", "name")), capacity_minutes()
    return [
        {
            "team_id": team,
            "team": names.get(team or 0, ""),
            "hours_most": _hours(max(by_day.values())),
            "day_most": max(by_day, key=lambda day: (by_day[day], day)).isoformat(),
            "hours_average": _hours(sum(by_day.values()) // max(1, len(days))),
            "capacity_hours": _hours(capacity.get(team or 0, 0)),
        }
        for team, by_day in sorted(minutes.items(), key=lambda each: each[0] or 0)
        if any(by_day.values())
    ]


def capacity_minutes() -> dict[int, int]:
    """Return, by team, the minutes a day that its active collectors can work on contacts."""
    collectors = User.objects.filter(is_active=True, role="collector", team__isnull=False)
    counted = collectors.values("team").annotate(number=Count("pk")).values_list("team", "number").order_by("team")
    return {team: number * settings.COLLECTOR_MINUTES for team, number in counted}


def _creditors(cells: Cells) -> list[dict[str, Any]]:
    sums: dict[int, _Sums] = {}
    for key, cell in cells.by_key.items():
        sums.setdefault(key.creditor_id, _Sums()).add(key, cell)
    codes = dict(Creditor.objects.values_list("pk", "code"))
    return [{"creditor": codes[pk]} | one.told() for pk, one in sorted(sums.items())]


def _compare(draft: Ran, current: Ran) -> dict[str, Any]:
    """Return both sides day by day, and the sums of each."""
    ours, theirs = {day["date"]: day for day in _days(draft)}, {day["date"]: day for day in _days(current)}
    shown = ("sent", "tasks", "refused")
    return {
        "draft": totals(draft.cells),
        "current": totals(current.cells),
        "days": [
            {
                "date": day,
                **{name: [_all(ours, day, name), _all(theirs, day, name)] for name in shown},
                "collector_hours": [
                    ours.get(day, {}).get("collector_hours", 0),
                    theirs.get(day, {}).get("collector_hours", 0),
                ],
            }
            for day in sorted({*ours, *theirs})
        ],
    }


def _all(days: Mapping[str, Mapping[str, Any]], day: str, name: str) -> int:
    counts: Iterable[int] = days.get(day, {}).get(name, {}).values()
    return sum(counts)


def _hours(minutes: int) -> float:
    return float(round(Decimal(minutes) / SIXTY, 1))
