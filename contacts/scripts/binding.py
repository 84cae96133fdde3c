"""Which disclosures the rules demand in a call: those of the rules that bound it when it was permitted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compliance import gate, trace
from compliance.engine import ADVISED, FAIL, LIFTED, NOT_APPLICABLE, OVERRIDDEN
from compliance.models import Decision
from compliance.packs_loader import Pack, PackError
from contacts.facts import CaseFile
from contacts.scripts import shipped


@dataclass(frozen=True, slots=True)
class Demand:
    """A rule that binds a call, where it stands, and what of it is said (none: a script of the firm's own says it)."""

    rule: str
    pack: str
    source: str
    disclosure: shipped.Disclosure | None = None


def of_decision(decision: Decision) -> dict[str, Demand]:
    """Return the rules that bound a call, by id, as the decision that permitted it keeps them.

    Nothing where the rules of that time cannot be read any more.
    """
    try:
        packs = gate.revived(list(decision.releases))
    except PackError:
        return {}
    kept: dict[str, Any] = decision.findings if isinstance(decision.findings, dict) else {}
    used = [packs[digest] for digest in decision.releases if digest in packs]
    bound = set(trace.passes(kept, used))
    for state in (FAIL, ADVISED, OVERRIDDEN, LIFTED):
        bound |= set(kept.get(state, {}))
    return _demands(bound, used)


def of_preview(file: CaseFile) -> dict[str, Demand]:
    """Return the rules that would bind a call about this case now; nothing is stored."""
    question = file.question(channel="phone", contact_point_id=None, content_class="phone")
    facts = file.facts()
    try:
        used = gate.choose_packs(question, facts)
    except (PackError, OSError):
        return {}
    outcome = gate.preview(question, facts)
    bound = {result.rule for result in outcome.results if result.state != NOT_APPLICABLE}
    return _demands(bound, used)


def _demands(bound: Iterable[str], packs: Iterable[Pack]) -> dict[str, Demand]:
    rules = set(bound)
    library: Mapping[str, shipped.Disclosure] = shipped.disclosures()
    found: dict[str, Demand] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.id in rules and rule.id not in found:
                known = library.get(rule.id)
                fitting = known if known is not None and known.pack == pack.id else None
                found[rule.id] = Demand(rule.id, pack.id, rule.source, fitting)
    return found
