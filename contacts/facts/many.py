"""What is known about many cases, each at its own instant, in one statement: the same one that reads a single case."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from collections_app.shared.prepared import Prepared
from compliance import look_back
from contacts.facts import FOR_EVER, sql
from contacts.facts.casefile import DEBTOR, CaseFile
from contacts.facts.rows import Found, found_in

READ: Final = Prepared(sql.FACTS_OF_CASES, ["bigint[]", "timestamptz[]", "boolean[]", "timestamptz[]", "timestamptz[]"])


def of_cases(
    case_ids: Collection[int],
    *,
    at: datetime | Mapping[int, datetime],
    live: bool = True,
    window: timedelta | None = None,
) -> dict[int, CaseFile]:
    """Return what `contacts.facts.of_case` returns about each of these cases; one that is not there is left out.

    at: one instant for all, or the instant of each case.
    """
    instants = dict.fromkeys(case_ids, at) if isinstance(at, datetime) else {pk: at[pk] for pk in case_ids}
    longest = _longest(instants.values()) if window is None else dict.fromkeys(instants.values(), window)
    windows = {pk: longest[instant] for pk, instant in instants.items()}
    found = _read(instants, windows, live=live)
    longer = {
        pk: reaches for pk, one in found.items() if (reaches := timedelta(days=_capped(one) + 1)) > windows[pk]
    }  # a cap of the firm's own that counts over longer than any law
    if longer:
        found |= _read({pk: instants[pk] for pk in longer}, longer, live=live)
    return {
        pk: CaseFile(found=found[pk], party=DEBTOR, at=instant, live=live)
        for pk, instant in instants.items()
        if pk in found
    }


def _longest(instants: Collection[datetime]) -> dict[datetime, timedelta]:
    return {instant: look_back.longest(instant) for instant in set(instants)}


def _capped(found: Found) -> int:
    return max((int(cap.get("days", 1)) for cap in found.policy.document.get("caps", ())), default=0)


def _read(instants: Mapping[int, datetime], windows: Mapping[int, timedelta], *, live: bool) -> dict[int, Found]:
    if not instants:
        return {}
    rows = READ.rows(
        [
            list(instants),
            list(instants.values()),
            [live] * len(instants),
            [instant - windows[pk] for pk, instant in instants.items()],
            f"{{{','.join([FOR_EVER] * len(instants))}}}" if live else list(instants.values()),
        ]
    )
    found = (found_in(row) for row in rows)
    return {one.case.pk: one for one in found}
