"""Where a version stands, in words for the pages: what is in force, what waits, and the one next thing to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.shared.listing import listed
from contacts.models import Rehearsal, StrategyVersion
from contacts.strategy import publishing

Status = StrategyVersion.Status
Words = str | LazyText


@dataclass(frozen=True, slots=True)
class Next:
    """The next thing to do. code: rehearse, wait, submit, approve, publish, widen, resume, or "" for nothing."""

    code: str
    text: Words
    tone: str = "act"


def next_thing(
    version: StrategyVersion, *, newest: Rehearsal | None, running: Rehearsal | None, at: datetime, breached: bool
) -> Next:
    """Return what has to be done next with a version, by whom it concerns."""
    if version.status == Status.DRAFT:
        if running is not None:
            return Next("wait", _("It is being rehearsed."))
        if newest is None:
            return Next("rehearse", _("Rehearse it on the whole book: nobody is contacted."))
        changed = publishing.changed_since(version, newest, at=at)
        if changed:
            return Next("rehearse", _("Since it was rehearsed, this changed: %(what)s. Rehearse it again.")
                        % {"what": listed(changed)})  # fmt: skip
        return Next("submit", _("The rehearsal is of this very version. Ask a second person for approval."))
    if version.status == Status.REHEARSED:
        return Next("approve", _("A second person approves it, or sends it back."))
    if version.status == Status.APPROVED:
        return Next("publish", _("Publish it: for a small share of the persons first."))
    if version.status == Status.STOPPED and version.share < 100 and version.replaces_id is None:
        return Next(
            "resume",
            _("It is stopped: nothing is planned or sent under it. No version was in force before it, so its cases "
              "leave their paths at the next close. Resume it, or publish the next."),
            "stop",
        )  # fmt: skip
    if version.status == Status.STOPPED and version.share < 100:
        return Next(
            "resume",
            _("It is stopped: nothing is planned or sent under it. Its persons go back to the version in force at the "
              "next close. Resume it or roll it back."),
            "stop",
        )  # fmt: skip
    if version.status == Status.STOPPED and version.replaces_id is None:
        return Next(
            "resume", _("It is stopped: nothing is planned or sent under it. Resume it, or publish the next."), "stop"
        )
    if version.status == Status.STOPPED:
        return Next(
            "resume", _("It is stopped: nothing is planned or sent under it. Resume it or roll it back."), "stop"
        )
    if version.status == Status.PUBLISHED and version.share < 100:
        if breached:
            return Next("", _("A guardrail is breached. It cannot be widened; stop it or roll it back."), "stop")
        return Next("widen", _("It treats %(share)s of a hundred persons. Watch it, then widen it.")
                    % {"share": version.share})  # fmt: skip
    if version.status == Status.PUBLISHED:
        if version.starts_on is not None and version.starts_on > at.date():
            return Next("", _("It begins on %(day)s; until then the version before goes on.")
                        % {"day": version.starts_on.isoformat()}, "soon")  # fmt: skip
        return Next("", _("It treats everybody."), "ok")
    return Next("", _("It is no longer in force."), "past")


@dataclass(frozen=True, slots=True)
class Line:
    """One strategy in the list: what is in force, what is tried, what waits."""

    pk: int
    name: str
    code: str
    in_force: StrategyVersion | None
    canary: StrategyVersion | None
    waiting: StrategyVersion | None
    todo: Words
    begins: date | None
    drafts: tuple[StrategyVersion, ...] = ()  # what waits beside it, latest first

    @property
    def leads_to(self) -> StrategyVersion | None:
        """The version that says most of it: the one in force, else on trial, else waiting."""
        return self.in_force or self.canary or self.waiting


WAITS: dict[str, LazyText] = {
    Status.DRAFT: gettext_lazy("rehearse it"),
    Status.REHEARSED: gettext_lazy("approve it"),
    Status.APPROVED: gettext_lazy("publish it"),
}


def lines(versions: Sequence[StrategyVersion], *, at: datetime) -> list[Line]:
    """Return one line per strategy of these versions, by name."""
    of: dict[int, list[StrategyVersion]] = {}
    for version in versions:
        of.setdefault(version.strategy_id, []).append(version)
    found = []
    for own in of.values():
        used = [each for each in own if each.status in (Status.PUBLISHED, Status.STOPPED)]
        whole = next((each for each in used if each.share == 100), None)
        canary = next((each for each in used if each.share < 100), None)
        newest = max((each.version for each in used), default=0)
        waits = [each for each in own if each.status in WAITS and each.version > newest]
        waiting = max(waits, key=lambda each: each.version, default=None)
        strategy = own[0].strategy
        begins = whole.starts_on if whole is not None and whole.starts_on and whole.starts_on > at.date() else None
        todo = WAITS[waiting.status] if waiting is not None else ""
        drafts = tuple(sorted((each for each in waits if each is not waiting), key=lambda each: -each.version))
        found.append(Line(strategy.pk, strategy.title, strategy.code, whole, canary, waiting, todo, begins, drafts))
    return sorted(found, key=lambda line: (line.in_force is None, line.name))
