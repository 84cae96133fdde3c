"""From the database to what the gate may know: one question and its facts, in one statement per case.

Counts and instructions follow the person and the address, never the case: one budget per person over all creditors,
and a number that two persons share is one number. What is not known stays unknown, and the gate refuses.

A row that is visible counts as in force now, even where another machine's clock wrote an instant slightly ahead of
ours: with `live` such instants are read as "now". Only a question about the past (`live=False`) reads them as they
are written.

The firm's own limits are those of the version that is in force at the instant (`cases.firm_policy`); what it enables
adds to the policies that are always honoured.
"""

from datetime import datetime, timedelta
from typing import Final

from cases.models import Case
from collections_app.shared.prepared import Prepared
from compliance import look_back
from contacts.facts import sql
from contacts.facts.casefile import DEBTOR, CaseFile, firm_numbers
from contacts.facts.rows import Found, found_in

READ: Final = Prepared(
    sql.FACTS_OF_A_CASE, ["bigint", "bigint", "timestamptz", "boolean", "timestamptz", "timestamptz"]
)
FOR_EVER: Final = "infinity"

__all__ = ["CaseFile", "firm_numbers", "of_case"]


def of_case(
    case_id: int,
    *,
    at: datetime,
    contacted_id: int | None = None,
    party: str = DEBTOR,
    live: bool = True,
    window: timedelta | None = None,
) -> CaseFile:
    """Return what is known about one case at this instant. contacted_id and party: whom to reach, if not the debtor.

    window: how far back contacts are read, where that is not for the rules in force to say. Raises Case.DoesNotExist.
    """
    window = window or look_back.longest(at)
    found = _read(case_id, contacted_id, at, live, window)
    capped = max((int(cap.get("days", 1)) for cap in found.policy.document.get("caps", ())), default=0)
    if timedelta(days=capped + 1) > window:  # a cap of the firm's own that counts over longer than any law
        found = _read(case_id, contacted_id, at, live, timedelta(days=capped + 1))
    return CaseFile(found=found, party=party, at=at, live=live)


def _read(case_id: int, contacted_id: int | None, at: datetime, live: bool, window: timedelta) -> Found:
    rows = READ.rows([case_id, contacted_id, at, live, at - window, FOR_EVER if live else at])
    if not rows:
        raise Case.DoesNotExist(case_id)
    return found_in(rows[0])
