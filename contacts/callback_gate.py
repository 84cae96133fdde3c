"""What the gate would say of a call in a window that is being agreed. Nothing is stored; the call itself is decided
again when it is made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.models import Case
from contacts import facts, queries
from contacts.channels import catalogue
from contacts.models import Channel

BEFORE_THE_END = timedelta(minutes=5)  # a call begins so long before the window closes, at the latest


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says of the beginning and of the end of a window.

    reason, citation, next_permitted: of the part that is refused; empty where the whole window is permitted.
    """

    at_start: bool
    at_end: bool
    reason: str = ""
    citation: str = ""
    next_permitted: datetime | None = None

    @property
    def is_permitted(self) -> bool:
        return self.at_start and self.at_end

    @property
    def is_refused(self) -> bool:
        return not self.at_start and not self.at_end


def ask(case: Case, *, starts_at: datetime, ends_at: datetime, staff_id: int | None) -> Answer:
    """Return whether the person may be called then, by the number that is tried first."""
    ways = [_way(case, at=at, staff_id=staff_id) for at in (starts_at, max(starts_at, ends_at - BEFORE_THE_END))]
    refused = next((way for way in ways if way is None or not way.permitted), ways[0])
    if refused is None:
        return Answer(at_start=False, at_end=False, reason=str(queries.NO_POINT))
    begin, end = (way is not None and way.permitted for way in ways)
    if begin and end:
        return Answer(at_start=True, at_end=True)
    return Answer(begin, end, refused.reason, refused.citation, refused.next_permitted)


def _way(case: Case, *, at: datetime, staff_id: int | None) -> queries.Way | None:
    file = facts.of_case(case.pk, at=at)
    points = catalogue.candidates(Channel.PHONE, file.points)
    return queries.way(file, Channel.PHONE, points[0], staff_id=staff_id) if points else None
