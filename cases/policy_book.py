"""Which law binds a creditor's book: the places, products and kinds of debt in it, for the firm's own limits."""

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from functools import lru_cache
from importlib import resources
from typing import Any

from cases.models import Case, Creditor, Product
from cases.models.case import RESOLVED
from compliance import gate, packs_loader
from compliance.facts import Facts, Question
from compliance.policy_bounds import Objection, Proposal, Situation, lacking
from compliance.policy_bounds import objections as bounds


def situations(creditor: Creditor, *, document: Mapping[str, Any], at: datetime) -> Iterator[Situation]:
    """Yield every kind of debt and place in the book, with the packs that bind there then.

    Where the book is empty, the country of the creditor's time zone counts. A place whose law is not installed yields
    nothing: every contact there is refused anyway.
    """
    open_cases = Case.objects.filter(creditor=creditor).exclude(status__in=RESOLVED)
    places = sorted(set(open_cases.exclude(person__jurisdiction="").values_list("person__jurisdiction", flat=True)))
    kinds = sorted(set(Product.objects.filter(creditor=creditor).values_list("kind", flat=True)))
    extra = tuple(sorted(document.get("packs", ())))
    known = {pack.id for pack in packs_loader.all_packs()}
    question = Question(at=at, channel="phone", actor_kind=creditor.acting_as)
    for place in places or [country_of(creditor.time_zone)]:
        for kind in kinds or [Product.Kind.CONSUMER_DEBT]:
            facts = Facts(
                jurisdictions=(place,),
                product=str(kind),
                creditor_kind=creditor.kind,
                outsourced=creditor.acting_as != Creditor.ActingAs.CREDITOR,
                extra_packs=tuple(pack for pack in extra if pack in known),
            )
            packs = gate.choose_packs(question, facts)
            if packs:
                yield Situation(facts, packs)


def objections(
    creditor: Creditor, *, opens: time | None, closes: time | None, document: Mapping[str, Any], at: datetime
) -> list[Objection]:
    """Return what makes these limits looser than the law of this book, or unreadable; empty where they may stand."""
    return bounds(
        Proposal(opens=opens, closes=closes, document=document),
        list(situations(creditor, document=document, at=at)),
        at=at,
        installed=packs_loader.all_packs(),
    )


def missing(creditor: Creditor, *, opens: time | None, document: Mapping[str, Any], at: datetime) -> list[Objection]:
    """Return the rules that leave the hours to the firm while it has set none."""
    proposal = Proposal(opens=opens, closes=opens, document=document)
    return lacking(proposal, list(situations(creditor, document=document, at=at)), at=at)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return the country of every time zone that lies in one, from the zone database's own table."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def country_of(time_zone: str) -> str:
    """Return the country of a time zone, or nothing for one that lies in none (UTC)."""
    return _countries().get(time_zone, "")
