"""Whether the firm's own limits are stricter than law, as they must be. Pure: no clock, no database.

A limit of the firm is refused where the law says less before it would ever say no: hours wider than those that a rule
sets for calls, a cap that counts no more than a rule counts and lets more through. Numbers that measure another thing
(the law counts conversations, the firm counts dials) are not compared: each says no on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.facts import DEFAULT_POLICIES, Facts, Question
from compliance.packs_loader import Pack, Rule
from compliance.vocabulary import CHANNELS

PER: Final = ("contact_point", "debt", "person")  # from the narrowest count to the widest
MAX_GUARD_MINUTES: Final = 240
_SPECIAL: Final = ("workplace_only", "at_workplace", "only_if_ambiguous")  # rules for a part of the calls only

SENTENCES: Final[dict[str, Promise | str]] = {
    "opens-early": _("%(time)s is before %(law)s, which %(rule)s sets (%(pack)s)."),
    "closes-late": _("%(time)s is after %(law)s, which %(rule)s sets (%(pack)s)."),
    "hours": _("Give both hours or neither, the opening before the close."),
    "cap-loose": _("%(limit)s in %(days)s day(s) is more than %(law)s, which %(rule)s sets for the same contacts (%(pack)s)."),  # noqa: E501
    "cap-broken": _("A cap needs channels, a limit of at least 0, days of at least 1, and what it is counted per."),
    "guard-negative": _("A guard band is between 0 and %(most)s minutes; %(minutes)s for %(channel)s is not."),
    "guard-channel": _("There is no channel “%(channel)s”."),
    "always-honoured": _("“%(policy)s” is always honoured and cannot be switched off."),
    "unknown-policy": _("There is no policy “%(policy)s”."),
    "unknown-pack": _("There is no rule pack “%(pack)s”."),
    "needs-hours": _("%(rule)s leaves the hours to the firm (%(pack)s): while none are set, every such contact is refused."),  # noqa: E501
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a policy cannot stand, or what it lacks: a code, the values it is about, and the field it is about."""

    code: str
    about: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(SENTENCES[self.code]) % self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the firm wants to set. document: as `FirmPolicyVersion.document`; "disabled": policies to switch off."""

    opens: time | None = None
    closes: time | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """One kind of debt in one place, with the packs that bind it."""

    facts: Facts
    packs: tuple[Pack, ...]


def objections(
    proposal: Proposal, situations: Iterable[Situation], *, at: datetime, installed: Sequence[Pack]
) -> list[Objection]:
    """Return everything that makes the proposal looser than law, or unreadable; empty where it may stand.

    at: when it would come into force. installed: every pack there is, for the names of policies and packs.
    """
    found = [*_hours_in_order(proposal), *_guards(proposal), *_names(proposal, installed)]
    caps, broken = _caps(proposal)
    found += broken
    for situation in situations:
        for rule, params in _rules(situation, at):
            found += _hours_within(proposal, rule, params)
            found += [each for cap in caps for each in _cap_within(cap, rule, params)]
    return _once(found)


def lacking(proposal: Proposal, situations: Iterable[Situation], *, at: datetime) -> list[Objection]:
    """Return what the law leaves to the firm and the proposal does not say; contacts are refused until it does."""
    if proposal.opens is not None:
        return []
    found = []
    for situation in situations:
        for rule, params in _rules(situation, at):
            if params.get("firm_hours_needed") or (rule.check == "firm_hours" and params.get("required")):
                found.append(Objection("needs-hours", "opens", {"rule": rule.id, "pack": rule.pack}))
    return _once(found)


def _once(found: Iterable[Objection]) -> list[Objection]:
    seen: dict[tuple[str, str], Objection] = {}
    for each in found:
        seen.setdefault((each.code, str(sorted(each.values.items()))), each)
    return list(seen.values())


def _rules(situation: Situation, at: datetime) -> Iterator[tuple[Rule, Mapping[str, Any]]]:
    """Yield the restrictions in force then that bind an ordinary call to the debtor, with their parameters."""
    question = Question(at=at, channel="phone", actor_kind="agency" if situation.facts.outsourced else "creditor")
    day: date = at.date()
    for pack in situation.packs:
        for rule in pack.rules:
            version = rule.version_on(day)
            if rule.role != "restriction" or rule.strength == "advisory" or version is None:
                continue
            if rule.pack != "POLICY" and _fits(rule, question, situation.facts):
                yield rule, version.params


def _fits(rule: Rule, question: Question, facts: Facts) -> bool:
    return all(
        (getattr(question if condition.of_question else facts, condition.attribute) in condition.values)
        is not condition.negated
        for condition in rule.when
    )


def _hours_in_order(proposal: Proposal) -> Iterator[Objection]:
    opens, closes = proposal.opens, proposal.closes
    if (opens is None) != (closes is None) or (opens is not None and closes is not None and opens >= closes):
        yield Objection("hours", "opens")


def _hours_within(proposal: Proposal, rule: Rule, params: Mapping[str, Any]) -> Iterator[Objection]:
    opens, closes = params.get("opens"), params.get("closes")
    if not isinstance(opens, time) or not isinstance(closes, time) or any(params.get(name) for name in _SPECIAL):
        return
    named = {"rule": rule.id, "pack": rule.pack}
    if proposal.opens is not None and proposal.opens < opens:
        yield Objection("opens-early", "opens", {"time": f"{proposal.opens:%H:%M}", "law": f"{opens:%H:%M}", **named})
    if proposal.closes is not None and proposal.closes > closes:
        yield Objection(
            "closes-late", "closes", {"time": f"{proposal.closes:%H:%M}", "law": f"{closes:%H:%M}", **named}
        )


@dataclass(frozen=True, slots=True)
class _Cap:
    channels: frozenset[str]
    limit: int
    days: int
    per: str


def _caps(proposal: Proposal) -> tuple[list[_Cap], list[Objection]]:
    caps, broken = [], []
    for raw in proposal.document.get("caps", ()):
        try:
            cap = _Cap(
                frozenset(raw["channels"]), int(raw["limit"]), int(raw.get("days", 1)), str(raw.get("per", "person"))
            )
        except (KeyError, TypeError, ValueError):
            broken.append(Objection("cap-broken", "caps"))
            continue
        if not cap.channels or not cap.channels <= CHANNELS or cap.limit < 0 or cap.days < 1 or cap.per not in PER:
            broken.append(Objection("cap-broken", "caps"))
        else:
            caps.append(cap)
    return caps, broken


def _cap_within(cap: _Cap, rule: Rule, params: Mapping[str, Any]) -> Iterator[Objection]:
    """Yield an objection where the rule counts attempts of the same kind, for at least as long, and allows fewer."""
    outbound = params.get("direction", "outbound") == "outbound"
    if rule.check != "count_limit" or params.get("unit") != "attempt" or not outbound:
        return
    if any(params.get(name) for name in (*_SPECIAL, "point_kinds", "not_point_kinds", "parties")):
        return
    wide_enough = PER.index(cap.per) <= PER.index(str(params.get("key", "person")))
    if not wide_enough or not cap.channels <= set(params.get("channels", ("phone",))):
        return
    longest = max((_dates(window) for window in params.get("windows", ())), default=0)
    if longest >= cap.days and cap.limit > int(params["limit"]):
        values = {"limit": cap.limit, "days": cap.days, "law": params["limit"], "rule": rule.id, "pack": rule.pack}
        yield Objection("cap-loose", "caps", values)


def _dates(window: str) -> int:
    """Return how many local dates a window certainly holds."""
    kind, _colon, size = window.partition(":")
    if kind == "dates":
        return int(size)
    return int(size) // 24 if kind == "hours" else 1


def _guards(proposal: Proposal) -> Iterator[Objection]:
    for channel, minutes in dict(proposal.document.get("guard_minutes", {})).items():
        if channel not in CHANNELS:
            yield Objection("guard-channel", "guard_minutes", {"channel": channel})
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 <= minutes <= MAX_GUARD_MINUTES:
            values = {"minutes": minutes, "channel": channel, "most": MAX_GUARD_MINUTES}
            yield Objection("guard-negative", "guard_minutes", values)


def switchable(installed: Sequence[Pack]) -> tuple[str, ...]:
    """Return the ids of the firm policies that a firm may switch on, beside those that are always honoured."""
    known = {
        str(version.params["policy"])
        for pack in installed
        for rule in pack.rules
        for version in rule.versions
        if version.params.get("policy")
    }
    return tuple(sorted(known - set(DEFAULT_POLICIES)))


def _names(proposal: Proposal, installed: Sequence[Pack]) -> Iterator[Objection]:
    for policy in proposal.document.get("disabled", ()):
        if policy in DEFAULT_POLICIES:
            yield Objection("always-honoured", "enabled", {"policy": policy})
    known = {*switchable(installed), *DEFAULT_POLICIES}
    for policy in (*proposal.document.get("enabled", ()), *proposal.document.get("disabled", ())):
        if policy not in known:
            yield Objection("unknown-policy", "enabled", {"policy": policy})
    for pack in proposal.document.get("packs", ()):
        if pack not in {each.id for each in installed}:
            yield Objection("unknown-pack", "packs", {"pack": pack})
