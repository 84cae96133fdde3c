"""Versions of call scripts: written by one person, approved by another, followed by the next version; never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import Script, ScriptVersion, Stage
from contacts.scripts import checking, conditions, shipped
from contacts.scripts.checking import ScriptRefused

Status = ScriptVersion.Status


@transaction.atomic
def write(
    *,
    key: str,
    language: str,
    body: str,
    when: Mapping[str, Any],
    by: Any,
    at: datetime,
    name: str = "",
    stage: str = "",
) -> ScriptVersion:
    """Keep a draft: the one that is there for this script and language is changed, else the next version begins.

    A script of this key is made where there is none; name and stage are those of the shipped script of the same key,
    unless given. Raises NotationRefused, RenderingRefused, ConditionRefused, ScriptRefused.
    """
    if language not in shipped.LANGUAGES:
        raise ScriptRefused("language")
    ours = shipped.source(key, language)
    stage = stage or (ours.stage if ours else Stage.TALK)
    if ours is not None and stage != ours.stage:
        raise ScriptRefused("stage", name=key)
    script, _made = Script.objects.get_or_create(
        key=key, defaults={"name": name or (ours.name if ours else key), "stage": stage}
    )
    script = Script.objects.select_for_update(no_key=True).get(pk=script.pk)
    body = body.replace("\r\n", "\n").strip("\n")
    checking.check(body, stage=script.stage, when=when)
    version = script.versions.filter(status=Status.DRAFT, language=language).order_by("-version").first()
    if version is None:
        newest = script.versions.filter(language=language).aggregate(newest=Max("version"))["newest"]
        number = int(newest or 0) + 1
        version = ScriptVersion(script=script, language=language, version=number, created_at=at)
    version.body, version.conditions, version.written_by = body, conditions.check(when), by
    version.save()
    audit.record("script.written", subject=version, actor=Actor.of(by), at=at, version=version.version)
    return version


@transaction.atomic
def approve(*, version_id: int, by: Any, at: datetime) -> ScriptVersion:
    """Put a draft in force, in place of the version before. Raises what `write` raises."""
    version = _to_decide(version_id, by)
    checking.check(version.body, stage=version.script.stage, when=version.conditions)
    same = ScriptVersion.objects.filter(script_id=version.script_id, language=version.language, status=Status.APPROVED)
    for earlier in same.order_by("pk"):
        _retire(earlier, actor=Actor.of(by), at=at)
    version.status, version.approved_by, version.approved_at = Status.APPROVED, by, at
    version.save(update_fields=["status", "approved_by", "approved_at"])
    audit.record("script.approved", subject=version, actor=Actor.of(by), at=at, version=version.version)
    return version


@transaction.atomic
def refuse(*, version_id: int, reason: str, by: Any, at: datetime) -> ScriptVersion:
    """Say no to a draft, and why. It stays as it is; its author writes the next one. Raises ScriptRefused."""
    version = _to_decide(version_id, by)
    if not reason.strip():
        raise ScriptRefused("no-reason")
    version.status, version.refused_by, version.reason = Status.REFUSED, by, reason.strip()[:300]
    version.save(update_fields=["status", "refused_by", "reason"])
    audit.record("script.refused", subject=version, actor=Actor.of(by), at=at, version=version.version)
    return version


@transaction.atomic
def retire(*, version_id: int, actor: Actor, at: datetime, reason: str = "") -> ScriptVersion:
    """Take a version out of use; the words that come with the program are used again, where there are any."""
    version = _locked(version_id)
    if version.status != Status.APPROVED:
        raise ScriptRefused("not-in-force", status=version.get_status_display())
    _retire(version, actor=actor, at=at, reason=reason)
    return version


def _to_decide(version_id: int, by: Any) -> ScriptVersion:
    version = _locked(version_id)
    if version.status != Status.DRAFT:
        raise ScriptRefused("not-a-draft", status=version.get_status_display())
    if version.written_by_id == by.pk:
        raise ScriptRefused("own")
    return version


def _locked(version_id: int) -> ScriptVersion:
    """Return a version with its script locked first, as whoever writes locks it."""
    script_id = ScriptVersion.objects.values_list("script_id", flat=True).get(pk=version_id)
    Script.objects.select_for_update(no_key=True).get(pk=script_id)
    versions = ScriptVersion.objects.select_for_update(of=("self",), no_key=True)
    return versions.select_related("script").get(pk=version_id)


def _retire(version: ScriptVersion, *, actor: Actor, at: datetime, reason: str = "") -> None:
    version.status, version.reason = Status.RETIRED, reason.strip()[:300]
    version.save(update_fields=["status", "reason"])
    audit.record("script.retired", subject=version, actor=actor, at=at, version=version.version)
