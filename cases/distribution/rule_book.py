"""The rules of a book: which version is in force at an instant, and how a new one is set."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.distribution.rules import STANDARD, Rules, RulesWrong, Wrong, read
from cases.models import Creditor, DistributionRules
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team
from compliance import audit


class RulesRefused(Refused):
    SENTENCES = {
        "no-reason": _("Say why."),
        "in-the-past": _("Rules cannot begin in the past."),
        "wrong": "%(wrongs)s",
    }

    def __init__(self, code: str, *, wrongs: tuple[Wrong, ...] = (), **values: Any) -> None:
        super().__init__(code, wrongs=" ".join(f"{each}." for each in wrongs), **values)
        self.wrongs = wrongs


def in_force(*, creditor_id: int, at: datetime) -> DistributionRules | None:
    """Return the version in force for a creditor's book at the instant; None where nothing was ever set."""
    versions = DistributionRules.objects.filter(creditor_id=creditor_id, in_force_from__lte=at)
    return versions.order_by("-in_force_from", "-pk").first()


def rules_of(version: DistributionRules | int | None) -> Rules:
    """Return the rules of a version (or its key); STANDARD where nothing was set."""
    if isinstance(version, int):
        version = DistributionRules.objects.filter(pk=version).first()
    return read(version.document) if version is not None else STANDARD


@transaction.atomic
def set_rules(
    *,
    creditor: Creditor,
    document: Mapping[str, Any],
    in_force_from: datetime | None = None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> DistributionRules:
    """Set the rules of a creditor's book from an instant on (now, unless later). Raises RulesRefused."""
    begins = in_force_from or at
    if not reason.strip():
        raise RulesRefused("no-reason")
    if begins < at:
        raise RulesRefused("in-the-past")
    try:
        read(document, teams=list(Team.objects.filter(is_active=True).values_list("code", flat=True)))
    except RulesWrong as wrong:
        raise RulesRefused("wrong", wrongs=wrong.wrongs) from None
    Creditor.objects.select_for_update(of=("self",), no_key=True).get(pk=creditor.pk)
    version = DistributionRules.objects.create(
        creditor=creditor,
        in_force_from=begins,
        document=dict(document),
        reason=reason.strip()[:300],
        set_by_id=actor.id if actor.kind == "user" else None,
        recorded_at=at,
    )
    audit.record(
        "allocation.rules_set",
        subject=version,
        actor=actor,
        at=at,
        creditor=creditor.code,
        in_force_from=begins,
        document=dict(document),
        reason=reason,
    )
    return version
