"""What rules and reasons say, in the reader's language."""

from collections.abc import Iterator
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.distribution.rules import ALWAYS, BALANCED, MUST, Needed, Rules, When
from cases.models import Case, NextAction, Product
from collections_app.shared.listing import listed
from collections_app.staff.work import LANGUAGES, Skill, Tier

MODES: Final = {
    "cases": gettext_lazy("Everybody gets the same number of cases."),
    "balance": gettext_lazy("Everybody gets the same balance."),
    "minutes": gettext_lazy("Everybody gets the same expected minutes of work."),
    "turns": gettext_lazy("New cases go round in turn (round-robin), whoever has how many."),
}
KEEPS: Final = {
    "always": gettext_lazy("A case stays with its collector."),
    "balanced": gettext_lazy(
        "A case stays with its collector unless those who can do the same differ by more than one case; then the least "
        "urgent move."
    ),
    "never": gettext_lazy("Every allocation deals all cases anew."),
}
CRITERIA: Final = {
    "skill": (gettext_lazy("The collector must have the skill."), gettext_lazy("The skill is preferred.")),
    "tier": (gettext_lazy("The collector must be of the level."), gettext_lazy("The level is preferred.")),
    "language": (
        gettext_lazy("The collector must speak the language of the person."),
        gettext_lazy("Who speaks the language of the person is preferred."),
    ),
}
LEFT: Final = {
    "new": gettext_lazy("nobody had it"),
    "gone": gettext_lazy("its collector takes no cases any more"),
    "team": gettext_lazy("another team takes such cases"),
    "absent": gettext_lazy("its collector is away for long"),
    "conflict": gettext_lazy("its collector may not work this person"),
    "capacity": gettext_lazy("its collector has too much"),
    "even": gettext_lazy("to even out"),
    "anew": gettext_lazy("all cases are dealt anew"),
    "broken_promise": gettext_lazy("a promise was broken"),
    "complaint": gettext_lazy("there was a complaint"),
    "days": gettext_lazy("too long with one collector"),
    "skill": gettext_lazy("its collector lacks the skill"),
    "tier": gettext_lazy("its collector is not of the level"),
    "language": gettext_lazy("its collector does not speak the language"),
}
STAYS: Final = {
    "continuity": gettext_lazy("it has its collector"),
    "busy": gettext_lazy("somebody is working on it"),
    "same": gettext_lazy("it fell to the same collector again"),
    "nobody_else": gettext_lazy("nobody else may take it"),
}
NOBODY: Final = {
    "nobody_there": gettext_lazy("nobody of the team is there to take cases"),
    "nobody_fits": gettext_lazy("nobody of the team has what the case needs"),
    "no_room": gettext_lazy("everybody who could take it is full"),
    "all_barred": gettext_lazy("everybody who could take it had it before or may not work this person"),
    "team": gettext_lazy("it lies with the team"),
}
_REASON: Final = {"hardship": (gettext_lazy("in hardship"), gettext_lazy("not in hardship")),
                  "vulnerable": (gettext_lazy("vulnerable"), gettext_lazy("not vulnerable")),
                  "business": (gettext_lazy("a business"), gettext_lazy("not a business"))}  # fmt: skip


def left(code: str) -> str:
    """Return why a case leaves where it is."""
    return str(LEFT.get(code, code))


def chosen(codes: str) -> str:
    """Return why somebody was chosen: skill:legal,language:zh,load."""
    return listed(_chosen(code) for code in codes.split(","))


def _chosen(code: str) -> str:
    name, _colon, value = code.partition(":")
    if name == "skill":
        return _("knows %(what)s") % {"what": Skill(value).label}
    if name == "tier":
        return str(Tier.choices[int(value)][1])
    if name == "language":
        return _("speaks %(what)s") % {"what": dict(LANGUAGES).get(value, value)}
    if name == "load":
        return _("least loaded")
    return _("next in turn") if name == "turn" else str(NOBODY.get(name, name))


def sentences(rules: Rules) -> list[str]:
    """Return rules as sentences, in the order in which they count."""
    return [str(each) for each in _sentences(rules)]


def _sentences(rules: Rules) -> Iterator[Any]:
    if rules.teams:
        yield _("Each case goes to the first of these teams that takes it: %(teams)s. It stays in its team where that "
                "takes it.") % {"teams": listed(rules.teams)}  # fmt: skip
    yield KEEPS[rules.keep]
    if rules.days and rules.keep in (ALWAYS, BALANCED):
        yield ngettext(
            "After %(n)s day with one collector it changes hands.",
            "After %(n)s days with one collector it changes hands.",
            rules.days,
        ) % {"n": rules.days}
    yield ngettext("Somebody away for %(n)s day or more gives his cases up; away for less, he gets no new ones.",
                   "Somebody away for %(n)s days or more gives his cases up; away for less, he gets no new ones.",
                   rules.absent_days) % {"n": rules.absent_days}  # fmt: skip
    why = [
        str(word)
        for word, is_on in (
            (gettext_lazy("a broken promise"), rules.broken_promise), (gettext_lazy("a complaint"), rules.complaint)
        )
        if is_on
    ]  # fmt: skip
    if why:
        yield ngettext(
            "After %(why)s somebody else takes the case over, and it does not come back for %(n)s day.",
            "After %(why)s somebody else takes the case over, and it does not come back for %(n)s days.",
            rules.not_back_days,
        ) % {"why": _(" or ").join(why), "n": rules.not_back_days}
    for needed in rules.needs:
        yield need(needed)
    for name, how in rules.criteria:
        yield CRITERIA[name][0 if how == MUST else 1]
    yield MODES[rules.mode]
    yield _("Minutes of work due on the day: %(minutes)s; any other case 1.") % {
        "minutes": listed(f"{NextAction(name).label} {minutes}" for name, minutes in rules.minutes.items())
    }
    yield _("Nobody works a case of his own, or of somebody he has an interest in.")
    if rules.nightly:
        yield _("By itself every day, from %(hour)s o'clock at the creditor's.") % {"hour": rules.from_hour}


def need(needed: Needed) -> str:
    """Return which case needs what: Bucket M6, M7+: needs the skill “legal work”, at least senior."""
    wanted = [_("the skill “%(skill)s”") % {"skill": Skill(needed.skill).label}] if needed.skill else []
    if needed.tier:
        wanted.append(_("at least %(tier)s") % {"tier": Tier(needed.tier).label})
    return capfirst(_("%(case)s: needs %(what)s.") % {"case": condition(needed.when), "what": listed(wanted)})


def condition(when: When) -> str:
    """Return a condition in words."""
    parts = []
    if when.buckets:
        parts.append(_("bucket %(names)s") % {"names": listed(sorted(when.buckets))})
    if when.products:
        parts.append(listed(sorted(str(Product.Kind(each).label) for each in when.products)))
    if when.jurisdictions:
        parts.append(listed(when.jurisdictions))
    if when.reasons:
        parts.append(listed(sorted(str(Case.DefaultReason(each).label) for each in when.reasons)))
    parts += [str(_REASON[name][0 if wanted else 1]) for name, wanted in when.flags]
    if when.balance_from is not None:
        parts.append(_("balance from %(amount)s") % {"amount": f"{when.balance_from:,}"})
    if when.balance_below is not None:
        parts.append(_("balance below %(amount)s") % {"amount": f"{when.balance_below:,}"})
    return " · ".join(parts) or str(_("Every case"))
