"""Asterisk by its REST interface (ARI): one POST per leg under our own channel id, so that a retry dials nobody twice.

Asterisk refuses a channel id that is in use with 409: the leg is ours, dialled by an earlier try whose answer was
lost. Once a channel has ended its id is free again and GET answers 404, so that absence proves nothing by itself;
what was heard of the channel does (`NoticeSender.look_up`).
"""

import json
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final
from urllib.parse import quote

from django.conf import settings

from contacts.channels import telephony
from contacts.channels.senders.base import Permanent, Temporary, Unknown
from contacts.channels.senders.http import Answer, Wire, refuse_by_status
from contacts.channels.senders.voice import line
from contacts.channels.senders.voice.cti import OTHER, RINGING, UP, Cti, Line

MEDIA: Final = "NOTICE_MEDIA"
DESK_TIMEOUT_S: Final = 5.0
STATES: Final = {"Ringing": RINGING, "Ring": RINGING, "Up": UP}


class Ari(Cti):
    """The Asterisk at ARI_URL."""

    name: ClassVar[str] = telephony.NAME

    def __init__(self) -> None:
        """Read where it is; open nothing yet."""
        self.url = settings.ARI_URL
        self.app = settings.ARI_APP
        # A line that is kept open cannot be told from one that was just closed; a channel id makes that harmless only
        # while the channel lives, so every request takes a line of its own.
        self.wire = Wire(timeout=settings.PROVIDER_TIMEOUT_S, keep_alive=False)
        self.desk_wire = Wire(timeout=min(DESK_TIMEOUT_S, settings.PROVIDER_TIMEOUT_S), keep_alive=False)
        self.auth = (settings.ARI_USER, settings.ARI_PASSWORD)

    def ring_desk(self, leg: str, *, extension: str) -> None:
        """Ring a desk. A person waits for the answer, so it must come soon."""
        self._originate(self.desk_wire, leg, telephony.desk_endpoint(extension), {})

    def _dial_out(self, leg: str, number: str, variables: dict[str, str]) -> None:
        if not telephony.is_number(number):
            raise Permanent("address-unknown", address_is_bad=True)
        self._originate(self.wire, leg, telephony.line_endpoint(number), variables)

    def dial_notice(self, leg: str, *, number: str, media: str, language: str) -> None:
        """Dial a number that will hear something. Called by the sender of notices, which has checked the permit."""
        self._dial_out(leg, number, {MEDIA: media, "language": language})

    def _originate(self, wire: Wire, leg: str, endpoint: str, variables: dict[str, str]) -> None:
        asked = {
            "endpoint": endpoint,
            "app": self.app,
            "appArgs": leg.partition("-")[0],
            "channelId": leg,
            "callerId": settings.CALL_FROM,
            "timeout": settings.ARI_RING_S,
            "variables": variables,
        }
        answer = self._post(wire, "/channels", asked)
        if answer.status == 409:  # dialled by a try whose answer was lost: it is ours
            return
        if answer.status == 400:
            raise Permanent("number-not-dialled")
        refuse_by_status(answer)
        if not 200 <= answer.status < 300:
            raise Permanent("provider-refused")
        if answer.said.get("id") != leg:
            raise Unknown("unreadable answer")

    def connect(self, bridge: str, legs: tuple[str, ...]) -> None:
        """Make a mixing bridge under this name and put the legs into it; doing it twice does no harm."""
        self._done(self._post(self.wire, f"/bridges/{quote(bridge)}", {"type": "mixing"}))
        self._done(self._post(self.wire, f"/bridges/{quote(bridge)}/addChannel", {"channel": ",".join(legs)}))

    def record(self, bridge: str, recording: str) -> None:
        """Record the bridge; a recording of this name that runs already stays."""
        asked = {"name": recording, "format": "wav", "ifExists": "fail", "terminateOn": "none"}
        answer = self._post(self.wire, f"/bridges/{quote(bridge)}/record", asked)
        if answer.status != 409:
            self._done(answer)

    def play(self, leg: str, *, media: str, playback: str) -> None:
        """Play the media to a leg under this name."""
        self._done(self._post(self.wire, f"/channels/{quote(leg)}/play/{quote(playback)}", {"media": media}))

    def media_of(self, leg: str) -> str:
        """Return the media that the leg was dialled with."""
        answer = self.wire.call("GET", f"{self.url}/channels/{quote(leg)}/variable", params={"variable": MEDIA},
                                auth=self.auth)  # fmt: skip
        if answer.status == 404:
            return ""
        self._done(answer)
        value = answer.said.get("value")
        return value if isinstance(value, str) else ""

    def hang_up(self, leg: str) -> None:
        """End a leg."""
        self._gone(self.wire.call("DELETE", f"{self.url}/channels/{quote(leg)}", auth=self.auth))

    def disconnect(self, bridge: str) -> None:
        """Take a bridge away."""
        self._gone(self.wire.call("DELETE", f"{self.url}/bridges/{quote(bridge)}", auth=self.auth))

    def state_of(self, leg: str) -> str | None:
        """Ask how a leg stands."""
        try:
            answer = self.wire.call("GET", f"{self.url}/channels/{quote(leg)}", auth=self.auth)
        except Unknown as error:
            raise Temporary("provider-unreachable") from error
        if answer.status == 404 and "message" in answer.said:  # Asterisk says so in words; a proxy's page does not
            return None
        if answer.status != 200 or answer.said.get("id") != leg:
            raise Temporary("no-look-up")
        return STATES.get(str(answer.said.get("state")), OTHER)

    def line(self) -> AbstractContextManager[Line]:
        """Open the WebSocket of events."""
        return line.open_line(self.url, user=self.auth[0], password=self.auth[1], app=self.app)

    def _post(self, wire: Wire, path: str, asked: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(asked, ensure_ascii=False).encode()
        return wire.call("POST", self.url + path, data=body, headers=headers, auth=self.auth)

    def _done(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status in (404, 409, 422):  # the leg has gone, or is not in our hands
            raise Permanent("call-is-over")
        refuse_by_status(answer)
        raise Permanent("provider-refused")

    def _gone(self, answer: Answer) -> None:
        if answer.status != 404:
            self._done(answer)
