"""What a firm asks before it says anything to whoever answers: which questions, and how many answered rightly.

Kept in the firm policy of a book under `verification`: {"questions": […], "needed": 2, "only_compared": false}.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

KEY: Final = "verification"
# In the order in which they are asked. What is known of a person answers them: `contacts.identity`.
QUESTIONS: Final[dict[str, LazyText | str]] = {
    "birth_date": _("Date of birth"),
    "document_last4": _("Document, last four"),
    "address": _("Postal address"),
    "account_last4": _("Account, last four"),
    "email": _("E-mail address"),
}
DEFAULT: Final = ("birth_date", "document_last4", "address")
NEEDED: Final = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """questions: keys of QUESTIONS in order. needed: how many are answered rightly before the person is confirmed.

    only_compared: only an answer that was typed and compared counts, not one that the collector heard and judged.
    """

    questions: tuple[str, ...] = DEFAULT
    needed: int = NEEDED
    only_compared: bool = False

    def asked_of(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the questions that can be asked of somebody of whom these are known.

        Where fewer of the firm's questions can be asked than it needs, the others that can be asked stand in.
        """
        can = set(known)
        chosen = tuple(key for key in self.questions if key in can)
        if len(chosen) >= self.needed:
            return chosen
        spare = tuple(key for key in QUESTIONS if key in can and key not in chosen)
        return (*chosen, *spare[: self.needed - len(chosen)])


def of_document(document: Mapping[str, Any]) -> Terms:
    """Return what a book's policy says; the defaults where it says nothing."""
    said = document.get(KEY) or {}
    chosen = said.get("questions") or DEFAULT
    questions = tuple(key for key in QUESTIONS if key in chosen)
    needed = int(said.get("needed") or min(NEEDED, len(questions)))
    return Terms(questions, needed, bool(said.get("only_compared")))


def is_sound(document: Mapping[str, Any]) -> bool:
    """Return whether a document asks questions that there are, and needs one at least and no more than it asks."""
    said = document.get(KEY) or {}
    chosen, needed = said.get("questions") or DEFAULT, said.get("needed", 1)
    return set(chosen) <= set(QUESTIONS) and isinstance(needed, int) and 1 <= needed <= len(set(chosen))


def in_words(terms: Terms) -> str:
    """Return the terms in one line."""
    asked = ", ".join(str(QUESTIONS[key]).lower() for key in terms.questions)
    line = _("before disclosure: %(n)s of %(questions)s") % {"n": terms.needed, "questions": asked}
    return f"{line} ({_('compared by the system')})" if terms.only_compared else str(line)
