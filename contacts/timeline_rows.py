"""The rows that a timeline is made of, per kind: of a case, its person and its creditor, given by their keys.

Each is the query set of a question that is asked often (`shared.asked_often`), so nothing else may be in it.
"""

from typing import Final

from django.db.models import Case, Exists, Func, JSONField, OuterRef, Q, QuerySet, Subquery, Value, When

from cases.models import Account, Consent, Correction, Hold, Instruction, Note, Payment, Plan, Promise
from cases.notes import marked
from collections_app.shared.actor import USER
from collections_app.staff.models import User
from compliance.models import AuditEvent, Decision
from contacts.models import CallDisclosures, ContactAttempt

# What the audit trail adds to the rows themselves: how things ended, and who looked.
TOLD: Final = (
    "case.opened",
    "case.cured",
    "case.closed",
    "case.reopened",
    "case.assigned",
    "case.unassigned",
    "case.skipped",
    "case.skip_undone",
    "case.act_undone",
    "callback.missed",
    "case.flagged_for_review",
    "promise.kept",
    "promise.partly_kept",
    "promise.broken",
    "promise.cancelled",
    "promise.reopened",
    "plan.drafted",
    "plan.approved",
    "plan.refused",
    "plan.signed",
    "plan.missed",
    "plan.early_trouble",
    "plan.caught_up",
    "plan.broken",
    "plan.reinstated",
    "plan.completed",
    "plan.cancelled",
    "settlement.offered",
    "settlement.accepted",
    "settlement.fulfilled",
    "settlement.unfulfilled",
    "settlement.failed",
    "settlement.expired",
    "settlement.withdrawn",
    "settlement.refused",
    "waiver.granted",
    "waiver.reversed",
    "write_off.done",
    "write_off.reversed",
    "asset.taken",
    "asset.reversed",
    "hold.released",
    "hold.extended",
    "hold.reviewed",
    "hold.end_moved",
    "consent.given",
    "consent.withdrawn",
    "payment.reversed",
    "correction.opened",
    "correction.approved",
    "correction.refused",
    "instruction.withdrawn",
    "reveal.looked",
)
HEAVY: Final = ("content_sealed", "decision__facts", "decision__question")


def _of_person(person: int, creditor: int) -> Q:
    """Return the condition that something is about a person, for this creditor or for all of them."""
    return Q(person_id=person) & (Q(creditor_id=creditor) | Q(creditor_id__isnull=True))


def _signed[Row: (AuditEvent, Decision)](rows: QuerySet[Row]) -> QuerySet[Row]:
    """Return rows with the name that their user has now, empty for every other actor: the row keeps how he signs in."""
    name = User.objects.filter(pk=OuterRef("actor_id")).values("name")
    return rows.annotate(user_name=Case(When(actor_kind=USER, then=Subquery(name)), default=Value("")))


def attempts(case: int, person: int, creditor: int) -> QuerySet[ContactAttempt]:
    said = CallDisclosures.objects.filter(attempt_id=OuterRef("pk"))
    attempts = ContactAttempt.objects.filter(case_id=case).annotate(has_record=Exists(said))
    return attempts.select_related("made_by", "address", "decision").defer(*HEAVY)


def decisions(case: int, person: int, creditor: int) -> QuerySet[Decision]:
    withheld = ContactAttempt.objects.filter(decision_id=OuterRef("pk"))
    refused = Decision.objects.filter(case_id=case, verdict="refuse")
    return _signed(refused.exclude(Exists(withheld)).defer("facts", "question"))


def events(case: int, person: int, creditor: int) -> QuerySet[AuditEvent]:
    """Return the audit events of this case, and of what hangs on it; nothing of the person's other creditors."""
    mine = _of_person(person, creditor)
    of = {
        "cases.promise": Promise.objects.filter(case_id=case),
        "cases.plan": Plan.objects.filter(case_id=case),
        "cases.hold": Hold.objects.filter(mine),
        "cases.payment": Payment.objects.filter(person_id=person, creditor_id=creditor),
        "cases.correction": Correction.objects.filter(person_id=person, creditor_id=creditor),
        "cases.consent": Consent.objects.filter(mine),
        "cases.instruction": Instruction.objects.filter(mine),
        "cases.account": Account.objects.filter(person_id=person, creditor_id=creditor),
    }
    looked = Q(name="reveal.looked", details__case=Func(case, function="to_jsonb", output_field=JSONField()))
    about = Q(subject_label="cases.case", subject_id=case) | looked
    for label, rows in of.items():
        about |= Q(subject_label=label, subject_id__in=rows.values("pk"))
    return _signed(AuditEvent.objects.filter(about, person_id=person, name__in=TOLD))


def holds(case: int, person: int, creditor: int) -> QuerySet[Hold]:
    return Hold.objects.filter(_of_person(person, creditor)).select_related("placed_by")


def instructions(case: int, person: int, creditor: int) -> QuerySet[Instruction]:
    return Instruction.objects.filter(_of_person(person, creditor)).select_related("recorded_by")


def notes(case: int, person: int, creditor: int) -> QuerySet[Note]:
    return marked(Note.objects.filter(case_id=case)).select_related("written_by")


def payments(case: int, person: int, creditor: int) -> QuerySet[Payment]:
    return Payment.objects.filter(person_id=person, creditor_id=creditor)


def promises(case: int, person: int, creditor: int) -> QuerySet[Promise]:
    return Promise.objects.filter(case_id=case).select_related("made_with")
