"""The one door: may this contact be made now? Answers are stored; a permit cannot be made anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Left

from collections_app.shared.actor import Actor
from compliance import audit, calendars, engine, packs_loader, sql, trace
from compliance.engine import Outcome
from compliance.facts import Facts, FactsError, Question, as_plain, from_plain
from compliance.models import Decision, PackRelease
from compliance.models.decision import Verdict
from compliance.packs_loader import POLICY, Pack, PackError
from compliance.releases import in_force
from compliance.releases.in_force import Edition, ReleasesUnknown

PERMIT_LASTS: Final = timedelta(minutes=3)
_SEAL: Final = object()


class GateUnavailable(Exception):
    """No decision could be made or stored. Callers treat it as a refusal and contact nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A stored permitting decision. Senders demand one; only this module makes one."""

    decision_id: int
    person_id: int
    contact_point_id: int | None
    channel: str
    purpose: str
    content_class: str
    automated: bool
    valid_from: datetime
    valid_until: datetime
    outcome: Outcome
    _seal: object = None

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("a Permit is made by compliance.gate.decide and by nothing else")

    @property
    def permitted(self) -> bool:
        """True."""
        return True

    def is_valid(self, at: datetime) -> bool:
        """Whether the contact may still begin at this instant."""
        return self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A stored refusing decision: why, and when to try again."""

    decision_id: int
    failing: tuple[str, ...]
    strength: str
    next_permitted: datetime | None
    outcome: Outcome

    @property
    def permitted(self) -> bool:
        """False."""
        return False


@lru_cache(maxsize=512)
def _chosen(
    edition: Edition,
    jurisdictions: tuple[str, ...],
    products: tuple[str, ...],
    creditor_kind: str,
    extra: tuple[str, ...],
) -> tuple[Pack, ...]:
    chosen = []
    covered = set()
    known = {"product": products, "creditor_kind": (creditor_kind,)}
    for pack in edition.packs:
        if pack.id == POLICY:
            continue
        places = {
            place
            for place in jurisdictions
            if any(place == entry or place.startswith(f"{entry}-") for entry in pack.jurisdictions)
        }
        fits = all(
            any((value in condition.values) is not condition.negated for value in known[condition.attribute])
            for condition in pack.scope
        )
        if pack.id in extra or (pack.enabled and places and fits):
            chosen.append(pack)
            covered |= places
    if set(jurisdictions) - covered or set(extra) - {pack.id for pack in chosen}:
        return ()  # a place whose law is not loaded, or a pack that is asked for and not there: refuse
    return tuple(chosen)


def choose_from(edition: Edition, facts: Facts) -> tuple[Pack, ...]:
    """Return the packs of an edition that bind: by place, product and creditor, and what the firm adopted.

    Empty when the law of one of the places is not installed, so that the engine refuses. Never by language or script.
    """
    products = (facts.product, *facts.other_products)
    return _chosen(edition, facts.jurisdictions, products, facts.creditor_kind, tuple(sorted(facts.extra_packs)))


def edition_of(question: Question, facts: Facts) -> Edition:
    """Return the versions of all packs as of the instant of the question. Raises PackError, ReleasesUnknown."""
    return in_force.at(question.at if facts.as_of is None else in_force.of_day(facts.as_of))


def choose_packs(question: Question, facts: Facts) -> tuple[Pack, ...]:
    """Return the packs that bind a question, in the versions of its instant (`choose_from`), and POLICY last.

    Raises PackError when an installed pack cannot be read, ReleasesUnknown when nobody can say which version binds.
    """
    edition = edition_of(question, facts)
    return (*choose_from(edition, facts), edition.get(POLICY))


def _evaluate(question: Question, facts: Facts) -> tuple[Outcome, tuple[Pack, ...]]:
    """Return the outcome and the packs used, POLICY included. Never raises."""
    try:
        used = choose_packs(question, facts)
    except (PackError, OSError, ReleasesUnknown) as error:
        return engine.refused(question, error), ()
    return engine.evaluate(question, facts, used), used


def preview(question: Question, facts: Facts) -> Outcome:
    """Return what the gate would say. Reads packs from memory, stores nothing, never raises."""
    return _evaluate(question, facts)[0]


def refusal(question: Question, facts: Facts) -> Outcome | None:
    """Return what `preview` would say where it would refuse; None where it would permit. Never raises."""
    try:
        used = choose_packs(question, facts)
    except (PackError, OSError, ReleasesUnknown) as error:
        return engine.refused(question, error)
    return engine.refusal(question, facts, used)


def _lasts_until(question: Question, facts: Facts, packs: tuple[Pack, ...]) -> datetime:
    """Return when the permit ends: after a few minutes, at the second from which it is no longer permitted, or when
    another version of a pack begins to bind. Raises ReleasesUnknown.
    """
    at = question.at
    change = in_force.next_change(at)
    if change is not None and change < at + PERMIT_LASTS:
        return min(change, _permitted_until(question, facts, packs))
    return _permitted_until(question, facts, packs)


def _permitted_until(question: Question, facts: Facts, packs: tuple[Pack, ...]) -> datetime:
    at = question.at

    def permitted(seconds: int) -> bool:
        return engine.permits(question.moved_to(at + timedelta(seconds=seconds)), facts, packs)

    good, bad = 0, int(PERMIT_LASTS.total_seconds())
    if permitted(bad - 1):
        return at + PERMIT_LASTS
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if permitted(middle) else (good, middle)
    return at + timedelta(seconds=bad)


_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_stored: Final[set[tuple[str, str]]] = set()  # database and hash: commands move between databases
SHORT: Final = 16  # characters of a release's hash that a decision keeps


def short_hash(pack: Pack) -> str:
    """Return the beginning of a pack's hash, by which a decision names its release."""
    return pack.hash[:SHORT]


def _keep_releases(packs: tuple[Pack, ...]) -> None:
    """Store the content of packs that no committed decision has used before."""
    name = str(connection.settings_dict["NAME"])
    unknown = {pack.hash: pack for pack in packs if (name, pack.hash) not in _stored}
    if not unknown:
        return
    known = set(PackRelease.objects.filter(hash__in=unknown).values_list("hash", flat=True))
    PackRelease.objects.bulk_create(
        (
            PackRelease(pack=pack.id, version=pack.version, hash=pack.hash, content=packs_loader.content_of(pack))
            for digest, pack in sorted(unknown.items())
            if digest not in known
        ),
        ignore_conflicts=True,
    )
    transaction.on_commit(lambda: _stored.update((name, digest) for digest in unknown))


def decide(
    question: Question,
    facts: Facts,
    *,
    actor: Actor,
    at: datetime,
    entrance: str,
    creditor_id: int,
    case_id: int | None = None,
) -> Permit | Refusal:
    """Decide for the instant `at` and store the decision in the caller's transaction.

    question.person_id, and contact_point_id where the channel has one, are database ids; question.at is replaced by
    `at`. entrance: the name of the way in (screen, api, dispatch, import ...). Raises GateUnavailable when nothing
    could be stored.
    """
    question = replace(question, at=at)
    person_id, point_id = question.person_id, question.contact_point_id
    if not isinstance(person_id, int) or not isinstance(point_id, int | None):
        raise GateUnavailable("a decision is about a known person and contact point")
    outcome, packs = _evaluate(question, facts)
    try:
        valid_until = _lasts_until(question, facts, packs) if outcome.permitted else None
    except ReleasesUnknown as error:
        raise GateUnavailable(str(error)) from error
    try:
        plain_question, plain_facts = as_plain(question), as_plain(facts)
    except FactsError as error:
        outcome, packs, valid_until = engine.refused(question, error), (), None
        plain_question, plain_facts = {"at": at.isoformat()}, {}
    try:
        _keep_releases(packs)
        ((decision_id,),) = sql.KEEP_DECISION.rows(
            [
                at,
                person_id,
                point_id,
                creditor_id,
                case_id,
                question.channel or question.action or "",
                question.direction,
                question.purpose,
                question.content_class or "",
                question.automated,
                Verdict.PERMIT.value if outcome.permitted else Verdict.REFUSE.value,
                at if outcome.permitted else None,
                valid_until,
                None if outcome.permitted else outcome.next_permitted,
                outcome.strength,
                list(outcome.failing),
                list(outcome.advisories),
                _json(trace.stored(outcome)),
                _json(plain_question),
                _json(plain_facts),
                [short_hash(pack) for pack in packs],
                engine.version(),
                trace.tzdata_version(),
                calendars.version(),
                entrance,
                actor.kind,
                actor.id,
                actor.label,
            ]
        )
        if outcome.overridden and question.override is not None:
            audit.record(
                "gate.soft_rule_overridden",
                subject=Decision(pk=decision_id),
                actor=actor,
                at=at,
                person_id=person_id,
                rules=list(outcome.overridden),
                supervisor=question.override.supervisor_id,
                reason=question.override.reason,
            )
        if engine.ENGINE_ERROR in outcome.failing:
            audit.record(
                "gate.error",
                subject=Decision(pk=decision_id),
                actor=actor,
                at=at,
                person_id=person_id,
                entrance=entrance,
            )
    except DatabaseError as error:
        raise GateUnavailable("the decision could not be stored") from error
    if valid_until is None:
        return Refusal(
            decision_id=decision_id,
            failing=outcome.failing,
            strength=outcome.strength,
            next_permitted=outcome.next_permitted,
            outcome=outcome,
        )
    return Permit(
        decision_id=decision_id,
        person_id=person_id,
        contact_point_id=point_id,
        channel=question.channel or question.action or "",
        purpose=question.purpose,
        content_class=question.content_class or "",
        automated=question.automated,
        valid_from=at,
        valid_until=valid_until,
        outcome=outcome,
        _seal=_SEAL,
    )


def recompute(decision: Decision, *, releases: Mapping[str, Pack] | None = None) -> Outcome:
    """Return the outcome computed again from what was stored with a decision: question, facts and pack releases.

    releases: packs already revived, by hash. Raises PackError or FactsError when what was stored can no longer be read.
    """
    question = from_plain(Question, decision.question)
    facts = from_plain(Facts, decision.facts)
    packs = releases if releases is not None else revived(decision.releases)
    missing = [digest for digest in decision.releases if digest not in packs]
    if missing or not decision.releases:
        raise PackError(f"decision {decision.pk}", f"releases not stored: {missing or 'none were used'}")
    return engine.evaluate(question, facts, [packs[digest] for digest in decision.releases])


def revived(hashes: list[str]) -> dict[str, Pack]:
    """Return the packs of stored releases by their short hash. Raises PackError when a content has not its full one."""
    packs: dict[str, Pack] = {}
    for release in PackRelease.objects.annotate(short=Left("hash", SHORT)).filter(short__in=hashes):
        pack = packs_loader.from_content(release.content)
        if pack.hash != release.hash:
            raise PackError(f"{release.pack} {release.version}", "the stored content does not have the stored hash")
        packs[short_hash(pack)] = pack
    return packs


def differences(decision: Decision, outcome: Outcome) -> dict[str, Any]:
    """Return what of a recomputed outcome differs from what was stored, by name; empty when nothing does."""
    now: dict[str, Any] = {
        "verdict": "permit" if outcome.permitted else "refuse",
        "next_permitted": None if outcome.permitted else outcome.next_permitted,
        "strength": outcome.strength,
        "failing": list(outcome.failing),
        "advisories": list(outcome.advisories),
        "findings": trace.stored(outcome, like=decision.findings),
    }
    return {name: value for name, value in now.items() if getattr(decision, name) != value}
