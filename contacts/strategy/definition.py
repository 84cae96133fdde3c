"""A strategy as a document: read once, checked with the path of every error, stored as rows, and read back.

The whole language, with examples, is in docs/strategies.md; its form for machines in docs/strategy.schema.json. A
document is TOML or JSON; `reading` understands it, `document` is what it says, `particulars` are those of each kind.
"""

import json
import tomllib
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import Segment, Step, Strategy, StrategyVersion, Template
from contacts.strategy import abouts
from contacts.strategy.document import Definition, DefinitionError, SegmentDefinition, StepDefinition, to_document
from contacts.strategy.reading import parse

__all__ = [
    "Definition",
    "DefinitionError",
    "NotADraft",
    "SegmentDefinition",
    "StepDefinition",
    "document_in",
    "of_version",
    "parse",
    "read",
    "replace_draft",
    "store",
    "to_document",
]


NEAR: Final = 20  # characters before and behind the place at which a text is no JSON


def read(path: Path) -> Definition:
    """Return the strategy of a TOML or JSON file. Raises DefinitionError, also for a file that is neither."""
    return read_text(path.read_text(encoding="utf-8"), name=path.name)


def read_text(text: str, *, name: str) -> Definition:
    """Return the strategy of a text; `name` ends in .json or .toml. Raises DefinitionError, also for neither."""
    return parse(document_in(text, name=name))


def document_in(text: str, *, name: str) -> dict[str, Any]:
    """Return the document of a text, unchecked. Raises DefinitionError where the text is neither JSON nor TOML."""
    try:
        document = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - NEAR) : error.pos + NEAR].strip()
        said = _("this is no JSON: line %(line)s, column %(column)s, near “%(near)s”")
        values = {"line": error.lineno, "column": error.colno, "near": near}
        raise DefinitionError([(name, said % values)]) from error
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError([(name, _("this is no TOML: %(what)s") % {"what": error})]) from error
    except (ValueError, RecursionError) as error:
        raise DefinitionError([(name, str(error))]) from error
    if not isinstance(document, dict):
        raise DefinitionError([(name, _("an object is needed"))])
    return document


def of_version(version: StrategyVersion) -> Definition:
    """Return the document that the rows of a version stand for."""
    segments = [_segment_of(row) for row in version.segments.order_by("position", "pk")]
    strategy = version.strategy
    return Definition(
        strategy.code,
        strategy.name,
        strategy.reasoning,
        tuple(segments),
        sets=version.sets,
        named=version.named,
        texts=strategy.texts,
    )


def _segment_of(row: Segment) -> SegmentDefinition:
    steps = row.steps.select_related("template").order_by("position", "pk")
    own = {each.name: getattr(row, each.name) for each in fields(SegmentDefinition) if each.name != "steps"}
    return SegmentDefinition(steps=tuple(step_of(step) for step in steps), **own)


def step_of(step: Step) -> StepDefinition:
    """Return what the row of a step says."""
    own: dict[str, Any] = {each.name: getattr(step, each.name) for each in fields(StepDefinition)}
    own |= {"template": step.template.code if step.template else None, "counts_as": tuple(step.counts_as)}
    return StepDefinition(**own)


@transaction.atomic
def store(
    definition: Definition,
    *,
    creditors: list[Creditor],
    actor: Actor,
    at: datetime,
    based_on: StrategyVersion | None = None,
) -> StrategyVersion:
    """Write a strategy as the next draft version; one of the same content that is not retired is returned as it is.

    Raises DefinitionError for a template that is not there.
    """
    strategy, _created = Strategy.objects.update_or_create(code=definition.code, defaults=words_of(definition))
    Strategy.objects.select_for_update(no_key=True).get(pk=strategy.pk)
    newest = strategy.versions.order_by("-version").first()
    if newest is not None and newest.status != "retired" and of_version(newest).content_hash == definition.content_hash:
        if newest.status == StrategyVersion.Status.DRAFT:
            newest.creditors.add(*creditors)
        ours = list(newest.creditors.all())
        if set(creditors) <= set(ours):
            return newest
        creditors = [*ours, *(each for each in creditors if each not in ours)]  # nothing in use gets another creditor
    templates = _templates(definition)
    version = StrategyVersion.objects.create(
        strategy=strategy,
        version=newest.version + 1 if newest else 1,
        sets=definition.sets,
        named=definition.named,
        based_on=based_on,
        created_at=at,
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    version.creditors.set(creditors)
    _write(version, definition, templates)
    audit.record("strategy.drafted", subject=version, actor=actor, at=at, content_hash=definition.content_hash)
    return version


def words_of(definition: Definition) -> dict[str, Any]:
    """Return how a strategy is called and why it is so: what all of its versions share."""
    return {"name": definition.name, "reasoning": definition.reasoning, "texts": definition.texts}


class NotADraft(Refused):
    SENTENCES = {
        "status": gettext_lazy("Only a draft can be changed; this version is %(status)s."),
        "code": gettext_lazy("This is another strategy: %(strategy)s."),
    }


@transaction.atomic
def replace_draft(version_id: int, definition: Definition, *, actor: Actor, at: datetime) -> StrategyVersion:
    """Write a draft anew: its segments and steps are deleted and written again. Raises NotADraft, and DefinitionError
    for a template that is not there.
    """
    version = StrategyVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version_id)
    if version.status != StrategyVersion.Status.DRAFT:
        raise NotADraft("status", status=version.get_status_display())
    if definition.code != version.strategy.code:
        raise NotADraft("code", strategy=definition.code)
    before = of_version(version)
    templates = _templates(definition)
    Strategy.objects.filter(pk=version.strategy_id).update(**words_of(definition))
    version.strategy.refresh_from_db()
    if before == replace(definition, **words_of(before)):
        return version
    Step.objects.filter(segment__version=version).delete()
    version.segments.all().delete()
    version.sets, version.named = definition.sets, definition.named
    version.save(update_fields=["sets", "named"])
    _write(version, definition, templates)
    audit.record("strategy.drafted", subject=version, actor=actor, at=at, content_hash=definition.content_hash)
    return version


def _write(version: StrategyVersion, definition: Definition, templates: dict[str, Template]) -> None:
    abouts.forget()
    for position, segment in enumerate(definition.segments, start=1):
        own = {each.name: getattr(segment, each.name) for each in fields(segment) if each.name != "steps"}
        row = Segment.objects.create(version=version, position=position, **own)
        Step.objects.bulk_create(
            Step(
                segment=row,
                position=number,
                **asdict(step)
                | {
                    "template": templates[step.template] if step.template else None,
                    "counts_as": list(step.counts_as),
                },
            )
            for number, step in enumerate(segment.steps, start=1)
        )


def _templates(definition: Definition) -> dict[str, Template]:
    wanted = {step.template for segment in definition.segments for step in segment.steps if step.template}
    found = {template.code: template for template in Template.objects.filter(code__in=wanted)}
    missing = [
        (f"segment[{s}].step[{n}].template", _("there is no template “%(code)s”") % {"code": step.template})
        for s, segment in enumerate(definition.segments)
        for n, step in enumerate(segment.steps)
        if step.template and step.template not in found
    ]
    if missing:
        raise DefinitionError(missing)
    return found
