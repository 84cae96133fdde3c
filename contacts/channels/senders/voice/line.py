"""The events of Asterisk: a WebSocket with keep-alive, read into our words. What cannot be read is kept as "other"."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from contacts.channels.senders.voice.cti import (
    DIALLED,
    ENDED,
    ENTERED,
    LEFT,
    OTHER,
    PLAY_FAILED,
    PLAYED,
    RECORD_FAILED,
    RECORDED,
    RECORDING,
    REPLACED,
    RINGING,
    UP,
    Heard,
    Line,
    LineDown,
)

MOST_EVENT: Final = 256 * 1024  # bytes
OPEN_S: Final = 5.0
PING_S: Final = 5.0
RINGS: Final = frozenset({"RINGING", "PROGRESS", "PROCEEDING"})
_STATES: Final = {"Ringing": RINGING, "Up": UP}
_SIMPLE: Final = {"StasisStart": ENTERED, "StasisEnd": LEFT, "ChannelDestroyed": ENDED}
_RECORDINGS: Final = {
    "RecordingStarted": RECORDING, "RecordingFinished": RECORDED, "RecordingFailed": RECORD_FAILED,
}  # fmt: skip


@contextmanager
def open_line(url: str, *, user: str, password: str, app: str) -> Iterator[Line]:
    """Open the events of an application; the password travels in a header, never in the address. Raises LineDown."""
    address = f"{'wss' if url.startswith('https:') else 'ws'}:{url.partition(':')[2]}/events?app={app}"
    signed_in = base64.b64encode(f"{user}:{password}".encode()).decode()
    try:
        socket = connect(
            address,
            additional_headers={"Authorization": f"Basic {signed_in}"},
            proxy=None,
            compression=None,
            open_timeout=OPEN_S,
            close_timeout=1,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            max_size=MOST_EVENT,
            max_queue=1024,
        )
    except InvalidStatus as error:
        refused = error.response.status_code in (401, 403, 404)
        raise LineDown("provider-refuses-us" if refused else "provider-unreachable") from error
    except (OSError, InvalidHandshake, WebSocketException, EOFError) as error:
        raise LineDown("provider-unreachable") from error
    with socket:
        yield WebSocketLine(socket)


class WebSocketLine(Line):
    """An open WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        """Read from this socket."""
        self.socket = socket

    def events(self, *, wait_s: float) -> Iterator[Heard]:
        """Return what arrives within the time; what is no text or no JSON object is passed over."""
        until = time.monotonic() + wait_s
        try:
            while True:
                try:
                    message = self.socket.recv(timeout=max(0.0, until - time.monotonic()))
                except TimeoutError:
                    return
                heard = read(message)
                if heard is not None:
                    yield heard
        except ConnectionClosed as error:
            raise LineDown("provider-unreachable") from error


def read(message: str | bytes) -> Heard | None:
    """Return one event of ARI in our words, or None for what is no event at all."""
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    canonical = json.dumps(event, sort_keys=True, ensure_ascii=False)
    kept: dict[str, Any] = {
        "event_id": hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest(),
        "detail": event["type"][:40].replace("\0", ""),
        "at": _instant(event.get("timestamp")),
    }
    return Heard(**kept, **_meaning(event))


def _meaning(event: dict[str, Any]) -> dict[str, Any]:
    kind = event["type"]
    if kind in _SIMPLE:
        return {"what": _SIMPLE[kind], "name": _id(event, "channel"), "cause": _number(event.get("cause"))}
    if kind == "ChannelStateChange":
        channel = event.get("channel")
        state = str(channel.get("state")) if isinstance(channel, dict) else ""
        return {"what": _STATES.get(state, OTHER), "name": _id(event, "channel")}
    if kind == "Dial":
        status = _word(event.get("dialstatus"))
        what = RINGING if status in RINGS else UP if status == "ANSWER" else DIALLED if status else OTHER
        return {"what": what, "name": _id(event, "peer"), "dialstatus": status}
    if kind == "PlaybackFinished":
        playback = event.get("playback")
        done = isinstance(playback, dict) and playback.get("state") == "done"
        return {"what": PLAYED if done else PLAY_FAILED, "name": _id(event, "playback")}
    if kind in _RECORDINGS:
        return {"what": _RECORDINGS[kind], "name": _id(event, "recording", "name")}
    if kind == "ApplicationReplaced":
        return {"what": REPLACED}
    return {"what": OTHER, "name": _id(event, "channel")}


def _id(event: dict[str, Any], part: str, field: str = "id") -> str:
    found = event.get(part)
    value = found.get(field) if isinstance(found, dict) else None
    return value[:80].replace("\0", "") if isinstance(value, str) else ""


def _word(value: Any) -> str:
    return value[:20].replace("\0", "").upper() if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255 else None


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo else None
