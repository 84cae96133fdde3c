"""What the inbox and the case page show of messages received: the words, those that led to something marked, what was
done at once, and whether it may be undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from cases.models import Case
from collections_app.shared.asked_often import asked_often
from contacts.inbound import recognise, undoing, unmatched
from contacts.models import Channel, InboundAction, InboundAttachment, InboundBinding, InboundMessage

VIEWS: Final = ("new", "undo", "all", "unmatched")
NEWS_SHOWN: Final = 3  # messages on the page of a case
SHOWN: Final = 600  # letters of a message in a list
ICONS: Final = {"sms": "message", "email": "mail", "chat": "brand-wechat", "phone": "phone-incoming",
                "voice_notice": "phone-incoming"}  # fmt: skip
TONES: Final = {"instructed": "stop", "held": "stop", "stood": "past", "shown": "act", "refused": "soon"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the words; marked where it led to something."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One thing that was done, or shown."""

    pk: int
    title: str
    says: str
    words: str
    what: str
    detail: str
    done: str
    tone: str
    undone: str
    asked: str
    may_undo: bool
    needs_second: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message as a list shows it, for one person or for nobody."""

    message: InboundMessage
    channel: str
    icon: str
    pieces: list[Piece]
    cut: bool
    actions: list[ActionLine]
    files: list[dict[str, Any]]
    case: Case | None
    others: int
    kind: str
    sender: str


def bindings(user: Any) -> QuerySet[InboundBinding]:
    """Return the messages of persons whose cases this user may see."""
    return InboundBinding.objects.filter(case__in=Case.objects.visible_to(user))


def of_view(user: Any, view: str) -> QuerySet[InboundBinding]:
    """Return the rows of a view: not yet seen, asked to be undone, or all."""
    rows = bindings(user)
    if view == "new":
        return rows.filter(message__seen_at__isnull=True)
    if view == "undo":
        asked = InboundAction.objects.filter(binding=OuterRef("pk"), asked_at__isnull=False, undone_at__isnull=True)
        return rows.filter(Exists(asked))
    return rows


def lines(rows: Iterable[InboundBinding], *, user: Any) -> list[MessageLine]:
    """Return bindings (as `with_parts` reads them) as lines."""
    may_undo, may_decide = user.has_perm("contacts.give_instruction"), user.has_perm("cases.release_hold")
    return [
        _line(
            binding.message,
            case=binding.case,
            actions=[action_line(one, may_undo=may_undo, may_decide=may_decide, user=user)
                     for one in binding.actions.all()],
            others=max(0, binding.message.bindings.count() - 1),
        )
        for binding in rows
    ]  # fmt: skip


def with_parts(rows: QuerySet[InboundBinding]) -> QuerySet[InboundBinding]:
    """Return the rows with everything that a line needs."""
    actions = InboundAction.objects.order_by("place").select_related(
        "instruction", "hold", "asked_by", "undone_by", "binding"
    )
    return rows.select_related("message", "case__person", "case__creditor").prefetch_related(
        Prefetch("actions", actions),
        Prefetch("message__attachments", InboundAttachment.objects.order_by("pk")),
    )


def of_case(case: Case, *, user: Any) -> list[MessageLine]:
    """Return the latest messages of a case that nobody has seen, or about which undoing was asked for."""
    return lines(_of_case(case=case.pk), user=user)


@asked_often
def _of_case(case: int) -> QuerySet[InboundBinding]:
    asked = InboundAction.objects.filter(binding=OuterRef("pk"), asked_at__isnull=False, undone_at__isnull=True)
    rows = InboundBinding.objects.filter(case_id=case).filter(Q(message__seen_at__isnull=True) | Exists(asked))
    return with_parts(rows).order_by("-message__received_at", "-pk")[:NEWS_SHOWN]


def unmatched_lines(rows: Iterable[InboundMessage]) -> list[MessageLine]:
    """Return messages of unknown senders as lines; what they would mean is told, though nothing was done."""
    return [
        _line(
            message,
            case=None,
            actions=[_would_be(found, message.text) for found in recognise.recognise(message.text)],
            others=0,
        )
        for message in rows
    ]


def unmatched_rows(asked: str) -> QuerySet[InboundMessage]:
    """Return the messages of unknown senders, those from one number or address where one is asked for."""
    return unmatched.search(unmatched.waiting(), asked).prefetch_related("attachments")


def pieces_of(text: str, spans: Iterable[tuple[int, int]]) -> list[Piece]:
    """Return the text in parts, those of the spans marked."""
    marks = sorted(span for span in spans if span[1] > span[0])
    parts: list[Piece] = []
    place = 0
    for begins, ends in marks:
        begins, ends = max(begins, place), min(ends, len(text))
        if begins >= ends:
            continue
        if begins > place:
            parts.append(Piece(text[place:begins], marked=False))
        parts.append(Piece(text[begins:ends], marked=True))
        place = ends
    if place < len(text):
        parts.append(Piece(text[place:], marked=False))
    return parts


def action_line(action: InboundAction, *, may_undo: bool, may_decide: bool, user: Any) -> ActionLine:
    """Return one action in words."""
    in_force = action.done in undoing.IN_FORCE and action.undone_at is None
    second = undoing.needs_second_look(action)
    blocked = second and may_decide and action.asked_by_id == user.pk
    text = action.binding.message.text
    what = action.instruction or action.hold
    return ActionLine(
        pk=action.pk,
        title=recognise.title(action.intent),
        says=recognise.says(action.intent),
        words=text[action.begins : action.ends],
        what=str(action.get_done_display()),
        detail=_detail(action) if what is not None else "",
        done=action.done,
        tone="past" if action.undone_at else TONES.get(action.done, "act"),
        undone=_("undone by %(name)s: %(reason)s") % {"name": action.undone_by, "reason": action.reason}
        if action.undone_at
        else "",
        asked=_("%(name)s asks to undo it: %(reason)s") % {"name": action.asked_by, "reason": action.reason}
        if action.asked_at and not action.undone_at
        else "",
        may_undo=may_undo and in_force and not blocked and (may_decide or action.asked_at is None),
        needs_second=second and not may_decide,
        reason=action.reason,
    )


def _detail(action: InboundAction) -> str:
    if action.hold is not None:
        kind = str(action.hold.get_kind_display())
        return kind if action.done == InboundAction.Done.HELD else _("hold: %(kind)s") % {"kind": kind}
    if action.instruction is None:
        return ""
    given = action.instruction
    parts = [str(given.get_kind_display())]
    if given.channel:
        parts.append(str(Channel(given.channel).label) if given.channel in Channel.values else given.channel)
    if given.details.get("start"):
        days = " ".join(given.details.get("days", ()))
        parts.append(f"{days} {given.details['start']}–{given.details['end']}".strip())
    parts += [str(given.details[key]) for key in ("name", "phone") if given.details.get(key)]
    return " · ".join(parts)


def _would_be(found: recognise.Found, text: str) -> ActionLine:
    return ActionLine(
        pk=0,
        title=recognise.title(found.intent),
        says=recognise.says(found.intent),
        words=text[found.begins : found.ends],
        what="",
        detail="",
        done="shown",
        tone="act",
        undone="",
        asked="",
        may_undo=False,
        needs_second=False,
        reason="",
    )


def _line(message: InboundMessage, *, case: Case | None, actions: list[ActionLine], others: int) -> MessageLine:
    text = message.text
    shown = text[:SHOWN]
    spans = [(found.begins, found.ends) for found in recognise.recognise(text)] if message.kind == "words" else []
    return MessageLine(
        message=message,
        channel=str(message.get_channel_display()),
        icon=ICONS.get(message.channel, "message"),
        pieces=pieces_of(shown, spans),
        cut=len(text) > SHOWN,
        actions=actions,
        files=[
            {"pk": file.pk, "name": file.name, "size": file.size, "kept": file.is_kept, "why": refusal_in_words(file)}
            for file in message.attachments.all()
        ],
        case=case,
        others=others,
        kind=str(message.get_kind_display()) if message.kind != InboundMessage.Kind.WORDS else "",
        sender=f"…{message.sender_last4}" if message.sender_last4 else message.sender,
    )


def refusal_in_words(file: InboundAttachment) -> str:
    """Return why a file was not kept."""
    return {
        "too-large": _("larger than 8 MB"),
        "too-many": _("more than ten files"),
        "empty": _("empty or damaged"),
        "type": _("not a picture, PDF or plain text"),
        "active": _("a PDF that runs programs"),
        "not-fetched": _("could not be fetched from the provider; ask for it again"),
    }.get(file.refused, _("no longer kept") if file.removed_at else "")


def count_new(user: Any, *, at: datetime) -> int:
    """Return how many messages within reach nobody has seen."""
    return of_view(user, "new").filter(bound_at__lte=at).count()
