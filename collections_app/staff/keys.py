"""Keys of one's own: which key somebody presses for what the product gives another one.

A key is named as in the pages: "p", "?", "mod+enter", "mod+shift+h"; mod is Ctrl, on a Mac Command. What the product
gives is read from its templates, so that nothing has to be listed twice; what is chosen lies on the user as
{given: chosen}. One key does one thing wherever it is heard, so no two may be the same.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from collections_app.staff.models import User

MOD: Final = "mod+"
# Heard on every page; these come first.
EVERYWHERE: Final[dict[str, Promise]] = {
    "mod+k": gettext_lazy("Everything that can be done here, and search"),
    "?": gettext_lazy("The sheet of keys"),
    "j": gettext_lazy("Next row of a list"),
    "k": gettext_lazy("Previous row of a list"),
}
NUMBERS: Final = tuple("0123456789")  # outcomes, branches and suggestions are numbered as they stand on the page
# Chords that browsers keep for themselves or that edit text: a page cannot have them, or should not take them.
BROWSER: Final = frozenset(
    [f"mod+{key}" for key in "acdfghijlmnopqrstuvwxyz0123456789+-="]
    + [f"mod+shift+{key}" for key in "abcijmnopqrtw"]
    + ["mod+shift+enter"]
)
_ELEMENT: Final = re.compile(r'data-key(?:-inside)?="(?P<key>[^"{]+)"(?=[^>]*?data-key-label="(?P<label>[^"]*))')
_INCLUDED: Final = re.compile(r'confirm\.html" with [^%]*?key="(?P<key>[^"]+)"')
_WORDS: Final = re.compile(r"\{% trans '(?P<text>[^']+)' %\}")
_CHORD: Final = re.compile(r"mod\+(?:shift\+)?(?:[a-z0-9]|enter|[^\w\s])")
_NOT_HERE: Final = {"del"}  # heard by the designer's tree alone, as are those with Alt


@lru_cache(maxsize=1)
def _in_templates() -> dict[str, tuple[str, ...]]:
    """Return the keys that templates give, each with the words (in English) for what it does, by page."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for match in _ELEMENT.finditer(text):
            words = _WORDS.search(match["label"] + "' %}" if match["label"].endswith("'") else match["label"])
            found.setdefault(match["key"], {}).update({words["text"]: None} if words else {})
        for match in _INCLUDED.finditer(text):
            found.setdefault(match["key"], {})
    return {key: tuple(words) for key, words in found.items() if "+" not in key or key.startswith(MOD)}


def given() -> dict[str, str]:
    """Return each key that the product gives, with what it does in the reader's language."""
    listed = {key: str(words) for key, words in EVERYWHERE.items()}
    templates = {key: words for key, words in _in_templates().items() if key.lower() not in _NOT_HERE}
    for key in sorted(templates, key=lambda one: (one.startswith(MOD), not one.isalpha(), one)):
        says = " · ".join(dict.fromkeys(gettext(words) for words in templates[key]))
        listed[key] = " · ".join(part for part in (listed.get(key, ""), says) if part)
    for number in NUMBERS:
        listed.setdefault(number, gettext("What stands at this number: outcome, branch, suggestion"))
    return listed


def own(user: Any) -> dict[str, str]:
    """Return the keys that this user has changed: given → chosen. Whatever else lies there is left out."""
    chosen = getattr(user, "keys", None)
    if not isinstance(chosen, dict):
        return {}
    return {str(key): str(value) for key, value in chosen.items() if key != value and isinstance(value, str) and value}


def shown(key: str) -> str:
    """Return a key as people read and type it: Ctrl+Shift+h."""
    return key.replace("mod", "Ctrl").replace("shift", "Shift").replace("enter", "Enter")


def read(text: str) -> str:
    """Return the name of a key that somebody typed: "Ctrl+Enter", "⌘+b", "x"."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if len(plain) == 1:
        return plain.lower()
    parts = [part.strip().lower() for part in plain.replace("⌘", "ctrl").split("+")]
    parts = ["mod" if part in {"ctrl", "cmd", "control", "command", "mod", "ctrl/ctrl"} else part for part in parts]
    return "+".join(parts)


def wrong(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with these keys, by the given key: {given: sentence}; nothing where all can be used.

    chosen: given → chosen, both named as in the pages.
    """
    known = given()
    effective = {key: chosen.get(key, key) for key in known}
    faults: dict[str, str] = {}
    for key, value in chosen.items():
        if key not in known or key == value:
            continue
        if fault := _unusable(key, value):
            faults[key] = fault
            continue
        others = [other for other, pressed in effective.items() if pressed == value and other != key]
        if others:
            says = known[others[0]]
            faults[key] = gettext("%(key)s is taken already: %(what)s") % {"key": shown(value), "what": says}
    return faults


def _unusable(key: str, value: str) -> str:
    """Return why this key cannot be chosen for what the product calls `key`, or nothing."""
    if key.startswith(MOD) and not value.startswith(MOD):
        return gettext("This one stays with Ctrl or ⌘, so that no single key saves or leaves by mistake.")
    if value.startswith(MOD):
        if value in BROWSER:
            return gettext("%(key)s belongs to the browser.") % {"key": shown(value)}
        if not _CHORD.fullmatch(value):
            return gettext("Ctrl, perhaps Shift, and one key more.")
        return ""
    if len(value) != 1 or value.isspace() or unicodedata.category(value)[0] not in "LNPS":
        return gettext("One letter, digit or sign, or Ctrl with one. Alt is left to the letters of your language.")
    return ""


def change(*, user: User, chosen: Mapping[str, str]) -> dict[str, str]:
    """Keep these keys for the user; return what is wrong with them, in which case nothing changes."""
    faults = wrong(chosen)
    if not faults:
        known = given()
        user.keys = {key: value for key, value in chosen.items() if key in known and value != key}
        user.save(update_fields=["keys"])
    return faults


def reset(*, user: User) -> None:
    """Give the user the keys of the product again."""
    user.keys = {}
    user.save(update_fields=["keys"])
