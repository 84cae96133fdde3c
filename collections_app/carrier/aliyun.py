"""An Aliyun-compatible interface (Dysmsapi 2017-05-25): SendSms, QuerySendDetails, receipts as a JSON list.

Signatures of both kinds are checked: v1 (HMAC-SHA1, in the parameters) and v3 (HMAC-SHA256, in the headers). The secret
is the carrier's token, the name of its key KEY_ID. OutId can be looked up, and keeps nothing from being sent twice.
"""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from email.message import Message as Headers
from typing import Any
from urllib.parse import parse_qsl, quote

from .faults import Fault
from .store import Message, Store

KEY_ID = "LTAI-local"
OLD_AFTER_S = 900
# fault -> (status, code)
REFUSALS = {
    "rate_limited": (200, "isv.BUSINESS_LIMIT_CONTROL"),
    "error": (500, "InternalError"),
    "refused": (200, "isv.MOBILE_NUMBER_ILLEGAL"),
    "opted_out": (200, "isv.MOBILE_IN_BLACK"),
    "no_funds": (200, "isv.AMOUNT_NOT_ENOUGH"),
}
_V3 = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})")


def asked_for(method: str, query: str, headers: "Headers[str, str]", body: bytes) -> dict[str, str]:
    """Return the parameters of a request, wherever they stand."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if method == "POST" and headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        asked |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "x-acs-action" in headers:
        asked["Action"] = headers["x-acs-action"]
    return asked


def unsigned(
    method: str, asked: dict[str, str], headers: "Headers[str, str]", body: bytes, *, token: str, nonces: set[str]
) -> tuple[int, str] | None:
    """Return what is wrong with who signed a request and when, or None."""
    found = _V3.fullmatch(headers.get("Authorization", ""))
    if found is not None:
        key_id, names, given = found.groups()
        stamp, nonce = headers.get("x-acs-date", ""), headers.get("x-acs-signature-nonce", "")
        sent = {name: value for name, value in asked.items() if name != "Action"}
        lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names.split(";"))
        content = hashlib.sha256(body).hexdigest()
        request = "\n".join([method, "/", _canonical(sent), lines, names, content])
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
        expected = hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()
        if headers.get("x-acs-content-sha256") != content or "x-acs-date" not in names.split(";"):
            return 400, "SignatureDoesNotMatch"
    else:
        given, key_id = asked.get("Signature", ""), asked.get("AccessKeyId", "")
        stamp, nonce = asked.get("Timestamp", ""), asked.get("SignatureNonce", "")
        sent = {name: value for name, value in asked.items() if name != "Signature"}
        text = f"{method}&{_percent('/')}&{_percent(_canonical(sent))}"
        expected = base64.b64encode(hmac.new(f"{token}&".encode(), text.encode(), hashlib.sha1).digest()).decode()
    if key_id != KEY_ID:
        return 404, "InvalidAccessKeyId.NotFound"
    if not given or not hmac.compare_digest(given.encode(), expected.encode()):
        return 400, "SignatureDoesNotMatch"
    if abs(time.time() - _seconds(stamp)) > OLD_AFTER_S:
        return 400, "InvalidTimeStamp.Expired"
    if not nonce or nonce in nonces:
        return 400, "SignatureNonceUsed"
    nonces.add(nonce)
    return None


def refused_by(faults: dict[str, Fault]) -> tuple[int, str] | None:
    """Return the answer that an ordered fault asks for, or None."""
    return next((REFUSALS[kind] for kind in REFUSALS if kind in faults), None)


def said(code: str, **more: Any) -> dict[str, Any]:
    """Return the body of an answer."""
    return {"Code": code, "Message": code, "RequestId": str(uuid.uuid4()).upper(), **more}


def read(asked: dict[str, str]) -> Message | str:
    """Return the message that SendSms asks for, or the code of what is wrong with it."""
    for name in ("PhoneNumbers", "SignName", "TemplateCode"):
        if not asked.get(name):
            return "isv.INVALID_PARAMETERS"
    try:
        values = json.loads(asked.get("TemplateParam") or "{}")
    except ValueError:
        return "isv.INVALID_JSON_PARAM"
    if not isinstance(values, dict) or not re.fullmatch(r"\d{7,20}", asked["PhoneNumbers"]):
        return "isv.MOBILE_NUMBER_ILLEGAL"
    return Message(
        id=f"{int(time.time() * 1000)}^{uuid.uuid4().hex[:8]}",
        channel="sms",
        to=asked["PhoneNumbers"],
        sender=asked["SignName"],
        text=f"{asked['TemplateCode']} {json.dumps(values, ensure_ascii=False)}",
        key=asked.get("OutId", ""),
        via="aliyun",
    )


def details(store: Store, asked: dict[str, str]) -> dict[str, Any]:
    """Return what QuerySendDetails knows of a number on a day."""
    found = [
        each
        for each in store.latest(channel="sms", to=asked.get("PhoneNumber", ""), limit=10_000)
        if each.via == "aliyun" and time.strftime("%Y%m%d", time.gmtime(each.at + 8 * 3600)) == asked.get("SendDate")
    ]
    rows = [
        {"OutId": each.key, "BizId": each.id, "PhoneNum": each.to, "Content": each.text,
         "SendStatus": {"delivered": 3, "failed": 2}.get(each.status, 1), "SendDate": _beijing(each.at)}
        for each in found[: int(asked.get("PageSize") or 10)]
    ]  # fmt: skip
    return said("OK", TotalCount=len(found), SmsSendDetailDTOs={"SmsSendDetailDTO": rows})


def receipt(message: Message, status: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a report. It is not signed: its address is the secret."""
    event = {
        "phone_number": message.to,
        "send_time": _beijing(message.at),
        "report_time": _beijing(time.time()),
        "success": status == "delivered",
        "err_code": "DELIVERED" if status == "delivered" else "MK:0001",
        "err_msg": "",
        "sms_size": "1",
        "biz_id": message.id,
        "out_id": message.key,
    }
    return json.dumps([event], ensure_ascii=False).encode(), {"Content-Type": "application/json;charset=UTF-8"}


def reply(*, sender: str, text: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a message that a person wrote (SmsUp)."""
    event = {"phone_number": sender, "send_time": _beijing(time.time()), "content": text, "sign_name": "local",
             "dest_code": "1", "sequence_id": uuid.uuid4().int % 10**12}  # fmt: skip
    return json.dumps([event], ensure_ascii=False).encode(), {"Content-Type": "application/json;charset=UTF-8"}


def _canonical(asked: Mapping[str, str]) -> str:
    return "&".join(f"{_percent(name)}={_percent(asked[name])}" for name in sorted(asked))


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _seconds(stamp: str) -> float:
    import calendar

    try:
        return float(calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")))
    except ValueError:
        return 0.0


def _beijing(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + 8 * 3600))
