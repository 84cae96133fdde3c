"""Registering an experiment, letting it begin, ending it: the measure stands before the first answer."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts.models import Experiment
from contacts.strategy import conditions

GUARDRAILS: Final = ("complaints", "broken_plans", "refusals")
MOST_ARMS: Final = 6


class ExperimentRefused(Refused):
    SENTENCES = {
        "code": _("A code has 1 to 40 letters, digits and hyphens."),
        "taken": _("There is an experiment %(wanted)s already."),
        "no-name": _("Give it a name."),
        "no-creditors": _("Say for which creditors."),
        "too-few": _("There are at least two sides: the champion and one that is compared with it."),
        "too-many": _("There are at most %(most)s sides."),
        "arm-key": _("Side %(number)s needs a code of its own, of letters, digits and hyphens."),
        "arm-name": _("Side %(number)s needs a name."),
        "shares": _("The shares are whole numbers from 1 that add up to 100, not %(total)s."),
        "champion": _("The first side is the champion; it cannot be the holdout."),
        "measure": _("There is no measure of this kind."),
        "days": _("Days are whole numbers: 1 to 366 after entry, and 1 to 1,098 for taking in persons."),
        "difference": _("The smallest difference worth knowing lies between 0.1 and 50 points."),
        "guardrail": _("A guardrail is a number from 0 to 1,000 of a thousand persons."),
        "condition": _("It is not understood who takes part: %(error)s"),
        "not-possible": _("An experiment that is %(status)s cannot do this."),
        "no-reason": _("Say why."),
    }


def _arms(arms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(arms) < 2:
        raise ExperimentRefused("too-few")
    if len(arms) > MOST_ARMS:
        raise ExperimentRefused("too-many", most=MOST_ARMS)
    found: list[dict[str, Any]] = []
    for number, arm in enumerate(arms, start=1):
        key, name = str(arm.get("key", "")).strip(), str(arm.get("name", "")).strip()
        if not re.fullmatch(r"[a-zA-Z0-9-]{1,40}", key) or key in {each["key"] for each in found}:
            raise ExperimentRefused("arm-key", number=number)
        if not name or len(name) > 80:
            raise ExperimentRefused("arm-name", number=number)
        found.append({"key": key, "name": name, "share": arm.get("share"), "holdout": bool(arm.get("holdout"))})
    shares = [each["share"] for each in found]
    whole = all(isinstance(share, int) and not isinstance(share, bool) and share >= 1 for share in shares)
    if not whole or sum(shares) != 100:
        raise ExperimentRefused("shares", total=sum(share for share in shares if isinstance(share, int)))
    if found[0]["holdout"]:
        raise ExperimentRefused("champion")
    return found


def _guardrails(limits: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, limit in limits.items():
        if limit in (None, ""):
            continue
        number = Decimal(str(limit))
        if name not in GUARDRAILS or not number.is_finite() or not 0 <= number <= 1000:
            raise ExperimentRefused("guardrail")
        found[name] = str(number)
    return found


@transaction.atomic
def register(
    *,
    code: str,
    name: str,
    question: str,
    creditors: Sequence[Creditor],
    arms: Sequence[Mapping[str, Any]],
    measure: str,
    within_days: int,
    horizon_days: int,
    smallest_difference: Decimal,
    guardrails: Mapping[str, Any],
    condition: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> Experiment:
    """Register what is compared, by what and until when; nobody is drawn before `begin`. Raises ExperimentRefused."""
    if not re.fullmatch(r"[a-zA-Z0-9-]{1,40}", code):
        raise ExperimentRefused("code")
    if Experiment.objects.filter(code=code).exists():
        raise ExperimentRefused("taken", wanted=code)
    if not name.strip():
        raise ExperimentRefused("no-name")
    if not creditors:
        raise ExperimentRefused("no-creditors")
    if measure not in Experiment.Measure.values:
        raise ExperimentRefused("measure")
    if not 1 <= within_days <= 366 or not 1 <= horizon_days <= 1098:
        raise ExperimentRefused("days")
    if not Decimal("0.1") <= smallest_difference <= 50:
        raise ExperimentRefused("difference")
    try:
        conditions.check(condition or {})
    except conditions.ConditionError as error:
        raise ExperimentRefused("condition", error=str(error)) from error
    experiment = Experiment.objects.create(
        code=code,
        name=name.strip()[:120],
        question=question.strip(),
        arms=_arms(arms),
        condition=dict(condition or {}),
        measure=measure,
        within_days=within_days,
        horizon_days=horizon_days,
        smallest_difference=smallest_difference,
        guardrails=_guardrails(guardrails),
        registered_at=at,
        registered_by_id=actor.id if actor.kind == "user" else None,
    )
    experiment.creditors.set(creditors)
    audit.record(
        "experiment.registered",
        subject=experiment,
        actor=actor,
        at=at,
        code=code,
        measure=measure,
        within_days=within_days,
        arms=experiment.arms,
        guardrails=experiment.guardrails,
    )
    return experiment


def _locked(experiment_id: int, *statuses: str) -> Experiment:
    experiment = Experiment.objects.select_for_update(of=("self",), no_key=True).get(pk=experiment_id)
    if experiment.status not in statuses:
        raise ExperimentRefused("not-possible", status=experiment.get_status_display())
    return experiment


@transaction.atomic
def begin(*, experiment_id: int, by: User, at: datetime) -> Experiment:
    """Let the next night draw persons; from now on nothing that was registered can be changed."""
    experiment = _locked(experiment_id, Experiment.Status.REGISTERED)
    experiment.begin(at=at, by=by)
    experiment.save(update_fields=["status", "begun_at", "begun_by"])
    audit.record("experiment.begun", subject=experiment, actor=Actor.of(by), at=at, code=experiment.code)
    return experiment


@transaction.atomic
def end(*, experiment_id: int, reason: str, by: User, at: datetime) -> Experiment:
    """End it, or drop it before it began: nobody is drawn any more, and everybody stays on his side."""
    if not reason.strip():
        raise ExperimentRefused("no-reason")
    experiment = _locked(experiment_id, Experiment.Status.REGISTERED, Experiment.Status.RUNNING)
    move = experiment.end if experiment.status == Experiment.Status.RUNNING else experiment.drop
    move(at=at, by=by, reason=reason.strip()[:300])
    experiment.save(update_fields=["status", "ended_at", "ended_by", "ended_reason"])
    audit.record("experiment.ended", subject=experiment, actor=Actor.of(by), at=at, reason=reason.strip()[:300])
    return experiment
