"""The strategies and wordings that come with the product, as data in `contacts/strategies/`, and how they are put in
force."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy

from cases.models import Account, Creditor
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts import wordings
from contacts.models import Rehearsal, StrategyVersion, Template, TemplateVersion
from contacts.strategy import definition, inputs, publishing

FOLDER: Final = Path(__file__).resolve().parent.parent / "strategies"
TEMPLATES: Final = FOLDER / "templates.toml"
DEFAULT: Final = "card-1-3-7-30"


@dataclass(frozen=True, slots=True)
class Shipped:
    """One shipped strategy as a list shows it: its code, what it is called, and why it is so."""

    code: str
    name: str
    reasoning: str


# As a list shows them, in the reader's language; the whole reasoning of each is in its file.
NAMES: Final[dict[str, tuple[LazyText, LazyText]]] = {
    "card-1-3-7-30": (
        gettext_lazy("Cards: day 1, 3, 7 and 30"),
        gettext_lazy(
            "Most people have forgotten: two short texts bring back the larger part of them. Then a person calls, "
            "an e-mail and a provable notice follow, and after sixty days a supervisor looks at the whole case."
        ),
    ),
    "gentle-first-month": (
        gettext_lazy("Good customers: a gentle first month"),
        gettext_lazy(
            "Who has always paid and is late once is reminded kindly and asked, not pressed; after thirty days the "
            "ordinary path begins."
        ),
    ),
    "mortgage": (
        gettext_lazy("Mortgages: text, call, visit, court"),
        gettext_lazy(
            "A text at first, a call after a week, a notice and the offer of a plan after a month, a visit between the "
            "second and the third month; preservation and suit only after a supervisor has looked."
        ),
    ),
    "guaranteed-loan": (
        gettext_lazy("Guaranteed business loans: on site at once"),
        gettext_lazy(
            "Nobody can tell from a desk whether a business has a bad week or is in trouble: two people go there at "
            "once, the counter-guarantor is called from day four, the notice is served from day seven, and the "
            "guarantor is asked before his period ends."
        ),
    ),
    "willing-able": (
        gettext_lazy("By willingness and ability"),
        gettext_lazy(
            "What a collector has learned about willingness and ability decides: a reminder, help and a plan, plain "
            "words and legal, or an agency. As long as one of the two is unknown, the path is the mild one."
        ),
    ),
    "hardship": (
        gettext_lazy("Hardship: time and a plan"),
        gettext_lazy(
            "Who has lost work or is ill does not pay sooner for being asked more often: one offer of help, two weeks "
            "of quiet, then a plan that fits the income. Nothing here leads to court."
        ),
    ),
    "bad-faith": (
        gettext_lazy("Bad faith: a supervisor first"),
        gettext_lazy(
            "Never on suspicion alone: recorded by people, two broken promises, and nothing that speaks against it. A "
            "supervisor looks first, and nothing is sent by a machine."
        ),
    ),
}


def catalogue() -> list[Shipped]:
    """Return the shipped strategies in the order in which they are offered."""
    return [Shipped(code, str(name), str(why)) for code, (name, why) in NAMES.items()]


def read_strategy(code: str = DEFAULT) -> definition.Definition:
    """Return a shipped strategy. Raises DefinitionError where the file cannot be used."""
    return definition.read(FOLDER / f"{code}.toml")


def read_templates() -> list[dict[str, Any]]:
    """Return the shipped templates with their wordings. Raises Refused for a wording that cannot be used."""
    templates = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))["template"]
    for template in templates:
        for version in template["version"]:
            wordings.check(version.get("subject", ""), version["body"], channel=template["channel"])
    return list(templates)


@transaction.atomic
def ship(
    *, creditors: list[Creditor], author: User, approver: User, at: datetime, code: str = DEFAULT
) -> StrategyVersion:
    """Put a shipped strategy and its wordings in force for these creditors: written by one person, approved by another.

    Only where there is no account yet: what it does to an empty book needs no rehearsal to be known. Else the
    version stays a draft, to be rehearsed and published like any other. Repeating it changes nothing; a newer release
    adds the next version. Raises ValueError where both are one person.
    """
    version = draft(creditors=creditors, author=author, approver=approver, at=at, code=code)
    if Account.objects.filter(creditor__in=creditors).exists():
        return version
    if version.status == StrategyVersion.Status.DRAFT:
        _rehearse_nobody(version, actor=Actor.of(author), at=at)
    return put_in_force(version, author=author, approver=approver, at=at)


@transaction.atomic
def draft(
    *, creditors: list[Creditor], author: User, approver: User, at: datetime, code: str = DEFAULT
) -> StrategyVersion:
    """Write a shipped strategy as a draft, its wordings approved; one that is there already is returned as it stands.

    Raises ValueError where both are one person.
    """
    if author.pk == approver.pk:
        raise ValueError("a second person approves")
    ship_templates(author=author, approver=approver, at=at)
    return definition.store(read_strategy(code), creditors=creditors, actor=Actor.of(author), at=at)


@transaction.atomic
def put_in_force(version: StrategyVersion, *, author: User, approver: User, at: datetime) -> StrategyVersion:
    """Ask for approval of a draft that was rehearsed, approve and publish it. Raises publishing.NotApprovable."""
    if version.status == StrategyVersion.Status.DRAFT:
        version = publishing.submit(version_id=version.pk, actor=Actor.of(author), at=at)
    if version.status == StrategyVersion.Status.REHEARSED:
        version = publishing.approve(version_id=version.pk, by=approver, at=at)
    if version.status == StrategyVersion.Status.APPROVED:
        version = publishing.publish(version_id=version.pk, actor=Actor.of(approver), at=at)
    return version


def _rehearse_nobody(version: StrategyVersion, *, actor: Actor, at: datetime) -> Rehearsal:
    """Write down the rehearsal on a book without accounts: nothing is planned, whatever the strategy says."""
    found = inputs.inputs_of(version, at=at)
    row = Rehearsal.objects.create(
        version=version,
        status=Rehearsal.Status.DONE,
        days=1,
        content_hash=definition.of_version(version).content_hash,
        inputs=found,
        inputs_hash=inputs.hash_of(found),
        full_hash=inputs.hash_of(found, "nobody"),
        requested_by_id=actor.id,
        requested_at=at,
        started_at=at,
        finished_at=at,
        snapshot_at=at,
    )
    audit.record(
        "strategy.rehearsed", subject=version, actor=actor, at=at, content_hash=row.content_hash, rehearsal=row.pk
    )
    return row


def ship_templates(*, author: User, approver: User, at: datetime) -> list[Template]:
    """Write the shipped wordings that are not there yet, each approved by a second person; return the templates."""
    templates = []
    for entry in read_templates():
        template, _ = Template.objects.get_or_create(
            code=entry["code"],
            defaults={name: entry[name] for name in ("name", "channel", "purpose", "content_class")},
        )
        if template.texts != entry.get("translations", {}) and template.name == entry["name"]:
            template.texts = entry.get("translations", {})
            template.save(update_fields=["texts"])
        templates.append(template)
        for wording in entry["version"]:
            _ship_wording(template, wording, author=author, approver=approver, at=at)
    return templates


def _ship_wording(template: Template, wording: dict[str, str], *, author: User, approver: User, at: datetime) -> None:
    text = {"subject": wording.get("subject", "").strip(), "body": wording["body"].strip()}
    jurisdiction = wording.get("jurisdiction", "")
    versions = template.versions.filter(language=wording["language"], jurisdiction=jurisdiction, variant="A")
    if versions.filter(**text).exists():
        return
    newest = versions.order_by("-version").first()
    versions.filter(status=TemplateVersion.Status.APPROVED).update(status=TemplateVersion.Status.RETIRED)
    version = TemplateVersion.objects.create(
        template=template,
        language=wording["language"],
        jurisdiction=jurisdiction,
        version=newest.version + 1 if newest else 1,
        **text,
        status=TemplateVersion.Status.APPROVED,
        written_by=author,
        approved_by=approver,
        approved_at=at,
        created_at=at,
    )
    audit.record("template.published", subject=version, actor=Actor.of(approver), at=at, code=template.code)
