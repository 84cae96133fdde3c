"""What a planned step makes of the case beside a contact: its next action, another team, a hold. Set-based, and with
the audit that the same would have by hand.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.closing import Close, Span
from cases.distribution import HandOverRefused, hand_over_many
from cases.models import Hold
from cases.models.case import NextAction
from collections_app.shared.listing import listed
from contacts.models import Step
from contacts.strategy import abouts, sql

log = logging.getLogger(__name__)
NOTE: Final = "strategy"  # a note "strategy: legal suit" is read by `in_words`
FLAGGED: Final = "case.flagged_for_review"
MOST_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step makes of the case: next action, note, whose place that takes, and the audit name."""

    action: str = ""
    note: str = ""
    over: tuple[str, ...] = ()
    told: str = "case.next_action_set"


def of(step: Step, *, missed: bool = False) -> Effect:
    """Return what a step makes of the next action of a case. missed: its days passed in an outage."""
    kind, note = str(step.kind), note_of(step)
    waiting, calling = NextAction.WAIT_STRATEGY.value, NextAction.CALL.value
    if missed or kind == Step.Kind.REVIEW:
        return Effect(NextAction.REVIEW, "strategy-review" if missed else note, (waiting, calling), FLAGGED)
    if kind == Step.Kind.CALL:
        return Effect(NextAction.CALL, note, (waiting,))
    if kind == Step.Kind.PLAN_OFFER:
        return Effect(NextAction.CALL, note, (waiting, calling))
    if kind in (Step.Kind.VISIT, Step.Kind.LEGAL, Step.Kind.AGENCY):
        return Effect(NextAction.REVIEW, note, (waiting, calling), FLAGGED)
    return Effect()


def note_of(step: Step) -> str:
    """Return what stands beside the next action: codes that `in_words` reads, and what the author adds."""
    settings: dict[str, Any] = step.settings
    about = str(settings.get("about", ""))
    if step.kind == Step.Kind.REVIEW and not about:
        return "strategy-review"
    if step.kind == Step.Kind.CALL and not about and not settings.get("party"):
        return ""
    codes = [str(step.kind), *(str(settings[name]) for name in ("measure", "party", "place") if name in settings)]
    note = f"{NOTE}: {' '.join(codes)}" + (f" | {about}" if about else "")
    return note[:MOST_NOTE]


_WORDS: Final[dict[str, LazyText]] = {
    "review": gettext_lazy("the strategy asks for a review"),
    "call": gettext_lazy("the strategy asks for a call"),
    "visit": gettext_lazy("the strategy asks for a visit"),
    "legal": gettext_lazy("the strategy refers it to legal"),
    "agency": gettext_lazy("the strategy refers it to an agency"),
    "plan_offer": gettext_lazy("the strategy asks to offer a plan"),
}
PARTICULARS: Final[dict[str, LazyText]] = {
    "borrower": gettext_lazy("the borrower"),
    "guarantor": gettext_lazy("the guarantor"),
    "counter_guarantor": gettext_lazy("the counter-guarantor"),
    "home": gettext_lazy("at home"),
    "workplace": gettext_lazy("at work"),
    "site": gettext_lazy("on site"),
    "demand": gettext_lazy("formal demand"),
    "guarantor_demand": gettext_lazy("demand to the guarantor"),
    "preservation": gettext_lazy("preservation of assets"),
    "payment_order": gettext_lazy("payment order"),
    "suit": gettext_lazy("suit"),
    "enforcement": gettext_lazy("enforcement"),
}


def in_words(codes: str) -> str:
    """Return what a note of a strategy says, in the reader's language: "the strategy refers it to legal: suit"."""
    known, _bar, about = codes.partition(" | ")
    kind, *particulars = known.split()
    said = str(_WORDS.get(kind, kind))
    if particulars:
        words = listed(PARTICULARS.get(each, each) for each in particulars)
        said = _("%(what)s: %(particulars)s") % {"what": said, "particulars": words}
    return _("%(what)s (%(about)s)") % {"what": said, "about": abouts.in_readers_language(about)} if about else said


def carry_out(close: Close, span: Span, step: Step, *, missed: bool) -> None:
    """Do at once what a step that reaches nobody is for, and end its rows of the day. missed: only end them."""
    values = close.values(**span.values(), step=step.pk)
    with connection.cursor() as cursor:
        if step.kind == Step.Kind.ASSIGN and not missed:
            cursor.execute(sql.CASES_OF_THE_STEP, values)
            _hand_over(close, step, [case_id for (case_id,) in cursor.fetchall()])
        elif step.kind == Step.Kind.HOLD and not missed:
            ends_on = close.day + timedelta(days=int(step.settings["days"]) - 1)
            held = {
                "kind": step.settings.get("reason", Hold.Kind.POLICY.value),
                "reason": step.settings.get("about", ""),
                "ends_on": ends_on,
                "evidence": f"strategy step {step.key}",
            }
            cursor.execute(sql.PLACE_HOLDS, values | held)
        cursor.execute(sql.FINISH_REVIEWS, values)


def _hand_over(close: Close, step: Step, case_ids: list[int]) -> None:
    """Give cases to the team, skill or level that a step names; one that is not there or no longer works takes none."""
    to = {name: str(step.settings[name]) for name in ("team", "skill", "tier") if name in step.settings}
    try:
        hand_over_many(case_ids=case_ids, **to, day=close.day, actor=close.actor, at=close.at, why=NOTE)
    except HandOverRefused as refused:
        log.warning("cases not handed over", extra={"step": step.key, "code": refused.code})
