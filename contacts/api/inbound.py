"""The doors for what people write to us: signed by a provider, or told by a system with a token.

Both name the event; the same event is taken once, whatever happens to the answer. The answer says that it was taken,
and never whether anybody is known under the number.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.api.fields import StrictInstant, StrictText
from cases.api.views import client_of
from collections_app.shared import clock
from contacts import inbound
from contacts.api.calls import Strict, case_of
from contacts.api.views import Webhook
from contacts.channels import receipts
from contacts.inbound import attachments, mail, receiving
from contacts.inbound.attachments import Attached
from contacts.inbound.receiving import Incoming
from contacts.models import InboundMessage

MOST_BYTES: Final = 12 * 1024 * 1024  # of one message with its files
MAIL: Final = "message/rfc822"
AHEAD: Final = timedelta(minutes=5)


class TooLarge(APIException):
    status_code = 413
    default_code = "too-large"
    default_detail = _("This is larger than what is taken.")


class LimitedJson(BaseParser):
    """JSON up to the limit; what is larger is not read at all."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(_limited(stream))
        except (ValueError, RecursionError) as error:
            raise ParseError(str(error)[:200]) from error


class LimitedRaw(BaseParser):
    """The bytes as they came, up to the limit."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return _limited(stream)


def _limited(stream: Any) -> bytes:
    body: bytes = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise TooLarge
    return body


class FileIn(Strict):
    name = StrictText(max_length=200)
    content = serializers.CharField(max_length=MOST_BYTES, help_text="Base64.", trim_whitespace=True)


class InboundIn(serializers.Serializer[Any]):
    """A message as another system tells it."""

    event_id = StrictText(max_length=200, help_text="The name of this event at the sender; taken once.")
    channel = serializers.ChoiceField(choices=receiving.CHANNELS)
    sender = StrictText(max_length=254, help_text="The number or address that it came from.")
    text = serializers.CharField(max_length=receiving.MOST_TEXT, allow_blank=True, help_text="The person's words.")
    sent_at = StrictInstant(required=False, help_text="When it was sent, with offset.")
    case = StrictText(max_length=24, required=False, default="", help_text="Reference of the case, where it is known.")
    files = serializers.ListField(child=FileIn(), required=False, default=list, max_length=attachments.MOST_FILES)


class InboundOut(serializers.Serializer[Any]):
    ref = serializers.CharField(help_text="Our reference of the message.")
    is_new = serializers.BooleanField(help_text="False where the event had been taken before.")


class InboundView(APIView):
    """Messages, transcripts of voice mail and chats from other systems."""

    scope = "contacts:write"
    parser_classes = (LimitedJson,)

    @extend_schema(request=InboundIn, responses={202: InboundOut, 413: None})
    def post(self, request: Request) -> Response:
        """Tell a message. What it asks for is in force when this answers; the same event again changes nothing."""
        data = InboundIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()
        case = case_of(client, known["case"]) if known["case"] else None
        taken = inbound.take(
            Incoming(
                source=f"client-{client.pk}",
                event_id=known["event_id"],
                channel=known["channel"],
                sender=known["sender"],
                text=mail.own_words(known["text"]) if known["channel"] == "email" else known["text"],
                whole=known["text"],
                sent_at=_not_later(known.get("sent_at"), at),
                files=tuple(Attached(file["name"], _decoded(file["content"])) for file in known["files"]),
                case_id=case.pk if case else None,
            ),
            at=at,
        )
        return Response(InboundOut({"ref": taken.message.ref, "is_new": taken.is_new}).data, status=202)


class InboundWebhook(Webhook):
    """Messages from a provider, signed like receipts: JSON for text messages and chats, MIME as it is for e-mail."""

    parser_classes = (LimitedRaw,)

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None, 401: None, 413: None, 422: None})
    def post(self, request: Request, channel: str) -> Response:
        at = clock.now()
        body: bytes = request.data or b""  # type: ignore[assignment]
        receipts.verify(body, request.headers, at - clock.offset(), most=MOST_BYTES)
        if channel not in receiving.CHANNELS:
            raise receipts.BadReceipt("no such channel")
        is_mime = (request.content_type or "").partition(";")[0].strip().lower() == MAIL
        incoming = of_mime(body) if channel == "email" and is_mime else of_json(body, channel)
        inbound.take(incoming, at=at)
        return Response(status=204)


def of_mime(body: bytes) -> Incoming:
    """Return an e-mail as a message. Never raises."""
    read = mail.read(body)
    return Incoming(
        source="mail",
        event_id=read.event_id,
        channel="email",
        sender=read.sender,
        text=read.text,
        whole=read.whole,
        kind=read.kind,
        sent_at=read.sent_at,
        files=read.files,
        failed=read.failed,
    )


def of_json(body: bytes, channel: str) -> Incoming:
    """Return a message from "event_id", "from", "text", "subject" and "files". Raises receipts.BadReceipt."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise receipts.BadReceipt("no JSON object") from error
    if not isinstance(event, dict):
        raise receipts.BadReceipt("no JSON object")
    event_id, sender, text = (event.get(name) for name in ("event_id", "from", "text"))
    if not all(isinstance(value, str) for value in (event_id, sender, text)) or not event_id or not sender:
        raise receipts.BadReceipt("event_id, from and text are wanted")
    files = event.get("files") or []
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise receipts.BadReceipt("files are a list")
    return Incoming(
        source=f"{channel}-webhook",
        event_id=str(event_id),
        channel=channel,
        sender=str(sender),
        text=mail.own_words(str(text)) if channel == "email" else str(text),
        whole=str(text),
        kind=InboundMessage.Kind.AUTO_REPLY if event.get("automatic") is True else InboundMessage.Kind.WORDS,
        files=tuple(
            Attached(str(file.get("name", "file")), _decoded(file.get("content")))
            for file in files[: attachments.MOST_FILES * 2]
        ),
    )


def _decoded(content: Any) -> bytes:
    """Return the bytes of a file; nothing for what is no base64, which then counts as empty."""
    try:
        return base64.b64decode(content, validate=True) if isinstance(content, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _not_later(sent_at: datetime | None, at: datetime) -> datetime | None:
    return None if sent_at is None or sent_at > at + AHEAD else min(sent_at, at)
