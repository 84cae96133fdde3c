"""The legal clocks of a case: limitation, guarantee, courts, from everything that is known about it.

Contacts are read as far back as a claim can live, not only as far as rules count them: a demand of years ago may be
what keeps a suit in time. The page that shows them is opened seldom, and reads for itself.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from compliance import clocks, gate
from compliance.clocks import Clock
from compliance.facts import Question
from contacts import facts

LONGEST: Final = timedelta(days=20 * 366)  # the outer limit of a claim


def of_case(case_id: int, *, at: datetime) -> list[Clock]:
    """Return the clocks that run or ran on a case at an instant, the next to end first.

    The claim is due since the oldest unpaid due date of the case. Raises Case.DoesNotExist.
    """
    file = facts.of_case(case_id, at=at, window=LONGEST)
    row, known = file.found.case, file.facts()
    known = replace(known, records=(*known.records, *file.overdue_since()))
    question = Question(at=at, kind="action", action="file_suit", debts=file.debts, actor_kind=row.acting_as)
    return clocks.clocks(known, at, packs=gate.choose_packs(question, known), debts=file.debts)
