"""What undoing means for contacts: messages of ours to the case wait for the five seconds, and a call whose outcome is
undone is under way again: it took place, and says its outcome once more.
"""

from django.db import models

from cases import undoing
from cases.models import Case, Undo
from cases.undoing import Watched
from contacts import verifying
from contacts.models import ContactAttempt, PlannedContact, Verification

WAITING = ("planned", "withheld")


def register() -> None:
    """Let the attempts of a case and its planned messages be watched. Called once, when the app is ready."""
    undoing.WATCHED.extend(
        [
            Watched(
                ContactAttempt,
                _recent_calls,
                ("status", "outcome", "ended_at"),
                moves={
                    ("completed", "cleared"): "take_outcome_back",
                    ("completed", "in_progress"): "take_outcome_back",
                },
            ),
            Watched(PlannedContact, _waiting, ("try_again_at",), lenient=True),
            Watched(
                Verification,
                lambda case: verifying.strangers_of(_recent_calls(case)),
                (),
                adds=True,
                unmakes=verifying.take_stranger_back,
            ),
        ]
    )
    undoing.AFTERWARDS.append(hold_back)


def _recent_calls(case: Case) -> models.QuerySet[ContactAttempt]:
    by_people = ContactAttempt.objects.filter(case_id=case.pk, channel__in=["phone", "visit"], origin="ours")
    return by_people.filter(pk__in=by_people.order_by("-at", "-pk").values("pk")[:5])


def _waiting(case: Case) -> models.QuerySet[PlannedContact]:
    return PlannedContact.objects.filter(case_id=case.pk, status__in=WAITING, automated=True)


def hold_back(kept: Undo) -> None:
    """Let no message of ours to this case leave before the act can no longer be undone.

    Whatever is planned for the case waits, whether the act caused it or not: a message that the act contradicts must
    not leave either. Stops and holds do not pass here: they act at once.
    """
    if kept.kind in (Undo.Kind.ASKED, Undo.Kind.HOLD):
        return
    due = PlannedContact.objects.filter(
        case_id=kept.case_id, status__in=WAITING, automated=True, try_again_at__lt=kept.until
    )
    due.update(try_again_at=kept.until)
