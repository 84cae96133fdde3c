"""What the page of a rehearsal says beside its numbers: what is assumed of answers, what each share of the persons
comes to, and what stops sending.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cases import reach
from collections_app.templatetags.display import count as counted
from collections_app.templatetags.display import digits
from contacts.models import Channel, Rehearsal, StopOrder
from contacts.rehearsal import reaching, reading
from contacts.rehearsal.reading import DRAFT, Number, Sums


def answers(row: Rehearsal, user: Any) -> list[dict[str, Any]]:
    """Return the rates by which people were taken to be reached, of a hundred, at creditors within reach."""
    mine = set(reach.creditors(user).values_list("code", flat=True))
    return [
        {
            "creditor": code,
            "channel": way(channel),
            "reached": written(reached / 10),
            "failed": written(failed / 10),
            "of": counted(of),
            "is_known": of >= reaching.LEAST,
        }
        for code, channel, reached, failed, of in row.results.get("answers", {}).get("rates", ())
        if code in mine
    ]


def shares(row: Rehearsal, numbers: Iterable[Number], url: Callable[..., str]) -> list[dict[str, Any]]:
    """Return what the version does for each share with which it may begin. url: of the cases behind a number."""
    found = []
    for share in sorted(map(int, row.results.get("shares", ()))):
        side, sums = f"share-{share}", Sums()
        for number in numbers:
            if number.side == side:
                sums.add(number)
        cells = [
            {"value": counted(sums.by_outcome[outcome]),
             "url": url(side=side, outcome=outcome) if sums.by_outcome[outcome] else ""}
            for outcome in reading.OUTCOMES
        ]  # fmt: skip
        found.append({"share": share, "cells": cells, "hours": written(round(sums.minutes / 60, 1))})
    return found


def stops(row: Rehearsal, numbers: Iterable[Number], user: Any) -> dict[str, Any]:
    """Return the orders that stopped sending, how many messages they keep here, and how many would leave without them.

    The sums without them are of the whole book, so only who sees all of it is told.
    """
    ours: dict[str, int] = {}
    for number in numbers:
        if number.side == DRAFT:
            ours[number.reason] = ours.get(number.reason, 0) + number.count
    lifted = row.results.get("lifted")
    scopes = dict(StopOrder.Scope.choices)
    return {
        "orders": [
            {"what": scopes.get(scope, scope), "target": target, "why": why}
            for scope, target, why in row.results.get("stops", ())
        ],
        "held": row.results.get("held", False),
        "kept": ours.get("stopped", 0),
        "no_sender": ours.get("no-sender", 0),
        "lifted": sum(lifted["sent"].values()) if lifted and user.has_perm("cases.view_all") else None,
    }


def way(channel: str) -> str:
    """Return a channel in words; what reaches nobody has none."""
    return str(dict(Channel.choices).get(channel, _("reaches nobody")))


def written(value: int | float | Decimal) -> str:
    """Return a number of contacts or hours as it is written: whole where it is whole."""
    if isinstance(value, Decimal):
        return digits(value)
    return counted(value) if value == int(value) else f"{value:,.1f}"
