"""How an actor reads on a screen: people and clients by name, parts of the system in the reader's language."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, gettext_noop

_PARTS: Final = (
    gettext_noop("system"),
    gettext_noop("close of day"),
    gettext_noop("dispatch"),
    gettext_noop("carrier"),
    gettext_noop("import"),
    gettext_noop("inbound"),
    gettext_noop("listener"),
    gettext_noop("command line"),
    gettext_noop("sign-in"),
)


def shown(kind: str, label: str) -> str:
    """Return the name to show for an actor of an audit event or a decision."""
    return gettext(label) if kind == "system" and label in _PARTS else label
