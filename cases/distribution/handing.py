"""Cases handed to a team, a skill or a level by a strategy: set-based, without a run, the same when done again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from cases.distribution import people, sql
from cases.distribution.engine import NOBODY, Item, Need, share_out
from cases.distribution.loads import Worker
from cases.distribution.rules import MUST, STANDARD, Rules
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team
from collections_app.staff.work import RANK, Skill, Tier

SKILLS: Final = dict(Skill.choices)
TIERS: Final = dict(Tier.choices)
CRITERIA: Final = Rules(criteria=(("skill", MUST), ("tier", MUST)))


class HandOverRefused(Refused):
    SENTENCES = {
        "nothing-said": _("Say to which team, skill or level the cases go."),
        "unknown-team": _("There is no team %(team)s."),
        "unknown-skill": _("There is no skill %(skill)s."),
        "unknown-tier": _("There is no level %(tier)s."),
    }


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many cases went to a collector, how many to a team without one, how many stayed, and how many were in use."""

    to_collector: int = 0
    to_team: int = 0
    kept: int = 0
    busy: int = 0


def hand_over_many(
    *,
    case_ids: Sequence[int],
    team: str = "",
    skill: str = "",
    tier: str = "",
    actor: Actor,
    at: datetime,
    why: str = "",
    day: date | None = None,
) -> HandedOver:
    """Give these cases to a team (its code; "" is the one they have) and, where a skill or a level is named, to the
    least loaded of its collectors who has it, is there on the day (that of `at`, unless said) and has room.

    An owner who has what is asked keeps his case. Nobody takes it: it lies with the team. Resolved cases, and those
    that somebody works on at the moment, are left alone. Done again, nothing changes. The caller owns the transaction.
    Raises HandOverRefused.
    """
    team_id = _checked(team, skill, tier)
    rows = _rows(sql.HANDED, {"cases": list(case_ids)})
    workers = _workers(rows, team_id, day=day or at.date())
    need = Need(frozenset({skill} if skill else ()), RANK.get(tier, 0))
    items = [
        Item(pk, team_id or own_team or NOBODY, owner or NOBODY, 0, urgency=score)
        for pk, own_team, owner, score, is_busy in rows
        if not is_busy
    ]
    before = {pk: (own_team, owner) for pk, own_team, owner, _score, _busy in rows}
    given = _to_the_team(items, workers) if not skill and not tier else _to_people(items, need, workers)
    moves = [
        (item.case_id, item.team or None, owner)
        for item, owner in zip(items, given, strict=True)
        if before[item.case_id] != (item.team or None, owner)
    ]
    changed, to_people = _move(moves, why=why, actor=actor, at=at)
    busy = len(rows) - len(items) + len(moves) - changed
    return HandedOver(to_people, changed - to_people, len(items) - len(moves), busy)


def _checked(team: str, skill: str, tier: str) -> int | None:
    """Return the key of the team. Raises HandOverRefused for what does not exist."""
    if not (team or skill or tier):
        raise HandOverRefused("nothing-said")
    if skill and skill not in SKILLS:
        raise HandOverRefused("unknown-skill", skill=skill)
    if tier and tier not in TIERS:
        raise HandOverRefused("unknown-tier", tier=tier)
    if not team:
        return None
    team_id = Team.objects.filter(code=team, is_active=True).values_list("pk", flat=True).first()
    if team_id is None:
        raise HandOverRefused("unknown-team", team=team)
    return int(team_id)


def _workers(rows: list[tuple[int, ...]], team_id: int | None, *, day: date) -> dict[int, Worker]:
    """Return the collectors of the teams concerned, with what they hold besides these cases."""
    teams = {team_id} if team_id else {row[1] for row in rows if row[1]}
    users = [user for user in people.collectors() if user.team_id in teams]
    ids = [user.pk for user in users]
    away = people.away(ids, day=day)
    held: dict[int, int] = dict(_rows(sql.IN_HAND, {"users": ids, "cases": [row[0] for row in rows]}))
    return {
        user.pk: people.as_worker(
            user, days_away=away.get(user.pk, 0), rules=STANDARD, elsewhere=(held.get(user.pk, 0), 0)
        )
        for user in users
    }


def _to_the_team(items: list[Item], workers: dict[int, Worker]) -> list[int | None]:
    """Return the owners after: those who are in the team keep their cases, the others' lie with it."""
    return [item.owner if item.owner in workers and workers[item.owner].team == item.team else None for item in items]


def _to_people(items: list[Item], need: Need, workers: dict[int, Worker]) -> list[int | None]:
    return [to or None for to in share_out(items, [need], workers.values(), CRITERIA).to]


def _move(moves: list[tuple[int, int | None, int | None]], *, why: str, actor: Actor, at: datetime) -> tuple[int, int]:
    if not moves:
        return 0, 0
    values: dict[str, Any] = {
        "cases": [case_id for case_id, _team, _owner in moves],
        "teams": [team for _case_id, team, _owner in moves],
        "owners": [owner for _case_id, _team, owner in moves],
        "whys": [why] * len(moves),
        "by": "strategy",
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
    }
    ((changed, to_people),) = _rows(sql.HAND_OVER, values)
    return int(changed), int(to_people)


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
