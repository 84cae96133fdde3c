"""SMS through Aliyun (Dysmsapi 2017-05-25) or a provider with its interface: SendSms and QuerySendDetails.

The provider sends templates that it has registered, with values: our text leaves only where a registered template gives
it back letter by letter. Our key travels as OutId, by which the message is looked up; SendSms itself does not heed it.
Codes: https://help.aliyun.com/zh/sms/developer-reference/api-error-codes
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

from django.conf import settings

from contacts.channels import providers
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    Permanent,
    Receipt,
    Sender,
    Temporary,
    Unknown,
)
from contacts.channels.senders.http import Answer, Wire, real_now, refuse_by_status

VERSION: Final = "2017-05-25"
BEIJING: Final = timezone(timedelta(hours=8))  # the day of QuerySendDetails
BAD_NUMBER: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.INVALID_MOBILE_NUMBER"})
OPTED_OUT: Final = frozenset({"isv.MOBILE_IN_BLACK", "MOBILE_IN_BLACK"})
# A value holds a word that the provider does not let through: nothing that the person has asked for.
WORDING: Final = frozenset({"isv.BLACK_KEY_CONTROL_LIMIT", "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL"})
BUSY: Final = frozenset({
    "isv.BUSINESS_LIMIT_CONTROL", "isv.BUSINESS_LIMIT_HOUR", "isv.BUSINESS_LIMIT_DAY", "BUSINESS_LIMIT_CONTROL_MINUTE",
    "BUSINESS_LIMIT_CONTROL_PHONE", "Throttling", "Throttling.User", "Throttling.Api",
})  # fmt: skip
# the account, its balance and limits, its signature, a wrong key: nothing gets out until somebody mends it
REFUSES_US: Final = frozenset({
    "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE",
    "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isp.RAM_PERMISSION_DENY", "isv.DENY_IP_RANGE",
    "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL",
    "isv.SIGN_STATE_ILLEGAL", "isv.SMS_SIGN_NAME_ILLEGAL", "isv.RAM_CHECK_FAILED", "isv.BILLING_DEDUCTION_ERROR",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL", "isv.EXTEND_CODE_ERROR", "SignatureDoesNotMatch",
    "IncompleteSignature", "InvalidTimeStamp.Expired", "Forbidden.RAM", "NoPermission", "Forbidden",
})  # fmt: skip
REFUSES_US_BEGINS: Final = ("InvalidAccessKeyId", "InvalidSecurityToken", "Forbidden.")
# May come after the message was taken, or say that nobody knows.
MAY_HAVE_LEFT: Final = frozenset({
    "isp.SYSTEM_ERROR", "isp.UNKNOWN", "isp.GATEWAY_ERROR", "isp.GATEWAY_TIMEOUT", "InternalError",
})  # fmt: skip


class AliyunSms(Sender):
    """The account ALIYUN_ACCESS_KEY_ID."""

    channel: ClassVar[str] = "sms"
    provider: ClassVar[str] = providers.NAMES[providers.ALIYUN]
    can_look_up = True

    def __init__(self) -> None:
        """Read whose account it is and what it has registered. Raises NotConfigured."""
        if not (settings.ALIYUN_ACCESS_KEY_ID and settings.ALIYUN_ACCESS_KEY_SECRET):
            raise NotConfigured(self.channel)
        self.url = settings.ALIYUN_SMS_URL.rstrip("/") + "/"
        self.templates = providers.registered_templates()
        self.wire = Wire(timeout=settings.PROVIDER_TIMEOUT_S, keep_alive=True)

    def _hand_over(self, message: Message, to: str) -> Receipt:
        code, values = self._registered(message.text)
        answer = self.wire.call(
            **self._request(
                "SendSms",
                {
                    "PhoneNumbers": _number(to),
                    "SignName": settings.ALIYUN_SMS_SIGN_NAME,
                    "TemplateCode": code,
                    "TemplateParam": json.dumps(values, ensure_ascii=False, separators=(",", ":")),
                    "OutId": str(message.key),
                },
            )
        )
        return self._said(answer)

    def _said(self, answer: Answer) -> Receipt:
        said = answer.said
        if answer.status == 200 and said.get("Code") == "OK":
            ref = said.get("BizId")
            if not isinstance(ref, str) or not ref:
                raise Unknown("unreadable answer")
            return Receipt(self.provider, ref[:120])
        refuse(str(said.get("Code") or ""), answer)
        refuse_by_status(answer)
        if not said.get("Code"):
            raise Unknown("unreadable answer")
        raise Permanent("provider-refused")

    def _registered(self, text: str) -> tuple[str, dict[str, str]]:
        for template in self.templates:
            values = template.values_in(text)
            if values is not None:
                return template.code, values
        raise Permanent("wording-not-registered")

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return what left under this key. Raises Temporary when it cannot say, and when it finds nothing.

        Details appear some time after the message was taken, so that finding nothing proves nothing.
        """
        begun = (since or real_now()).astimezone(BEIJING)
        for day in dict.fromkeys([begun.date(), (begun + timedelta(minutes=30)).date()]):
            asked = {"PhoneNumber": _number(to), "SendDate": f"{day:%Y%m%d}", "PageSize": "50", "CurrentPage": "1"}
            said = self.wire.ask(**self._request("QuerySendDetails", asked)).said
            if said.get("Code") != "OK":
                raise Temporary("no-look-up")
            details = said.get("SmsSendDetailDTOs")
            found = details.get("SmsSendDetailDTO") if isinstance(details, dict) else None
            for each in found if isinstance(found, list) else ():
                if isinstance(each, dict) and each.get("OutId") == str(key):
                    return Receipt(self.provider, str(each.get("BizId") or "")[:120])
        raise Temporary("no-look-up")

    def _request(self, action: str, asked: Mapping[str, str]) -> dict[str, Any]:
        """Return a signed request. v1: everything in the form; v3: the parameters in the query, the rest in headers."""
        key_id, secret = settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET
        stamp, nonce = f"{real_now():%Y-%m-%dT%H:%M:%SZ}", uuid4().hex
        if settings.ALIYUN_SIGNATURE == "v1":
            common = {
                "AccessKeyId": key_id,
                "Action": action,
                "Format": "JSON",
                "SignatureMethod": "HMAC-SHA1",
                "SignatureNonce": nonce,
                "SignatureVersion": "1.0",
                "Timestamp": stamp,
                "Version": VERSION,
            }
            form = {**common, **asked}
            return {"method": "POST", "url": self.url, "data": {**form, "Signature": sign_v1("POST", form, secret)}}
        headers = {
            "host": urlsplit(self.url).netloc,
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": stamp,
            "x-acs-signature-nonce": nonce,
            "x-acs-version": VERSION,
        }
        signature = sign_v3("POST", asked, headers, secret)
        names = ";".join(sorted(headers))
        said = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
        url = f"{self.url}?{canonical(asked)}"
        return {
            "method": "POST",
            "url": url,
            "headers": {**headers, "Authorization": said, "Accept": "application/json"},
        }


def refuse(code: str, answer: Answer) -> None:
    """Raise what a code of the provider means; return where it only concerns this message, or is not known."""
    if code in MAY_HAVE_LEFT or (answer.status >= 500 and not code.startswith("Throttling")):
        raise Unknown(code or f"status {answer.status}")
    if code in BAD_NUMBER:
        raise Permanent("address-unknown", address_is_bad=True)
    if code in OPTED_OUT:
        raise Permanent("opted-out-at-provider", opted_out=True)
    if code in WORDING:
        raise Permanent("wording-argument-refused")
    if code in BUSY:
        raise Temporary("provider-busy", retry_after=answer.retry_after)
    if code in REFUSES_US or code.startswith(REFUSES_US_BEGINS):
        raise AccountRefused("provider-refuses-us")


def canonical(asked: Mapping[str, str]) -> str:
    """Return the parameters in the one form that is signed: sorted, percent-encoded by RFC 3986."""
    return "&".join(f"{_percent(name)}={_percent(asked[name])}" for name in sorted(asked))


def sign_v1(method: str, asked: Mapping[str, str], secret: str) -> str:
    """Return the signature of an RPC request: HMAC-SHA1 of method, path and sorted parameters, base64."""
    text = f"{method}&{_percent('/')}&{_percent(canonical(asked))}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def sign_v3(method: str, asked: Mapping[str, str], headers: Mapping[str, str], secret: str) -> str:
    """Return the signature of a request by ACS3-HMAC-SHA256: over method, path, parameters and all named headers."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = "\n".join([method, "/", canonical(asked), lines, ";".join(names), headers["x-acs-content-sha256"]])
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _number(to: str) -> str:
    """Return a number as the provider writes it: mainland numbers bare, others with the country and without a plus."""
    return to.removeprefix("+86") if to.startswith("+86") else to.lstrip("+")
