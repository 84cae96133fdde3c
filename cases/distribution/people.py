"""Collectors as the engine sees them on a day: what they can, what they have elsewhere, whom they must not work."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from cases.distribution import sql
from cases.distribution.loads import Worker
from cases.distribution.rules import GLANCE, Rules
from collections_app.shared import sealed
from collections_app.staff.models import Absence, User
from collections_app.staff.roles import Role
from collections_app.staff.work import RANK, spoken


def collectors(*, team_id: int | None = None) -> list[User]:
    """Return who may be given cases: active, with a team; collectors, and supervisors whose profile says so."""
    takes = Q(role=Role.COLLECTOR) | Q(role=Role.SUPERVISOR, work__takes_cases=True)
    people = User.objects.filter(takes, is_active=True, team__is_active=True)
    if team_id is not None:
        people = people.filter(team_id=team_id)
    return list(people.select_related("work", "team").order_by("pk"))


def away(user_ids: Collection[int], *, day: date) -> dict[int, int]:
    """Return how many days in all somebody is away who is away on the day; whoever is there is left out."""
    days: dict[int, int] = {}
    for row in Absence.objects.filter(user_id__in=user_ids, first_day__lte=day, last_day__gte=day):
        days[row.user_id] = max(days.get(row.user_id, 0), (row.last_day - row.first_day).days + 1)
    return days


def as_worker(user: User, *, days_away: int, rules: Rules, elsewhere: tuple[int, int] = (0, 0)) -> Worker:
    """Return a user as the engine sees him. elsewhere: cases and minutes that he has in other books."""
    work = getattr(user, "work", None)
    return Worker(
        id=user.pk,
        team=user.team_id or 0,
        skills=frozenset(work.skills) if work else frozenset(),
        tier=RANK[work.tier] if work else 0,
        languages=frozenset(work.languages) if work and work.languages else frozenset({spoken(user.language)}),
        max_cases=work.max_cases if work else None,
        minutes_a_day=work.minutes_a_day if work else None,
        takes=not days_away and (work is None or work.takes_cases),
        keeps=days_away < rules.absent_days,
        base_cases=elsewhere[0],
        base_minutes=elsewhere[1],
    )


def elsewhere(
    user_ids: Collection[int], *, creditor_id: int, team_id: int | None, until: datetime, minutes: Mapping[str, int]
) -> dict[int, tuple[int, int]]:
    """Return cases and minutes that people have outside the cases to be shared out."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    with connection.cursor() as cursor:
        cursor.execute(
            sql.ELSEWHERE, {"users": list(user_ids), "creditor": creditor_id, "team": team_id, "until": until}
        )
        for user_id, action, is_due, count in cursor.fetchall():
            found[user_id][0] += count
            found[user_id][1] += count * (minutes.get(action, GLANCE) if is_due else GLANCE)
    return {user_id: (cases, spent) for user_id, (cases, spent) in found.items()}


def conflicts(users: Collection[User]) -> dict[int, tuple[int, ...]]:
    """Return by person who must not work his cases: those named, and those who share a number or address with him."""
    owners, hashes = [], []
    for user in users:
        for kind, value in (("phone", user.phone), ("email", user.email.lower())):
            if value:
                owners.append(user.pk)
                hashes.append(sealed.digest(kind, value))
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(sql.CONFLICTS, {"users": [user.pk for user in users], "owners": owners, "hashes": hashes})
        for user_id, person_id in cursor.fetchall():
            found[person_id].add(user_id)
    return {person_id: tuple(sorted(ids)) for person_id, ids in found.items()}
