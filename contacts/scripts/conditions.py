"""Which cases a script is for, as data, and which of several scripts that fit is the most specific."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases import ageing
from cases.models import Case, Creditor, Product
from cases.models.case import OPEN, Status
from cases.refusal import Refused
from compliance import packs_loader, words
from compliance.packs_loader import PackError

# What a script may be for, in the order in which one names them; at equal number the earlier ones weigh more.
NAMES: Final[dict[str, LazyText | str]] = {
    "jurisdiction": _("jurisdiction"),
    "acting_as": _("we act as"),
    "reason": _("reason for default"),
    "status": _("status of the case"),
    "product": _("product"),
    "bucket": _("age of the arrears"),
}


class ConditionRefused(Refused):
    SENTENCES = {
        "unknown-name": _("A script cannot be for “%(name)s”. Known are: %(known)s."),
        "unknown-value": _("“%(value)s” is no %(name)s."),
    }


@dataclass(frozen=True, slots=True)
class Situation:
    """What about a case chooses its script. jurisdictions: where the person is, or each place where he may be."""

    jurisdictions: tuple[str, ...] = ()
    acting_as: str = "creditor"
    reason: str = ""
    status: str = ""
    products: tuple[str, ...] = ()
    bucket: str = ""


def choices(name: str) -> list[tuple[str, str]]:
    """Return the values that a condition of this name may have, with what they are called."""
    if name == "jurisdiction":
        return places()
    known: dict[str, Iterable[tuple[Any, Any]]] = {
        "acting_as": Creditor.ActingAs.choices,
        "reason": Case.DefaultReason.choices,
        "status": [(each.value, each.label) for each in map(Status, OPEN)],
        "product": Product.Kind.choices,
        "bucket": [(label, label) for label in ageing.DEFAULT.labels],
    }
    return [(str(value), str(label)) for value, label in known[name]]


def places() -> list[tuple[str, str]]:
    """Return the jurisdictions of the installed rules, by name."""
    try:
        packs = packs_loader.all_packs()
    except (PackError, OSError):
        packs = ()
    codes = {code for pack in packs for code in pack.jurisdictions}
    return sorted(((code, str(words.place(code))) for code in codes), key=lambda pair: pair[1])


def check(conditions: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return conditions as they are kept: in the order of NAMES, each value once. Raises ConditionRefused."""
    for name, values in conditions.items():
        if name not in NAMES:
            raise ConditionRefused("unknown-name", name=name, known=", ".join(NAMES))
        known = {value for value, _label in choices(name)}
        for value in values:
            if value not in known:
                raise ConditionRefused("unknown-value", value=value, name=NAMES[name])
    return {name: sorted(set(conditions[name])) for name in NAMES if conditions.get(name)}


def fits(conditions: Mapping[str, Collection[str]], situation: Situation) -> bool:
    """Whether a script is for this case. Who may be in several places gets what is for all of them."""
    return all(_holds(name, values, situation) for name, values in conditions.items())


def _holds(name: str, values: Collection[str], situation: Situation) -> bool:
    if name == "jurisdiction":
        return bool(situation.jurisdictions) and all(_within(place, values) for place in situation.jurisdictions)
    if name == "product":
        return bool(situation.products) and all(kind in values for kind in situation.products)
    return getattr(situation, name) in values


def _within(place: str, values: Collection[str]) -> bool:
    return any(place == value or place.startswith(f"{value}-") for value in values)


def weight(conditions: Mapping[str, Collection[str]], situation: Situation) -> tuple[int, ...]:
    """Return how specific a script that fits is: how many conditions it names; then how small its place is; then which
    conditions, in the order of NAMES. The greater, the more specific.
    """
    near = [value for value in conditions.get("jurisdiction", ()) if all(
        _within(place, (value,)) for place in situation.jurisdictions
    )]  # fmt: skip
    depth = max((value.count("-") + 1 for value in near), default=0)
    return (len(conditions), depth, *(int(name in conditions) for name in NAMES))


def because(conditions: Mapping[str, Collection[str]], situation: Situation) -> list[str]:
    """Return why a script fits a case, in words: each condition with what it found."""
    found = []
    for name in NAMES:
        if name not in conditions:
            continue
        held: Iterable[str] = {"jurisdiction": situation.jurisdictions, "product": situation.products}.get(
            name, (str(getattr(situation, name, "")),)
        )
        labels = dict(choices(name))
        said = words.listed(labels.get(value, str(words.place(value)) if name == "jurisdiction" else value)
                            for value in held)  # fmt: skip
        found.append(words.paired(NAMES[name], said))
    return found


def in_words(conditions: Mapping[str, Collection[str]]) -> list[str]:
    """Return what a script is for, in words; nothing where it is for every case."""
    return [
        words.paired(NAMES[name], words.listed(dict(choices(name)).get(value, value) for value in conditions[name]))
        for name in NAMES
        if conditions.get(name)
    ]
