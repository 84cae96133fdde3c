"""Wordings of templates: written by one person, approved by another, followed by the next version; never changed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import rendering
from contacts.models import Template, TemplateVersion


class WordingRefused(Refused):
    SENTENCES = {
        "own": _("You wrote it yourself: somebody else approves it."),
        "not-a-draft": _("Only a draft can be approved; this one is %(status)s."),
        "not-in-use": _("Only a wording in use can be taken out of use; this one is %(status)s."),
    }


def next_version(template: Template, language: str) -> int:
    """Return the number of the next version of a wording."""
    newest = TemplateVersion.objects.filter(template=template, language=language).aggregate(newest=Max("version"))
    return int(newest["newest"] or 0) + 1


@transaction.atomic
def approve(*, version_id: int, by: Any, at: datetime) -> TemplateVersion:
    """Put a draft in use, in place of the one before. Raises WordingRefused, RenderingRefused."""
    version = _locked(version_id)
    if version.status != TemplateVersion.Status.DRAFT:
        raise WordingRefused("not-a-draft", status=version.get_status_display())
    if version.written_by_id == by.pk:
        raise WordingRefused("own")
    rendering.check_body(version.body, subject=version.subject, channel=version.template.channel)
    same = TemplateVersion.objects.filter(template_id=version.template_id, language=version.language)
    for earlier in same.filter(status=TemplateVersion.Status.APPROVED).order_by("pk"):
        _retire(earlier, actor=Actor.of(by), at=at)
    version.status, version.approved_by, version.approved_at = TemplateVersion.Status.APPROVED, by, at
    version.save(update_fields=["status", "approved_by", "approved_at"])
    audit.record(
        "template.published", subject=version, actor=Actor.of(by), at=at, language=version.language,
        version=version.version,
    )  # fmt: skip
    return version


@transaction.atomic
def retire(*, version_id: int, actor: Actor, at: datetime) -> TemplateVersion:
    """Take a wording out of use; messages that need it are withheld until the next one is approved."""
    version = _locked(version_id)
    if version.status != TemplateVersion.Status.APPROVED:
        raise WordingRefused("not-in-use", status=version.get_status_display())
    _retire(version, actor=actor, at=at)
    return version


def _locked(version_id: int) -> TemplateVersion:
    versions = TemplateVersion.objects.select_for_update(of=("self",), no_key=True).select_related("template")
    return versions.get(pk=version_id)


def _retire(version: TemplateVersion, *, actor: Actor, at: datetime) -> None:
    version.status = TemplateVersion.Status.RETIRED
    version.save(update_fields=["status"])
    audit.record("template.retired", subject=version, actor=actor, at=at, version=version.version)
