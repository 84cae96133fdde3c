"""Days past due and buckets: pure functions of the account state in force on a date.

DPD on a date is the number of calendar days since `past_due_since`, the date that follows from what the source
stated: the oldest unpaid due date itself, the date so many days ago, or the first day of the stated month (30 ×
(months − 1) + 1 days ago). Due on the 1st and unpaid: the 1st has DPD 0, the 2nd has DPD 1.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Scheme:
    """How DPD is cut into buckets. `starts` holds the first DPD of every bucket after the first, ascending."""

    name: str
    labels: tuple[str, ...]
    starts: tuple[int, ...]

    def bucket(self, dpd: int) -> str:
        """Return the bucket of so many days past due."""
        index = 0
        for start in self.starts:
            if dpd < start:
                break
            index += 1
        return self.labels[index]


MONTHS: Final = Scheme("M", ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"), (1, 31, 61, 91, 121, 151, 181))
US: Final = Scheme("us", ("current", "1-29", "30-59", "60-89", "90-119", "120-179", "180+"), (1, 30, 60, 90, 120, 180))
SCHEMES: Final = {scheme.name: scheme for scheme in (MONTHS, US)}
DEFAULT: Final = MONTHS


class UnknownScheme(ValueError):
    """No bucket scheme of that name."""


def scheme(name: str) -> Scheme:
    """Return the scheme of that name: `M` (M0 to M7+, the default) or `us`. Raises UnknownScheme."""
    try:
        return SCHEMES[name]
    except KeyError:
        raise UnknownScheme(name) from None


def dpd(past_due_since: date | None, on: date) -> int:
    """Return the days past due on a date; 0 when nothing is past due."""
    return max(0, (on - past_due_since).days) if past_due_since else 0
