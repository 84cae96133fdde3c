"""The particulars of a step by its kind: which there are, what they may be, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from collections_app.shared.listing import listed
from collections_app.staff.work import Skill, Tier
from contacts.models import Step

CODE: Final = re.compile(r"[-a-zA-Z0-9_]{1,40}")
MOST_TEXT: Final = 160
PARTIES: Final = ("borrower", "guarantor", "counter_guarantor")
PLACES: Final = ("home", "workplace", "site")
# What a strategy may hold for. The other kinds of holds are the law's or a person's, never a timetable's.
HOLDS: Final = ("policy", "hardship", "vulnerable")
SKILLS: Final = tuple(Skill.values)
TIERS: Final = tuple(Tier.values)
MEASURES: Final = ("demand", "guarantor_demand", "preservation", "payment_order", "suit", "enforcement")


@dataclass(frozen=True, slots=True)
class Particular:
    """One particular. kind: code, text, choice or whole; values: of a choice; least and most: of a whole number."""

    kind: str
    values: tuple[str, ...] = ()
    least: int = 1
    most: int = 0
    needed: bool = False


_ABOUT: Final = {"about": Particular("text")}
_PARTY: Final = {"party": Particular("choice", PARTIES)}
BY_KIND: Final[dict[str, dict[str, Particular]]] = {
    Step.Kind.MESSAGE: {},
    Step.Kind.CALL: {**_PARTY, **_ABOUT},
    Step.Kind.VISIT: {**_PARTY, "place": Particular("choice", PLACES), **_ABOUT},
    Step.Kind.ASSIGN: {
        "team": Particular("code"),
        "skill": Particular("choice", SKILLS),
        "tier": Particular("choice", TIERS),
    },
    Step.Kind.HOLD: {
        "days": Particular("whole", most=366, needed=True),
        "reason": Particular("choice", HOLDS),
        **_ABOUT,
    },
    Step.Kind.REVIEW: {**_ABOUT},
    Step.Kind.LEGAL: {"measure": Particular("choice", MEASURES, needed=True), **_ABOUT},
    Step.Kind.AGENCY: {"agency": Particular("code"), **_ABOUT},
    Step.Kind.PLAN_OFFER: {"months": Particular("whole", most=60), **_ABOUT},
}
MINUTES: Final[dict[str, int]] = {  # the work of a person that a step makes, where it says nothing
    Step.Kind.CALL: 6,
    Step.Kind.VISIT: 90,
    Step.Kind.REVIEW: 10,
    Step.Kind.LEGAL: 10,
    Step.Kind.AGENCY: 10,
    Step.Kind.PLAN_OFFER: 10,
}


def minutes_of(kind: str, minutes: int | None) -> int:
    """Return how many minutes of a person's work a step makes; 0 for what nobody works at."""
    return MINUTES.get(kind, 0) if minutes is None else minutes


def problems_of(kind: str, settings: Any) -> Iterator[tuple[str, str]]:
    """Yield (path within the particulars, message) of everything that is wrong with them."""
    known = BY_KIND[kind]
    if not isinstance(settings, Mapping):
        yield "", _("an object is needed")
        return
    for name in settings:
        if name not in known:
            yield (
                f".{name}",
                _("a step of this kind has no such particular; it may have: %(known)s")
                % {"known": listed(known) or "–"},
            )
    for name, particular in known.items():
        if name not in settings:
            if particular.needed:
                yield f".{name}", _("this is needed")
            continue
        problem = _problem(particular, settings[name])
        if problem:
            yield f".{name}", problem
    if kind == Step.Kind.ASSIGN and not settings:
        yield "", _("say to which team, skill or tier")


def _problem(particular: Particular, value: Any) -> str:
    if particular.kind == "choice":
        if value not in particular.values:
            return _("one of %(known)s is needed") % {"known": listed(particular.values)}
    elif particular.kind == "whole":
        if isinstance(value, bool) or not isinstance(value, int) or not particular.least <= value <= particular.most:
            return _("a whole number from %(least)s to %(most)s is needed") % {
                "least": particular.least,
                "most": particular.most,
            }
    elif particular.kind == "code":
        if not isinstance(value, str) or not CODE.fullmatch(value):
            return _("a code of at most 40 letters, digits, - and _ is needed")
    elif not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        return _("a text of 1 to %(most)s characters is needed") % {"most": MOST_TEXT}
    return ""
