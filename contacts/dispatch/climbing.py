"""One step up a day: after an outage a case does not get the next, sharper message on the day of the one before it."""

from datetime import datetime, time, timedelta

from django.db.models import Max

from collections_app.shared import clock
from contacts.models import PlannedContact


def climbed_today(planned: PlannedContact, *, at: datetime, time_zone: str) -> datetime | None:
    """Return when it may be tried again, where this would be the second step up of its case on this business day.

    time_zone: the creditor's, whose day counts. What reached the case before today is the height it stands at. The
    mildest step is asked nothing.
    """
    if planned.severity <= 1:
        return None
    zone = clock.zone(time_zone)
    midnight = datetime.combine(clock.business_day(at, time_zone), time.min, zone)
    contacts = PlannedContact.objects.filter(case_id=planned.case_id, status="done").exclude(channel="review")
    contacts = contacts.exclude(pk=planned.pk)
    before = contacts.filter(finished_at__lt=midnight).aggregate(top=Max("severity"))["top"] or 0
    if planned.severity <= before or not contacts.filter(finished_at__gte=midnight, severity__gt=before).exists():
        return None
    return datetime.combine(midnight.date() + timedelta(days=1), time.min, zone)
