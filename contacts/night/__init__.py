"""The close of day of one creditor: a row, nine steps, one at a time, resumable, harmless when repeated.

A day is closed when it is over at the creditor's, and days are closed in order: a missed one first (`close_missed`).
What a close looks back on and what it prepares is said in `cases.closing`; what it plans, in
`contacts.strategy.planner`.

Every span of persons is one transaction together with the cursor that says it is done, so a run that is killed
anywhere goes on where it stopped and ends in the same state. Several connections of one process may work on the spans
of a step at once (`contacts.night.steps`). Whoever works on a run holds a lease on its row by the database's clock; the
claim number fences off a holder that was thought dead. A person whose rows break a step is left out, noted, tried once
more at the end of the step and again the next night; nobody else waits for him.
"""

from contacts.night.leases import NightBusy
from contacts.night.runs import (
    NIGHT,
    NightRefused,
    close_missed,
    close_of_day,
    missed_days,
)
from contacts.night.stages import STAGES

__all__ = ["NIGHT", "STAGES", "NightBusy", "NightRefused", "close_missed", "close_of_day", "missed_days"]
