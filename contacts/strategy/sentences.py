"""A strategy in plain sentences, for people who do not read conditions."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts.models import Step

FACT_NAMES: Final[dict[str, LazyText]] = {
    "dpd": gettext_lazy("days past due"),
    "bucket": gettext_lazy("bucket"),
    "balance": gettext_lazy("balance"),
    "currency": gettext_lazy("currency"),
    "product": gettext_lazy("product"),
    "product_kind": gettext_lazy("kind of product"),
    "creditor": gettext_lazy("creditor"),
    "jurisdiction": gettext_lazy("place"),
    "language": gettext_lazy("language"),
    "named": gettext_lazy("we know who it is"),
    "vulnerability": gettext_lazy("vulnerability"),
    "status": gettext_lazy("status of the case"),
    "reason": gettext_lazy("reason for default"),
    "willingness": gettext_lazy("willingness"),
    "ability": gettext_lazy("ability"),
    "hardship": gettext_lazy("in hardship"),
    "promises_broken": gettext_lazy("broken promises"),
    "promises_kept": gettext_lazy("kept promises"),
    "promises_kept_percent": gettext_lazy("promises kept of a hundred"),
    "days_since_broken_promise": gettext_lazy("days since the last broken promise"),
    "days_to_limitation": gettext_lazy("days until the claim is time-barred"),
    "days_until_promise": gettext_lazy("days until the next promised payment"),
    "open_promise": gettext_lazy("a promise is open"),
    "days_until_instalment": gettext_lazy("days until the next instalment of the plan"),
    "held": gettext_lazy("on hold"),
    "days_since_right_party": gettext_lazy("days since the last conversation with the borrower"),
    "reachable": gettext_lazy("reachable by"),
}
_OPERATORS: Final[dict[str, LazyText]] = {
    "at_least": gettext_lazy("%(fact)s at least %(value)s"),
    "at_most": gettext_lazy("%(fact)s at most %(value)s"),
    "more_than": gettext_lazy("%(fact)s more than %(value)s"),
    "less_than": gettext_lazy("%(fact)s less than %(value)s"),
    "is": gettext_lazy("%(fact)s is %(value)s"),
    "is_not": gettext_lazy("%(fact)s is not %(value)s"),
    "in": gettext_lazy("%(fact)s is one of %(value)s"),
    "not_in": gettext_lazy("%(fact)s is none of %(value)s"),
    "between": gettext_lazy("%(fact)s between %(value)s"),
}


def of_step(step: Step) -> str:
    """Return what a step does and when: "From day 3 to 6 past due: text message “Reminder”, if …"."""
    if step.kind == Step.Kind.MESSAGE and step.template is not None:
        what = _("%(channel)s “%(template)s”") % {
            "channel": step.template.get_channel_display(),
            "template": step.template.name,
        }
    else:
        what = str(step.get_kind_display())
    if step.until_dpd is None:
        when = _("From day %(day)s past due") % {"day": step.from_dpd}
    elif step.until_dpd == step.from_dpd:
        when = _("On day %(day)s past due") % {"day": step.from_dpd}
    else:
        when = _("From day %(day)s to day %(last)s past due") % {"day": step.from_dpd, "last": step.until_dpd}
    parts = [_("%(when)s: %(what)s") % {"when": when, "what": what}]
    if step.repeat_every_days:
        days = step.repeat_every_days
        parts.append(ngettext("again every day", "again every %(days)s days", days) % {"days": days})
    if step.condition:
        parts.append(_("if %(condition)s") % {"condition": of_condition(step.condition)})
    return ", ".join(parts)


def of_condition(condition: Any) -> str:
    """Return a condition in words; one that is not understood reads as it is written."""
    if not condition:
        return _("always")
    if not isinstance(condition, Mapping):
        return str(condition)
    if "fact" in condition:
        return _leaf(condition)
    word, inner = next(iter(condition.items()))
    if word == "not":
        return _("not (%(condition)s)") % {"condition": of_condition(inner)}
    if word in ("all", "any") and isinstance(inner, list):
        joint = _(" and ") if word == "all" else _(" or ")
        return joint.join(
            f"({of_condition(each)})"
            if isinstance(each, Mapping) and {"all", "any"} & set(each)
            else of_condition(each)
            for each in inner
        )
    return str(dict(condition))


def _leaf(leaf: Mapping[str, Any]) -> str:
    fact = str(FACT_NAMES.get(str(leaf.get("fact")), leaf.get("fact")))
    operator, value = str(leaf.get("op")), leaf.get("value")
    if operator == "known":
        return (_("%(fact)s known") if value else _("%(fact)s not known")) % {"fact": fact}
    if isinstance(value, bool):
        return fact if value else _("not: %(fact)s") % {"fact": fact}
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    if operator == "between" and isinstance(value, list) and len(value) == 2:
        text = _("%(first)s and %(last)s") % {"first": value[0], "last": value[1]}
    return str(_OPERATORS.get(operator, "%(fact)s %(value)s")) % {"fact": fact, "value": text}
