"""What a rehearsal rests on, in a form that can be hashed: whoever publishes must publish exactly that.

The strategy as it is written and how it takes the place of the one before; the rule packs in force, by version and
hash; the approved wordings of its templates, by hash; the firm's policies and the creditors they bind. The book itself
is not part of it: it changes with every payment. What the book was is said by the snapshot.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from cases.models import FirmPolicyVersion
from compliance.releases import in_force
from contacts.models import Step, StrategyVersion, TemplateVersion
from contacts.strategy import definition


def inputs_of(version: StrategyVersion, *, at: datetime) -> dict[str, Any]:
    """Return what a rehearsal of this version rests on at an instant; plain values, the same for the same state."""
    templates = Step.objects.filter(segment__version=version, template__isnull=False).values("template")
    wordings = TemplateVersion.objects.filter(template__in=templates, status=TemplateVersion.Status.APPROVED)
    creditors = version.creditors.order_by("pk")
    policies = FirmPolicyVersion.objects.filter(creditor__in=creditors.values("pk")).order_by("pk")
    return {
        "strategy": version.strategy.code,
        "content": definition.of_version(version).content_hash,
        "creditors": list(creditors.values_list("code", flat=True)),
        "moves": [list(move) for move in version.moves.order_by("from_key").values_list("from_key", "action")],
        "share": version.share,
        "starts_on": version.starts_on.isoformat() if version.starts_on else None,
        "packs": [[pack.id, pack.version, pack.hash] for pack in in_force.at(at).packs],
        "wordings": [
            [pk, _digest([language, place, variant, weight, subject, body])]
            for pk, language, place, variant, weight, subject, body in wordings.order_by("pk").values_list(
                "pk", "language", "jurisdiction", "variant", "weight", "subject", "body"
            )
        ],
        "policies": list(policies.values_list("pk", flat=True)),
    }


def hash_of(inputs: dict[str, Any], snapshot: str = "") -> str:
    """Return the hash of inputs, with that of the book where a snapshot is given."""
    return _digest([inputs, snapshot] if snapshot else inputs)


def inputs_hash(version: StrategyVersion, *, at: datetime) -> str:
    """Return the hash that a rehearsal of this version, made now, would have."""
    return hash_of(inputs_of(version, at=at))


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the names of the parts that differ: why a rehearsal no longer counts."""
    return [name for name in now if before.get(name) != now[name]]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
