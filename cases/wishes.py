"""What stands about a person: what was asked, what was agreed, what is held; since when, until when, from whom."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Consent, Hold, Instruction
from cases.models.instruction import Source
from collections_app.shared.asked_often import asked_often

ENDED_SHOWN: Final = 20


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
    of = {"person": case.person_id, "creditor": case.creditor_id}
    asked = [_asked(row, at) for row in _instructions(**of)]
    agreed = [_agreed(row, at) for row in _consents(**of)]
    held = [_held(row) for row in _holds(**of)]
    ended = [line for line in (*held, *asked, *agreed) if line.ended]
    ended.sort(key=lambda line: line.since, reverse=True)
    return Standing(
        asked=tuple(line for line in asked if not line.ended),
        agreed=tuple(line for line in agreed if not line.ended),
        held=tuple(line for line in held if not line.ended),
        over=tuple(ended[:ENDED_SHOWN]) if over else (),
    )


def _mine(person: int, creditor: int) -> Q:
    return Q(person_id=person) & (Q(creditor_id__isnull=True) | Q(creditor_id=creditor))


@asked_often
def _instructions(person: int, creditor: int) -> QuerySet[Instruction]:
    beside = "contact_point__address", "account", "recorded_by", "reviewer_team", "reviewer", "withdrawal"
    return Instruction.objects.filter(_mine(person, creditor)).select_related(*beside).order_by("-received_at", "-pk")


@asked_often
def _consents(person: int, creditor: int) -> QuerySet[Consent]:
    beside = "contact_point__address", "account", "recorded_by"
    return Consent.objects.filter(_mine(person, creditor)).select_related(*beside).order_by("-given_at", "-pk")


@asked_often
def _holds(person: int, creditor: int) -> QuerySet[Hold]:
    beside = "account", "placed_by", "reviewer_team", "reviewer"
    return Hold.objects.filter(_mine(person, creditor)).select_related(*beside).order_by("-starts_at", "-pk")


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
