"""What providers report, in their own words, made into ours: Twilio, Aliyun, and e-mail providers through anymail.

Who signed it is checked first. Each event has a name of its own, so that the same one is taken once.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.http import HttpRequest

from contacts import inbound
from contacts.channels import providers, receipts
from contacts.channels.receipts import BadReceipt, BadSignature, Report

BEIJING: Final = timezone(timedelta(hours=8))
# -- Twilio --------------------------------------------------------------------------------------------------------
TWILIO: Final = providers.NAMES[providers.TWILIO]
_TWILIO_WORDS: Final = {"delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed",
                        "canceled": "failed"}  # fmt: skip
TWILIO_NOBODY: Final = frozenset({"30005", "30006", "21211", "21614"})  # unknown, or a line that takes no SMS
TWILIO_SILENCE: Final = frozenset({"21610"})
# -- Aliyun --------------------------------------------------------------------------------------------------------
ALIYUN: Final = providers.NAMES[providers.ALIYUN]
ALIYUN_NOBODY: Final = frozenset({"MK:0001", "MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_NUMBER_ILLEGAL"})
ALIYUN_SILENCE: Final = frozenset({"MOBILE_IN_BLACK", "isv.MOBILE_IN_BLACK"})
# -- E-mail through anymail: the class that reads the events of each ------------------------------------------------
ANYMAIL: Final = "anymail"
_READERS: Final = {
    "brevo": ("brevo", "BrevoTrackingWebhookView"),
    "mailersend": ("mailersend", "MailerSendTrackingWebhookView"),
    "mailgun": ("mailgun", "MailgunTrackingWebhookView"),
    "mailjet": ("mailjet", "MailjetTrackingWebhookView"),
    "mandrill": ("mandrill", "MandrillCombinedWebhookView"),
    "postmark": ("postmark", "PostmarkTrackingWebhookView"),
    "resend": ("resend", "ResendTrackingWebhookView"),
    "sendgrid": ("sendgrid", "SendGridTrackingWebhookView"),
    "sparkpost": ("sparkpost", "SparkPostTrackingWebhookView"),
}
# A bounce of these kinds says that the mailbox is full, slow or careful today; it is only noted.
_SOFT: Final = frozenset({"soft", "softbounce", "temporary", "transient", "soft_bounce"})


def take_twilio(body: bytes, headers: Mapping[str, str], *, path: str, host: str, at: datetime) -> str:
    """Take a status callback or a message that a person wrote; return what it was.

    path, host: of the request, as the provider wrote it; the signature is over the whole address. Raises BadSignature,
    BadReceipt. Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
    """
    form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    url = f"{settings.PUBLIC_URL or f'http://{host}'}{path}"
    given = headers.get("X-Twilio-Signature", "")
    if not settings.TWILIO_AUTH_TOKEN or not hmac.compare_digest(
        given.encode(), sign_twilio(url, form, settings.TWILIO_AUTH_TOKEN).encode()
    ):
        raise BadSignature("signed with another secret")
    said = dict(form)
    sid = said.get("MessageSid") or said.get("SmsSid") or ""
    if not sid:
        raise BadReceipt("MessageSid is wanted")
    word = said.get("MessageStatus", "")
    if not word and "Body" in said:
        words = said["Body"]
        if said.get("OptOutType") == "STOP" and not inbound.means_stop(words):
            words = "STOP"  # what he wrote is a word of stopping that was agreed with the provider, not with us
        return receipts.take_reply(
            provider=TWILIO, event_id=sid, sender=said.get("From", ""), text=words, channel="sms", at=at
        )
    if not word:
        raise BadReceipt("MessageStatus is wanted")
    code = said.get("ErrorCode", "")
    return receipts.keep(
        Report(
            provider=TWILIO,
            event_id=f"{sid}:{word}",
            ref=sid,
            key=dict(parse_qsl(urlsplit(path).query)).get("key", ""),
            status="complaint" if code in TWILIO_SILENCE else _TWILIO_WORDS.get(word, word),
            code=code,
            nobody=code in TWILIO_NOBODY,
            segments=said.get("NumSegments", ""),
        ),
        at=at,
    )


def sign_twilio(url: str, form: list[tuple[str, str]], secret: str) -> str:
    """Return the signature of a callback: HMAC-SHA1 over its address and its sorted fields, base64."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def take_aliyun(body: bytes, token: str, *, at: datetime) -> list[str]:
    """Take a list of reports (SmsReport) and messages of people (SmsUp); return what each was.

    They are not signed: the token in the address is the proof. Raises BadSignature, BadReceipt.
    Source: https://help.aliyun.com/zh/sms/developer-reference/smsreport-2
    """
    if not settings.CALLBACK_TOKEN or not hmac.compare_digest(token.encode(), settings.CALLBACK_TOKEN.encode()):
        raise BadSignature("another address")
    try:
        events = json.loads(body)
    except ValueError as error:
        raise BadReceipt("no JSON") from error
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events) or len(events) > 1000:
        raise BadReceipt("a list of objects is wanted")
    return [_one_of_aliyun(event, at=at) for event in events]


def _one_of_aliyun(event: dict[str, Any], *, at: datetime) -> str:
    number = str(event.get("phone_number") or "")
    if "content" in event:
        plain = number.lstrip("+").removeprefix("00")
        sender = f"+86{plain}" if len(plain) == 11 and plain.startswith("1") else f"+{plain}"
        return receipts.take_reply(
            provider=ALIYUN,
            event_id=f"up:{event.get('sequence_id') or event.get('send_time') or ''}:{_short(number)}",
            sender=sender,
            text=str(event["content"]),
            channel="sms",
            at=at,
        )
    ref, code = str(event.get("biz_id") or ""), str(event.get("err_code") or "")
    if not ref or not isinstance(event.get("success"), bool):
        raise BadReceipt("biz_id and success are wanted")
    failed = "complaint" if code in ALIYUN_SILENCE else "failed"
    return receipts.keep(
        Report(
            provider=ALIYUN,
            event_id=f"{ref}:{code}",
            ref=ref,
            key=str(event.get("out_id") or ""),
            status="delivered" if event["success"] else failed,
            code="" if event["success"] else code,
            nobody=code in ALIYUN_NOBODY,
            occurred_at=_beijing(event.get("report_time")),
            segments=str(event.get("sms_size") or ""),
        ),
        at=at,
    )


def take_mail(request: HttpRequest, *, at: datetime) -> list[str]:
    """Take the events of the provider in EMAIL_ANYMAIL; return what each was. Raises BadSignature, BadReceipt."""
    from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure

    if settings.EMAIL_PROVIDER != "anymail":
        raise BadSignature("no such provider")
    given = json.loads(settings.EMAIL_ANYMAIL or "{}")
    module, name = _READERS.get(str(given.get("backend")), ("", ""))
    secret = given.get("webhook_secret")
    if not module or not secret:
        raise BadSignature("no such provider")
    reader = getattr(import_module(f"anymail.webhooks.{module}"), name)(
        webhook_secret=secret, **given.get("webhook_options", {})
    )
    try:
        reader.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        raise BadSignature("signed with another secret") from error
    try:
        events = reader.parse_events(request)
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadReceipt("not understood") from error
    return [_one_of_mail(event, at=at) for event in events]


def _one_of_mail(event: Any, *, at: datetime) -> str:
    kind, why = str(event.event_type or ""), str(event.reject_reason or "")
    status, nobody = kind, False
    if kind in ("bounced", "rejected", "failed"):
        said = event.esp_event if isinstance(event.esp_event, dict) else {}
        kinds = {str(said.get(name, "")).lower() for name in ("Type", "type", "severity", "bounce_class", "event")}
        soft = kind == "bounced" and bool(kinds & _SOFT)
        status = "deferred" if soft else "failed"
        # SendGrid gives no reason of a bounce: 5.1.x says that there is no such mailbox (RFC 3463); "blocked" does not.
        unnamed = not why and said.get("type") == "bounce" and str(said.get("status", "")).startswith("5.1.")
        nobody = not soft and (why in ("bounced", "invalid") or unnamed)
    elif kind in ("complained", "unsubscribed"):
        status = "complaint"
    elif kind in ("opened", "clicked", "inbound"):  # never asked for; not kept
        return "ignored"
    ref = str(event.message_id or "")
    named = str(event.event_id or "") or f"{ref}:{event.timestamp.isoformat() if event.timestamp else ''}"
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    return receipts.keep(
        Report(
            provider=ANYMAIL,
            event_id=f"{kind}:{named}",
            ref=ref,
            key=str(metadata.get("key") or ""),
            status=status,
            code=why if status != "delivered" else "",
            nobody=nobody,
            occurred_at=event.timestamp,
        ),
        at=at,
    )


def _beijing(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
    except ValueError:
        return None


def _short(number: str) -> str:
    """Return what tells two numbers apart in the name of an event without being one."""
    return hashlib.sha256(f"{settings.CALLBACK_TOKEN}\0{number}".encode()).hexdigest()[:12]
