"""What a supervisor asks of a team's collectors for a day, and how far one of them is. Never money alone."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team
from compliance import audit
from contacts.models import DayTarget


class TargetRefused(Refused):
    SENTENCES = {
        "money-alone": _("Money is asked for only together with the share of promises that are kept."),
        "percent": _("A percentage is between 1 and 100."),
        "currency": _("Say in which currency."),
    }


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for of each collector; None is nothing."""

    calls: int | None = None
    talks: int | None = None
    promises: int | None = None
    kept_percent: int | None = None
    money: Decimal | None = None
    currency: str = ""


def of_team(team_id: int | None) -> DayTarget | None:
    """Return what is in force for a team."""
    return DayTarget.objects.filter(team_id=team_id).order_by("-pk").first() if team_id else None


@transaction.atomic
def put_in_force(*, team: Team, terms: Terms, by: Any, actor: Actor, at: datetime) -> DayTarget:
    """Set what is asked for from now on. Raises TargetRefused."""
    if terms.money is not None and terms.kept_percent is None:
        raise TargetRefused("money-alone")
    if terms.kept_percent is not None and not 1 <= terms.kept_percent <= 100:
        raise TargetRefused("percent")
    if terms.money is not None and len(terms.currency) != 3:
        raise TargetRefused("currency")
    row = DayTarget.objects.create(
        team=team,
        calls=terms.calls,
        talks=terms.talks,
        promises=terms.promises,
        kept_percent=terms.kept_percent,
        money=terms.money,
        currency=terms.currency if terms.money is not None else "",
        set_by=by,
        set_at=at,
    )
    audit.record("day_target.set", subject=row, actor=actor, at=at, team=team.pk)
    return row
