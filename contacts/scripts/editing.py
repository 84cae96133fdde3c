"""Versions of call scripts: written by one person, approved by another, followed by the next version; never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from collections_app.shared.actor import Actor
from compliance import audit
from contacts.four_eyes import FourEyes
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
    version = LIFE.to_decide(version_id, by=by)
    checking.check(version.body, stage=version.script.stage, when=version.conditions)
    same = ScriptVersion.objects.filter(script_id=version.script_id, language=version.language)
    return LIFE.put_in_force(version, same=same, by=by, at=at)


@transaction.atomic
def refuse(*, version_id: int, reason: str, by: Any, at: datetime) -> ScriptVersion:
    """Say no to a draft, and why. It stays as it is; its author writes the next one. Raises ScriptRefused."""
    return LIFE.refuse(version_id, reason=reason, by=by, at=at)


@transaction.atomic
def retire(*, version_id: int, actor: Actor, at: datetime, reason: str = "") -> ScriptVersion:
    """Take a version out of use; the words that come with the program are used again, where there are any."""
    return LIFE.retire(version_id, actor=actor, at=at, reason=reason)


def _locked(version_id: int) -> ScriptVersion:
    """Return a version with its script locked first, as whoever writes locks it."""
    script_id = ScriptVersion.objects.values_list("script_id", flat=True).get(pk=version_id)
    Script.objects.select_for_update(no_key=True).get(pk=script_id)
    versions = ScriptVersion.objects.select_for_update(of=("self",), no_key=True)
    return versions.select_related("script").get(pk=version_id)


LIFE: Final = FourEyes(
    lock=_locked,
    refusal=ScriptRefused,
    not_in_force="not-in-force",
    approved="script.approved",
    refused="script.refused",
    retired="script.retired",
)
