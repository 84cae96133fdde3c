"""What WeChat (official account) and enterprise WeChat post to us: words and pictures of people, who follows and who
has left, and what became of a template message.

Proved first, taken once each; the same one comes up to three times when we are slow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from cases import addresses
from cases.models import Address
from cases.models.instruction import Source
from collections_app.shared import sealed
from contacts import inbound, way_out
from contacts.channels import chat, receipts, tencent
from contacts.channels.receipts import CARRIER, BadReceipt, BadSignature, Report
from contacts.inbound.receiving import Incoming
from contacts.models import DeliveryReceipt, InboundMessage

TOLERANCE: Final = timedelta(minutes=5)
MOST_BYTES: Final = 256 * 1024
FINISHED: Final = "TEMPLATESENDJOBFINISH"
LEFT: Final = frozenset({"unsubscribe"})
JOINED: Final = frozenset({"subscribe"})
FILES: Final = {"image": "picture.jpg", "voice": "voice.amr", "video": "video.mp4", "shortvideo": "video.mp4",
                "file": "file"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two, as the settings know it. receiver: for whom it encrypts. key: empty where nothing is."""

    name: str
    token: str
    receiver: str
    key: bytes

    @property
    def provider(self) -> str:
        """As attempts and receipts keep it."""
        return chat.NAMES[self.name]


@dataclass(frozen=True, slots=True)
class Said:
    """What it was: reply, receipt, left, followed, repeated or ignored. media: the name of a file to be fetched."""

    what: str
    message: InboundMessage | None = None
    media: str = ""
    file_name: str = ""


def door(name: str) -> Door:
    """Return the door of WeChat or enterprise WeChat. Raises BadSignature where it is shut."""
    if name == chat.WECHAT:
        found = (settings.WECHAT_CALLBACK_TOKEN, settings.WECHAT_APP_ID, settings.WECHAT_CALLBACK_AES_KEY)
    else:
        found = (settings.WECOM_CALLBACK_TOKEN, settings.WECOM_CORP_ID, settings.WECOM_CALLBACK_AES_KEY)
    token, receiver, key = found
    if not token or not receiver or (name == chat.WECOM and not key):
        raise BadSignature("no such door")
    return Door(name, token, receiver, tencent.key_of(key) if key else b"")


def check() -> None:
    """Refuse a start with settings under which nothing could be read. Raises ImproperlyConfigured."""
    for name, given in (
        ("WECHAT_CALLBACK_AES_KEY", settings.WECHAT_CALLBACK_AES_KEY),
        ("WECOM_CALLBACK_AES_KEY", settings.WECOM_CALLBACK_AES_KEY),
    ):
        try:
            tencent.key_of(given or "A" * tencent.KEY_LETTERS)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from error
    if bool(settings.WECOM_CALLBACK_TOKEN) != bool(settings.WECOM_CALLBACK_AES_KEY):
        raise ImproperlyConfigured("WECOM_CALLBACK_TOKEN and WECOM_CALLBACK_AES_KEY belong together.")


def echo(name: str, query: Mapping[str, str], *, real_at: datetime) -> str:
    """Return what proves to the provider that this door is ours. Raises BadSignature, BadReceipt."""
    found, text = door(name), query.get("echostr", "")
    if name == chat.WECHAT:  # never encrypted, whatever the mode
        _prove(found, query, "signature", real_at=real_at)
        return text
    _prove(found, query, "msg_signature", text, real_at=real_at)
    return _opened(found, text).decode("utf-8", "replace")


def take(name: str, query: Mapping[str, str], body: bytes, *, at: datetime, real_at: datetime) -> Said:
    """Take one event. real_at: the instant by the provider's clock. Raises BadSignature, BadReceipt."""
    found = door(name)
    if len(body) > MOST_BYTES:
        raise BadReceipt("too long")
    try:
        if found.key:
            outer = tencent.read_xml(body) if _has_signature(query, "msg_signature") else {}
            _prove(found, query, "msg_signature", outer.get("Encrypt", ""), real_at=real_at)
            said = tencent.read_xml(_opened(found, outer.get("Encrypt", "")))
        else:
            _prove(found, query, "signature", real_at=real_at)
            said = tencent.read_xml(body)
    except tencent.NotReadable as error:
        raise BadReceipt(str(error)) from error
    return _take(found, said, at=at)


def _has_signature(query: Mapping[str, str], name: str) -> bool:
    if not query.get(name):
        raise BadSignature("not signed")
    return True


def _prove(found: Door, query: Mapping[str, str], name: str, *more: str, real_at: datetime) -> None:
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not tencent.is_signed(query.get(name, ""), found.token, stamp, nonce, *more):
        raise BadSignature("signed with another token")
    fresh = stamp.isascii() and stamp.isdigit() and len(stamp) < 13
    if not fresh or abs(real_at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSignature("too old")


def _opened(found: Door, text: str) -> bytes:
    try:
        return tencent.decrypt(text, key=found.key, receiver=found.receiver)
    except tencent.NotReadable as error:
        raise BadReceipt(str(error)) from error


def _take(found: Door, said: Mapping[str, str], *, at: datetime) -> Said:
    kind, event = said.get("MsgType", "").strip().lower(), said.get("Event", "").strip()
    if kind == "event" and event.upper() == FINISHED:
        return _finished(found, said, at=at)
    sender = said.get("FromUserName", "").strip()
    try:
        account = chat.canonical(f"{found.name}:{sender}")
    except chat.BadAccount as error:
        raise BadReceipt("nobody wrote it") from error
    if kind == "event" and event.lower() in LEFT:
        return _left(found, said, account, at=at)
    if kind == "event":
        return Said("followed" if event.lower() in JOINED else "ignored")
    return _words(found, said, account, kind, at=at)


def _words(found: Door, said: Mapping[str, str], account: str, kind: str, *, at: datetime) -> Said:
    """Take what a person wrote, said or showed."""
    number = said.get("MsgId", "").strip()
    if not number or not kind:
        raise BadReceipt("MsgType and MsgId are wanted")
    text = {
        "text": said.get("Content", ""),
        "voice": said.get("Recognition", ""),  # what the provider made of it, where that is switched on
        "link": " ".join(filter(None, (said.get("Title", ""), said.get("Description", ""), said.get("Url", "")))),
        "location": said.get("Label", ""),
    }.get(kind, "")
    taken = inbound.take(
        Incoming(source=found.provider, event_id=number, channel="chat", sender=account, text=text), at=at
    )
    media = said.get("MediaId", "").strip() if kind in FILES else ""
    if not taken.is_new and (not media or taken.message.attachments.exists()):
        return Said("repeated", taken.message)
    return Said("reply", taken.message, media, said.get("FileName", "") or FILES.get(kind, ""))


def _left(found: Door, said: Mapping[str, str], account: str, *, at: datetime) -> Said:
    """Who does not follow us any more has asked us not to write there. Following again withdraws nothing."""
    name = f"left:{account}:{said.get('CreateTime', '')}"
    event_id = receipts.named(name)
    if DeliveryReceipt.objects.filter(provider=found.provider, event_id=event_id).exists():
        return Said("repeated")
    known = Address.objects.filter(kind=Address.Kind.CHAT, value_hash=sealed.digest("chat", account)).first()
    points = known is not None and known.contact_points.exclude(state="removed").exists()
    if known is not None and points:
        way_out.stop_at(
            known.pk, channel="chat", source=Source.MESSAGE, evidence=f"{found.provider}: unsubscribe",
            actor=CARRIER, at=at,
        )  # fmt: skip
    else:
        addresses.silence_unknown(kind="chat", canonical=account, actor=CARRIER, at=at)
    # Kept last: a crash before that lets the provider bring it again.
    with transaction.atomic():
        DeliveryReceipt.objects.bulk_create(
            [DeliveryReceipt(provider=found.provider, event_id=event_id, status="left", received_at=at, applied=True)],
            ignore_conflicts=True,
        )
    return Said("left")


def _finished(found: Door, said: Mapping[str, str], *, at: datetime) -> Said:
    """Take what became of a template message: success, failed:user block, failed: system failed, or another word."""
    number, status = said.get("MsgID", "").strip(), said.get("Status", "").strip().lower()
    if not number or not status:
        raise BadReceipt("MsgID and Status are wanted")
    word, _colon, why = (part.strip() for part in status.partition(":"))
    code = why.replace(" ", "-")[:60]
    ours = {"success": "delivered", "failed": "failed"}.get(word, word)
    what = receipts.keep(
        Report(provider=found.provider, event_id=f"{number}:{status}", ref=number, status=ours, code=code), at=at
    )
    if "block" in why:  # he has shut our messages out: nothing is wrong with the account, and nothing more goes there
        report = Report(
            provider=found.provider, event_id=f"{number}:blocked", ref=number, status="complaint", code=code
        )
        receipts.keep(report, at=at)
    return Said(what)
