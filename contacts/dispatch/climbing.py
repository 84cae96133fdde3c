"""One step up a day: after an outage a case does not get the next, sharper message on the day of the one before it."""

from datetime import datetime, time, timedelta

from collections_app.shared import clock


def climbs_again(severity: int, *, before: int, today: int, at: datetime, time_zone: str) -> datetime | None:
    """Return when it may be tried again, where this would be the second step up of its case on this business day.

    before, today: the highest step done for the case before this business day, and on it; 0 for none. What reached the
    case before today is the height it stands at. time_zone: the creditor's, whose day counts. The mildest step is asked
    nothing.
    """
    if severity <= 1 or severity <= before or today <= before:
        return None
    tomorrow = clock.business_day(at, time_zone) + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, clock.zone(time_zone))
