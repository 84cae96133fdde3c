"""What became of the messages of each wording: sent, arrived, and what the person did within a week."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

WITHIN: Final = timedelta(days=7)  # what happens later is not put down to the message
LOOKED_AT: Final = timedelta(days=90)

RESULTS: Final = """
SELECT sent.template_version_id, count(*),
       count(*) FILTER (WHERE sent.status = 'delivered'),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM cases_promise p WHERE p.case_id = sent.case_id AND p.made_at > sent.at
           AND p.made_at <= sent.at + %(within)s)),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM cases_ledgerentry l WHERE l.account_id = ANY (sent.debts) AND l.kind = 'payment'
           AND l.recorded_at > sent.at AND l.recorded_at <= sent.at + %(within)s)),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM cases_instruction i WHERE i.person_id = sent.person_id AND i.kind IN ('opt_out', 'cease_request')
           AND i.received_at > sent.at AND i.received_at <= sent.at + %(within)s))
FROM contacts_contactattempt sent
WHERE sent.template_version_id = ANY (%(versions)s) AND sent.status IN ('sent', 'delivered')
  AND sent.at > %(since)s AND sent.at <= %(until)s
GROUP BY sent.template_version_id
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Counts of messages of one wording in the last ninety days; a person who did two things counts in both."""

    sent: int
    delivered: int
    promised: int
    paid: int
    stopped: int


def of(version_ids: Collection[int], *, at: datetime) -> dict[int, Result]:
    """Return the results by wording; those of which nothing was sent are left out."""
    if not version_ids:
        return {}
    asked: dict[str, Any] = {"versions": list(version_ids), "within": WITHIN, "since": at - LOOKED_AT, "until": at}
    with connection.cursor() as cursor:
        cursor.execute(RESULTS, asked)
        return {row[0]: Result(*row[1:]) for row in cursor.fetchall()}
