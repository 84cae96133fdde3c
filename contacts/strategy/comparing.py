"""Two versions side by side as sentences: by the keys of segments and steps, what came, went, moved or changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from collections_app.shared.listing import listed
from compliance.words import paired
from contacts import differing
from contacts.models import Segment, Step, StrategyVersion
from contacts.strategy import definition, naming, sentences
from contacts.strategy.document import step_document


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence in both versions. state: same, added, removed, changed, or only moved.

    pieces: the new sentence in parts (same, new, gone), with what the old one said; details: what the sentence of a
    step does not tell, of one that is new, or where it differs.
    """

    key: str
    state: str
    before: str
    after: str
    pieces: tuple[tuple[str, str], ...] = ()
    details: tuple[str, ...] = ()


@dataclass(slots=True)
class Part:
    """A segment in both versions: its own sentences and those of its steps."""

    key: str
    name: str
    state: str
    lines: list[Line] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything of it is not the same."""
        return self.state != "same" or any(line.state != "same" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions. words: the strategy's own: its named sets and conditions."""

    parts: list[Part]
    words: list[Line]

    @property
    def numbers(self) -> dict[str, int]:
        """How many sentences came, went, changed and moved."""
        lines = [*self.words, *(line for part in self.parts for line in part.lines)]
        return {state: sum(line.state == state for line in lines) for state in ("added", "removed", "changed", "moved")}

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not any(self.numbers.values()) and not any(part.differs for part in self.parts)


# Words of a document that the sentences of a step do not tell.
_DETAILS = (
    "name",
    "severity",
    "priority",
    "catch_up",
    "catch_up_days",
    "spread_minutes",
    "minutes",
    "counts_as",
    "settings",
)
_OF_NEW = ("severity", "catch_up")


def compare(before: StrategyVersion | None, after: StrategyVersion) -> Comparison:
    """Return what differs in `after` from `before`; everything is new where there is nothing before."""
    old, new = _segments(before) if before else [], _segments(after)
    by_key = {segment.key: segment for segment in old}
    parts = [_part(by_key.get(segment.key), segment) for segment in new]
    kept = {segment.key for segment in new}
    gone = [_part(segment, None) for segment in old if segment.key not in kept]
    _mark_moved(parts, [segment.key for segment in old], [segment.key for segment in new])
    return Comparison([*parts, *gone], _words(before, after))


def _segments(version: StrategyVersion) -> list[Segment]:
    steps = Step.objects.select_related("template").order_by("position", "pk")
    found = list(version.segments.order_by("position", "pk").prefetch_related(Prefetch("steps", queryset=steps)))
    for segment in found:
        segment.version = version  # of which the strategy is known
    return found


def _part(old: Segment | None, new: Segment | None) -> Part:
    segment = new or old
    assert segment is not None
    state = "added" if old is None else "removed" if new is None else "same"
    part = Part(segment.key, segment.title, state)
    if old is not None and new is not None and old.title != new.title:
        part.lines.append(_line("name", old.title, new.title))
    if old is not None and new is not None and old.texts != new.texts and old.title == new.title:
        said = paired(_("in other languages"), _said(old.texts)), paired(_("in other languages"), _said(new.texts))
        part.lines.append(_line("texts", *said))
    part.lines += [_line(f"rule-{number}", *pair) for number, pair in enumerate(_rules(old, new))]
    before, after = _steps(old), _steps(new)
    lines = [_step(key, before.get(key), step, old, new) for key, step in after.items()]
    lines += [_step(key, step, None, old, new) for key, step in before.items() if key not in after]
    part.lines += _with_moved(lines, list(before), list(after))
    return part


def _rules(old: Segment | None, new: Segment | None) -> list[tuple[str, str]]:
    """Return whom a segment takes and its rules, in pairs: in the old version and in the new one."""

    def told(segment: Segment | None) -> list[str]:
        if segment is None:
            return []
        names = naming.called(segment.version.strategy)
        takes = sentences.of_condition(segment.condition, names) if segment.condition else _("all other cases")
        return [_("Takes: %(condition)s.") % {"condition": takes}, *sentences.of_rules(segment, names)]

    before, after = told(old), told(new)
    pairs = [(before[0] if before else "", after[0] if after else "")]
    left, right = before[1:], after[1:]
    pairs += [(each, each) for each in left if each in right]
    pairs += [(each, "") for each in left if each not in right]
    return pairs + [("", each) for each in right if each not in left]


def _steps(segment: Segment | None) -> dict[str, Step]:
    return {step.key: step for step in segment.steps.all()} if segment else {}


def _step(key: str, old: Step | None, new: Step | None, before: Segment | None, after: Segment | None) -> Line:
    was, now = _sentence(old, before), _sentence(new, after)
    details = _differing(old, new) if old is not None and new is not None else _told(new)
    line = _line(key, was, now)
    if line.state == "same" and details:
        return Line(key, "changed", was, now, line.pieces, details)
    return Line(key, line.state, was, now, line.pieces, details)


def _sentence(step: Step | None, segment: Segment | None) -> str:
    if step is None or segment is None:
        return ""
    names = {each.key: sentences.name_of(each) for each in segment.steps.all()}
    return sentences.of_step(step, names=names, called=naming.called(segment.version.strategy))


def _differing(old: Step, new: Step) -> tuple[str, ...]:
    """Return what differs of that which the sentence does not tell: "severity: 1 → 2"."""
    was, now = step_document(definition.step_of(old)), step_document(definition.step_of(new))
    labels = _labels()
    told = [
        paired(labels[name], f"{_value(was, name, old)} → {_value(now, name, new)}")
        for name in _DETAILS
        if was.get(name) != now.get(name)
    ]
    if old.texts != new.texts:
        told.append(paired(_("in other languages"), f"{_said(old.texts)} → {_said(new.texts)}"))
    return tuple(told)


def _told(step: Step | None) -> tuple[str, ...]:
    """Return what whoever signs for a new step has to know and its sentence does not tell."""
    if step is None:
        return ()
    labels, told = _labels(), step_document(definition.step_of(step))
    return (listed(paired(labels[name], _value(told, name, step)) for name in _OF_NEW),)


def _labels() -> dict[str, str]:
    return {field.name: str(field.verbose_name) for field in Step._meta.fields if field.name in _DETAILS}


def _said(texts: Mapping[str, Mapping[str, str]]) -> str:
    """Return what is said in other languages: "zh-hans 电话"."""
    return listed(f"{language} {text}" for language, said in sorted(texts.items()) for text in said.values()) or "–"


def _value(table: Mapping[str, Any], name: str, step: Step) -> str:
    if name == "name":
        return step.name or "–"
    if name == "catch_up":
        return str(step.get_catch_up_display())
    value = table.get(name, getattr(step, name))
    if isinstance(value, Mapping):
        return listed(f"{key} {each}" for key, each in value.items()) or "–"
    return listed(value) or "–" if isinstance(value, list) else "–" if value is None else str(value)


def _line(key: str, before: str, after: str) -> Line:
    state = "same" if before == after else "added" if not before else "removed" if not after else "changed"
    pieces = tuple(differing.difference(before, after)) if state == "changed" else ()
    return Line(key, state, before, after, pieces)


def _with_moved(lines: list[Line], before: Sequence[str], after: Sequence[str]) -> list[Line]:
    moved = _moved(before, after)
    return [
        Line(line.key, "moved", line.before, line.after) if line.state == "same" and line.key in moved else line
        for line in lines
    ]


def _mark_moved(parts: list[Part], before: Sequence[str], after: Sequence[str]) -> None:
    moved = _moved(before, after)
    for part in parts:
        if part.state == "same" and part.key in moved:
            part.state = "moved"


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the keys in both that do not follow each other as they did: those outside a longest common run."""
    both = [key for key in before if key in after]
    places = {key: place for place, key in enumerate(key for key in after if key in before)}
    best: dict[str, list[str]] = {}
    for number, key in enumerate(both):
        runs = [best[each] for each in both[:number] if places[each] < places[key]]
        best[key] = [*max(runs, key=len, default=[]), key]
    kept = max(best.values(), key=len, default=[])
    return set(both) - set(kept)


def _words(before: StrategyVersion | None, after: StrategyVersion) -> list[Line]:
    """Return the named sets and named conditions of both versions."""
    old, new = _named(before) if before else {}, _named(after)
    return [_line(key, old.get(key, ""), new.get(key, "")) for key in dict.fromkeys([*new, *old])]


def _named(version: StrategyVersion) -> dict[str, str]:
    called = naming.called(version.strategy)
    found = {
        f"set-{name}": _("@%(name)s stands for: %(values)s.")
        % {"name": called.get(f"@{name}", name), "values": listed(values)}
        for name, values in version.sets.items()
    }
    for name, condition in version.named.items():
        words = {"name": called.get(name, name), "condition": sentences.of_condition(condition, called)}
        found[f"named-{name}"] = _("“%(name)s” means: %(condition)s.") % words
    return found
