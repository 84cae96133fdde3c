"""What happened with a case, newest first: contacts, refusals, money, promises, notes, holds, and what was decided.

Pages follow a place in time: (instant, kind, key) of the last row shown. Eight queries, however long the history is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from cases import notes
from cases.models import Account, Case, Consent, Correction, Hold, Instruction, Note, Payment, Plan, Promise
from cases.queries import reveal_reasons, skip_label
from collections_app.shared import refs, sealed
from collections_app.shared.money import HIDDEN
from collections_app.templatetags.display import money
from compliance import actors, event_names, gate, reasons
from compliance.models import AuditEvent, Decision
from contacts.models import CallDisclosures, Channel, ContactAttempt
from contacts.queries import main_reason
from contacts.reasons import say

PAGE: Final = 25
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
HEAVY: Final = ("content_sealed", "decision__facts", "decision__question")
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
    for source, instant, rows, tell in _sources(case, user):
        entries += tell(_before(rows, source, instant, place)[: PAGE + 1])
    entries.sort(key=lambda entry: entry.place, reverse=True)
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    return entries, entries[-1].token if more else None


def last_contact(case: Case) -> dict[str, Any] | None:
    """Return the last contact that took place, in words."""
    attempts = ContactAttempt.objects.filter(case=case).exclude(status__in=["withheld", "cancelled", "cleared"])
    attempt = attempts.order_by("-at", "-pk").first()
    return {"at": attempt.at, "title": _title(attempt)} if attempt else None


def _before(rows: QuerySet, source: str, instant: str, place: tuple[datetime, str, int] | None) -> QuerySet:
    if place is not None:
        at, last_source, pk = place
        earlier = Q(**{f"{instant}__lt": at})
        if source == last_source:
            earlier |= Q(**{instant: at, "pk__lt": pk})
        elif source < last_source:
            earlier |= Q(**{instant: at})
        rows = rows.filter(earlier)
    return rows.order_by(f"-{instant}", "-pk")


Source = tuple[str, str, QuerySet, Callable[[Iterable[Any]], list[Entry]]]


def _sources(case: Case, user) -> list[Source]:
    """Return, per kind: its name, the field of its instant, its rows, and how they are told."""
    mine = Q(creditor_id=case.creditor_id) | Q(creditor_id__isnull=True)
    said = CallDisclosures.objects.filter(attempt_id=OuterRef("pk"))
    attempts = ContactAttempt.objects.filter(case=case).annotate(has_record=Exists(said))
    withheld = ContactAttempt.objects.filter(decision_id=OuterRef("pk"))
    money_in = Payment.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    return [
        (
            "attempt",
            "at",
            attempts.select_related("made_by", "address", "decision").defer(*HEAVY),
            lambda rows: _attempts(list(rows), user),
        ),
        (
            "decision",
            "at",
            Decision.objects.filter(case_id=case.pk, verdict="refuse")
            .exclude(Exists(withheld))
            .defer("facts", "question"),
            lambda rows: _refusals(list(rows), user),
        ),
        ("event", "at", _told(case), lambda rows: [_event(row) for row in rows]),
        (
            "hold",
            "starts_at",
            Hold.objects.filter(mine, person_id=case.person_id).select_related("placed_by"),
            lambda rows: [_hold(row) for row in rows],
        ),
        (
            "instruction",
            "received_at",
            Instruction.objects.filter(mine, person_id=case.person_id).select_related("recorded_by"),
            lambda rows: [_instruction(row) for row in rows],
        ),
        (
            "note",
            "written_at",
            notes.marked(Note.objects.filter(case=case)).select_related("written_by"),
            lambda rows: [_note(row) for row in rows],
        ),
        ("payment", "received_at", money_in, lambda rows: [_payment(row) for row in rows]),
        (
            "promise",
            "made_at",
            Promise.objects.filter(case=case).select_related("made_with"),
            lambda rows: [_promise(row) for row in rows],
        ),
    ]


def _told(case: Case) -> QuerySet[AuditEvent]:
    """Return the audit events of this case, and of what hangs on it; nothing of the person's other creditors."""
    mine = Q(creditor_id=case.creditor_id) | Q(creditor_id__isnull=True)
    of = {
        "cases.promise": Promise.objects.filter(case=case),
        "cases.plan": Plan.objects.filter(case=case),
        "cases.hold": Hold.objects.filter(mine, person_id=case.person_id),
        "cases.payment": Payment.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id),
        "cases.correction": Correction.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id),
        "cases.consent": Consent.objects.filter(mine, person_id=case.person_id),
        "cases.instruction": Instruction.objects.filter(mine, person_id=case.person_id),
        "cases.account": Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id),
    }
    about = Q(subject_label="cases.case", subject_id=case.pk) | Q(name="reveal.looked", details__case=case.pk)
    for label, rows in of.items():
        about |= Q(subject_label=label, subject_id__in=rows.values("pk"))
    return AuditEvent.objects.filter(about, person_id=case.person_id, name__in=TOLD)


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
            by=actors.shown(decision.actor_kind, decision.actor_label),
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
        by=actors.shown(event.actor_kind, event.actor_label),
    )


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
