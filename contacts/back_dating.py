"""The contacts that should not have been made: what a late event shows about the days before it was known."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from cases import approvals, as_of, back_dating
from cases.approvals import Line, Section
from cases.models import Account, Correction
from collections_app.shared import clock
from collections_app.templatetags.display import digits
from contacts.models import ContactAttempt, Purpose

MADE: Final = ("sent", "delivered", "uncertain", "in_progress", "completed")


def regretted(correction: Correction) -> list[ContactAttempt]:
    """Return our collection contacts between the two dates of a correction that nothing past due stood behind.

    A contact is judged by the day before it, as known when the correction was recorded: what was paid on the day of
    the contact itself does not count against it.
    """
    zone = correction.creditor.time_zone
    attempts = ContactAttempt.objects.filter(
        person_id=correction.person_id,
        creditor_id=correction.creditor_id,
        origin=ContactAttempt.Origin.OURS,
        purpose=Purpose.COLLECTION,
        status__in=MADE,
        at__gt=as_of.end_of(correction.effective_on, zone),
        at__lt=correction.recorded_at,
    )
    made = list(attempts.select_related("contacted").order_by("at", "pk"))
    if not made:
        return []
    accounts = Account.objects.filter(person_id=correction.person_id, creditor_id=correction.creditor_id)
    histories = [as_of.History(account) for account in accounts.select_related("product")]

    def is_due(attempt: ContactAttempt) -> bool:
        day = clock.business_day(attempt.at, zone) - timedelta(days=1)
        return any(history.on(day, known_at=correction.recorded_at).past_due_since is not None for history in histories)

    return [attempt for attempt in made if not is_due(attempt)]


def register() -> None:
    """Let corrections be approved, with all that a signer must see."""
    approvals.register(
        back_dating.KIND,
        title=_("Late event"),
        facts=facts,
        on_approved=back_dating.on_approved,
        on_refused=back_dating.on_refused,
    )


def facts(correction: Correction, *, at: datetime) -> Sequence[Section]:
    """Return what a signer sees: the event, the days that change, the contacts that should not have been made."""
    days = [
        Line(
            day["on"],
            f"{day['before']['bucket']} · {day['before']['dpd']} → {day['after']['bucket']} · {day['after']['dpd']}",
            f"{digits(day['before']['past_due'], correction.currency)} → "
            f"{digits(day['after']['past_due'], correction.currency)} {correction.currency}",
            "" if day["before"]["bucket"] == day["after"]["bucket"] else "bad",
        )
        for day in correction.diff.get("days", [])
    ]
    contacts, zone = regretted(correction), correction.creditor.time_zone
    return [
        Section(
            _("Late event"),
            [
                Line(_("What"), correction.get_kind_display(), correction.reference),
                Line(_("Counts from"), correction.effective_on),
                Line(_("Recorded"), correction.recorded_at, correction.recorded_by),
            ],
        ),
        Section(_("Days past due and past due amount, before and after"), days),
        Section(
            _("Contacts that should not have been made"),
            [
                Line(_local(attempt, zone), attempt.get_channel_display(), str(attempt.contacted), "bad")
                for attempt in contacts
            ]
            or [Line(_("None"), "")],
        ),
    ]


def _local(attempt: ContactAttempt, zone: str) -> str:
    return f"{attempt.at.astimezone(clock.zone(zone)):%Y-%m-%d %H:%M}"
