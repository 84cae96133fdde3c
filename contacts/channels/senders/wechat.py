"""WeChat: template messages of an official account.

The provider sends templates that it has registered, with values: our text leaves only where a registered template gives
it back letter by letter. Our key travels as client_msg_id, under which the provider sends once within ten minutes; it
cannot be asked what it has.
Codes: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from typing import Final

from django.conf import settings

from contacts.channels import chat
from contacts.channels.senders.base import AccountRefused, Message, Permanent, Receipt, Temporary, Unknown
from contacts.channels.senders.http import MOST_ANSWER, Answer, Wire, refuse_by_status
from contacts.channels.senders.wechat_token import BUSY, STALE, Token, code_of, fetch

BAD_ACCOUNT: Final = frozenset({40003, 43004})  # no such open id; does not follow the account any more
OPTED_OUT: Final = frozenset({43101, 43019})
REFUSES_US: Final = frozenset({40013, 40125, 40164, 41004, 48001, 48004, 50001, 50002, 61004})
MAY_HAVE_LEFT: Final = frozenset({-1})


class WeChat:
    """The official account WECHAT_APP_ID."""

    def __init__(self, *, timeout: float | None = None, most: int = MOST_ANSWER) -> None:
        """Read whose account it is and what it has registered."""
        self.url = settings.WECHAT_URL.rstrip("/")
        self.templates = chat.registered() if settings.WECHAT_TEMPLATES else []
        self.wire = Wire(timeout=timeout or settings.PROVIDER_TIMEOUT_S, keep_alive=False, most=most)
        self.token = Token(
            self.wire,
            lambda: {
                "method": "POST",
                "url": f"{self.url}/cgi-bin/stable_token",
                "json": {
                    "grant_type": "client_credential",
                    "appid": settings.WECHAT_APP_ID,
                    "secret": settings.WECHAT_APP_SECRET,
                },
            },
        )

    def fetch(self, media: str) -> bytes:
        """Return a file that a person has sent. Raises Temporary, Permanent."""
        return fetch(self.wire, self.token, f"{self.url}/cgi-bin/media/get", media)

    def hand_over(self, message: Message, to: str) -> Receipt:
        """Send it; a token that has ended is renewed once. Raises like `Sender.send`."""
        code, values = self._registered(message.text)
        asked: dict[str, object] = {
            "touser": to,
            "template_id": code,
            "data": {name: {"value": value} for name, value in values.items()},
            "client_msg_id": str(message.key),
        }
        token = self.token.get()
        answer = self._post(token, asked)
        if answer.status == 200 and code_of(answer) in STALE:  # refused for the token: certainly not sent
            answer = self._post(self.token.renew(token), asked)
        return self._said(answer)

    def _post(self, token: str, asked: dict[str, object]) -> Answer:
        return self.wire.call(
            "POST", f"{self.url}/cgi-bin/message/template/send", params={"access_token": token}, json=asked
        )

    def _registered(self, text: str) -> tuple[str, dict[str, str]]:
        for template in self.templates:
            values = template.values_in(text)
            if values is not None:
                long = [
                    name for name, value in values.items() if name.startswith("thing") and len(value) > chat.MOST_THING
                ]
                if long:
                    raise Permanent("wording-argument-refused")
                return template.code, values
        raise Permanent("wording-not-registered")

    def _said(self, answer: Answer) -> Receipt:
        code = code_of(answer)
        if answer.status != 200:
            refuse_by_status(answer)
        if code is None or code in MAY_HAVE_LEFT:
            raise Unknown("unreadable answer" if code is None else str(code))
        if code == 0:
            ref = answer.said.get("msgid")
            if not isinstance(ref, int | str) or not str(ref):
                raise Unknown("unreadable answer")
            return Receipt(chat.NAMES[chat.WECHAT], str(ref)[:120])
        refuse(code, answer)
        raise Permanent("provider-refused")


def refuse(code: int, answer: Answer) -> None:
    """Raise what a code of the provider means; return where it only concerns this message, or is not known."""
    if code in BAD_ACCOUNT:
        raise Permanent("address-unknown", address_is_bad=True)
    if code in OPTED_OUT:
        raise Permanent("opted-out-at-provider", opted_out=True)
    if code in BUSY:
        raise Temporary("provider-busy", retry_after=answer.retry_after)
    if code == 40037:
        raise Permanent("wording-not-registered")
    if code == 47003:
        raise Permanent("wording-argument-refused")
    if code in REFUSES_US or code in STALE:
        raise AccountRefused("provider-refuses-us")
