"""What was said in a call: ticks of required disclosures, what is missing, the record of a call, shares of calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit, words
from contacts.call_results import REACHED
from contacts.models import CallDisclosures, ContactAttempt, DisclosureTick, Stage
from contacts.models.attempt import OWING
from contacts.scripts import choosing
from contacts.scripts.choosing import Asked, ReadLine, Shown

OPEN: Final = ("cleared", "in_progress")
SAID, NOT_SAID = "said", "not-said"  # what a collector answers about disclosures without a tick
ANSWERS: Final = (SAID, NOT_SAID)


class SayingRefused(Refused):
    SENTENCES = {
        "over": _("This call is recorded already."),
        "not-yours": _("This is not your call."),
        "not-demanded": _("No rule demands this disclosure in this call."),
        "unsaid": _("Not ticked as said: %(missing)s. Tick it, or say below whether it was said."),
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """A disclosure that a rule demands in a call, at its stage, and whether it is ticked."""

    stage: str
    line: ReadLine
    tick: DisclosureTick | None

    @property
    def is_said(self) -> bool:
        return self.tick is not None


@dataclass(frozen=True, slots=True)
class Share:
    """Calls that reached their person: all, those with all disclosures ticked, those where some were said without a
    tick, and those where some were not said. Calls in which nothing was demanded are in `calls` and in `ticked`.
    """

    calls: int
    ticked: int
    unticked: int
    unsaid: int

    @property
    def said(self) -> float | None:
        """The share of calls in which everything was said, from 0 to 1; None where there was no call."""
        return (self.calls - self.unsaid) / self.calls if self.calls else None


def ticks(attempt_id: int) -> dict[str, DisclosureTick]:
    """Return the ticks of a call that stand, by rule."""
    rows = DisclosureTick.objects.filter(attempt_id=attempt_id).select_related("ticked_by").order_by("pk")
    standing = {row.rule: row for row in rows}
    return {rule: row for rule, row in standing.items() if row.is_said}


def owed(attempt: ContactAttempt, *, at: datetime, of: Asked | None = None) -> list[Owed]:
    """Return what rules demand to be said in a call, in the order in which it is said, each rule once."""
    if attempt.case is None or attempt.party not in OWING:
        return []
    asked = of or choosing.asked(attempt.case, attempt, at=at)
    said = ticks(attempt.pk)
    found: dict[str, Owed] = {}
    for stage in (Stage.OPENING, Stage.TALK):
        for line in choosing.of_stage(asked, stage).disclosures:
            found.setdefault(line.rule, Owed(stage, line, said.get(line.rule)))
    return list(found.values())


def missing(attempt: ContactAttempt, *, at: datetime, of: Asked | None = None) -> list[ReadLine]:
    """Return the required disclosures of a call that are not ticked."""
    return [one.line for one in owed(attempt, at=at, of=of) if not one.is_said]


@transaction.atomic
def tick(*, attempt_id: int, rule: str, by: Any, at: datetime, is_said: bool = True) -> DisclosureTick | None:
    """Tick a disclosure as said, or take the tick back. Nothing happens where it stands so already.

    Raises SayingRefused; ContactAttempt.DoesNotExist.
    """
    attempt = _locked(attempt_id, by)
    line = next((one.line for one in owed(attempt, at=at) if one.line.rule == rule), None)
    if line is None:
        raise SayingRefused("not-demanded")
    if (rule in ticks(attempt_id)) == is_said:
        return None
    return DisclosureTick.objects.create(
        attempt=attempt,
        rule=rule,
        pack=line.pack,
        is_said=is_said,
        script=line.script,
        version=line.version,
        language=line.language,
        words=line.words[:600],
        ticked_by=by,
        ticked_at=at,
    )


def _locked(attempt_id: int, by: Any) -> ContactAttempt:
    rows = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
    attempt = rows.select_related("case__person", "case__creditor", "decision").get(pk=attempt_id)
    if attempt.made_by_id != by.pk:
        raise SayingRefused("not-yours")
    if attempt.status not in OPEN:
        raise SayingRefused("over")
    return attempt


@transaction.atomic
def close(*, attempt_id: int, outcome: str, answer: str = "", by: Any, at: datetime) -> CallDisclosures | None:
    """Keep what a call had to say and what was said, where it reached its person; before its outcome is.

    answer: SAID or NOT_SAID of everything that is owed and not ticked. Raises SayingRefused where that is asked for.
    """
    if outcome not in REACHED:
        return None
    if (kept := CallDisclosures.objects.filter(attempt_id=attempt_id).first()) is not None:
        return kept  # its outcome was undone and is said again; what was said in the call stays as it was kept
    rows = ContactAttempt.objects.select_related("case__person", "case__creditor", "decision")
    attempt = rows.get(pk=attempt_id)
    if attempt.case is None or attempt.channel != "phone" or attempt.party not in OWING:
        return None
    asked = choosing.asked(attempt.case, attempt, at=at)
    due = owed(attempt, at=at, of=asked)
    lacking = [one.line for one in due if not one.is_said]
    if lacking and answer not in ANSWERS:
        raise SayingRefused("unsaid", missing=words.listed(named(line) for line in lacking))
    rules = [line.rule for line in lacking]
    kept = CallDisclosures.objects.create(
        attempt=attempt,
        required=[one.line.rule for one in due],
        ticked=[one.line.rule for one in due if one.is_said],
        unticked=rules if answer == SAID else [],
        unsaid=rules if answer == NOT_SAID else [],
        scripts={stage: choosing.of_stage(asked, stage).as_kept() for stage in (Stage.OPENING, Stage.TALK)},
        recorded_by=by,
        recorded_at=at,
    )
    if rules:
        audit.record(
            "script.unsaid" if answer == NOT_SAID else "script.unticked",
            subject=attempt, actor=Actor.of(by), at=at, person_id=attempt.person_id, rules=rules,
        )  # fmt: skip
    return kept


def named(line: ReadLine) -> str:
    """Return a disclosure by its title and its rule."""
    return words.titled(line.title, line.rule) if line.title != line.rule else line.rule


def record_of(attempt_id: int) -> tuple[CallDisclosures | None, Sequence[DisclosureTick]]:
    """Return what a call had to say and what was said, and every tick in the order of time, those taken back too."""
    rows = CallDisclosures.objects.filter(attempt_id=attempt_id).select_related("recorded_by")
    kept = rows.order_by("-pk").first()
    every = DisclosureTick.objects.filter(attempt_id=attempt_id).select_related("ticked_by").order_by("pk")
    return kept, list(every)


def share(*, since: datetime, until: datetime, teams: Sequence[int] | None = None, user_id: int | None = None) -> Share:
    """Return in how many calls that reached their person everything was said that rules demand.

    since, until: when the outcome was recorded, the end not included. teams, user_id: only calls of cases of these
    teams, only of this collector. A call whose outcome was undone, and that reached nobody after all, is left out.
    """
    latest = CallDisclosures.objects.filter(attempt_id=OuterRef("attempt_id")).order_by("-pk").values("pk")[:1]
    rows = CallDisclosures.objects.filter(recorded_at__gte=since, recorded_at__lt=until, pk=Subquery(latest))
    rows = rows.filter(attempt__outcome__in=REACHED)
    if teams is not None:
        rows = rows.filter(attempt__case__team_id__in=teams)
    if user_id is not None:
        rows = rows.filter(recorded_by_id=user_id)
    none: list[str] = []
    counted: dict[str, Any] = rows.aggregate(
        calls=Count("pk"),
        ticked=Count("pk", filter=Q(unticked=none, unsaid=none)),
        unticked=Count("pk", filter=~Q(unticked=none)),
        unsaid=Count("pk", filter=~Q(unsaid=none)),
    )
    return Share(**counted)


def shown(attempt: ContactAttempt, *, confirmed: bool, at: datetime) -> tuple[Shown, list[Owed]]:
    """Return the script of an open call and what it owes, read once."""
    assert attempt.case is not None
    asked = choosing.asked(attempt.case, attempt, at=at)
    script = choosing.for_case(attempt.case, attempt, confirmed=confirmed, at=at, of=asked)
    return script, owed(attempt, at=at, of=asked)
