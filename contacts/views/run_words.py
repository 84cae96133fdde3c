"""What a close of day did and what is to be done about it, in words: steps, counts, warnings, checks, advice."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.shared import refs
from collections_app.shared.listing import listed
from collections_app.templatetags.display import count
from contacts.models import NightRun, NightStep

STEPS: Final = {
    "freshness": gettext_lazy("How old the balances are"),
    "ageing": gettext_lazy("Days past due and buckets"),
    "cases": gettext_lazy("Cases opened, updated, cured"),
    "promises": gettext_lazy("Promises judged"),
    "plans": gettext_lazy("Payment plans judged"),
    "holds": gettext_lazy("Holds ended or put up for review"),
    "strategies": gettext_lazy("Contacts planned"),
    "figures": gettext_lazy("Figures of the book"),
    "invariants": gettext_lazy("Checks of the whole book"),
}
CHECKS: Final = {
    "balances_equal_their_entries": gettext_lazy("Balances are the sum of their entries"),
    "no_charge_is_below_nothing": gettext_lazy("No charge is below nothing"),
    "payments_equal_their_lines": gettext_lazy("Payments are the sum of their lines"),
    "cases_have_a_future": gettext_lazy("Every open case has a next action"),
    "instalments_equal_their_payments": gettext_lazy("Instalments are paid by what was booked to them"),
    "transitions_are_complete": gettext_lazy("Every account is in the bucket of its last move"),
    "figures_equal_a_recount": gettext_lazy("Figures of the book are what a recount finds"),
    "attempts_have_their_permit": gettext_lazy("Every contact has its own permit"),
    "stays_are_of_open_cases": gettext_lazy("Only open cases are in a strategy"),
    "outbox_is_of_open_cases": gettext_lazy("Only open cases have planned contacts"),
}

OF_CASES: Final = ("cases_have_a_future",)  # checks whose rows are cases, shown by their references


def took_in_words(seconds: float) -> str:
    """Return how long something took: to the hundredth below ten seconds, in whole seconds and minutes above."""
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.2f}"}
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return _("%(seconds)s s") % {"seconds": rest}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": f"{rest:02d}"}


_COUNTS: Final = {
    "opened": gettext_lazy("opened"),
    "refreshed": gettext_lazy("updated"),
    "updated": gettext_lazy("updated"),
    "cured": gettext_lazy("cured"),
    "entered": gettext_lazy("entered a strategy"),
    "left": gettext_lazy("left a strategy"),
    "cancelled": gettext_lazy("cancelled"),
    "drawn": gettext_lazy("drawn for an experiment"),
    "planned": gettext_lazy("planned"),
    "to_people": gettext_lazy("given to people"),
    "released": gettext_lazy("ended"),
    "flagged": gettext_lazy("put up for review"),
    "figures": gettext_lazy("figures"),
    "accounts": gettext_lazy("accounts"),
    "checked": gettext_lazy("checks"),
    "untreated": gettext_lazy("not treated"),
    "age": gettext_lazy("days old"),
    "allowed": gettext_lazy("days allowed"),
}


def details_in_words(step: NightStep) -> str:
    parts = [
        f"{count(value)} {_COUNTS[name]}"
        for name, value in step.details.items()
        if name in _COUNTS and isinstance(value, int) and not isinstance(value, bool) and value
    ]
    skipped = step.details.get("skipped")
    if isinstance(skipped, dict) and skipped:
        parts.append(_("%(count)s persons left out") % {"count": len(skipped)})
    return listed(parts)


def warning_in_words(warning: Any) -> str:
    """Return what a run warns of as a sentence; a kind of a newer release reads as itself."""
    if not isinstance(warning, dict):
        return str(warning)
    code = warning.get("code")
    if code == "stale-feed" and warning.get("age") is None:
        return _("No tape has been loaded yet; automatic messages wait.")
    if code == "stale-feed":
        return _("The balances are %(age)s days old, %(allowed)s are allowed; automatic messages wait.") % {
            "age": warning.get("age"),
            "allowed": warning.get("allowed"),
        }
    if code == "late-feed":
        return _(
            "The newest balances are of %(as_of)s, %(age)s days old; %(allowed)s are allowed. Nobody is treated: no new"
            " contacts are planned, and automatic messages planned before wait."
        ) % {"as_of": warning.get("as_of"), "age": warning.get("age"), "allowed": warning.get("allowed")}
    if code == "skipped":
        return _("%(persons)s persons were left out of the step “%(step)s”; they are tried again the next night.") % {
            "persons": warning.get("persons"),
            "step": STEPS.get(str(warning.get("step")), warning.get("step")),
        }
    if code == "invariant":
        name = str(warning.get("name"))
        return _("%(count)s rows break the check “%(check)s”.") % {
            "count": warning.get("count"),
            "check": CHECKS.get(name, name.replace("_", " ")),
        }
    return str(code or warning)


def checks_in_words(run: NightRun, steps: Sequence[NightStep]) -> list[dict[str, Any]]:
    done = next((step for step in steps if step.name == "invariants"), None)
    if done is None or done.state not in (NightStep.State.DONE, NightStep.State.FAILED):
        return []
    broken = [each for each in run.warnings if isinstance(each, dict) and each.get("code") == "invariant"]
    checked = done.details.get("checked", 0)
    lines = [
        {
            "label": CHECKS.get(str(each.get("name")), str(each.get("name")).replace("_", " ")),
            "agrees": False,
            "cases": [refs.encode("C", pk) for pk in each.get("ids", [])] if each.get("name") in OF_CASES else [],
            "detail": "" if each.get("name") in OF_CASES else ", ".join(str(pk) for pk in each.get("ids", [])),
        }
        for each in broken
    ]
    if isinstance(checked, int) and checked > len(broken):
        lines.append({"label": _("%(count)s checks of the book") % {"count": checked - len(broken)}, "agrees": True})
    return lines


def advice(run: NightRun, steps: Sequence[NightStep], *, is_left: bool) -> list[dict[str, str]]:
    """Return what is to be done about a run: tone, sentence, and which button belongs to it ("resume", "again", "").

    is_left: it runs, and nobody holds it.
    """
    stopped = next((step for step in steps if step.state in (NightStep.State.FAILED, NightStep.State.RUNNING)), None)
    at_step = STEPS.get(stopped.name, stopped.name) if stopped else ""
    if run.status == NightRun.Status.FAILED:
        sentence = _(
            "It stopped in the step “%(step)s”. What was done until then stays, and nothing is done twice. Resume it;"
            " if it stops there again, give the line above to whoever looks after this system."
        )
        return [{"tone": "stop", "sentence": sentence % {"step": at_step}, "action": "resume"}]
    if is_left:
        sentence = _(
            "Nobody is working on this run any more: the process that did has ended. What was done stays. Resume it; it"
            " goes on where it stopped."
        )
        return [{"tone": "soon", "sentence": sentence, "action": "resume"}]
    if run.status != NightRun.Status.DONE:
        return []
    codes = {warning.get("code") for warning in run.warnings if isinstance(warning, Mapping)}
    told = []
    if "late-feed" in codes:
        sentence = _("Load a newer tape, then close this day again: what fell due is planned at once.")
        told.append({"tone": "soon", "sentence": sentence, "action": "again"})
    if "invariant" in codes:
        sentence = _(
            "The day is closed, but checks found rows that do not agree; their numbers stand beside the checks. Post"
            " what is missing as a correction, then close this day again. Change nothing by hand in the database."
        )
        told.append({"tone": "stop", "sentence": sentence, "action": "again"})
    return told
