"""The strategies and wordings that come with the product, as data in `contacts/strategies/`, and how they are put in
force."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from cases.models import Creditor
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts import wordings
from contacts.models import StrategyVersion, Template, TemplateVersion
from contacts.strategy import definition, publishing

FOLDER: Final = Path(__file__).resolve().parent.parent / "strategies"
TEMPLATES: Final = FOLDER / "templates.toml"
DEFAULT: Final = "card-1-3-7-30"


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

    Repeating it changes nothing; a newer release adds the next version. Raises ValueError where both are one person.
    """
    if author.pk == approver.pk:
        raise ValueError("a second person approves")
    ship_templates(author=author, approver=approver, at=at)
    writer = Actor.of(author)
    version = definition.store(read_strategy(code), creditors=creditors, actor=writer, at=at)
    if version.status == StrategyVersion.Status.DRAFT:
        content_hash = definition.of_version(version).content_hash
        version = publishing.rehearse(version_id=version.pk, content_hash=content_hash, actor=writer, at=at)
    if version.status == StrategyVersion.Status.REHEARSED:
        version = publishing.approve(version_id=version.pk, by=approver, at=at)
    if version.status == StrategyVersion.Status.APPROVED:
        version = publishing.publish(version_id=version.pk, actor=Actor.of(approver), at=at)
    return version


def ship_templates(*, author: User, approver: User, at: datetime) -> list[Template]:
    """Write the shipped wordings that are not there yet, each approved by a second person; return the templates."""
    templates = []
    for entry in read_templates():
        template, _ = Template.objects.get_or_create(
            code=entry["code"],
            defaults={name: entry[name] for name in ("name", "channel", "purpose", "content_class")},
        )
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
