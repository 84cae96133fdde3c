"""What a strategy says, in memory: segments and steps as they are written, their hash, and the way back to a
document."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import time
from typing import Any, Final

from contacts.models import Segment, Step

TRIGGERED: Final = ("trigger", "after_key", "after_outcome", "event", "after_days", "within_days")
WITHIN_DAYS: Final = 7


class DefinitionError(ValueError):
    """The document cannot be used. `problems`: (path, message), all of them at once, in the reader's language."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """What and when. Names and defaults are those of the columns of a step."""

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
    trigger: str = Step.Trigger.DPD.value
    after_key: str = ""
    after_outcome: str = Step.After.ANY.value
    event: str = ""
    after_days: int = 0
    within_days: int = WITHIN_DAYS
    time_from: time | None = None
    time_until: time | None = None
    minutes: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    counts_as: tuple[str, ...] = ()
    name: str = ""
    texts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SegmentDefinition:
    """Whom, and the path. key: the same in every version, because what happened is counted by it."""

    name: str
    condition: dict[str, Any]
    steps: tuple[StepDefinition, ...]
    key: str = ""
    stop: dict[str, Any] = field(default_factory=dict)
    re_entry: str = Segment.ReEntry.ALWAYS.value
    re_entry_days: int = 0
    dwell_days: int = 0
    texts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole strategy."""

    code: str
    name: str
    reasoning: str
    segments: tuple[SegmentDefinition, ...]
    sets: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """SHA-256 of what it does; its own name and reasoning, in any language, may be reworded without changing it.

        A document that does not use a word means what it meant before there was the word, and has the hash it had.
        """
        segments = []
        for position, segment in enumerate(self.segments, start=1):
            said = _without_defaults(asdict(segment), SegmentDefinition)
            said["steps"] = [_without_defaults(asdict(step), StepDefinition) for step in segment.steps]
            if said.get("key") == default_key(position):
                del said["key"]
            segments.append(said)
        said_of_all: Any = segments
        if self.sets or self.named:
            said_of_all = {"segments": segments, "sets": self.sets, "named": self.named}
        content = json.dumps(said_of_all, sort_keys=True, ensure_ascii=False, default=clock_time)
        return hashlib.sha256(content.encode()).hexdigest()


def default_key(position: int) -> str:
    """Return the key of a segment that was given none: its place, counted from 1."""
    return f"s{position}"


def clock_time(value: time) -> str:
    """Return a time of day as documents write it: "09:30"."""
    return value.strftime("%H:%M")


def _default_of(each: Any) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _without_defaults(said: dict[str, Any], kind: type) -> dict[str, Any]:
    """Leave out the words that came later and say nothing."""
    defaults = {each.name: _default_of(each) for each in fields(kind)}
    return {name: value for name, value in said.items() if defaults[name] is MISSING or value != defaults[name]}


# -- the way back ------------------------------------------------------------------------------------------------------
STEP_DEFAULTS: Final[dict[str, Any]] = {
    "until_dpd": None,
    "repeat_every_days": None,
    "template": None,
    "condition": {},
    "severity": 1,
    "priority": 0,
    "catch_up": Step.CatchUp.SEND_LATE.value,
    "catch_up_days": 2,
}


def to_document(definition: Definition) -> dict[str, Any]:
    """Return the document that a strategy is read from: only lists, objects, texts, numbers, true and false; no
    defaults. `parse` of it is the strategy again.
    """
    document: dict[str, Any] = {"code": definition.code, "name": definition.name}
    if definition.reasoning:
        document["reasoning"] = definition.reasoning
    if definition.texts:
        document["translations"] = dict(definition.texts)
    if definition.sets:
        document["sets"] = {name: list(values) for name, values in definition.sets.items()}
    if definition.named:
        document["named"] = dict(definition.named)
    document["segment"] = [
        _segment_document(segment, position) for position, segment in enumerate(definition.segments, start=1)
    ]
    return document


def _segment_document(segment: SegmentDefinition, position: int) -> dict[str, Any]:
    said = _without_defaults(
        {each.name: getattr(segment, each.name) for each in fields(segment) if each.name != "steps"}, SegmentDefinition
    )
    if said.get("key") == default_key(position):
        del said["key"]
    if not said["condition"]:
        del said["condition"]
    _rename_texts(said)
    document = {name: said.pop(name) for name in ("key", "name", "translations") if name in said} | said
    return document | {"step": [step_document(step) for step in segment.steps]}


def _rename_texts(said: dict[str, Any]) -> None:
    """A document says `translations` of what the rows call texts."""
    if "texts" in said:
        said["translations"] = dict(said.pop("texts"))


def step_document(step: StepDefinition) -> dict[str, Any]:
    """Return one step as a document writes it."""
    said = _without_defaults({each.name: getattr(step, each.name) for each in fields(step)}, StepDefinition)
    for name, value in STEP_DEFAULTS.items():
        if said[name] == value:
            del said[name]
    _rename_texts(said)
    document: dict[str, Any] = {}
    for name in ("key", "name", "translations", "kind"):
        if name in said:
            document[name] = said.pop(name)
    for name in TRIGGERED:
        said.pop(name, None)
    if "template" in said:
        document["template"] = said.pop("template")
    if step.trigger != Step.Trigger.DPD:
        days = {"days": step.after_days, "within": step.within_days}
        if step.trigger == Step.Trigger.AFTER:
            document["after"] = {"step": step.after_key, "outcome": step.after_outcome, **days}
        else:
            document["on"] = {"event": step.event, **days}
        if not step.from_dpd:
            del said["from_dpd"]
    for name in ("time_from", "time_until"):
        if name in said:
            said[name] = clock_time(said[name])
    if "counts_as" in said:
        said["counts_as"] = list(said["counts_as"])
    return document | said
