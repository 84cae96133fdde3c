"""How a verb says no: a code, the values it is about, and a sentence a collector can act on."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """What was asked cannot be done. Nothing was changed.

    `code` is permanent and for machines; `values` fill the sentence; str() is the sentence in the reader's language.
    Subclasses name one noun and list their sentences in `SENTENCES`.
    """

    SENTENCES: dict[str, Any] = {}

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        sentence = self.SENTENCES.get(self.code)
        return str(sentence) % self.values if sentence else self.code


class CaseRefused(Refused):
    SENTENCES = {
        "resolved": _("This case is already %(status)s."),
        "stale": _("Somebody else has changed this case since you opened it. Look at it again before you save."),
        "no-next-action": _("An open case needs a next action with a date."),
        "not-yours": _("%(holder)s is working on this case at the moment."),
        "on-break": _("You are on a break. End it, then go on."),
        "skip-limit": _("You have skipped %(count)s cases today, which is the most a shift allows."),
        "no-reason": _("Say why."),
        "not-possible": _("A case that is %(status)s cannot do this."),
    }
