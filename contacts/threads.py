"""Messages of a case by channel, both ways, and what may be written there now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet, Value
from django.urls import reverse

from cases.models import Case, ContactPoint
from collections_app.shared import sealed
from collections_app.shared.asked_often import asked_often
from compliance import reasons
from contacts import dispatch, facts, messages, rendering
from contacts.channels import catalogue
from contacts.models import Channel, ContactAttempt
from contacts.queries import main_reason
from contacts.reasons import say

CHANNELS: Final = ("sms", "email", "chat")
SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread."""

    pk: int
    at: datetime
    inbound: bool
    text: str
    state: str
    tone: str
    by: str
    may_take_back: bool


@dataclass(frozen=True, slots=True)
class Composer:
    """What the form to write with starts from, or why nothing may be written and when it may."""

    points: list[tuple[int, str]]
    text: str
    permitted: bool
    reason: str
    citation: str
    next_permitted: datetime | None
    reply_to: int | None
    is_connected: bool
    size: dict[str, object]


@dataclass(frozen=True, slots=True)
class Thread:
    channel: str
    label: str
    said: list[Said]
    composer: Composer | None


def tabs(case: Case, *, chosen: str) -> list[dict[str, Any]]:
    """Return the channels in which something was said or could be, for the tabs above the timeline."""
    address = reverse("cases:case", args=[case.ref])
    known = set(_known(case=case.pk, person=case.person_id))
    used = {name for what, name in known if what == "channel"}
    kinds = {name for what, name in known if what == "kind"}
    shown = [one for one in CHANNELS if one in used or kinds & set(catalogue.info(one).point_kinds)]
    return [
        {
            "url": f"{address}?thread={one}",
            "label": str(Channel(one).label),
            "current": one == chosen,
        }
        for one in shown
    ]


@asked_often
def _known(case: int, person: int) -> QuerySet[ContactAttempt, tuple[str, str]]:
    """Return the channels of what was said about a case, and the kinds of the person's numbers and addresses."""
    said = ContactAttempt.objects.filter(case_id=case, channel__in=CHANNELS).order_by()
    points = ContactPoint.objects.filter(person_id=person).order_by()
    return said.values_list(Value("channel"), "channel").union(points.values_list(Value("kind"), "kind"))


def of_case(case: Case, channel: str, *, user: Any, at: datetime) -> Thread:
    """Return one channel's messages, latest first, and the composer for who may write."""
    rows = (
        ContactAttempt.objects.filter(case=case, channel=channel)
        .exclude(origin="reported")
        .select_related("made_by")
        .order_by("-at", "-pk")[:SHOWN]
    )
    may_write = user.has_perm("contacts.open_call") and not case.is_resolved
    return Thread(
        channel=channel,
        label=str(Channel(channel).label),
        said=[_said(row, user) for row in rows],
        composer=composer(case, channel, user=user, at=at) if may_write else None,
    )


def composer(case: Case, channel: str, *, user: Any, at: datetime) -> Composer:
    """Return what may be written now: the points, the words that are owed anyway, and what the gate says to them."""
    file = facts.of_case(case.pk, at=at)
    points = catalogue.candidates(channel, file.points)
    asked = ContactAttempt.objects.filter(case=case, channel=channel, direction="inbound", at__lte=at)
    last = asked.filter(at__gte=at - messages.STALE_REPLY).order_by("-at", "-pk").first()
    text = opening(case)
    choices = [(point.pk, str(point)) for point in points]
    reply_to = last.pk if last else None
    if not points:
        return Composer(
            points=[],
            text=text,
            permitted=False,
            reason=say("no-contact-point"),
            citation="",
            next_permitted=None,
            reply_to=reply_to,
            is_connected=dispatch.is_connected(channel),
            size=counted(text, channel),
        )
    question = messages.question_of(
        file, contact_point_id=points[0].pk, channel=channel, in_reply=last is not None, staff_id=user.pk
    )
    subject = case.creditor.name if channel == "email" else ""
    preview = messages.preview(file, question, subject=subject, text=text)
    first = main_reason(reasons.of_outcome(preview.outcome))
    permitted = preview.outcome.permitted
    return Composer(
        points=choices,
        text=text,
        permitted=permitted,
        reason=first.sentence if first and not permitted else "",
        citation=first.source if first and not permitted else "",
        next_permitted=None if permitted else preview.outcome.next_permitted,
        reply_to=reply_to,
        is_connected=dispatch.is_connected(channel),
        size=counted(text, channel),
    )


def counted(text: str, channel: str) -> dict[str, object]:
    """Return the length of a text, and for SMS its parts and their alphabet."""
    parts, alphabet = rendering.sms_segments(text) if channel == "sms" and text else (0, "")
    return {"letters": len(text), "parts": parts, "alphabet": alphabet}


def opening(case: Case) -> str:
    """Return the words that end every message: who writes, and how to stop these messages."""
    language = case.person.language
    end = rendering.opt_out_words(language=language)
    stop = "。" if language.startswith("zh") else "."
    return f"\n{case.creditor.name}{stop}{'' if stop == '。' else ' '}{end}{stop}"


def _said(row: ContactAttempt, user: Any) -> Said:
    inbound = row.direction == "inbound"
    waiting = row.status == "cleared" and row.planned_id is None
    tones = {"delivered": "ok", "sent": "act", "failed": "stop", "withheld": "stop", "uncertain": "soon"}
    state = str(row.get_status_display()) if not inbound else ""
    if row.reason_code and row.status in ("withheld", "failed", "cancelled"):
        state = f"{state}: {say(row.reason_code)}"
    return Said(
        pk=row.pk,
        at=row.at,
        inbound=inbound,
        text=sealed.unseal(row.content_sealed) if row.content_sealed is not None else "",
        state=state,
        tone="past" if inbound else tones.get(row.status, "past"),
        by=str(row.made_by) if row.made_by else "",
        may_take_back=waiting and row.claim is None and row.made_by_id == user.pk,
    )
