"""The words of a script as they are written: one line each, a branch under its name in brackets.

say: Good day, am I speaking with {{ borrower_name }}?
disclose CN-ID: I am calling for {{ creditor_name }}.
[unable]
ask: What can you pay in a month?
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused

SAY: Final = "say"
ASK: Final = "ask"
DISCLOSE: Final = "disclose"
KINDS: Final[dict[str, LazyText | str]] = {
    SAY: _("say"), ASK: _("ask"), DISCLOSE: _("required disclosure"),
}  # fmt: skip
# The branches in the order in which they are shown; what they are called, and the key that opens each: none that asks
# who is on the line, or says how the call ended.
BRANCHES: Final[dict[str, tuple[LazyText | str, str]]] = {
    "willing": (_("Willing"), "f"),
    "unable": (_("Cannot pay"), "u"),
    "unwilling": (_("Will not pay"), "z"),
    "angry": (_("Angry"), "a"),
    "vulnerable": (_("Vulnerable"), "s"),
    "wrong_person": (_("Wrong person"), "p"),
    "voicemail": (_("Voicemail"), "t"),
}
BEFORE: Final = frozenset({"angry", "vulnerable", "wrong_person", "voicemail"})  # that fit before confirmation
AFTER: Final = frozenset(BRANCHES) - {"wrong_person", "voicemail"}
MOST_LINES: Final = 60
MOST_LETTERS: Final = 500  # of one line
_LINE: Final = re.compile(r"(say|ask|disclose)(?:[ \t]+([A-Z0-9][A-Za-z0-9.-]{1,39}))?[ \t]*[:：][ \t]*(.*)")
_BRANCH: Final = re.compile(r"\[([a-z_]{1,20})\]")


class NotationRefused(Refused):
    SENTENCES = {
        "empty": _("The script has no line."),
        "not-a-line": _("Line %(number)s is no line of a script: it begins with “say:”, “ask:”, “disclose RULE:” or "
                        "the name of a branch in brackets."),
        "no-words": _("Line %(number)s says nothing."),
        "no-rule": _("Line %(number)s is a disclosure and names no rule."),
        "a-rule": _("Line %(number)s names a rule and is no disclosure."),
        "unknown-branch": _("Line %(number)s: there is no branch “%(name)s”. Known are: %(known)s."),
        "twice": _("Line %(number)s: “%(name)s” is there already."),
        "not-in-a-branch": _("Line %(number)s: a disclosure stands before the branches, where everybody hears it."),
        "empty-branch": _("The branch “%(name)s” has no line."),
        "too-long": _("Line %(number)s has %(length)s characters; at most %(limit)s are allowed."),
        "too-many": _("The script has more than %(limit)s lines."),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say or to ask. rule: the rule that demands a disclosure."""

    kind: str
    text: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The lines that everybody hears, and those of each branch."""

    lines: tuple[Line, ...] = ()
    branches: dict[str, tuple[Line, ...]] = field(default_factory=dict)

    @property
    def all_lines(self) -> tuple[Line, ...]:
        """Every line, those of branches last."""
        return (*self.lines, *(line for lines in self.branches.values() for line in lines))

    @property
    def disclosures(self) -> dict[str, Line]:
        """The disclosures, by the rule that demands each."""
        return {line.rule: line for line in self.lines if line.kind == DISCLOSE}


@lru_cache(maxsize=256)
def read(body: str) -> Words:
    """Return the lines of a script. Raises NotationRefused, which names the line."""
    lines: list[Line] = []
    branches: dict[str, list[Line]] = {}
    here, seen = lines, set[str]()
    for number, raw in enumerate(body.splitlines(), start=1):
        text = raw.strip()
        if not text:
            continue
        if branch := _BRANCH.fullmatch(text):
            name = branch[1]
            if name not in BRANCHES:
                raise NotationRefused("unknown-branch", number=number, name=name, known=", ".join(BRANCHES))
            if name in branches:
                raise NotationRefused("twice", number=number, name=name)
            here = branches[name] = []
            continue
        line = _line(text, number)
        if line.kind == DISCLOSE:
            if here is not lines:
                raise NotationRefused("not-in-a-branch", number=number)
            if line.rule in seen:
                raise NotationRefused("twice", number=number, name=line.rule)
            seen.add(line.rule)
        here.append(line)
    if not lines:
        raise NotationRefused("empty")
    for name, found in branches.items():
        if not found:
            raise NotationRefused("empty-branch", name=name)
    words = Words(tuple(lines), {name: tuple(branches[name]) for name in BRANCHES if name in branches})
    if len(words.all_lines) > MOST_LINES:
        raise NotationRefused("too-many", limit=MOST_LINES)
    return words


def _line(text: str, number: int) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise NotationRefused("not-a-line", number=number)
    kind, rule, said = found[1], found[2] or "", found[3].strip()
    if not said:
        raise NotationRefused("no-words", number=number)
    if len(said) > MOST_LETTERS:
        raise NotationRefused("too-long", number=number, length=len(said), limit=MOST_LETTERS)
    if kind == DISCLOSE and not rule:
        raise NotationRefused("no-rule", number=number)
    if kind != DISCLOSE and rule:
        raise NotationRefused("a-rule", number=number)
    return Line(kind, said, rule)
