"""The document of a strategy described for machines: a JSON Schema, made from the same lists that the reader uses.

It says which words there are and what they may be. What depends on several words at once (a template that is there, a
step that waits for another) only the reader knows. docs/strategy.schema.json is this, written down.
"""

from collections.abc import Mapping
from typing import Any, Final

from contacts.models import Segment, Step
from contacts.strategy import particulars, reading
from contacts.strategy.document import WITHIN_DAYS

URI: Final = "https://json-schema.org/draft/2020-12/schema"
_KEY: Final = {"type": "string", "pattern": f"^{reading.KEY.pattern}$"}
_CLOCK: Final = {"type": "string", "pattern": f"^{reading.CLOCK.pattern}$"}
_CONDITION: Final = {"$ref": "#/$defs/condition"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a strategy's document."""
    return {
        "$schema": URI,
        "title": "A strategy: who is treated how",
        "description": "How it is read, and what happens when, is told in docs/strategies.md.",
        **_object(
            {
                "code": {"type": "string", "pattern": "^[-A-Za-z0-9_]{1,60}$"},
                "name": _text(reading.MOST_NAME),
                "reasoning": {"type": "string", "maxLength": reading.MOST_REASONING},
                "translations": _translations(reading.OF_STRATEGY, called=("named", "sets")),
                "sets": {"type": "object", "propertyNames": _KEY, "additionalProperties": _words()},
                "set": {
                    "type": "object",
                    "propertyNames": _KEY,
                    "additionalProperties": _object({"values": _words()}, needed=["values"]),
                },
                "named": {"type": "object", "propertyNames": _KEY, "additionalProperties": _CONDITION},
                "segment": _list({"$ref": "#/$defs/segment"}, reading.MOST_SEGMENTS, least=1),
            },
            needed=["code", "name", "segment"],
        ),
        "$defs": {"segment": _segment(), "step": _step(), "condition": _condition()},
    }


def _segment() -> dict[str, Any]:
    return _object(
        {
            "key": _KEY,
            "name": _text(reading.MOST_NAME),
            "translations": _translations(reading.OF_SEGMENT),
            "condition": _CONDITION,
            "stop": _CONDITION,
            "re_entry": _choice(Segment.ReEntry.values, default=Segment.ReEntry.ALWAYS),
            "re_entry_days": _whole(0, 3_660),
            "dwell_days": _whole(0, reading.MOST_DAYS, default=0),
            "step": _list({"$ref": "#/$defs/step"}, reading.MOST_STEPS),
        },
        needed=["name"],
    )


def _step() -> dict[str, Any]:
    return {
        **_object(
            {
                "key": _KEY,
                "name": {"type": "string", "maxLength": reading.MOST_NAME},
                "translations": _translations(reading.OF_STEP),
                "kind": _choice(Step.Kind.values),
                "template": _text(60),
                "from_dpd": _whole(0, reading.MOST_DPD),
                "until_dpd": _whole(0, reading.MOST_DPD),
                "after": _object(
                    {
                        "step": _KEY,
                        "outcome": _choice(Step.After.values, default=Step.After.ANY),
                        **_days(),
                    },
                    needed=["step"],
                ),
                "on": _object({"event": _choice(Step.Event.values), **_days()}, needed=["event"]),
                "repeat_every_days": _whole(1, 366),
                "severity": _whole(1, 99, default=1),
                "priority": _whole(-99, 99, default=0),
                "condition": _CONDITION,
                "catch_up": _choice(Step.CatchUp.values, default=Step.CatchUp.SEND_LATE),
                "catch_up_days": _whole(0, 30, default=2),
                "spread_minutes": _whole(0, 720),
                "time_from": _CLOCK,
                "time_until": _CLOCK,
                "minutes": _whole(0, 480),
                "settings": {"type": "object"},
                "counts_as": {**_list(_KEY, reading.MOST_WORDS), "uniqueItems": True},
            },
            needed=["key", "kind"],
        ),
        "not": {"required": ["after", "on"]},
        "anyOf": [{"required": ["from_dpd"]}, {"required": ["after"]}, {"required": ["on"]}],
        "allOf": [_of_kind(kind) for kind in Step.Kind.values],
    }


def _of_kind(kind: str) -> dict[str, Any]:
    known = particulars.BY_KIND[kind]
    needed = [name for name, each in known.items() if each.needed]
    settings = _object({name: _particular(each) for name, each in known.items()}, needed=needed)
    if kind == Step.Kind.ASSIGN:
        settings["minProperties"] = 1
    then: dict[str, Any] = {"properties": {"settings": settings}}
    if kind == Step.Kind.MESSAGE:
        then["required"] = ["template"]
    else:
        then["properties"]["template"] = False
        if needed or kind == Step.Kind.ASSIGN:
            then["required"] = ["settings"]
    return {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": then}


def _particular(each: particulars.Particular) -> dict[str, Any]:
    if each.kind == "choice":
        return _choice(each.values)
    if each.kind == "whole":
        return _whole(each.least, each.most)
    return _KEY if each.kind == "code" else _text(particulars.MOST_TEXT)


def _condition() -> dict[str, Any]:
    of = {"type": "array", "items": _CONDITION, "minItems": 1}
    return {
        "description": "The facts, their units and values are listed in docs/facts.md.",
        "oneOf": [
            {"type": "object", "maxProperties": 0},
            _object({"all": of}, needed=["all"]),
            _object({"any": of}, needed=["any"]),
            _object({"not": _CONDITION}, needed=["not"]),
            _object({"named": {"type": "string"}}, needed=["named"]),
            _object(
                {"fact": {"type": "string"}, "op": {"type": "string"}, "value": {}}, needed=["fact", "op", "value"]
            ),
        ],
    }


# -- words of the schema -----------------------------------------------------------------------------------------------


def _object(properties: dict[str, Any], *, needed: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _list(items: dict[str, Any], most: int, *, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most} | ({"minItems": least} if least else {})


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _translations(known: Mapping[str, int], *, called: tuple[str, ...] = ()) -> dict[str, Any]:
    """What is said in other languages, by the code of the language as in zh-hans."""
    texts = {"type": "object", "additionalProperties": _text(reading.MOST_NAME)}
    said = {word: _text(most) for word, most in known.items()} | dict.fromkeys(called, texts)
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{reading.LANGUAGE.pattern}$"},
        "maxProperties": reading.MOST_LANGUAGES,
        "additionalProperties": _object(said, needed=[]),
    }


def _words() -> dict[str, Any]:
    return _list({"type": "string", "minLength": 1, "maxLength": 80}, reading.MOST_VALUES, least=1)


def _whole(least: int, most: int, *, default: int | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return said if default is None else said | {"default": default}


def _choice(values: Any, *, default: str | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"enum": [str(value) for value in values]}
    return said if default is None else said | {"default": str(default)}


def _days() -> dict[str, Any]:
    return {
        "days": _whole(0, reading.MOST_DAYS, default=0),
        "within": _whole(0, reading.MOST_DAYS, default=WITHIN_DAYS),
    }
