"""What started a legal period anew, in words and with a way to the row that proves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Payment, Plan, Promise
from collections_app.shared import refs
from collections_app.templatetags.display import money
from compliance.periods import Break
from contacts.models import ContactAttempt, LegalEvent

GROUNDS: Final = {
    "demand": gettext_lazy("a demand that arrived"),
    "payment": gettext_lazy("a payment"),
    "promise_made": gettext_lazy("a promise to pay"),
    "plan_performing": gettext_lazy("an instalment agreement"),
    "oral_repayment_agreement": gettext_lazy("an oral agreement"),
    "suit_filed": gettext_lazy("a suit"),
    "payment_order_applied": gettext_lazy("a payment order applied for"),
    "debt_accelerated": gettext_lazy("the whole debt called in"),
    "claim_assigned": gettext_lazy("notice that the claim was sold"),
}
_EVENT: Final = "event-"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One break of a period: its day, the ground in words, what proves it, and where that is ("" = nowhere)."""

    day: date
    ground: str
    proof: str
    url: str = ""


def of_breaks(breaks: Iterable[Break]) -> dict[Break, Evidence]:
    """Return the evidence of each break, in one query per kind of row."""
    wanted = list(breaks)
    attempts = _rows(ContactAttempt.objects.select_related("contact_point__address"), wanted, "demand")
    payments = _rows(Payment.objects.all(), wanted, "payment")
    promises = _rows(Promise.objects.all(), wanted, "promise_made")
    plans = _rows(Plan.objects.all(), wanted, "plan_performing")
    said = [int(str(one.id).removeprefix(_EVENT)) for one in wanted if str(one.id).startswith(_EVENT)]
    events = LegalEvent.objects.select_related("document", "recorded_by").in_bulk(said)
    found = {}
    for one in wanted:
        proof, url = "", ""
        if str(one.id).startswith(_EVENT):
            proof = _of_event(events.get(int(str(one.id).removeprefix(_EVENT))))
        elif one.ground == "demand" and one.id in attempts:
            proof, url = _of_attempt(attempts[one.id])
        elif one.ground == "payment" and one.id in payments:
            paid = payments[one.id]
            proof = f"{money(paid.amount, paid.currency)} · {paid.external_ref}"
        elif one.ground == "promise_made" and one.id in promises:
            promised = promises[one.id]
            proof = _("%(amount)s by %(day)s") % {
                "amount": money(promised.amount, promised.currency), "day": promised.due_on.isoformat(),
            }  # fmt: skip
        elif one.ground == "plan_performing" and one.id in plans:
            proof = str(plans[one.id])
        found[one] = Evidence(one.day, str(GROUNDS.get(one.ground, one.ground)), proof, url)
    return found


def _rows(rows: Any, wanted: list[Break], ground: str) -> dict[Any, Any]:
    return rows.in_bulk([one.id for one in wanted if one.ground == ground and isinstance(one.id, int)])


def _of_attempt(attempt: ContactAttempt) -> tuple[str, str]:
    """Return "text message to …1234, the reserved number: sent" and the decision that permitted it."""
    point = attempt.contact_point
    ending = f"…{point.address.value_last4}" if point is not None and point.address.kind == "phone" else ""
    parts = [str(attempt.get_channel_display()), ending]
    if point is not None and point.reserved:
        parts.append(_("at the point reserved with the bank"))
    how = attempt.get_outcome_display() if attempt.outcome else attempt.get_status_display()
    decision = attempt.decision_id
    url = reverse("compliance:decision", args=[refs.encode("D", decision)]) if decision else ""
    return f"{' '.join(part for part in parts if part)}: {how} · {attempt.ref}", url


def _of_event(event: LegalEvent | None) -> str:
    if event is None:
        return ""
    parts = [event.evidence]
    if event.document is not None:
        parts.append(event.document.title)
    if event.recorded_by is not None:
        parts.append(str(event.recorded_by))
    return " · ".join(parts)
