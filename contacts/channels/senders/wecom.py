"""Enterprise WeChat (WeCom): text messages of an application to members of the enterprise.

The provider holds back an equal message to the same person within the interval of its duplicate check; it knows no key
and cannot be asked what it has. Codes: https://developer.work.weixin.qq.com/document/path/90313
"""

from typing import Final

from django.conf import settings

from contacts.channels import chat
from contacts.channels.senders.base import AccountRefused, Message, Permanent, Receipt, Temporary, Unknown
from contacts.channels.senders.http import MOST_ANSWER, Answer, Wire, refuse_by_status
from contacts.channels.senders.wechat_token import BUSY, STALE, Token, code_of, fetch

DUPLICATES_S: Final = 1800  # seconds within which an equal message is held back; the provider's most is four hours
MOST_BYTES: Final = 2048  # of the text, in UTF-8
BAD_ACCOUNT: Final = frozenset({40003, 60111, 81013})  # no such member, or nobody of those named may be written to
REFUSES_US: Final = frozenset({40013, 40056, 40091, 48002, 60011, 60020, 301002})
MAY_HAVE_LEFT: Final = frozenset({-1})


class WeCom:
    """The application WECOM_AGENT_ID of the enterprise WECOM_CORP_ID."""

    def __init__(self, *, timeout: float | None = None, most: int = MOST_ANSWER) -> None:
        """Read whose application it is."""
        self.url = settings.WECOM_URL.rstrip("/")
        self.wire = Wire(timeout=timeout or settings.PROVIDER_TIMEOUT_S, keep_alive=False, most=most)
        self.token = Token(
            self.wire,
            lambda: {
                "method": "GET",
                "url": f"{self.url}/cgi-bin/gettoken",
                "params": {"corpid": settings.WECOM_CORP_ID, "corpsecret": settings.WECOM_SECRET},
            },
        )

    def fetch(self, media: str) -> bytes:
        """Return a file that a person has sent. Raises Temporary, Permanent."""
        return fetch(self.wire, self.token, f"{self.url}/cgi-bin/media/get", media)

    def hand_over(self, message: Message, to: str) -> Receipt:
        """Send it; a token that has ended is renewed once. Raises like `Sender.send`."""
        if len(message.text.encode()) > MOST_BYTES:
            raise Permanent("wording-argument-refused")  # the provider would cut it, and what we keep would not be true
        asked = {
            "touser": to,
            "msgtype": "text",
            "agentid": int(settings.WECOM_AGENT_ID),
            "text": {"content": message.text},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATES_S,
        }
        token = self.token.get()
        answer = self._post(token, asked)
        if answer.status == 200 and code_of(answer) in STALE:
            answer = self._post(self.token.renew(token), asked)
        return self._said(answer, to)

    def _post(self, token: str, asked: dict[str, object]) -> Answer:
        return self.wire.call("POST", f"{self.url}/cgi-bin/message/send", params={"access_token": token}, json=asked)

    def _said(self, answer: Answer, to: str) -> Receipt:
        code, said = code_of(answer), answer.said
        if answer.status != 200:
            refuse_by_status(answer)
        if code is None or code in MAY_HAVE_LEFT:
            raise Unknown("unreadable answer" if code is None else str(code))
        if code == 0:
            nobody = str(said.get("invaliduser") or "").lower().split("|")
            if to.lower() in nobody or str(said.get("unlicenseduser") or "").lower() == to.lower():
                raise Permanent("address-unknown", address_is_bad=True)
            ref = said.get("msgid")
            if not isinstance(ref, str) or not ref:
                raise Unknown("unreadable answer")
            return Receipt(chat.NAMES[chat.WECOM], ref[:120])
        if code in BAD_ACCOUNT:
            raise Permanent("address-unknown", address_is_bad=True)
        if code in BUSY:
            raise Temporary("provider-busy", retry_after=answer.retry_after)
        if code in REFUSES_US or code in STALE:
            raise AccountRefused("provider-refuses-us")
        raise Permanent("provider-refused")
