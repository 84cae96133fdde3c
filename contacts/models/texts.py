"""Names that are kept in several languages: {"zh-hans": {"name": "…"}} beside the name itself."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language


def in_language(texts: Mapping[str, Any], word: str, otherwise: str) -> str:
    """Return a word in the reader's language; where nobody has written it, as it was written first.

    A regional language that has no words of its own is served by the language: "zh-hans-sg" by "zh-hans", then "zh".
    """
    language = get_language() or ""
    while language:
        if found := texts.get(language, {}).get(word):
            return str(found)
        language = language.rpartition("-")[0]
    return otherwise
