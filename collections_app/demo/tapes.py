"""The demo book as files: six monthly tapes per creditor, dated so that the last one ends on a given day."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from collections_app.demo import book, people

_PEOPLE: Final = {
    "customer_id": "borrower_ref", "name": "name", "id_number": "document_number", "mobile": "mobile",
    "home_phone": "home_phone", "email": "email", "address": "address", "country_code": "jurisdiction",
    "time_zone": "time_zone", "language": "language", "birth_date": "birth_date",
    "guarantor_name": "guarantor_name", "guarantor_mobile": "guarantor_mobile",
}  # fmt: skip
_MONEY: Final = {"statement_balance": "balance", "credit_limit": "credit_limit", "paid_in_month": "paid_in_month"}
_KEY: Final = {"account_id": "account_number", "as_of": "as_of"}

# Name of the mapping, and heading -> field: the first tape names the people, the last one states due dates.
MAPPINGS: Final = {
    "demo-people": {**_KEY, "repay_status": "repay_status", **_MONEY, **_PEOPLE},
    "demo-month": {**_KEY, "repay_status": "repay_status", **_MONEY},
    "demo-due-dates": {**_KEY, "oldest_unpaid_due_date": "oldest_unpaid_due_date", **_MONEY},
}
_SHARED_BY_TWO: Final = 12  # every so many accounts, one belongs to the person of the account before it


@dataclass(frozen=True, slots=True)
class Tape:
    """One file of one creditor for one day, and the mapping that reads it."""

    creditor: str
    as_of: date
    mapping: str
    path: Path


def spec(mapping: str) -> dict[str, Any]:
    """Return a demo mapping as an ImportMapping keeps it."""
    columns = [{"heading": heading, "field": field} for heading, field in MAPPINGS[mapping].items()]
    return {"columns": columns, "encoding": "utf-8", "delimiter": ",", "currency": "TWD"}


def days(last: date) -> tuple[date, ...]:
    """Return the days of the six tapes when the last is on this day, as far apart as the months of the source."""
    return tuple(last - (book.LAST - month) for month in book.MONTHS)


def write(folder: Path, *, last: date, scale: float, seed: int) -> list[Tape]:
    """Write all tapes into the folder and return them in the order in which they are to be loaded."""
    dealt = _deal(scale, seed)
    tapes = []
    for month, as_of in enumerate(days(last)):
        mapping = "demo-people" if month == 0 else "demo-due-dates" if month == 5 else "demo-month"
        for creditor, rows in dealt.items():
            path = folder / f"{creditor}-{as_of:%Y-%m-%d}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(MAPPINGS[mapping])
                writer.writerows(_row(account, person, place, month, as_of) for account, person, place in rows)
            tapes.append(Tape(creditor, as_of, mapping, path))
    return tapes


def _deal(scale: float, seed: int) -> dict[str, list[tuple[book.Account, people.Person, people.Place]]]:
    """Return the accounts of each creditor with the person and place of each."""
    wheel = [place for place in people.PLACES for _share in range(place.share)]
    inventors = {place.code: people.Inventor(place, seed=seed) for place in people.PLACES}
    last_person: dict[str, people.Person] = {}
    dealt: dict[str, list[tuple[book.Account, people.Person, people.Place]]] = {
        place.creditor: [] for place in people.PLACES
    }
    for number, account in enumerate(book.accounts(scale)):
        place = wheel[number * 37 % len(wheel)]  # 37 and 100 share no factor: every hundred accounts hold all places
        if number % _SHARED_BY_TWO or place.code not in last_person:
            last_person[place.code] = inventors[place.code].invent()
        dealt[place.creditor].append((account, last_person[place.code], place))
    return {creditor: rows for creditor, rows in dealt.items() if rows}


def _row(account: book.Account, person: people.Person, place: people.Place, month: int, as_of: date) -> list[str]:
    key = [account.number, as_of.isoformat()]
    money = [account.balance[month], account.credit_limit, account.paid[month]]
    if month == 5:
        days_late = account.days_past_due
        return [*key, "" if days_late is None else (as_of - timedelta(days=days_late)).isoformat(), *money]
    if month > 0:
        return [*key, account.status[month], *money]
    return [
        *key, account.status[month], *money, person.reference, person.name, person.document, person.mobile,
        person.home_phone, person.email, person.address, place.jurisdiction, place.time_zone, place.language,
        person.birth_date, person.guarantor_name, person.guarantor_mobile,
    ]  # fmt: skip
