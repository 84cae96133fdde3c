"""What the form of an open call offers: the endings that are possible now, and what follows from each."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from cases.date_boxes import MOMENT
from cases.models import Case, NextAction
from contacts.call_results import REACHED
from contacts.endings import CALLBACK, ENDINGS, agrees, follows
from contacts.forms import CallForm


def possible(case: Case, form: CallForm | None, *, confirmed: bool = True, at: datetime) -> list[dict[str, Any]]:
    """Return the endings that a call on this case may have now, each with the next action that follows from it.

    confirmed: whether it is certain who is on the line; without that no call ends as a talk with the borrower.
    """
    if form is None:
        return []
    endings = [each for each in ENDINGS if not (agrees(each) and form.refused)]
    endings = [each for each in endings if confirmed or each.outcome not in REACHED or each.needs == CALLBACK]
    return [{"ending": each, "then": _then(follows(each, case, at=at))} for each in endings]


def _then(following: tuple[str, datetime] | None) -> dict[str, Any]:
    if following is None:
        return {}
    action, due = following
    here = due.astimezone(timezone.get_current_timezone())
    return {
        "action": action,
        "label": NextAction(action).label,
        "typed": here.strftime(MOMENT),
        "shown": here.strftime("%m-%d %H:%M"),
    }
