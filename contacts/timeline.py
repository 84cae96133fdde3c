"""What happened with a case, newest first: contacts, refusals, money, promises, notes, holds, and what was decided.

Pages follow a place in time: (instant, kind, key) of the last row shown. Eight queries, however long the history is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from cases import notes
from cases.models import Case, Hold, Instruction, Note, Payment, Promise
from cases.queries import reveal_reasons, skip_label
from collections_app.shared import refs, sealed
from collections_app.shared.asked_often import Asked, asked_often
from collections_app.shared.money import HIDDEN
from collections_app.templatetags.display import money
from compliance import actors, event_names, gate, reasons
from compliance.models import AuditEvent, Decision
from contacts import timeline_rows
from contacts.models import Channel, ContactAttempt
from contacts.queries import main_reason
from contacts.reasons import say

PAGE: Final = 25
EVENT_TONES: Final = {
    "case.cured": "ok",
    "promise.kept": "ok",
    "promise.broken": "stop",
    "promise.partly_kept": "soon",
    "payment.reversed": "stop",
    "plan.signed": "ok",
    "plan.completed": "ok",
    "plan.missed": "soon",
    "plan.early_trouble": "soon",
    "plan.broken": "stop",
    "settlement.accepted": "ok",
    "settlement.fulfilled": "ok",
    "settlement.failed": "stop",
    "case.flagged_for_review": "soon",
}
ATTEMPT_TONES: Final = {
    "delivered": "ok",
    "failed": "stop",
    "uncertain": "soon",
    "withheld": "stop",
    "cancelled": "past",
    "cleared": "soon",
    "in_progress": "soon",
}
INCOMING: Final = {"sms": "message", "email": "mail", "chat": "brand-wechat"}
OUTGOING: Final = {"phone": "phone-outgoing"}
WORDS_SHOWN: Final = 300  # letters of what was said, in one line
REACHED: Final = ("conversation", "met", "received")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline, as its component shows it. bare: its title without amounts, where it names one.

    is_withdrawn: the act that brought it was undone; it is shown struck through.
    """

    at: datetime
    source: str
    pk: int
    kind: str
    title: str
    body: str = ""
    tone: str = "plain"
    icon: str = ""
    by: str = ""
    url: str = ""
    url_label: str = ""
    bare: str = ""
    is_withdrawn: bool = False

    @property
    def place(self) -> tuple[datetime, str, int]:
        return self.at, self.source, self.pk

    @property
    def token(self) -> str:
        return f"{self.at.timestamp():.6f}_{self.source}_{self.pk}"


def place_of(token: str | None) -> tuple[datetime, str, int] | None:
    """Return the place that a token of an address names; None for none, or a broken one."""
    try:
        seconds, source, pk = (token or "").split("_")
        return datetime.fromtimestamp(float(seconds), UTC), source, int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def page(case: Case, *, user, after: str | None = None) -> tuple[list[Entry], str | None]:
    """Return one page of a case's history, and the token of the next; None when this was the last."""
    place = place_of(after)
    entries: list[Entry] = []
    for source in SOURCES:
        entries += source.tell(source.rows_of(case, before=place), user)
    entries.sort(key=lambda entry: entry.place, reverse=True)
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    return entries, entries[-1].token if more else None


def last_contact(case: Case) -> dict[str, Any] | None:
    """Return the last contact that took place, in words."""
    attempt = _last_made.first(case=case.pk)
    return {"at": attempt.at, "title": _title(attempt)} if attempt else None


@asked_often
def _last_made(case: int) -> QuerySet[ContactAttempt]:
    attempts = ContactAttempt.objects.filter(case_id=case).exclude(status__in=["withheld", "cancelled", "cleared"])
    return attempts.select_related("address").order_by("-at", "-pk")[:1]


def _before(rows: QuerySet, source: str, instant: str, place: tuple[datetime, str, int]) -> QuerySet:
    at, last_source, pk = place
    earlier = Q(**{f"{instant}__lt": at})
    if source == last_source:
        earlier |= Q(**{instant: at, "pk__lt": pk})
    elif source < last_source:
        earlier |= Q(**{instant: at})
    return _in_order(rows.filter(earlier), instant)


def _in_order(rows: QuerySet, instant: str) -> QuerySet:
    return rows.order_by(f"-{instant}", "-pk")[: PAGE + 1]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of entries. name: it stands in the addresses of pages. instant: the field that its rows are in order of.

    rows: of a case, its person and its creditor, given by their keys. newest: the first page of them. tell: makes
    entries of rows, for a user.
    """

    name: str
    instant: str
    rows: Callable[[int, int, int], QuerySet]
    newest: Asked[Any]
    tell: Callable[[list[Any], Any], list[Entry]]

    def rows_of(self, case: Case, *, before: tuple[datetime, str, int] | None) -> list[Any]:
        """Return the newest rows, or those before a place: one more than a page shows."""
        if before is None:
            return self.newest(case=case.pk, person=case.person_id, creditor=case.creditor_id)
        rows = self.rows(case.pk, case.person_id, case.creditor_id)
        return list(_before(rows, self.name, self.instant, before))


def _source(
    name: str,
    instant: str,
    rows: Callable[[int, int, int], QuerySet],
    tell: Callable[[list[Any], Any], list[Entry]],
) -> Source:
    @asked_often
    def newest(case: int, person: int, creditor: int) -> QuerySet:
        return _in_order(rows(case, person, creditor), instant)

    return Source(name, instant, rows, newest, tell)


def _title(attempt: ContactAttempt) -> str:
    what = str(Channel(attempt.channel).label).capitalize()
    address = attempt.address
    if address is not None and address.kind == "phone" and address.value_last4:
        what = f"{what} …{address.value_last4}"
    done = attempt.status in ("completed", "recorded", "sent", "delivered")
    how = attempt.get_outcome_display() if done and attempt.outcome else attempt.get_status_display()
    return f"{what}: {how}"


def _attempts(attempts: list[ContactAttempt], user) -> list[Entry]:
    withheld = [attempt.decision for attempt in attempts if attempt.status == "withheld" and attempt.decision]
    why = _sentences(withheld)
    said = _words(attempts)
    entries = []
    for attempt in attempts:
        refused = attempt.status == "withheld"
        tone = ATTEMPT_TONES.get(attempt.status, "ok" if attempt.outcome in REACHED else "act")
        body = ""
        if refused:
            body = why.get(attempt.decision_id or 0) or say(attempt.reason_code)
        elif attempt.reason_code:
            body = say(attempt.reason_code)
        body = body or said.get(attempt.pk, "")
        inbound = attempt.direction == "inbound"
        icon = INCOMING.get(attempt.channel, "phone-incoming") if inbound else OUTGOING.get(attempt.channel, "")
        entries.append(
            Entry(
                at=attempt.at,
                source="attempt",
                pk=attempt.pk,
                kind="refused" if refused else "contact",
                title=_title(attempt),
                body=body,
                tone=tone,
                icon="" if refused else icon,
                by=str(attempt.made_by) if attempt.made_by else "",
                url=_said_url(attempt) or (_decision_url(attempt.decision_id, user) if refused else ""),
                url_label=_("Decision") if refused else _("What was said"),
            )
        )
    return entries


def _words(attempts: list[ContactAttempt]) -> dict[int, str]:
    """Return what people wrote: the person to us, and a collector to the person; one query where there is any."""
    theirs = [row.pk for row in attempts if row.direction == "inbound" and row.channel != "phone"]
    ours = [row.pk for row in attempts if row.made_by_id and row.channel in INCOMING]
    if not theirs and not ours:
        return {}
    rows = ContactAttempt.objects.filter(pk__in=[*theirs, *ours], content_sealed__isnull=False)
    boxes = rows.values_list("pk", "content_sealed")
    return {pk: sealed.unseal(content)[:WORDS_SHOWN] for pk, content in boxes if content is not None}


def _refusals(decisions: list[Decision], user) -> list[Entry]:
    why = _sentences(decisions)
    return [
        Entry(
            at=decision.at,
            source="decision",
            pk=decision.pk,
            kind="refused",
            title=_("%(channel)s refused") % {"channel": _channel(decision.channel)},
            body=why.get(decision.pk, ""),
            tone="stop",
            by=_name(decision),
            url=_decision_url(decision.pk, user),
            url_label=_("Decision"),
        )
        for decision in decisions
    ]


def _channel(code: str) -> str:
    return str(Channel(code).label).capitalize() if code in Channel.values else code


def _sentences(decisions: list[Decision]) -> dict[int, str]:
    """Return the first reason of each stored refusal, in the words of its own release."""
    if not decisions:
        return {}
    releases = gate.revived(sorted({digest for decision in decisions for digest in decision.releases}))
    said = {}
    for decision in decisions:
        reason = main_reason(reasons.of_decision(decision, releases=releases))
        if reason is not None:
            said[decision.pk] = reason.sentence
    return said


def _said_url(attempt: ContactAttempt) -> str:
    """Return where it is kept what a call had to say and what was said; nothing where nothing is kept."""
    if not getattr(attempt, "has_record", False) or attempt.case_id is None:
        return ""
    return reverse("contacts:call-record", args=[refs.encode("C", attempt.case_id), attempt.ref])


def _decision_url(pk: int | None, user) -> str:
    if pk is None or not user.has_perm("cases.view_case"):
        return ""
    try:
        return reverse("compliance:decision", args=[pk])
    except NoReverseMatch:
        return ""


def _event(event: AuditEvent) -> Entry:
    reason = event.details.get("reason", "")
    body = _known_reason(event.name, str(reason)) if reason else ""
    return Entry(
        at=event.at,
        source="event",
        pk=event.pk,
        kind="state",
        title=str(event_names.describe(event.name).sentence),
        body=body,
        tone=EVENT_TONES.get(event.name, "past"),
        by=_name(event),
    )


def _name(row: AuditEvent | Decision) -> str:
    return str(getattr(row, "user_name", "")) or actors.shown(row.actor_kind, row.actor_label)


def _known_reason(name: str, reason: str) -> str:
    return reveal_reasons().get(reason, reason) if name == "reveal.looked" else skip_label(reason)


def _hold(hold: Hold) -> Entry:
    by = str(hold.placed_by) if hold.placed_by else ""
    title = _("Hold: %(kind)s") % {"kind": hold.get_kind_display()}
    return Entry(hold.starts_at, "hold", hold.pk, "hold", title, hold.reason, "stop", "hand-stop", by)


def _instruction(given: Instruction) -> Entry:
    by = str(given.recorded_by) if given.recorded_by else ""
    what = str(given.get_kind_display())
    if given.channel:
        what = f"{what} ({_channel(given.channel)})"
    title = _("The person asks: %(what)s") % {"what": what}
    return Entry(given.received_at, "instruction", given.pk, "hold", title, given.words, "stop", "hand-stop", by)


def _note(note: Note) -> Entry:
    by = str(note.written_by) if note.written_by else ""
    title = _("Correction") if note.corrects_id else _("Note")
    gone = getattr(note, "last_told", None) == notes.WITHDRAWN
    tone = "past" if gone else "plain"
    return Entry(note.written_at, "note", note.pk, "note", title, note.text, tone, "note", by, is_withdrawn=gone)


def _payment(payment: Payment) -> Entry:
    title = _("Payment %(amount)s") % {"amount": _plain(payment.amount, payment.currency)}
    undone = payment.status == Payment.Status.REVERSED
    body = "" if payment.status == Payment.Status.ALLOCATED else str(payment.get_status_display())
    tone = "stop" if undone else "ok"
    bare = _("Payment %(amount)s") % {"amount": HIDDEN}
    by = payment.recorded_by
    return Entry(payment.received_at, "payment", payment.pk, "payment", title, body, tone, "coin", by, bare=bare)


def _promise(promise: Promise) -> Entry:
    by = str(promise.made_with) if promise.made_with else ""
    values = {"amount": _plain(promise.amount, promise.currency), "due_on": promise.due_on.isoformat()}
    said = _("Promise: %(amount)s by %(due_on)s")
    if promise.moved_times:
        said = _("Promise moved: %(amount)s by %(due_on)s")
    title, bare = said % values, said % {**values, "amount": HIDDEN}
    return Entry(promise.made_at, "promise", promise.pk, "promise", title, "", "soon", "flag", by, bare=bare)


def _plain(amount: Any, currency: str) -> str:
    """Return an amount as the page writes it, as text."""
    return strip_tags(str(money(amount, currency)))


def _each(tell: Callable[[Any], Entry]) -> Callable[[list[Any], Any], list[Entry]]:
    return lambda rows, _user: [tell(row) for row in rows]


SOURCES: Final = (
    _source("attempt", "at", timeline_rows.attempts, _attempts),
    _source("decision", "at", timeline_rows.decisions, _refusals),
    _source("event", "at", timeline_rows.events, _each(_event)),
    _source("hold", "starts_at", timeline_rows.holds, _each(_hold)),
    _source("instruction", "received_at", timeline_rows.instructions, _each(_instruction)),
    _source("note", "written_at", timeline_rows.notes, _each(_note)),
    _source("payment", "received_at", timeline_rows.payments, _each(_payment)),
    _source("promise", "made_at", timeline_rows.promises, _each(_promise)),
)
