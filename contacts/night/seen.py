"""How far the closes of a book have seen, kept with the step that ages: what the next close need not age again.

A run relies on the last close that holds: finished, nobody left out of its ageing, every check of it passed. What it
relies on is written down when it begins, so a run that is resumed goes on with the same.
"""

from typing import Any, Final

from cases import turning
from cases.turning import Seen
from contacts.models import NightRun, NightStep
from contacts.night.stages import AGEING

SINCE: Final = "since"  # what the run relies on
UPTO: Final = "upto"  # how far it has seen itself


def before(run: NightRun) -> Seen | None:
    """Return how far the last close of this book has seen: that of an earlier day, or of this day before it is closed
    again. None: nothing to rely on.
    """
    runs = NightRun.objects.filter(creditor=run.creditor_id, business_date__lte=run.business_date)
    last = runs.filter(steps__isnull=False).order_by("-business_date").first()
    if last is None:
        return None
    steps = {step.name: step for step in last.steps.all()}
    if last.status != NightRun.Status.DONE or any(step.state != NightStep.State.DONE for step in steps.values()):
        return None
    details = steps[AGEING].details
    return None if "skipped" in details else Seen.of_json(details.get(UPTO))


def kept(run: NightRun, relied_on: Seen | None) -> dict[str, Any]:
    """Return what the step that ages keeps from its beginning on; the newest state of the run was just read."""
    found = {SINCE: relied_on, UPTO: turning.seen_now(run.business_date, run.newest_state, relied_on)}
    return {name: seen.as_json() for name, seen in found.items() if seen is not None}


def since(run: NightRun) -> Seen | None:
    """Return what a run under way relies on."""
    return Seen.of_json(run.steps.get(name=AGEING).details.get(SINCE))
