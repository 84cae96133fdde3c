"""A strategy as a document: parsed once, checked with the path of every error, stored as rows, and read back.

code = "card-1-3-7-30"
name = "…"
reasoning = "why it is so"
[[segment]]                    # the first segment whose condition is true takes the case
name = "Everybody else"
condition = { }
[[segment.step]]
key = "sms-1"                  # counters carry over to later versions by this key
kind = "message"               # message, call, review
template = "reminder-1"
from_dpd = 1
until_dpd = 2                  # optional: due on any day from … until …, once
repeat_every_days = 1          # optional: again and again
severity = 1                   # 1 is the mildest; a case goes up one at a time, once a day
priority = 0
condition = { }
catch_up = "send_late"         # or "skip", or "escalate" (to a supervisor): what becomes of it after an outage
catch_up_days = 2
spread_minutes = 30            # optional: over how many minutes from the opening its messages are spread
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from cases.models import Creditor
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import Segment, Step, Strategy, StrategyVersion, Template
from contacts.strategy import conditions

TOP: Final = ("code", "name", "reasoning", "segment")
SEGMENT: Final = ("name", "condition", "step")
STEP: Final = (
    "key",
    "kind",
    "template",
    "from_dpd",
    "until_dpd",
    "repeat_every_days",
    "severity",
    "priority",
    "condition",
    "catch_up",
    "catch_up_days",
    "spread_minutes",
)
MOST_DPD: Final = 32_767


class DefinitionError(ValueError):
    """The document cannot be used. `problems`: (path, message), all of them at once."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """What and when."""

    key: str
    kind: str
    from_dpd: int
    until_dpd: int | None
    repeat_every_days: int | None
    template: str | None
    condition: dict[str, Any]
    severity: int
    priority: int
    catch_up: str
    catch_up_days: int
    spread_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class SegmentDefinition:
    """Whom, and the path."""

    name: str
    condition: dict[str, Any]
    steps: tuple[StepDefinition, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole strategy."""

    code: str
    name: str
    reasoning: str
    segments: tuple[SegmentDefinition, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 of what it does; name and reasoning may be reworded without changing it."""
        segments = [asdict(segment) for segment in self.segments]
        for step in (step for segment in segments for step in segment["steps"] if step["spread_minutes"] is None):
            del step["spread_minutes"]  # a path that says nothing of it means what it meant before there was a word
        content = json.dumps(segments, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


def read(path: Path) -> Definition:
    """Return the strategy of a TOML or JSON file. Raises DefinitionError, also for a file that is neither."""
    text = path.read_text(encoding="utf-8")
    try:
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise DefinitionError([(path.name, str(error))]) from error
    return parse(document)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []

    def wrong(self, path: str, message: str) -> None:
        self.problems.append((path, message))

    def keys(self, table: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        for key in table:
            if key not in known:
                self.wrong(f"{path}{key}", f"unknown; known are {', '.join(known)}")

    def text(self, table: Mapping[str, Any], key: str, path: str, *, most: int, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None) or len(value) > most:
            self.wrong(f"{path}{key}", f"a text of 1 to {most} characters is needed")
            return ""
        return value.strip()

    def whole(
        self, table: Mapping[str, Any], key: str, path: str, *, least: int, most: int = MOST_DPD, default: Any = ...
    ) -> Any:
        value = table.get(key, default)
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(f"{path}{key}", f"a whole number from {least} to {most} is needed")
            return None if default is None else least
        return value

    def choice(self, table: Mapping[str, Any], key: str, path: str, *, of: list[str], default: str = "") -> str:
        value = table.get(key, default)
        if value not in of:
            self.wrong(f"{path}{key}", f"one of {', '.join(of)} is needed")
            return of[0]
        return str(value)

    def condition(self, table: Mapping[str, Any], path: str) -> dict[str, Any]:
        value = table.get("condition", {})
        try:
            conditions.check(value)
        except conditions.ConditionError as error:
            self.wrong(f"{path}condition" + (f".{error.path}" if error.path else ""), error.message)
            return {}
        return dict(value)

    def tables(self, table: Mapping[str, Any], key: str, path: str) -> list[tuple[str, Mapping[str, Any]]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
            self.wrong(f"{path}{key}", "a list of tables is needed")
            return []
        return [(f"{path}{key}[{number}].", each) for number, each in enumerate(value)]


def parse(document: Mapping[str, Any]) -> Definition:
    """Return the strategy of a document. Raises DefinitionError with every problem and its path."""
    reader = _Reader()
    reader.keys(document, TOP, "")
    code = reader.text(document, "code", "", most=60)
    if code and not code.replace("-", "").replace("_", "").isalnum():
        reader.wrong("code", "letters, digits, - and _ only")
    segments = [_segment(reader, table, path) for path, table in reader.tables(document, "segment", "")]
    if not segments:
        reader.wrong("segment", "at least one segment is needed")
    definition = Definition(
        code=code,
        name=reader.text(document, "name", "", most=120),
        reasoning=reader.text(document, "reasoning", "", most=8_000, default=""),
        segments=tuple(segments),
    )
    if reader.problems:
        raise DefinitionError(reader.problems)
    return definition


def _segment(reader: _Reader, table: Mapping[str, Any], path: str) -> SegmentDefinition:
    reader.keys(table, SEGMENT, path)
    steps = [_step(reader, inner, where) for where, inner in reader.tables(table, "step", path)]
    keys = [step.key for step in steps]
    for number, key in enumerate(keys):
        if key and key in keys[:number]:
            reader.wrong(f"{path}step[{number}].key", f"{key!r} is there twice")
    return SegmentDefinition(
        name=reader.text(table, "name", path, most=120), condition=reader.condition(table, path), steps=tuple(steps)
    )


def _step(reader: _Reader, table: Mapping[str, Any], path: str) -> StepDefinition:
    reader.keys(table, STEP, path)
    kind = reader.choice(table, "kind", path, of=list(Step.Kind.values))
    template = table.get("template")
    if kind == Step.Kind.MESSAGE and not (isinstance(template, str) and template):
        reader.wrong(f"{path}template", "a message needs the code of its template")
    elif kind != Step.Kind.MESSAGE and template is not None:
        reader.wrong(f"{path}template", f"a {kind} has no template")
    from_dpd = reader.whole(table, "from_dpd", path, least=0)
    until_dpd = reader.whole(table, "until_dpd", path, least=0, default=None)
    if until_dpd is not None and until_dpd < from_dpd:
        reader.wrong(f"{path}until_dpd", f"{until_dpd} comes before from_dpd, {from_dpd}")
    catch_up = reader.choice(table, "catch_up", path, of=list(Step.CatchUp.values), default=Step.CatchUp.SEND_LATE)
    if catch_up != Step.CatchUp.SEND_LATE and until_dpd is None:
        reader.wrong(f"{path}catch_up", "a step that is not done late after an outage needs an until_dpd")
    return StepDefinition(
        key=reader.text(table, "key", path, most=40),
        kind=kind,
        from_dpd=from_dpd,
        until_dpd=until_dpd,
        repeat_every_days=reader.whole(table, "repeat_every_days", path, least=1, most=366, default=None),
        template=template if kind == Step.Kind.MESSAGE else None,
        condition=reader.condition(table, path),
        severity=reader.whole(table, "severity", path, least=1, most=99, default=1),
        priority=reader.whole(table, "priority", path, least=-99, most=99, default=0),
        catch_up=catch_up,
        catch_up_days=reader.whole(table, "catch_up_days", path, least=0, most=30, default=2),
        spread_minutes=reader.whole(table, "spread_minutes", path, least=0, most=720, default=None),
    )


def of_version(version: StrategyVersion) -> Definition:
    """Return the document that the rows of a version stand for."""
    segments = []
    for segment in version.segments.order_by("position", "pk"):
        steps = segment.steps.select_related("template").order_by("position", "pk")
        segments.append(
            SegmentDefinition(
                name=segment.name,
                condition=segment.condition,
                steps=tuple(
                    StepDefinition(
                        template=step.template.code if step.template else None,
                        **{name: getattr(step, name) for name in StepDefinition.__slots__ if name != "template"},
                    )
                    for step in steps
                ),
            )
        )
    strategy = version.strategy
    return Definition(strategy.code, strategy.name, strategy.reasoning, tuple(segments))


@transaction.atomic
def store(definition: Definition, *, creditors: list[Creditor], actor: Actor, at: datetime) -> StrategyVersion:
    """Write a strategy as the next draft version; an unpublished draft of the same content is returned as it is.

    Raises DefinitionError for a template that is not there.
    """
    strategy, _ = Strategy.objects.update_or_create(
        code=definition.code, defaults={"name": definition.name, "reasoning": definition.reasoning}
    )
    Strategy.objects.select_for_update(no_key=True).get(pk=strategy.pk)
    newest = strategy.versions.order_by("-version").first()
    if newest is not None and newest.status != "retired" and of_version(newest).content_hash == definition.content_hash:
        newest.creditors.add(*creditors)
        return newest
    templates = _templates(definition)
    version = StrategyVersion.objects.create(
        strategy=strategy,
        version=newest.version + 1 if newest else 1,
        created_at=at,
        created_by_id=actor.id if actor.kind == "user" else None,
    )
    version.creditors.set(creditors)
    for position, segment in enumerate(definition.segments, start=1):
        row = Segment.objects.create(
            version=version,
            key=f"s{position}",
            position=position,
            name=segment.name,
            condition=segment.condition,
        )
        Step.objects.bulk_create(
            Step(
                segment=row,
                position=number,
                **asdict(step) | {"template": templates[step.template] if step.template else None},
            )
            for number, step in enumerate(segment.steps, start=1)
        )
    audit.record("strategy.drafted", subject=version, actor=actor, at=at, content_hash=definition.content_hash)
    return version


def _templates(definition: Definition) -> dict[str, Template]:
    wanted = {step.template for segment in definition.segments for step in segment.steps if step.template}
    found = {template.code: template for template in Template.objects.filter(code__in=wanted)}
    missing = [
        (f"segment[{s}].step[{n}].template", f"there is no template {step.template!r}")
        for s, segment in enumerate(definition.segments)
        for n, step in enumerate(segment.steps)
        if step.template and step.template not in found
    ]
    if missing:
        raise DefinitionError(missing)
    return found
