"""The page of a call: what was said in it. Decisions lead to the call that was made upon them, and it leads back."""

from django.urls import reverse

from collections_app.shared import refs
from compliance import reach
from compliance.models import Decision
from contacts.models import ContactAttempt


def register() -> None:
    """Let decisions know their calls. Called once, when the app is ready."""
    reach.register_contact(of_decision)


def of_decision(decision: Decision) -> tuple[str, str] | None:
    """Return reference and address of the call that was cleared by this decision; None where there is none."""
    if not decision.is_permit or decision.channel != "phone":
        return None
    calls = ContactAttempt.objects.filter(decision_id=decision.pk, channel="phone", case__isnull=False)
    call = calls.only("pk", "case_id").order_by("pk").first()
    if call is None:
        return None
    return call.ref, reverse("contacts:call-record", args=[refs.encode("C", call.case_id or 0), call.ref])
