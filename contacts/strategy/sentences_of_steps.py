"""The steps of a strategy in plain sentences: "7 days after the due date, if a promise is not open: send the text
message “First reminder”".
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collections_app.shared.listing import clauses, listed
from collections_app.staff.work import Skill, Tier
from contacts.models import Segment, Step
from contacts.strategy.document import WITHIN_DAYS, clock_time
from contacts.strategy.effects import PARTICULARS
from contacts.strategy.sentences_of_conditions import Called, of_condition

HOLDS: Final[dict[str, LazyText]] = {
    "policy": gettext_lazy("firm policy"),
    "hardship": gettext_lazy("hardship"),
    "vulnerable": gettext_lazy("vulnerable"),
}


def of_step(step: Step, *, names: Mapping[str, str] | None = None, called: Called | None = None) -> str:
    """Return what a step does, when and for whom, in one sentence.

    names: what the steps of the segment are called, by key (`name_of`); read from the database where not given.
    called: what named sets and conditions are called, as for `of_condition`.
    """
    parts = [_when(step, names)]
    if step.repeat_every_days:
        days = step.repeat_every_days
        parts.append(ngettext("again every day", "again every %(days)s days", days) % {"days": days})
    if step.trigger != Step.Trigger.DPD and step.from_dpd:
        parts.append(_("not before day %(day)s past due") % {"day": step.from_dpd})
    if step.condition:
        parts.append(_("if %(condition)s") % {"condition": of_condition(step.condition, called)})
    what = _what(step)
    hours = _hours(step)
    if hours:
        what = _("%(what)s, best %(hours)s") % {"what": what, "hours": hours}
    return _("%(when)s: %(what)s") % {"when": clauses(parts), "what": what}


def name_of(step: Step) -> str:
    """Return what a step is called in the sentences of others: its name, its message, or what is done."""
    return step.title or (step.template.title if step.template is not None else _what(step))


# -- when --------------------------------------------------------------------------------------------------------------


def _when(step: Step, names: Mapping[str, str] | None) -> str:
    if step.trigger == Step.Trigger.AFTER:
        return _late(step, _after(step, names))
    if step.trigger == Step.Trigger.EVENT:
        return _late(step, _event(step))
    first, last = step.from_dpd, step.until_dpd
    if last is None:
        if not first:
            return _("From the due date on")
        return ngettext(
            "From %(days)s day after the due date on", "From %(days)s days after the due date on", first
        ) % {"days": first}
    if first == last:
        return ngettext("%(days)s day after the due date", "%(days)s days after the due date", first) % {"days": first}
    return _("%(first)s to %(last)s days after the due date") % {"first": first, "last": last}


def _late(step: Step, when: str) -> str:
    if step.within_days == WITHIN_DAYS:
        return when
    within = step.within_days
    words = {"when": when, "days": within}
    return ngettext("%(when)s (at most %(days)s day later)", "%(when)s (at most %(days)s days later)", within) % words


def _after(step: Step, names: Mapping[str, str] | None) -> str:
    days = step.after_days
    words = {"days": days, "step": _called(step, names)}
    if step.after_outcome == Step.After.REACHED:
        soon = _("As soon as “%(step)s” reached the person")
        later = ngettext(
            "%(days)s day after “%(step)s” reached the person",
            "%(days)s days after “%(step)s” reached the person",
            days,
        )
    elif step.after_outcome == Step.After.NOT_REACHED:
        soon = _("As soon as “%(step)s” did not reach the person")
        later = ngettext(
            "%(days)s day after “%(step)s” did not reach the person",
            "%(days)s days after “%(step)s” did not reach the person",
            days,
        )
    else:
        soon = _("As soon as “%(step)s” is done")
        later = ngettext("%(days)s day after “%(step)s”", "%(days)s days after “%(step)s”", days)
    return (later if days else soon) % words


def _called(step: Step, names: Mapping[str, str] | None) -> str:
    if names is not None:
        return names.get(step.after_key, step.after_key)
    if step.segment_id is None:
        return step.after_key
    others = Step.objects.filter(segment_id=step.segment_id, key=step.after_key).select_related("template")
    first = others.first()
    return name_of(first) if first is not None else step.after_key


def _event(step: Step) -> str:
    days = step.after_days
    soon, later = _event_words(step.event, days)
    return (later if days else soon) % {"days": days}


def _event_words(event: str, n: int) -> tuple[str, str]:
    """Return a sentence for the event itself and one for so many days after it."""
    if event == Step.Event.PROMISE_BROKEN:
        return _("As soon as a promise was broken"), ngettext(
            "%(days)s day after a promise was broken", "%(days)s days after a promise was broken", n
        )
    if event == Step.Event.PAYMENT:
        return _("As soon as a payment came"), ngettext(
            "%(days)s day after a payment came", "%(days)s days after a payment came", n
        )
    if event == Step.Event.REPLY:
        return _("As soon as the person wrote to us"), ngettext(
            "%(days)s day after the person wrote to us", "%(days)s days after the person wrote to us", n
        )
    if event == Step.Event.LETTER_RETURNED:
        return _("As soon as a letter came back"), ngettext(
            "%(days)s day after a letter came back", "%(days)s days after a letter came back", n
        )
    return _("As soon as an instalment was missed"), ngettext(
        "%(days)s day after an instalment was missed", "%(days)s days after an instalment was missed", n
    )


def _hours(step: Step) -> str:
    if step.time_from is not None and step.time_until is not None:
        words = {"from": clock_time(step.time_from), "until": clock_time(step.time_until)}
        return _("between %(from)s and %(until)s") % words
    if step.time_from is not None:
        return _("from %(from)s on") % {"from": clock_time(step.time_from)}
    if step.time_until is not None:
        return _("until %(until)s") % {"until": clock_time(step.time_until)}
    return ""


# -- what --------------------------------------------------------------------------------------------------------------


def _what(step: Step) -> str:
    settings: dict[str, Any] = step.settings
    if step.kind == Step.Kind.MESSAGE and step.template is not None:
        words = {"channel": step.template.get_channel_display(), "template": step.template.title}
        return _("send %(channel)s “%(template)s”") % words
    what = _DOES[step.kind](settings) if step.kind in _DOES else str(step.get_kind_display())
    about = step.about
    return _("%(what)s (%(about)s)") % {"what": what, "about": about} if about else what


def _word(code: Any) -> str:
    return str(PARTICULARS.get(str(code), code))


def _call(settings: Mapping[str, Any]) -> str:
    party = settings.get("party", "borrower")
    return _("call") if party == "borrower" else _("call %(whom)s") % {"whom": _word(party)}


def _visit(settings: Mapping[str, Any]) -> str:
    words = {"whom": _word(settings.get("party", "borrower"))}
    if "place" in settings:
        return _("visit %(whom)s %(place)s") % {**words, "place": _word(settings["place"])}
    return _("visit %(whom)s") % words


def _assign(settings: Mapping[str, Any]) -> str:
    parts = []
    if "team" in settings:
        parts.append(_("team %(team)s") % {"team": settings["team"]})
    if "skill" in settings:
        parts.append(_("skill %(skill)s") % {"skill": dict(Skill.choices).get(settings["skill"], settings["skill"])})
    if "tier" in settings:
        parts.append(_("tier %(tier)s") % {"tier": dict(Tier.choices).get(settings["tier"], settings["tier"])})
    return _("give it to: %(whom)s") % {"whom": listed(parts)}


def _hold(settings: Mapping[str, Any]) -> str:
    days = settings.get("days", 0)
    reason = settings.get("reason", "policy")
    words = {"days": days, "reason": str(HOLDS.get(reason, reason))}
    return ngettext("no contact for %(days)s day, %(reason)s", "no contact for %(days)s days, %(reason)s", days) % words


def _plan_offer(settings: Mapping[str, Any]) -> str:
    if "months" in settings:
        months = settings["months"]
        return ngettext("offer a plan of up to %(months)s month", "offer a plan of up to %(months)s months", months) % {
            "months": months
        }
    return _("offer a plan")


def _agency(settings: Mapping[str, Any]) -> str:
    if "agency" in settings:
        return _("refer it to the agency %(agency)s") % {"agency": settings["agency"]}
    return _("refer it to an agency")


_DOES: Final[dict[str, Any]] = {
    Step.Kind.CALL: _call,
    Step.Kind.VISIT: _visit,
    Step.Kind.ASSIGN: _assign,
    Step.Kind.HOLD: _hold,
    Step.Kind.REVIEW: lambda _settings: _("put it before a supervisor"),
    Step.Kind.LEGAL: lambda settings: (
        _("refer it to legal: %(measure)s") % {"measure": _word(settings.get("measure", ""))}
    ),
    Step.Kind.AGENCY: _agency,
    Step.Kind.PLAN_OFFER: _plan_offer,
}


# -- the rules of a path -----------------------------------------------------------------------------------------------


def of_rules(segment: Segment, called: Called | None = None) -> list[str]:
    """Return what holds for a whole path, one sentence each: when it ends, whether a case may come back, how long it
    stays at least.
    """
    rules = []
    if segment.stop:
        rules.append(_("It ends for a case when %(condition)s.") % {"condition": of_condition(segment.stop, called)})
    if segment.re_entry == Segment.ReEntry.NEVER:
        rules.append(_("A case that has left does not come back."))
    elif segment.re_entry == Segment.ReEntry.AFTER:
        days = segment.re_entry_days
        rules.append(
            ngettext(
                "A case that has left may come back after %(days)s day.",
                "A case that has left may come back after %(days)s days.",
                days,
            )
            % {"days": days}
        )
    if segment.dwell_days:
        days = segment.dwell_days
        rules.append(
            ngettext(
                "A case stays at least %(days)s day, also when another path would take it.",
                "A case stays at least %(days)s days, also when another path would take it.",
                days,
            )
            % {"days": days}
        )
    return rules
