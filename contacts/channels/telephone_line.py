"""Whether anybody listens to the telephone system at this moment. Without that nothing is dialled by it: who answers
would hear nothing.
"""

from datetime import datetime, timedelta
from typing import Final

from contacts.channels import telephony
from contacts.models import TelephoneLine

SILENT_AFTER: Final = timedelta(seconds=15)
NEVER_S: Final = 86_400.0


def problem(*, at: datetime) -> str:
    """Return why nobody listens (a key of contacts.reasons); nothing where somebody does, or nobody has to."""
    if not telephony.is_on():
        return ""
    row = _row()
    if row is None:
        return "line-never-open"
    if row.open_since is None:
        return row.reason_code or "line-closed"
    return "line-silent" if row.heard_at is None or at - row.heard_at > SILENT_AFTER else ""


def silent_for(*, at: datetime) -> float | None:
    """Return for how many seconds nobody has listened; None where nobody has to."""
    if not telephony.is_on():
        return None
    row = _row()
    return NEVER_S if row is None or row.heard_at is None else max(0.0, (at - row.heard_at).total_seconds())


def was_open(since: datetime, *, at: datetime) -> bool:
    """Whether somebody has listened without a gap since an instant, and still does."""
    row = _row()
    return row is not None and row.was_open(since, until=max(since, at - SILENT_AFTER))


def _row() -> TelephoneLine | None:
    return TelephoneLine.objects.filter(provider=telephony.NAME).first()
