"""The facts that a decision saw, in words: no code of the engine reaches the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compliance import limits, words
from compliance.facts import Cap, ContactEvent, Facts, FirmPolicy, LocationClaim, Record
from compliance.windows import local

SHOWN: Final = 40
UNKNOWN: Final = gettext_lazy("not known")


def table(facts: Facts, *, zone: str) -> list[dict[str, Any]]:
    """Return the facts as label and lines, those at their default left out. Instants on the person's clock."""
    shown: list[dict[str, Any]] = []
    for label, value in _entries(facts, zone):
        lines = [value] if isinstance(value, str) else list(value)
        if lines:
            shown.append({"label": str(label), "lines": lines[:SHOWN], "more": max(len(lines) - SHOWN, 0)})
    return shown


def _entries(facts: Facts, zone: str) -> Iterable[tuple[Any, str | list[str]]]:
    places = [words.place(one) for one in facts.jurisdictions]
    yield gettext_lazy("Place, as the law sees it"), words.listed(places) if places else str(UNKNOWN)
    products = (facts.product, *facts.other_products)
    yield gettext_lazy("Product"), words.listed(words.say(words.PRODUCTS, one) for one in products)
    yield gettext_lazy("Kind of creditor"), words.say(words.CREDITOR_KINDS, facts.creditor_kind)
    if facts.dpd is not None:
        yield gettext_lazy("Days past due"), str(facts.dpd)
    if facts.outsourced is not None:
        yield gettext_lazy("Given to an agency"), _yes(facts.outsourced)
    if facts.balance is not None:
        yield gettext_lazy("Balance"), f"{facts.balance} {facts.currency or ''}".strip()
    if facts.residence:
        yield gettext_lazy("Residence"), words.place(facts.residence)
    if facts.extra_packs:
        yield gettext_lazy("Rules adopted beside the law"), words.listed(facts.extra_packs)
    if facts.as_of is not None:
        yield gettext_lazy("Rules read as of"), facts.as_of.isoformat()
    yield gettext_lazy("Where the person may be"), [_location(one) for one in facts.locations] or [str(UNKNOWN)]
    latest = sorted(facts.contacts, key=lambda one: one.at, reverse=True)
    yield gettext_lazy("Contacts before"), [_contact(one, zone) for one in latest] or [_("none")]
    yield gettext_lazy("Wishes, consents and holds"), [_record(one, zone) for one in facts.records] or [_("none")]
    if facts.firm_policy is not None:
        yield gettext_lazy("Limits of the firm"), list(_policy(facts.firm_policy))


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def when(at: datetime, zone: str) -> str:
    """Return an instant on the clock of this zone."""
    return f"{local(at, zone):%Y-%m-%d %H:%M}"


def _location(claim: LocationClaim) -> str:
    said = words.listed([claim.zone.replace("_", " "), words.say(words.BASES, claim.basis)])
    return _("%(place)s (certain)") % {"place": said} if claim.authoritative else said


def _contact(event: ContactEvent, zone: str) -> str:
    parts = [words.channel(event.channel), words.say(words.OUTCOMES, event.outcome)]
    if event.direction == "inbound":
        parts.append(_("from the person"))
    if event.party != "debtor":
        parts.append(words.party(event.party))
    if event.automated:
        parts.append(_("automatic"))
    return f"{when(event.at, zone)} · {words.listed(parts)}"


_DATED: Final[tuple[tuple[str, Any], ...]] = (
    ("until", gettext_lazy("until")),
    ("first_due", gettext_lazy("first due")),
    ("withdrawn_at", gettext_lazy("ended")),
)


def _record(record: Record, zone: str) -> str:
    parts = [words.say(words.RECORDS, record.kind)]
    if record.channel:
        parts.append(words.channel(record.channel))
    if record.start and record.end:
        parts.append(f"{record.start}–{record.end}")
    for name, label in _DATED:
        value: date | datetime | None = getattr(record, name)
        if isinstance(value, datetime):
            parts.append(f"{label} {when(value, zone)}")
        elif value is not None:
            parts.append(f"{label} {value.isoformat()}")
    return f"{when(record.at, zone)} · {words.listed(parts)}"


def _policy(policy: FirmPolicy) -> Iterable[str]:
    if policy.opens and policy.closes:
        yield words.paired(_("Contact hours"), f"{policy.opens}–{policy.closes}")
    for channel, minutes in policy.guard_minutes:
        length = ngettext("%(n)s minute before the close", "%(n)s minutes before the close", minutes) % {"n": minutes}
        yield words.paired(words.channel(channel), _("nothing new begins %(length)s") % {"length": length})
    for cap in policy.caps:
        yield _cap(cap)
    if policy.enabled:
        names = words.listed(words.say(words.POLICIES, one) for one in policy.enabled)
        yield words.paired(_("Honoured everywhere"), names)


def _cap(cap: Cap) -> str:
    channels = words.listed(words.channel(one) for one in cap.channels)
    window = limits.window_in_words(f"dates:{cap.days}")
    return words.paired(channels, _("at most %(limit)s %(window)s") % {"limit": cap.limit, "window": window})


# What the values of a finding are called beside the sentence of the rule.
VALUES: Final = {
    "count": gettext_lazy("used"),
    "limit": gettext_lazy("limit"),
    "window": gettext_lazy("counted"),
    "local_time": gettext_lazy("local time"),
    "zone": gettext_lazy("time zone"),
    "opens": gettext_lazy("opens"),
    "closes": gettext_lazy("closes"),
    "since": gettext_lazy("since"),
    "until": gettext_lazy("until"),
    "ends": gettext_lazy("ends"),
    "days": gettext_lazy("days"),
    "months": gettext_lazy("months"),
    "minutes": gettext_lazy("minutes"),
    "date": gettext_lazy("date"),
    "on": gettext_lazy("on"),
    "given": gettext_lazy("given"),
    "sent": gettext_lazy("sent"),
    "received": gettext_lazy("received"),
    "reached": gettext_lazy("reached"),
    "asked": gettext_lazy("asked"),
    "period_end": gettext_lazy("period ends"),
    "party": gettext_lazy("who"),
    "purpose": gettext_lazy("purpose"),
    "actor_kind": gettext_lazy("who contacts"),
    "consent": gettext_lazy("under a consent"),
    "consents": gettext_lazy("consents"),
    "today": gettext_lazy("today"),
    "recent": gettext_lazy("shortly before"),
    "dials": gettext_lazy("failed calls"),
    "dpd": gettext_lazy("days past due"),
    "missing": gettext_lazy("not known"),
    "fact": gettext_lazy("fact"),
    "ground": gettext_lazy("ground"),
    "element": gettext_lazy("missing part"),
    "used": gettext_lazy("already used"),
    "excluded": gettext_lazy("not counted"),
    "grouped": gettext_lazy("debts counted as one"),
    "others": gettext_lazy("others"),
    "calendar": gettext_lazy("calendar"),
    "class": gettext_lazy("kind"),
    "data": gettext_lazy("data"),
    "source": gettext_lazy("source"),
    "second": gettext_lazy("second"),
}
_SAID: Final[dict[str, Callable[[str], str]]] = {
    "party": words.party,
    "purpose": lambda code: words.say(words.PURPOSES, code),
    "actor_kind": lambda code: words.say(words.ACTOR_KINDS, code),
    "window": limits.window_in_words,
    "zone": lambda code: code.replace("_", " "),
}


def value_in_words(name: str, value: Any) -> str:
    """Return one value of a finding as it is said."""
    if isinstance(value, bool):
        return _yes(value)
    return _SAID[name](str(value)) if name in _SAID else str(value)
