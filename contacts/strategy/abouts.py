"""What authors add to their steps for whoever does them, in the reader's language.

A case's next action keeps the words as they were written first. Their translations are read for all of them at once and
kept for a minute, so that a list of cases asks once.
"""

from time import monotonic
from typing import Final

from contacts.models import Step
from contacts.models.texts import in_language

KEPT_SECONDS: Final = 60.0
_known: dict[str, dict[str, dict[str, str]]] = {}
_until = 0.0


def in_readers_language(about: str) -> str:
    """Return words that an author has added; as they were written where nobody has translated them."""
    global _until
    if monotonic() >= _until:
        _known.clear()
        rows = Step.objects.exclude(texts={}).filter(settings__has_key="about").order_by("pk")
        for source, texts in rows.values_list("settings__about", "texts"):
            _known[str(source)] = texts
        _until = monotonic() + KEPT_SECONDS
    return in_language(_known.get(about, {}), "about", about)


def forget() -> None:
    """Let the next question read anew: the steps have changed."""
    global _until
    _until = 0.0
