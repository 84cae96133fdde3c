"""What the case page shows while a call is open and nobody on its line is confirmed: no creditor, product or amount.

The server leaves them out, so nothing on the screen, and nothing in its source, can be read out to a stranger. Words
that people wrote may name either and are left out whole.
"""

import copy
from dataclasses import replace
from typing import Any, Final

from cases.models import Case
from cases.queries import CaseFacts
from cases.wishes import Line, Standing
from collections_app.shared.money import HIDDEN
from contacts.timeline import Entry

DOTS: Final = str(HIDDEN)
# Fields of forms that start from an amount.
AMOUNTS: Final = ("promise_amount", "amount")


def page(context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the case page with everything hidden that nobody unconfirmed may hear."""
    masked = {
        **context,
        "case": facts(context["case"]),
        "wishes": wishes(context["wishes"]),
        "timeline": timeline(context["timeline"]),
        "thread": None,
        "thread_tabs": [],
        "news": [],
        "preparation": None,
        "refused_ways": [
            {**each, "reason": words(each["reason"], context["case"])} for each in context["refused_ways"]
        ],
    }
    for name in ("form", "promise_form"):
        form = masked.get(name)
        if form is not None:
            for amount in AMOUNTS:
                form.initial.pop(amount, None)
    return masked


def facts(shown: CaseFacts) -> CaseFacts:
    """Return the facts of a case without creditor, products, amounts, and words that may name them."""
    promise = shown.promise
    if promise is not None:
        parts = [{**part, "amount": HIDDEN} for part in promise["parts"]]
        promise = {**promise, "amount": HIDDEN, "paid": HIDDEN, "parts": parts}
    hidden: Any = HIDDEN
    lines = [replace(line, product=DOTS, balance=hidden, past_due=hidden) for line in shown.accounts]
    return replace(
        shown,
        row=row(shown.row),
        accounts=lines,
        promise=promise,
        holds=[replace(hold, reason=DOTS if hold.reason else "") for hold in shown.holds],
        asked=[replace(ask, words=DOTS if ask.words else "") for ask in shown.asked],
        why=[],
    )


def row(case: Case) -> Case:
    """Return a copy of a case that names neither its creditor nor what is owed; it cannot be saved."""
    masked = copy.copy(case)
    masked._state = copy.copy(case._state)
    creditor = copy.copy(case.creditor)
    creditor.name = creditor.code = creditor.phone = DOTS
    masked._state.fields_cache = {**case._state.fields_cache, "creditor": creditor}
    masked.balance = HIDDEN  # type: ignore[assignment]
    masked.next_action_note = ""
    return masked


def wishes(standing: Standing) -> Standing:
    """Return what stands about the person without the words in which it was said."""
    return replace(
        standing,
        asked=tuple(_wish(line) for line in standing.asked),
        agreed=tuple(_wish(line) for line in standing.agreed),
        held=tuple(_wish(line) for line in standing.held),
        over=(),
    )


def _wish(line: Line) -> Line:
    return replace(
        line,
        words=DOTS if line.words else "",
        evidence=DOTS if line.evidence else "",
        scope=tuple(DOTS for _part in line.scope),
    )


def timeline(entries: list[Entry]) -> list[Entry]:
    """Return what happened, without amounts and without words."""
    return [_entry(entry) for entry in entries]


def _entry(entry: Entry) -> Entry:
    body = DOTS if entry.body else ""
    return replace(entry, title=entry.bare or entry.title, body=body, url="")


def words(text: str, shown: CaseFacts) -> str:
    """Return a sentence of ours without the creditor's name."""
    return text.replace(shown.creditor, DOTS) if shown.creditor else text
