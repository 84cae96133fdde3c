"""The firm's own limits: which version is in force at an instant, and how a new one is set. Stricter than law, never
looser (`compliance.policy_bounds`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases import policy_book, verification_policy
from cases.models import Creditor, FirmPolicyVersion
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.shared.asked_often import asked_often
from collections_app.shared.once import forget, is_remembering, once
from compliance import audit
from compliance.policy_bounds import Objection


class PolicyRefused(Refused):
    SENTENCES = {
        "no-reason": _("Say why."),
        "hours": _("Give both hours or neither, the opening before the close."),
        "in-the-past": _("A policy cannot begin in the past: what was decided then was decided by the old one."),
        "verification": _("At least one question is asked before disclosure, and no more are needed than are asked."),
        "looser": "%(objections)s",
    }

    def __init__(self, code: str, *, objections: Sequence[Objection] = (), **values: Any) -> None:
        super().__init__(code, objections=" ".join(str(each) for each in objections), **values)
        self.objections = tuple(objections)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the firm has set for a book at an instant. version_id None: nothing was ever set."""

    opens: time | None = None
    closes: time | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    version_id: int | None = None

    @property
    def extra_packs(self) -> tuple[str, ...]:
        """The packs that the firm has adopted for this book, beside those that the law chooses."""
        return tuple(sorted(self.document.get("packs", ())))


UNSET = Policy()


def in_force(*, creditor_id: int, at: datetime) -> Policy:
    """Return what the firm had set for this creditor's book at the instant.

    Where answers are remembered (`shared.once`), one query reads all versions of the creditor for every instant.
    """
    if not is_remembering():
        row = _newest.first(creditor=creditor_id, at=at)
        return UNSET if row is None else _policy(row)
    versions = once(_key(creditor_id), lambda: _versions(creditor_id))
    return next((policy for begins, policy in versions if begins <= at), UNSET)


def _key(creditor_id: int) -> tuple[str, int]:
    return "firm_policy", creditor_id


def _versions(creditor_id: int) -> list[tuple[datetime, Policy]]:
    """Return the versions of a creditor, the newest first, each with its beginning."""
    rows = FirmPolicyVersion.objects.filter(creditor_id=creditor_id).order_by("-in_force_from", "-pk")
    return [(row.in_force_from, _policy(row)) for row in rows]


@asked_often
def _newest(creditor: int, at: datetime) -> QuerySet[FirmPolicyVersion]:
    begun = FirmPolicyVersion.objects.filter(creditor_id=creditor, in_force_from__lte=at)
    return begun.order_by("-in_force_from", "-pk")[:1]


def in_force_for(creditor_ids: Iterable[int], *, at: datetime) -> dict[int, Policy]:
    """Return the policies in force at the instant by creditor, in one query; a creditor without one is left out."""
    rows = (
        FirmPolicyVersion.objects.filter(creditor_id__in=set(creditor_ids), in_force_from__lte=at)
        .order_by("creditor_id", "-in_force_from", "-pk")
        .distinct("creditor_id")
    )
    return {row.creditor_id: _policy(row) for row in rows}


def _policy(row: FirmPolicyVersion) -> Policy:
    return Policy(row.opens, row.closes, row.document or {}, row.pk)


@transaction.atomic
def set_policy(
    *,
    creditor: Creditor,
    opens: time | None = None,
    closes: time | None = None,
    document: Mapping[str, Any] | None = None,
    in_force_from: datetime | None = None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> FirmPolicyVersion:
    """Set the firm's limits for a creditor's book from an instant on. Raises PolicyRefused.

    in_force_from: now, unless later; only the first version of a book may begin earlier. Limits that are looser than a
    rule which binds this book are refused, whoever sets them.
    """
    begins = in_force_from or at
    if not reason.strip():
        raise PolicyRefused("no-reason")
    if (opens is None) != (closes is None) or (opens is not None and closes is not None and opens >= closes):
        raise PolicyRefused("hours")
    if not verification_policy.is_sound(document or {}):
        raise PolicyRefused("verification")
    found = policy_book.objections(creditor, opens=opens, closes=closes, document=document or {}, at=max(begins, at))
    if found:
        raise PolicyRefused("looser", objections=found)
    Creditor.objects.select_for_update(of=("self",), no_key=True).get(pk=creditor.pk)
    if begins < at and FirmPolicyVersion.objects.filter(creditor=creditor).exists():
        raise PolicyRefused("in-the-past")
    version = FirmPolicyVersion.objects.create(
        creditor=creditor,
        in_force_from=begins,
        opens=opens,
        closes=closes,
        document=dict(document or {}),
        reason=reason.strip()[:300],
        set_by_id=actor.id if actor.kind == "user" else None,
        recorded_at=at,
    )
    forget(_key(creditor.pk))
    audit.record(
        "policy.set",
        subject=version,
        actor=actor,
        at=at,
        creditor=creditor.code,
        in_force_from=begins,
        opens=opens,
        closes=closes,
        document=dict(document or {}),
        reason=reason,
    )
    return version
