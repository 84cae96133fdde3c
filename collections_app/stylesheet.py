"""The vendored stylesheet without the rules that no page can use: a seventh of it, which a slow line feels.

    python -m collections_app.stylesheet

writes `vendor/tabler/tabler.used.css` from `tabler.min.css`. A rule is used where every class of its selector is a word
in a template, a script or a line of code that names a class, or begins like one that is put together there
(`pill-{{ tone }}`); so it keeps too much rather than too little. A test says when a page needs one that is missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
OURS: Final = ROOT / "collections_app" / "static" / "collections_app"
FOLDER: Final = OURS / "vendor" / "tabler"
APPS: Final = ("cases", "collections_app", "compliance", "contacts")
NOTICE: Final = "/* Parts of Tabler (MIT, see LICENSE), made from tabler.min.css by collections_app.stylesheet. */\n"
GROUPS: Final = ("@media", "@supports", "@container", "@layer")
_WORD: Final = re.compile(r"[A-Za-z_][\w-]*")
_BEGINNING: Final = re.compile(r"([a-z]\w+[\w-]*-)(?:\{|[\"'] ?\+|\$\{)")
_CLASS: Final = re.compile(r"\.((?:\\.|[\w-])+)")
_CHOICE: Final = re.compile(r":(?:not|is|where)\((?:[^()]|\([^()]*\))*\)")
_TOKEN: Final = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """What may be the name of a class in the pages."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]

    @classmethod
    def of_pages(cls) -> "Words":
        """Return the words of templates and scripts, and of the lines of code that name a class."""
        pages = [*(ROOT / "templates").rglob("*.html"), *OURS.glob("*.js")]
        code = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
        lines = [line for path in code for line in path.read_text().splitlines() if "class" in line.split("#")[0]]
        text = "\n".join([*(path.read_text() for path in pages), *lines])
        whole, beginnings = set(_WORD.findall(text)), set(_BEGINNING.findall(text))
        return cls(frozenset(whole), tuple(sorted(beginnings)))

    def have(self, name: str) -> bool:
        """Whether a page can have an element of this class."""
        return name in self.whole or name.startswith(self.beginnings)

    def need(self, selector: str) -> bool:
        """Whether an element of a page can be meant by a selector; what it may also be, or not be, is left open."""
        return all(self.have(name.replace("\\", "")) for name in _CLASS.findall(_CHOICE.sub("", selector)))


@dataclass(frozen=True)
class Rule:
    """One rule, or a group of them. body: None where there is none, as after @import."""

    head: str
    body: str | None

    @cached_property
    def selectors(self) -> list[str]:
        """The selectors of a rule, one by one."""
        found, depth, begins = [], 0, 0
        for place, sign in enumerate(self.head):
            depth += (sign in "([") - (sign in ")]")
            if sign == "," and depth == 0:
                found.append(self.head[begins:place])
                begins = place + 1
        return [*found, self.head[begins:]]


def rules(text: str) -> Iterator[Rule]:
    """Yield the rules of a stylesheet in their order."""
    begins, opened, depth = 0, 0, 0
    for token in _TOKEN.finditer(text):
        sign = token.group()
        if sign == "{":
            depth += 1
            opened = token.end() if depth == 1 else opened
        elif sign == "}":
            depth -= 1
            if depth == 0:
                yield Rule(_plain(text[begins : opened - 1]), text[opened : token.start()])
                begins = token.end()
        elif sign == ";" and depth == 0:
            yield Rule(_plain(text[begins : token.start()]), None)
            begins = token.end()


def _plain(head: str) -> str:
    return re.sub(r"/\*.*?\*/", "", head, flags=re.DOTALL).strip()


def needed(text: str, words: Words) -> str:
    """Return a stylesheet without the rules that no page can use."""
    kept = []
    for rule in rules(text):
        if rule.body is None:  # @charset, which counts only at the very beginning; nothing is imported
            continue
        if rule.head.startswith(GROUPS):
            inner = needed(rule.body, words)
            kept.append(f"{rule.head}{{{inner}}}" if inner else "")
        elif rule.head.startswith("@"):
            kept.append(f"{rule.head}{{{rule.body}}}")
        else:
            selectors = [each for each in rule.selectors if words.need(each)]
            kept.append(f"{','.join(selectors)}{{{rule.body}}}" if selectors else "")
    return "".join(kept)


def selectors(text: str, place: str = "") -> set[str]:
    """Return every selector of a stylesheet, with the group that it stands in."""
    found: set[str] = set()
    for rule in rules(text):
        if rule.body is not None and rule.head.startswith(GROUPS):
            found |= selectors(rule.body, f"{place}{rule.head} ")
        elif rule.body is not None and not rule.head.startswith("@"):
            found |= {f"{place}{each}" for each in rule.selectors}
    return found


if __name__ == "__main__":
    (FOLDER / "tabler.used.css").write_text(NOTICE + needed((FOLDER / "tabler.min.css").read_text(), Words.of_pages()))
