"""Lists of words in a sentence, joined as the reader's language joins them: "a, b or c", 甲、乙或丙."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language, gettext, pgettext


def listed(words: Iterable[Any]) -> str:
    """Return words one after the other: "a, b, c", 甲、乙、丙."""
    return pgettext("between the parts of a list", ", ").join(str(word) for word in words)


def any_of(words: Iterable[Any]) -> str:
    """Return words of which one is meant: "a, b or c", 甲、乙或丙."""
    *first, last = [str(word) for word in words] or [""]
    if not first:
        return last
    return gettext("%(first)s or %(last)s") % {"first": listed(first), "last": last}


def clauses(parts: Iterable[Any]) -> str:
    """Return the parts of a sentence with commas between them, where each is itself several words."""
    return pgettext("between the parts of a sentence", ", ").join(str(part) for part in parts)


def one_after_another(sentences: Iterable[Any]) -> str:
    """Return whole sentences as one paragraph; Chinese has no space between them."""
    space = "" if (get_language() or "").startswith("zh") else " "
    return space.join(str(sentence) for sentence in sentences)
