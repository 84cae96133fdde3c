"""What people write to us. Words that mean "stop" act at once, and so do words that say "you have the wrong number";
everything else is put before a person.

A number may belong to several persons: the words bind for each of them, and nothing is decided from who is likelier. A
stranger's "stop" counts as much: a number that nobody here has is silenced before a file can bring it.
"""

import hashlib
import unicodedata
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from cases import addresses, instructions, lifecycle
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Address, Case, ContactPoint, Instruction
from cases.models.case import NextAction
from cases.models.instruction import Source
from cases.refusal import CaseRefused
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import ContactAttempt

INBOUND: Final = Actor.system("inbound")
_EVENTS: Final = UUID("6f0f5a0e-5d0b-5d38-9a4c-0f5b8f6f4a11")  # name space of event ids

# A message that is one of these, whatever the case and the full stops. Source of the English ones: 47 CFR
# 64.1200(a)(10).
STOP_WORDS: Final = frozenset(
    {
        "stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "opt-out", "cancel", "unsubscribe",
        "t", "td", "n", "退订", "退訂", "停", "停止", "拒收", "取消",
    }
)  # fmt: skip
# A message that contains one of these.
STOP_PHRASES: Final = (
    "stop texting", "stop messaging", "stop sending", "stop contacting", "do not text", "don't text", "do not message",
    "don't message", "do not contact", "don't contact", "leave me alone", "remove me", "unsubscribe",
    "退订", "退訂", "别再发", "不要再发", "不要给我发", "请勿再发", "别发了", "停止发送", "不要再联系", "别再联系",
)  # fmt: skip
# Words for which a person looks at the case at once, and why.
URGENT: Final[dict[str, tuple[str, ...]]] = {
    "dispute": ("dispute", "not my debt", "i don't owe", "i do not owe", "already paid", "fraud", "identity theft",
                "异议", "不是我的", "不欠", "已还", "已经还", "盗用", "诈骗"),
    "lawyer": ("lawyer", "attorney", "solicitor", "legal aid", "律师"),
    "hardship": ("lost my job", "unemployed", "hospital", "illness", "hardship", "can't afford", "cannot afford",
                 "suicide", "失业", "住院", "生病", "困难", "自杀", "还不起"),
    "wrong number": ("wrong number", "wrong person", "发错", "打错", "不认识"),
    "death": ("passed away", "died", "deceased", "去世", "过世", "死亡"),
}  # fmt: skip

# A message that says that the number is not our person's: silent for everybody at once, until a person looks.
STRANGER_PHRASES: Final = (
    "wrong number", "wrong person", "not his number", "not her number", "don't know this person", "no one by that name",
    "发错了", "打错了", "发错人", "打错电话", "不是本人", "号码换人",
)  # fmt: skip


def means_stop(text: str) -> bool:
    """Whether the words ask us not to write any more. When in doubt, they do."""
    plain = _plain(text)
    bare = plain.strip(" .!?,;:。！？，；：\"'“”‘’()[]【】*#-—")
    return bare in STOP_WORDS or any(phrase in plain for phrase in STOP_PHRASES)


def means_stranger(text: str) -> bool:
    """Whether the words say that this number is not the person's whom we mean."""
    plain = _plain(text)
    return any(phrase in plain for phrase in STRANGER_PHRASES)


def urgency(text: str) -> str:
    """Return why a person must look at it at once ("dispute", "lawyer" ...), or nothing."""
    plain = _plain(text)
    return next((why for why, phrases in URGENT.items() if any(phrase in plain for phrase in phrases)), "")


def take_reply(*, sender: str, text: str, event_id: str, at: datetime, channel: str = "sms") -> list[ContactAttempt]:
    """Record a message from this number for everybody who has it; put a stop in force before anything else.

    sender: the number or address as the carrier writes it. Returns what was recorded; nothing where nobody is known
    under the number. Taking the same event again records nothing twice.
    """
    kind = Address.Kind.PHONE if channel == "sms" else Address.Kind.EMAIL
    written = _canonical(channel, sender)
    address = Address.objects.filter(kind=kind, value_hash=sealed.digest(str(kind), written or sender)).first()
    stop, stranger = means_stop(text), means_stranger(text)
    points = ContactPoint.objects.filter(address=address).exclude(state=ContactPoint.State.REMOVED)
    if address is None or not points.exists():
        if (stop or stranger) and written:
            addresses.silence_unknown(kind=str(kind), canonical=written, actor=INBOUND, at=at)
        return []
    recorded = []
    for point in points.select_related("person").order_by("person_id", "pk"):
        if stop and not _already_asked(point, channel, at):
            instructions.give(
                person_id=point.person_id,
                kind=Instruction.Kind.OPT_OUT,
                channel=channel,
                contact_point_id=point.pk,
                form=Instruction.Form.SMS if channel == "sms" else Instruction.Form.EMAIL,
                source=Source.MESSAGE,
                words=text,
                received_at=at,
                actor=INBOUND,
                at=at,
            )
        if stranger and address.suppressed_at is None:
            instructions.give(
                person_id=point.person_id,
                kind=Instruction.Kind.WRONG_PARTY,
                contact_point_id=point.pk,
                form=Instruction.Form.SMS if channel == "sms" else Instruction.Form.EMAIL,
                source=Source.MESSAGE,
                words=text,
                received_at=at,
                actor=INBOUND,
                at=at,
            )
        attempt = _record(point, channel=channel, text=text, event_id=event_id, at=at)
        if attempt is not None:
            recorded.append(attempt)
            if stranger or not stop:
                _put_before_a_person(attempt, text, at=at)
    return recorded


def _plain(text: str) -> str:
    """Return the words in small letters, full-width made plain, apostrophes and blanks made one kind."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(plain.split())


def _already_asked(point: ContactPoint, channel: str, at: datetime) -> bool:
    standing = Instruction.objects.filter(
        contact_point=point,
        kind=Instruction.Kind.OPT_OUT,
        channel=channel,
        received_at__lte=at,
        withdrawal__isnull=True,
    )
    return standing.exclude(expires_at__lte=at).exists()


def _record(point: ContactPoint, *, channel: str, text: str, event_id: str, at: datetime) -> ContactAttempt | None:
    """Write the inbound contact with the case it likely belongs to: the one we last wrote about, else the latest."""
    last = (
        ContactAttempt.objects.filter(person_id=point.person_id, address_id=point.address_id, case__isnull=False)
        .order_by("-at", "-pk")
        .first()
    )
    case = last.case if last else Case.objects.filter(person_id=point.person_id).order_by("-opened_at", "-pk").first()
    if case is None:
        return None
    key = uuid5(_EVENTS, f"{event_id}\0{point.pk}")
    try:
        with transaction.atomic():
            attempt = ContactAttempt.objects.create(
                person_id=point.person_id,
                contacted_id=point.person_id,
                creditor_id=case.creditor_id,
                case=case,
                contact_point=point,
                address_id=point.address_id,
                origin=ContactAttempt.Origin.INBOUND,
                direction=ContactAttempt.Direction.INBOUND,
                channel=channel,
                content_class="",
                status=ContactAttempt.Status.RECORDED,
                outcome=ContactAttempt.Outcome.RECEIVED,
                key=key,
                at=at,
                recorded_at=at,
                content_sealed=sealed.seal(text),
                content_sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
            audit.record("attempt.recorded", subject=attempt, actor=INBOUND, at=at, person_id=point.person_id)
    except IntegrityError:
        return None
    return attempt


def _put_before_a_person(attempt: ContactAttempt, text: str, *, at: datetime) -> None:
    if attempt.case is None or attempt.case.is_resolved:
        return
    why = urgency(text)
    try:
        lifecycle.set_next_action(
            case_id=attempt.case.pk,
            action=NextAction.REVIEW,
            due_at=at,
            note=f"reply: {why}" if why else "reply",
            actor=INBOUND,
            at=at,
        )
    except CaseRefused:  # resolved meanwhile
        return


def _canonical(channel: str, sender: str) -> str:
    """Return the spelling under which the address is stored; nothing for what cannot be read."""
    try:
        if channel == "sms":
            plain = sender.strip()
            return canonical.phone(plain if plain.startswith("+") else f"+{plain.lstrip('0')}", "ZZ")[0]
        return canonical.email(sender)
    except CellRefused:
        return ""
