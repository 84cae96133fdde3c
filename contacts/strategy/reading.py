"""From a document to a strategy: every word checked, every problem told with its path, in the reader's language."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from django.utils.translation import gettext as _

from collections_app.shared.listing import listed
from contacts.models import Segment, Step
from contacts.strategy import conditions, particulars
from contacts.strategy.document import (
    WITHIN_DAYS,
    Definition,
    DefinitionError,
    SegmentDefinition,
    StepDefinition,
    default_key,
)

TOP: Final = ("code", "name", "reasoning", "translations", "set", "sets", "named", "segment")
SEGMENT: Final = ("key", "name", "translations", "condition", "stop", "re_entry", "re_entry_days", "dwell_days", "step")
STEP: Final = (
    "key",
    "name",
    "translations",
    "kind",
    "template",
    "from_dpd",
    "until_dpd",
    "after",
    "on",
    "repeat_every_days",
    "severity",
    "priority",
    "condition",
    "catch_up",
    "catch_up_days",
    "spread_minutes",
    "time_from",
    "time_until",
    "minutes",
    "settings",
    "counts_as",
)
REACHING: Final = (Step.Kind.MESSAGE, Step.Kind.CALL, Step.Kind.VISIT)
AFTER: Final = ("step", "outcome", "days", "within")
ON: Final = ("event", "days", "within")
MOST_DPD: Final = 32_767
MOST_DAYS: Final = 366
MOST_SEGMENTS: Final = 50
MOST_STEPS: Final = 100  # in the whole strategy: each is a statement of the night
MOST_WORDS: Final = 50  # named sets, and named conditions
MOST_VALUES: Final = 5_000  # of one set
KEY: Final = re.compile(r"[-a-zA-Z0-9_]{1,40}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")  # as in zh-hans
MOST_LANGUAGES: Final = 20
MOST_NAME: Final = 120
MOST_REASONING: Final = 8_000
# What may be said in other languages, with the longest; of named sets and conditions, what each is called.
OF_STRATEGY: Final = {"name": MOST_NAME, "reasoning": MOST_REASONING}
OF_SEGMENT: Final = {"name": MOST_NAME}
OF_STEP: Final = {"name": MOST_NAME, "about": particulars.MOST_TEXT}
CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class _Reader:
    """What is read from, with every problem found so far and the words that conditions may use."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self.sets: dict[str, list[str]] = {}
        self.named: dict[str, Any] = {}

    def wrong(self, path: str, message: str) -> None:
        self.problems.append((path, message))

    def keys(self, table: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        for key in table:
            if key not in known:
                self.wrong(f"{path}{key}", _("unknown; known are %(known)s") % {"known": listed(known)})

    def text(self, table: Mapping[str, Any], key: str, path: str, *, most: int, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None) or len(value) > most:
            self.wrong(f"{path}{key}", _("a text of 1 to %(most)s characters is needed") % {"most": most})
            return ""
        return value.strip()

    def key(self, table: Mapping[str, Any], path: str, *, default: str | None = None) -> str:
        value = table.get("key", default)
        if not isinstance(value, str) or not KEY.fullmatch(value):
            self.wrong(f"{path}key", _("a code of at most 40 letters, digits, - and _ is needed"))
            return ""
        return value

    def whole(
        self, table: Mapping[str, Any], key: str, path: str, *, least: int, most: int = MOST_DPD, default: Any = ...
    ) -> Any:
        value = table.get(key, default)
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            words = {"least": least, "most": most}
            self.wrong(f"{path}{key}", _("a whole number from %(least)s to %(most)s is needed") % words)
            return None if default is None else least
        return value

    def choice(self, table: Mapping[str, Any], key: str, path: str, *, of: list[str], default: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or value not in of:
            self.wrong(f"{path}{key}", _("one of %(known)s is needed") % {"known": listed(of)})
            return of[0]
        return value

    def clock(self, table: Mapping[str, Any], key: str, path: str) -> time | None:
        value = table.get(key)
        if value is None or isinstance(value, time):
            return value.replace(second=0, microsecond=0, tzinfo=None) if value else None
        if isinstance(value, str) and (found := CLOCK.fullmatch(value)):
            return time(int(found[1]), int(found[2]))
        self.wrong(f"{path}{key}", _("a time of day is needed, e.g. 09:30"))
        return None

    def condition(self, value: Any, path: str) -> dict[str, Any]:
        try:
            conditions.check(value, sets=self.sets, named=self.named)
        except conditions.ConditionError as error:
            self.wrong(path + (f".{error.path}" if error.path else ""), error.message)
            return {}
        return dict(value)

    def table(self, table: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, Mapping):
            self.wrong(f"{path}{key}", _("an object is needed"))
            return {}
        return value

    def translations(
        self, table: Mapping[str, Any], path: str, known: Mapping[str, int], *, called: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return what is said in other languages: {"zh-hans": {"name": …}}.

        called: words that are themselves objects: a text for every code.
        """
        given = self.table(table, "translations", path)
        if len(given) > MOST_LANGUAGES:
            words = {"count": len(given), "most": MOST_LANGUAGES}
            self.wrong(f"{path}translations", _("there are %(count)s; at most %(most)s") % words)
            return {}
        found: dict[str, Any] = {}
        for language in given:
            where = f"{path}translations.{language}"
            if not LANGUAGE.fullmatch(language):
                self.wrong(where, _("the code of a language is needed, e.g. zh-hans"))
                continue
            said = self.table(given, language, f"{path}translations.")
            self.keys(said, (*known, *called), f"{where}.")
            own: dict[str, Any] = {
                word: self.text(said, word, f"{where}.", most=most) for word, most in known.items() if word in said
            }
            for word in called:
                inner = self.table(said, word, f"{where}.")
                texts = {code: self.text(inner, code, f"{where}.{word}.", most=MOST_NAME) for code in inner}
                own |= {word: texts} if texts else {}
            found |= {language: own} if own else {}
        return found

    def tables(
        self, table: Mapping[str, Any], key: str, path: str, *, most: int
    ) -> list[tuple[str, Mapping[str, Any]]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
            self.wrong(f"{path}{key}", _("a list of objects is needed"))
            return []
        if len(value) > most:
            self.wrong(f"{path}{key}", _("there are %(count)s; at most %(most)s") % {"count": len(value), "most": most})
            return []
        return [(f"{path}{key}[{number}].", each) for number, each in enumerate(value)]


def parse(document: Mapping[str, Any]) -> Definition:
    """Return the strategy of a document. Raises DefinitionError with every problem and its path."""
    reader = _Reader()
    reader.keys(document, TOP, "")
    code = reader.text(document, "code", "", most=60)
    if code and not re.fullmatch(r"[-\w]+", code, re.ASCII):
        reader.wrong("code", _("letters, digits, - and _ only"))
    _read_sets(reader, document)
    _read_named(reader, document)
    segments = [
        _segment(reader, table, path, position)
        for position, (path, table) in enumerate(reader.tables(document, "segment", "", most=MOST_SEGMENTS), start=1)
    ]
    if not segments and not any(path == "segment" for path, _message in reader.problems):
        reader.wrong("segment", _("at least one segment is needed"))
    _unique(reader, [segment.key for segment in segments], "segment[%d].key")
    steps = sum(len(segment.steps) for segment in segments)
    if steps > MOST_STEPS:
        words = {"count": steps, "most": MOST_STEPS}
        reader.wrong("segment", _("there are %(count)s steps; at most %(most)s in a strategy") % words)
    definition = Definition(
        code=code,
        name=reader.text(document, "name", "", most=MOST_NAME),
        reasoning=reader.text(document, "reasoning", "", most=MOST_REASONING, default=""),
        texts=reader.translations(document, "", OF_STRATEGY, called=("named", "sets")),
        segments=tuple(segments),
        sets=reader.sets,
        named=reader.named,
    )
    if reader.problems:
        raise DefinitionError(reader.problems)
    return definition


def _read_sets(reader: _Reader, document: Mapping[str, Any]) -> None:
    """Read `sets = {cities = […]}` and `[set.cities] values = […]`."""
    found: dict[str, tuple[str, Any]] = {}
    for name, values in reader.table(document, "sets", "").items():
        found[name] = (f"sets.{name}", values)
    for name, table in reader.table(document, "set", "").items():
        values = table.get("values") if isinstance(table, Mapping) and set(table) == {"values"} else None
        found[name] = (f"set.{name}", values)
    if len(found) > MOST_WORDS:
        reader.wrong("sets", _("there are %(count)s; at most %(most)s") % {"count": len(found), "most": MOST_WORDS})
        return
    for name, (path, values) in found.items():
        if not KEY.fullmatch(name):
            reader.wrong(path, _("a code of at most 40 letters, digits, - and _ is needed"))
        elif (
            not isinstance(values, list)
            or not 1 <= len(values) <= MOST_VALUES
            or not all(isinstance(each, str) and 0 < len(each) <= 80 and not each.startswith("@") for each in values)
        ):
            reader.wrong(path, _("a list of 1 to %(most)s words is needed") % {"most": MOST_VALUES})
        else:
            reader.sets[name] = list(values)


def _read_named(reader: _Reader, document: Mapping[str, Any]) -> None:
    found = reader.table(document, "named", "")
    if len(found) > MOST_WORDS:
        reader.wrong("named", _("there are %(count)s; at most %(most)s") % {"count": len(found), "most": MOST_WORDS})
        return
    reader.named = dict(found)  # they may refer to each other, so all are known before one is checked
    for name, condition in found.items():
        if KEY.fullmatch(name):
            reader.condition(condition, f"named.{name}")
        else:
            reader.wrong(f"named.{name}", _("a code of at most 40 letters, digits, - and _ is needed"))


def _unique(reader: _Reader, keys: list[str], path: str) -> None:
    for number, key in enumerate(keys):
        if key and key in keys[:number]:
            reader.wrong(path % number, _("“%(key)s” is there twice") % {"key": key})


def _segment(reader: _Reader, table: Mapping[str, Any], path: str, position: int) -> SegmentDefinition:
    reader.keys(table, SEGMENT, path)
    steps = [_step(reader, inner, where) for where, inner in reader.tables(table, "step", path, most=MOST_STEPS)]
    _unique(reader, [step.key for step in steps], f"{path}step[%d].key")
    _check_order(reader, steps, path)
    re_entry = reader.choice(
        table, "re_entry", path, of=list(Segment.ReEntry.values), default=Segment.ReEntry.ALWAYS.value
    )
    after_days = re_entry == Segment.ReEntry.AFTER
    if "re_entry_days" in table and not after_days and table["re_entry_days"] != 0:
        reader.wrong(f"{path}re_entry_days", _("only where it may be entered again after some days"))
    return SegmentDefinition(
        key=reader.key(table, path, default=default_key(position)),
        name=reader.text(table, "name", path, most=MOST_NAME),
        texts=reader.translations(table, path, OF_SEGMENT),
        condition=reader.condition(table.get("condition", {}), f"{path}condition"),
        stop=reader.condition(table.get("stop", {}), f"{path}stop"),
        re_entry=re_entry,
        re_entry_days=reader.whole(table, "re_entry_days", path, least=1, most=3_660) if after_days else 0,
        dwell_days=reader.whole(table, "dwell_days", path, least=0, most=MOST_DAYS, default=0),
        steps=tuple(steps),
    )


def _check_order(reader: _Reader, steps: list[StepDefinition], path: str) -> None:
    """Whatever waits for a step waits for one that is there, and nobody waits in a circle."""
    waits_for = {step.key: step.after_key for step in steps if step.after_key}
    by_key = {step.key: step for step in steps}
    for number, step in enumerate(steps):
        if not step.after_key:
            continue
        where = f"{path}step[{number}].after.step"
        if step.after_key not in by_key:
            reader.wrong(where, _("there is no step “%(key)s” in this segment") % {"key": step.after_key})
            continue
        first = by_key[step.after_key]
        if step.after_outcome != Step.After.ANY and first.kind not in REACHING:
            outcome = f"{path}step[{number}].after.outcome"
            reader.wrong(outcome, _("“%(key)s” reaches nobody: only “any” can come of it") % {"key": first.key})
        seen, key = {step.key}, step.after_key
        while key in waits_for and key not in seen:
            seen.add(key)
            key = waits_for[key]
        if key == step.key:
            reader.wrong(where, _("these steps wait for each other"))


def _trigger(reader: _Reader, table: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return what a step is due by, as its columns say it."""
    if "after" in table and "on" in table:
        reader.wrong(f"{path}on", _("a step is due after a step or after an event, not both"))
        return {}
    if "after" not in table and "on" not in table:
        return {}
    word = "after" if "after" in table else "on"
    inner, where = reader.table(table, word, path), f"{path}{word}."
    reader.keys(inner, AFTER if word == "after" else ON, where)
    if word == "after":
        step = inner.get("step")
        if not isinstance(step, str) or not KEY.fullmatch(step):
            reader.wrong(f"{where}step", _("the key of a step of this segment is needed"))
            step = ""
        outcome = reader.choice(inner, "outcome", where, of=list(Step.After.values), default=Step.After.ANY.value)
        found = {"trigger": Step.Trigger.AFTER.value, "after_key": step, "after_outcome": outcome}
    else:
        event = reader.choice(inner, "event", where, of=list(Step.Event.values))
        found = {"trigger": Step.Trigger.EVENT.value, "event": event}
    days = reader.whole(inner, "days", where, least=0, most=MOST_DAYS, default=0)
    within = reader.whole(inner, "within", where, least=0, most=MOST_DAYS, default=WITHIN_DAYS)
    if days + within < 1:
        reader.wrong(f"{where}within", _("the day itself is over before anything is planned; one day more is needed"))
    if "until_dpd" in table:
        reader.wrong(f"{path}until_dpd", _("what is due after a step or an event ends by “within”"))
    return {**found, "after_days": days, "within_days": within}


def _step(reader: _Reader, table: Mapping[str, Any], path: str) -> StepDefinition:
    reader.keys(table, STEP, path)
    kind = reader.choice(table, "kind", path, of=list(Step.Kind.values))
    template = table.get("template")
    if kind == Step.Kind.MESSAGE and not (isinstance(template, str) and template):
        reader.wrong(f"{path}template", _("a message needs the code of its template"))
    elif kind != Step.Kind.MESSAGE and template is not None:
        reader.wrong(f"{path}template", _("only a message has a template"))
    trigger = _trigger(reader, table, path)
    is_after = "after" in table or "on" in table
    from_dpd = reader.whole(table, "from_dpd", path, least=0, default=0 if is_after else ...)
    until_dpd = reader.whole(table, "until_dpd", path, least=0, default=None)
    if until_dpd is not None and until_dpd < from_dpd and not is_after:
        words = {"until": until_dpd, "from": from_dpd}
        reader.wrong(f"{path}until_dpd", _("%(until)s comes before the day from which it is due, %(from)s") % words)
    catch_up = reader.choice(
        table, "catch_up", path, of=list(Step.CatchUp.values), default=Step.CatchUp.SEND_LATE.value
    )
    if catch_up != Step.CatchUp.SEND_LATE and until_dpd is None and not is_after:
        reader.wrong(f"{path}catch_up", _("a step that is not done late after an outage needs an until_dpd"))
    return StepDefinition(
        key=reader.key(table, path),
        name=reader.text(table, "name", path, most=MOST_NAME, default=""),
        texts=reader.translations(table, path, OF_STEP),
        kind=kind,
        from_dpd=from_dpd,
        until_dpd=until_dpd,
        repeat_every_days=reader.whole(table, "repeat_every_days", path, least=1, most=366, default=None),
        template=template if kind == Step.Kind.MESSAGE else None,
        condition=reader.condition(table.get("condition", {}), f"{path}condition"),
        severity=reader.whole(table, "severity", path, least=1, most=99, default=1),
        priority=reader.whole(table, "priority", path, least=-99, most=99, default=0),
        catch_up=catch_up,
        catch_up_days=reader.whole(table, "catch_up_days", path, least=0, most=30, default=2),
        spread_minutes=reader.whole(table, "spread_minutes", path, least=0, most=720, default=None),
        minutes=reader.whole(table, "minutes", path, least=0, most=480, default=None),
        settings=_settings(reader, table, path, kind),
        counts_as=_counts_as(reader, table, path),
        **{**_hours(reader, table, path), **trigger},
    )


def _hours(reader: _Reader, table: Mapping[str, Any], path: str) -> dict[str, Any]:
    begins, ends = reader.clock(table, "time_from", path), reader.clock(table, "time_until", path)
    if begins is not None and ends is not None and ends <= begins:
        reader.wrong(f"{path}time_until", _("it is not later than time_from"))
    return {"time_from": begins, "time_until": ends}


def _settings(reader: _Reader, table: Mapping[str, Any], path: str, kind: str) -> dict[str, Any]:
    settings = table.get("settings", {})
    problems = list(particulars.problems_of(kind, settings))
    for where, message in problems:
        reader.wrong(f"{path}settings{where}", message)
    return {} if problems else dict(settings)


def _counts_as(reader: _Reader, table: Mapping[str, Any], path: str) -> tuple[str, ...]:
    keys = table.get("counts_as", [])
    if (
        not isinstance(keys, list)
        or len(keys) > MOST_WORDS
        or not all(isinstance(key, str) and KEY.fullmatch(key) for key in keys)
        or len(set(keys)) != len(keys)
        or table.get("key") in keys
    ):
        reader.wrong(f"{path}counts_as", _("a list of the keys of other steps is needed"))
        return ()
    return tuple(keys)
