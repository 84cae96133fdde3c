"""Wordings of templates: written by one person, approved by another, followed by the next version; never changed."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import forbidden, rendering, wording_rules
from contacts.four_eyes import FourEyes
from contacts.models import Template, TemplateVersion
from contacts.wording_rules import Kind, Lack, Place

Status = TemplateVersion.Status
FALLBACK: Final = "en"
NAMED: Final = 5  # how many lacking clauses a refusal names


class WordingRefused(Refused):
    SENTENCES = {
        "own": _("You wrote it yourself: somebody else approves it."),
        "not-a-draft": _("Only a draft can be approved; this one is %(status)s."),
        "not-in-use": _("Only a wording in use can be taken out of use; this one is %(status)s."),
        "forbidden": _("“%(words)s” at character %(position)s may not be said. %(reason)s"),
        "lacks": _("It lacks what the rules of its places ask for: %(lacks)s."),
        "no-reason": _("Say why."),
        "not-a-variant": _("A variant is one of the letters A to D, with a share from 1 to 100."),
    }


def check(subject: str, body: str, *, channel: str) -> None:
    """Refuse what may not even be kept as a draft. Raises RenderingRefused, or WordingRefused for a forbidden word."""
    rendering.check_body(body, subject=subject, channel=channel)
    for refusal in said_wrongly(subject, body)[:1]:
        raise refusal


def said_wrongly(subject: str, body: str) -> list[WordingRefused]:
    """Return a refusal for every forbidden word; positions count in the subject, or in the text, where it stands."""
    refusals = []
    for found in forbidden.find(f"{subject}\n{body}"):
        position = found.position if found.position <= len(subject) else found.position - len(subject) - 1
        refusals.append(WordingRefused("forbidden", words=found.words, position=position, reason=found.reason))
    return refusals


def next_version(template: Template, language: str, jurisdiction: str = "", variant: str = "A") -> int:
    """Return the number of the next version of a wording."""
    slot = {"language": language, "jurisdiction": jurisdiction, "variant": variant}
    newest = TemplateVersion.objects.filter(template=template, **slot).aggregate(newest=Max("version"))
    return int(newest["newest"] or 0) + 1


@transaction.atomic
def write(
    *,
    template_id: int,
    language: str,
    body: str,
    subject: str = "",
    jurisdiction: str = "",
    variant: str = "A",
    weight: int = 1,
    by: Any,
    at: datetime,
) -> TemplateVersion:
    """Keep a draft: the one that is there for this language, place and variant is changed, else the next one begins.

    Raises RenderingRefused, WordingRefused.
    """
    template = Template.objects.select_for_update(of=("self",), no_key=True).get(pk=template_id)
    check(subject, body, channel=template.channel)
    if variant not in "ABCD" or len(variant) != 1 or not 1 <= weight <= 100:
        raise WordingRefused("not-a-variant")
    slot = {"language": language, "jurisdiction": jurisdiction, "variant": variant}
    version = template.versions.filter(status=Status.DRAFT, **slot).order_by("-version").first()
    if version is None:
        number = next_version(template, language, jurisdiction, variant)
        version = TemplateVersion(template=template, version=number, created_at=at, **slot)
    version.subject, version.body, version.weight, version.written_by = subject, body, weight, by
    version.save()
    audit.record("template.written", subject=version, actor=Actor.of(by), at=at, version=version.version)
    return version


def places_for(version: TemplateVersion) -> frozenset[Place]:
    """Return the places whose rules a wording must meet: where borrowers live whom it may reach.

    A place with an approved wording of its own in the same language gets that one, and not one for every place.
    """
    places = wording_rules.places_of(version.template.creditor, jurisdiction=version.jurisdiction)
    own = version.template.versions.filter(status=Status.APPROVED, language=version.language)
    taken = [
        place
        for place in own.exclude(jurisdiction=version.jurisdiction).values_list("jurisdiction", flat=True).distinct()
        if place and (not version.jurisdiction or wording_rules.within(place, version.jurisdiction))
    ]
    return frozenset(
        place for place in places if not any(wording_rules.within(place.jurisdiction, one) for one in taken)
    )


def lacks_of(version: TemplateVersion, *, at: datetime, places: frozenset[Place] | None = None) -> tuple[Lack, ...]:
    """Return the clauses that a wording lacks where its readers live (`places`). Raises RenderingRefused."""
    template = version.template
    kind = Kind(template.channel, template.purpose, template.content_class)
    return wording_rules.lacking(
        version.subject, version.body, kind=kind, places=places_for(version) if places is None else places, at=at
    )


def in_words(lacks: Iterable[Lack]) -> str:
    """Return lacking clauses in words, with the rule and the place that ask for each."""
    return "; ".join(f"{one.label} ({one.place.name}, {one.rule}, {one.source})" for one in lacks)


@transaction.atomic
def approve(*, version_id: int, by: Any, at: datetime) -> TemplateVersion:
    """Put a draft in use, in place of the one before. Raises WordingRefused, RenderingRefused."""
    version = LIFE.to_decide(version_id, by=by)
    check(version.subject, version.body, channel=version.template.channel)
    lacks = lacks_of(version, at=at)
    if lacks:
        raise WordingRefused("lacks", lacks=in_words(lacks[:NAMED]))
    same = TemplateVersion.objects.filter(
        template_id=version.template_id,
        language=version.language,
        jurisdiction=version.jurisdiction,
        variant=version.variant,
    )
    return LIFE.put_in_force(version, same=same, by=by, at=at, language=version.language)


@transaction.atomic
def refuse(*, version_id: int, reason: str, by: Any, at: datetime) -> TemplateVersion:
    """Say no to a draft, and why. It stays as it is; its author writes the next one. Raises WordingRefused."""
    return LIFE.refuse(version_id, reason=reason, by=by, at=at)


@transaction.atomic
def retire(*, version_id: int, actor: Actor, at: datetime, reason: str = "") -> TemplateVersion:
    """Take a wording out of use; messages that need it are withheld until the next one is approved."""
    return LIFE.retire(version_id, actor=actor, at=at, reason=reason)


def _locked(version_id: int) -> TemplateVersion:
    versions = TemplateVersion.objects.select_for_update(of=("self",), no_key=True)
    return versions.select_related("template__creditor").get(pk=version_id)


LIFE: Final = FourEyes(
    lock=_locked,
    refusal=WordingRefused,
    not_in_force="not-in-use",
    approved="template.published",
    refused="template.refused",
    retired="template.retired",
)


# -- Which one a person gets ---------------------------------------------------------------------------------------


def chosen(
    approved: Sequence[TemplateVersion], *, language: str, jurisdictions: Iterable[str], of: str
) -> TemplateVersion | None:
    """Return the wording for a reader: in his language, else its base language, else English; there for his
    jurisdiction, else for his country, else for every place; among the variants by a hash of `of`, always the same.

    Who may be in several places gets a wording of one of them only where it is for all of them.
    """
    base = language.partition("-")[0]
    for fits in (
        lambda one: one.language == language,
        lambda one: one.language.partition("-")[0] == base,
        lambda one: one.language == FALLBACK,
    ):
        for place in _circles(jurisdictions):
            found = [one for one in approved if fits(one) and one.jurisdiction == place]
            if found:
                first = min(found, key=lambda one: (one.language, one.pk)).language
                return _by_lot([one for one in found if one.language == first], of=of)
    return None


def _circles(jurisdictions: Iterable[str]) -> list[str]:
    """Return the jurisdictions that hold all of these places, the smallest first, and "" for every place."""
    known = sorted(set(jurisdictions))
    if not known:
        return [""]
    parts = known[0].split("-")
    circles = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return [*(one for one in circles if all(wording_rules.within(place, one) for place in known)), ""]


def _by_lot(variants: list[TemplateVersion], *, of: str) -> TemplateVersion:
    """Return one of the variants by their shares; the same name draws the same one as long as they stand."""
    ordered = sorted(variants, key=lambda one: one.variant)
    if len(ordered) == 1:
        return ordered[0]
    drawn = int.from_bytes(hashlib.sha256(of.encode()).digest()[:8]) % sum(one.weight for one in ordered)
    for one in ordered:
        drawn -= one.weight
        if drawn < 0:
            return one
    return ordered[-1]
