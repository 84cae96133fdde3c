"""What stands about a person: what was asked, what was agreed, what is held; since when, until when, from whom. And the
lists of what somebody must come back to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Consent, Hold, Instruction
from cases.models.instruction import Source
from collections_app.shared import clock

ENDED_SHOWN: Final = 20
EXPIRING_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One wish, consent or hold. group: asked, agreed or held. ended: why it is over, or nothing."""

    group: str
    pk: int
    kind: str
    label: str
    scope: tuple[str, ...]
    words: str
    source: str
    evidence: str
    since: datetime
    until: datetime | date | None
    review_on: date | None
    reviewer: str
    by: str
    confirmed: bool
    ended: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def until_is_day(self) -> bool:
        """Whether the end is a whole day (included) and not an instant."""
        return isinstance(self.until, date) and not isinstance(self.until, datetime)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands, and what is over, each latest first."""

    asked: tuple[Line, ...]
    agreed: tuple[Line, ...]
    held: tuple[Line, ...]
    over: tuple[Line, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everything that stands, the gravest first: holds, wishes, consents."""
        return (*self.held, *self.asked, *self.agreed)


def of_case(case: Case, *, at: datetime, over: bool = False) -> Standing:
    """Return what stands about the person of a case, for this creditor or everybody; over: also what has ended."""
    mine = Q(person_id=case.person_id) & (Q(creditor_id__isnull=True) | Q(creditor_id=case.creditor_id))
    asked = [
        _asked(row, at)
        for row in Instruction.objects.filter(mine)
        .select_related("contact_point__address", "account", "recorded_by", "reviewer_team", "reviewer", "withdrawal")
        .order_by("-received_at", "-pk")
    ]
    agreed = [
        _agreed(row, at)
        for row in Consent.objects.filter(mine)
        .select_related("contact_point__address", "account", "recorded_by")
        .order_by("-given_at", "-pk")
    ]
    held_rows = Hold.objects.filter(mine).select_related("account", "placed_by", "reviewer_team", "reviewer")
    held = [_held(row) for row in held_rows.order_by("-starts_at", "-pk")]
    ended = [line for line in (*held, *asked, *agreed) if line.ended]
    ended.sort(key=lambda line: line.since, reverse=True)
    return Standing(
        asked=tuple(line for line in asked if not line.ended),
        agreed=tuple(line for line in agreed if not line.ended),
        held=tuple(line for line in held if not line.ended),
        over=tuple(ended[:ENDED_SHOWN]) if over else (),
    )


def channel_label(channel: str) -> str:
    """Return how a channel is called in a wish."""
    labels = {
        "phone": _("calls"),
        "voice_notice": _("recorded calls"),
        "sms": _("text messages"),
        "email": _("e-mail"),
        "chat": _("chat"),
        "letter": _("letters"),
        "visit": _("visits"),
    }
    return labels.get(channel, channel)


def _scope(row: Instruction | Consent) -> tuple[str, ...]:
    parts = []
    if row.channel:
        parts.append(channel_label(row.channel))
    parts += [channel_label(channel) for channel in row.details.get("channels", ())]
    if row.contact_point is not None:
        parts.append(str(row.contact_point))
    if row.account is not None:
        parts.append(_("account %(ending)s") % {"ending": row.account})
    place = getattr(row, "place", "")
    if place:
        parts.append({"home": _("home"), "workplace": _("workplace")}.get(place, place))
    if row.details.get("start"):
        parts.append(in_words(row.details))
    if row.details.get("amount"):
        parts.append(f"{row.details['amount']} {row.details.get('currency', '')}")
    if row.details.get("name"):
        parts.append(str(row.details["name"]))
    if row.details.get("attorney_contact_known") is False:
        parts.append(_("it is not known how to reach the lawyer"))
    if row.details.get("per_day"):
        parts.append(_("%(n)s calls a day") % {"n": row.details["per_day"]})
    return tuple(parts)


def in_words(details: dict[str, Any]) -> str:
    """Return a recurring window in words: its days and its hours on the person's clock."""
    names = {"Mon": _("Mon"), "Tue": _("Tue"), "Wed": _("Wed"), "Thu": _("Thu"), "Fri": _("Fri"), "Sat": _("Sat"),
             "Sun": _("Sun")}  # fmt: skip
    hours = f"{details['start']}–{details.get('end', '')}"
    days = " ".join(names.get(day, day) for day in details.get("days", ()))
    only = f" ({_('at no other time')})" if details.get("only") else ""
    return f"{days} {hours}{only}".strip()


def _asked(row: Instruction, at: datetime) -> Line:
    withdrawal = getattr(row, "withdrawal", None)
    ended = ""
    if withdrawal is not None:
        ended = _("taken back: %(reason)s") % {"reason": withdrawal.reason}
    elif row.expires_at is not None and row.expires_at <= at:
        ended = _("lapsed") if row.kind == Instruction.Kind.WORKPLACE else _("ended")
    return Line(
        group="asked",
        pk=row.pk,
        kind=row.kind,
        label=str(row.get_kind_display()),
        scope=_scope(row),
        words=row.words,
        source=_source(row.source, str(row.get_form_display())),
        evidence=row.evidence,
        since=row.received_at,
        until=row.expires_at,
        review_on=row.review_on,
        reviewer=_reviewer(row),
        by=str(row.recorded_by or ""),
        confirmed=row.confirmed_at is not None,
        ended=ended,
        extra={"may_confirm": row.kind == Instruction.Kind.WORKPLACE and not ended, "sent_at": row.sent_at},
    )


def _agreed(row: Consent, at: datetime) -> Line:
    ended = ""
    if row.withdrawn_at is not None:
        ended = _("taken back: %(reason)s") % {"reason": row.withdrawn_reason}
    elif row.spent_at is not None and row.spent_at <= at:
        ended = _("used up")
    elif row.expires_at is not None and row.expires_at <= at:
        ended = _("ended")
    return Line(
        group="agreed",
        pk=row.pk,
        kind=row.kind,
        label=str(row.get_kind_display()),
        scope=_scope(row),
        words="",
        source=_source(row.source, str(row.get_form_display())),
        evidence=row.evidence,
        since=row.given_at,
        until=row.expires_at,
        review_on=None,
        reviewer="",
        by=str(row.recorded_by or ""),
        confirmed=True,
        ended=ended,
        extra={"worthless": row.context == Consent.Context.NOT_PERMITTED},
    )


def _held(row: Hold) -> Line:
    ended = ""
    if row.released_at is not None:
        ended = _("released: %(reason)s") % {"reason": row.released_reason}
    is_crisis = row.kind == Hold.Kind.CRISIS and row.treatment_ended_on is None
    return Line(
        group="held",
        pk=row.pk,
        kind=row.kind,
        label=str(row.get_kind_display()),
        scope=(_("account %(ending)s") % {"ending": row.account},) if row.account else (),
        words=row.reason,
        source=str(row.get_source_display()) if row.source != Source.OTHER else "",
        evidence=row.evidence,
        since=row.starts_at,
        until=row.ends_on,
        review_on=row.review_on if row.review_on != row.ends_on else None,
        reviewer=_reviewer(row),
        by=str(row.placed_by or ""),
        confirmed=row.confirmed_at is not None,
        ended=ended,
        extra={"is_crisis": is_crisis, "treatment_ended_on": row.treatment_ended_on},
    )


def _source(source: str, form: str) -> str:
    return f"{dict(Source.choices).get(source, source)}, {form}"


def _reviewer(row: Instruction | Hold) -> str:
    return str(row.reviewer_team or row.reviewer or "")


# -- what somebody must come back to -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """One row that somebody must look at: a hold or matter to review, a consent that ends."""

    line: Line
    case: Case | None
    on: date


def holds_to_review(user: Any, *, at: datetime, limit: int = 100) -> list[Due]:
    """Return the holds in force whose review date or end has come, oldest first, as far as the reader may see them."""
    rows = Hold.objects.filter(released_at__isnull=True).filter(
        Q(review_on__lte=clock.business_day(at, "UTC")) | Q(ends_on__lte=clock.business_day(at, "UTC"))
    )
    rows = _of_persons_seen(rows, user).select_related("account", "placed_by", "reviewer_team", "reviewer")
    found = rows.order_by("review_on", "pk")[:limit]
    return _with_cases([(_held(row), row, row.review_on or row.ends_on) for row in found])


def matters_to_review(user: Any, *, at: datetime, limit: int = 100) -> list[Due]:
    """Return the disputes, complaints and other open matters whose review date has come, oldest first."""
    rows = Instruction.objects.filter(review_on__lte=clock.business_day(at, "UTC"), withdrawal__isnull=True).exclude(
        expires_at__lte=at
    )
    rows = _of_persons_seen(rows, user).select_related(
        "contact_point__address", "account", "recorded_by", "reviewer_team", "reviewer", "withdrawal"
    )
    found = rows.order_by("review_on", "pk")[:limit]
    return _with_cases([(_asked(row, at), row, row.review_on) for row in found])


def consents_that_expire(user: Any, *, at: datetime, days: int = EXPIRING_DAYS, limit: int = 100) -> list[Due]:
    """Return the consents that end within so many days, soonest first, as far as the reader may see them."""
    rows = Consent.objects.filter(
        withdrawn_at__isnull=True, spent_at__isnull=True, expires_at__gt=at, expires_at__lte=at + timedelta(days=days)
    )
    rows = _of_persons_seen(rows, user).select_related("contact_point__address", "account", "recorded_by")
    found = rows.order_by("expires_at", "pk")[:limit]
    return _with_cases([(_agreed(row, at), row, row.expires_at.date() if row.expires_at else None) for row in found])


def _of_persons_seen[Row: (Instruction, Consent, Hold)](rows: "QuerySet[Row]", user: Any) -> "QuerySet[Row]":
    """Return the rows about persons of whom the reader may see a case."""
    if user.is_active and user.has_perm("cases.view_all"):
        return rows
    if not user.is_active or not user.has_perm("cases.view_team") or user.team_id is None:
        return rows.none()
    return rows.filter(person_id__in=Case.objects.filter(team_id=user.team_id).values("person_id"))


def _with_cases(rows: Iterable[tuple[Line, Any, date | None]]) -> list[Due]:
    """Put to each row the case where it is looked after: of its creditor, else the latest of the person."""
    rows = list(rows)
    cases: dict[int, list[Case]] = {}
    wanted = {row.person_id for _line, row, _on in rows}
    for case in (
        Case.objects.filter(person_id__in=wanted).select_related("person", "creditor").order_by("-opened_at", "-pk")
    ):
        cases.setdefault(case.person_id, []).append(case)
    found = []
    for line, row, on in rows:
        mine = cases.get(row.person_id, [])
        own = [case for case in mine if case.creditor_id == row.creditor_id]
        if on is not None:
            found.append(Due(line, next(iter(own or mine), None), on))
    return found
