"""A telephone system that rings nobody: legs that behave as scripted, bridges, playbacks, and the events of all that.

What a number does is said by its last digit, or ordered for the ending of a number: see SCRIPTS. What goes wrong with
requests and events is ordered as for messages (`faults`): events come twice, out of order, before the answer, never.
"""

import heapq
import itertools
import queue
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from .faults import Fault
from .store import Message, Store

# script -> (last digit of a number outside that follows it, what happens)
SCRIPTS: Final[dict[str, tuple[str, str]]] = {
    "answers": ("", "somebody answers and stays until we hang up"),
    "hangs_up": ("6", "somebody answers and hangs up after a while"),
    "drops": ("5", "answered, and the line drops at once"),
    "busy": ("7", "busy"),
    "rings_out": ("8", "it rings, and nobody answers"),
    "invalid": ("9", "not in service"),
    "rejects": ("", "the call is refused"),
    "congested": ("", "the network has no line"),
    "silent": ("", "nothing is ever heard of it"),
}
# script -> ((after so many beats, what), …); destroyed:<cause of Q.850>:<dialstatus>
_STEPS: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "answers": ((0.3, "ringing"), (2.0, "up")),
    "hangs_up": ((0.3, "ringing"), (2.0, "up"), (14.0, "destroyed:16:")),
    "drops": ((0.3, "ringing"), (2.0, "up"), (2.5, "destroyed:38:")),
    "busy": ((1.0, "destroyed:17:BUSY"),),
    "rings_out": ((0.3, "ringing"), (8.0, "destroyed:19:NOANSWER")),
    "invalid": ((0.5, "destroyed:1:CHANUNAVAIL"),),
    "rejects": ((0.3, "ringing"), (2.0, "destroyed:21:BUSY")),
    "congested": ((0.5, "destroyed:34:CONGESTION"),),
    "silent": (),
}
PLAYS_FOR: Final = 2.0  # beats
WAITS_FOR: Final = 1.0  # beats that an event waits for the next one, where they come out of order
WORDS: Final = {
    1: "Unallocated (unassigned) number", 16: "Normal Clearing", 17: "User busy", 19: "User alerting, no answer",
    21: "Call Rejected", 34: "Circuit/channel congestion", 38: "Network out of order",
}  # fmt: skip


@dataclass
class Channel:
    """One leg."""

    id: str
    endpoint: str
    number: str
    app: str
    args: list[str]
    caller: str
    variables: dict[str, str]
    faults: dict[str, Fault] = field(default_factory=dict)
    state: str = "Down"
    in_stasis: bool = False
    held_back: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_outside(self) -> bool:
        """Whether this rings somebody outside, and no desk."""
        return self.number.startswith("+") or len(self.number) > 6

    def shown(self) -> dict[str, Any]:
        """Return it as ARI shows a channel."""
        technology = self.endpoint.partition("/")[0]
        return {
            "id": self.id,
            "name": f"{technology}/{self.number}-{self.id[-8:]}",
            "state": self.state,
            "caller": {"name": "", "number": self.number},
            "connected": {"name": "", "number": self.caller},
            "accountcode": "",
            "dialplan": {"context": "default", "exten": "s", "priority": 1},
            "creationtime": _now(),
            "language": self.variables.get("language", "en"),
        }


class Pbx:
    """All of it, safe for several threads. `pace`: seconds of one beat of the scripts."""

    def __init__(self, store: Store, *, pace: float = 1.0) -> None:
        """Begin with no calls and nobody listening."""
        self.store, self.pace = store, pace
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, set[str]] = {}
        self.recordings: dict[str, str] = {}  # name -> bridge
        self.scripts: list[tuple[str, str]] = []
        self.listeners: dict[str, queue.Queue[dict[str, Any] | None]] = {}
        self.dialled: list[tuple[str, str]] = []  # every leg that was ever dialled: id, number
        self._lock = threading.RLock()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._ended = False
        threading.Thread(target=self._work, daemon=True).start()

    # -- Orders ------------------------------------------------------------------------------------------------------

    def order(self, to: str, script: str) -> None:
        """Let numbers and extensions that end so follow a script."""
        if script not in SCRIPTS:
            raise ValueError(f"unknown script {script!r}; known: {', '.join(SCRIPTS)}")
        with self._lock:
            self.scripts.insert(0, (to, script))

    def script_of(self, channel: Channel) -> str:
        """Return what a leg does."""
        for ending, script in self.scripts:
            if channel.number.endswith(ending):
                return script
        if channel.is_outside:
            for script, (digit, _) in SCRIPTS.items():
                if digit and channel.number.endswith(digit):
                    return script
        return "answers"

    def end(self) -> None:
        """Stop; lines are closed."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()
        for listener in list(self.listeners.values()):
            listener.put(None)

    # -- Events ------------------------------------------------------------------------------------------------------

    def listen(self, app: str) -> "queue.Queue[dict[str, Any] | None]":
        """Give the events of an application to a new listener; the one before it is told, and gets no more."""
        mine: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with self._lock:
            before = self.listeners.get(app)
            self.listeners[app] = mine
        if before is not None:
            before.put({"type": "ApplicationReplaced", "application": app, "timestamp": _now()})
            before.put(None)
        return mine

    def leave(self, app: str, mine: "queue.Queue[dict[str, Any] | None]") -> None:
        """Let a listener go."""
        with self._lock:
            if self.listeners.get(app) is mine:
                del self.listeners[app]

    def _tell(self, channel: Channel, kind: str, /, **more: Any) -> None:
        event = {
            "type": kind,
            "application": channel.app,
            "timestamp": _now(),
            "asterisk_id": "00:00:5e:00:53:01",
            **more,
        }
        if "no_receipt" in channel.faults:
            return
        events = [event]
        if "receipts_out_of_order" in channel.faults:  # every event waits for the next one, and comes after it
            with self._lock:
                if not channel.held_back and kind != "ChannelDestroyed":
                    channel.held_back.append(event)
                    self._at(WAITS_FOR * self.pace, lambda: self._let_go(channel, event))
                    return
                events = [event, *channel.held_back]
                channel.held_back.clear()
        for each in events:
            for _ in range(2 if "duplicate_receipts" in channel.faults else 1):
                self._put(channel.app, each)

    def _let_go(self, channel: Channel, event: dict[str, Any]) -> None:
        """Tell an event that waited for a next one which did not come."""
        with self._lock:
            if not any(each is event for each in channel.held_back):
                return
            channel.held_back.clear()
        self._put(channel.app, event)

    def _put(self, app: str, event: dict[str, Any]) -> None:
        with self._lock:
            listener = self.listeners.get(app)
        if listener is not None:
            listener.put(event)

    # -- Calls -------------------------------------------------------------------------------------------------------

    def originate(self, asked: dict[str, Any], faults: dict[str, Fault]) -> Channel | None:
        """Dial a leg; None where its id is in use."""
        endpoint = str(asked["endpoint"])
        number = endpoint.partition("/")[2].partition("@")[0]
        channel = Channel(
            id=str(asked.get("channelId") or f"{time.time():.6f}"),
            endpoint=endpoint,
            number=number,
            app=str(asked.get("app", "")),
            args=[str(asked.get("appArgs", ""))],
            caller=str(asked.get("callerId", "")),
            variables={str(name): str(value) for name, value in dict(asked.get("variables") or {}).items()},
            faults=faults,
        )
        with self._lock:
            if channel.id in self.channels:
                return None
            self.channels[channel.id] = channel
            self.dialled.append((channel.id, number))
        if channel.is_outside:
            self.store.accept(self._message(channel), idempotent=False)
        early = "receipt_before_answer" in faults
        for after, what in _STEPS[self.script_of(channel)]:
            if early:
                self._step(channel.id, what)
            else:
                self._in(after * self.pace, channel.id, what)
        return channel

    def hang_up(self, channel_id: str, *, cause: int = 16) -> bool:
        """End a leg; False where there is none."""
        with self._lock:
            channel = self.channels.get(channel_id)
        if channel is None:
            return False
        self._tell(channel, "ChannelHangupRequest", channel=channel.shown(), cause=cause)
        self._destroy(channel_id, cause, "")
        return True

    def play(self, channel_id: str, playback_id: str, media: str) -> dict[str, Any] | None:
        """Play something to a leg; None where it is not in our hands."""
        with self._lock:
            channel = self.channels.get(channel_id)
        if channel is None or not channel.in_stasis:
            return None
        playback = {"id": playback_id, "media_uri": media, "target_uri": f"channel:{channel_id}", "state": "playing"}
        self._tell(channel, "PlaybackStarted", playback=playback)
        done = "failed" if media.startswith("sound:missing") else "done"
        self._at(PLAYS_FOR * self.pace, lambda: self._played(channel, {**playback, "state": done}))
        if channel.is_outside and (kept := self._kept(channel_id)) is not None:
            kept.text = media
        return playback

    def record(self, bridge_id: str, name: str) -> bool:
        """Record a bridge; False where a recording has this name."""
        with self._lock:
            if name in self.recordings:
                return False
            self.recordings[name] = bridge_id
            inside = [self.channels[each] for each in self.bridges[bridge_id] if each in self.channels]
        if inside:
            recording = {"name": name, "format": "wav", "state": "recording", "target_uri": f"bridge:{bridge_id}"}
            self._tell(inside[0], "RecordingStarted", recording=recording)
        return True

    # -- What happens ------------------------------------------------------------------------------------------------

    def _step(self, channel_id: str, what: str) -> None:
        with self._lock:
            channel = self.channels.get(channel_id)
        if channel is None:
            return
        if what == "ringing":
            channel.state = "Ringing"
            self._note(channel, "ringing")
            self._tell(channel, "Dial", peer=channel.shown(), dialstatus="RINGING")
            self._tell(channel, "ChannelStateChange", channel=channel.shown())
        elif what == "up":
            channel.state = "Up"
            self._note(channel, "answered")
            self._tell(channel, "Dial", peer=channel.shown(), dialstatus="ANSWER")
            self._tell(channel, "ChannelStateChange", channel=channel.shown())
            with self._lock:
                heard = channel.app in self.listeners
            if not heard:  # as Asterisk does when nobody is behind an application
                self._destroy(channel_id, 16, "")
                return
            channel.in_stasis = True
            self._tell(channel, "StasisStart", channel=channel.shown(), args=channel.args)
        else:
            _, cause, dialstatus = what.split(":")
            self._destroy(channel_id, int(cause), dialstatus)

    def _destroy(self, channel_id: str, cause: int, dialstatus: str) -> None:
        with self._lock:
            channel = self.channels.pop(channel_id, None)
            if channel is None:
                return
            for inside in self.bridges.values():
                inside.discard(channel_id)
        unanswered = channel.state != "Up"
        if dialstatus:
            self._tell(channel, "Dial", peer=channel.shown(), dialstatus=dialstatus)
        if channel.in_stasis:
            self._tell(channel, "StasisEnd", channel=channel.shown())
        if unanswered:
            ended = {17: "busy", 19: "no answer", 1: "not in service"}.get(cause, "not answered")
            self._note(channel, ended)
        else:
            self._note(channel, "ended")
        self._tell(
            channel, "ChannelDestroyed", channel=channel.shown(), cause=cause, cause_txt=WORDS.get(cause, "Unknown")
        )
        for name, bridge_id in list(self.recordings.items()):
            if bridge_id in self.bridges and not self.bridges[bridge_id]:
                self._recorded(channel, name, bridge_id)

    def _recorded(self, channel: Channel, name: str, bridge_id: str) -> None:
        self.recordings[name] = ""
        recording = {"name": name, "format": "wav", "state": "done", "target_uri": f"bridge:{bridge_id}", "duration": 7}
        self._tell(channel, "RecordingFinished", recording=recording)

    def _played(self, channel: Channel, playback: dict[str, Any]) -> None:
        with self._lock:
            lives = channel.id in self.channels
        if lives:
            self._tell(channel, "PlaybackFinished", playback=playback)

    def _message(self, channel: Channel) -> Message:
        said = channel.variables.get("NOTICE_MEDIA", "")
        return Message(id=f"call_{uuid.uuid4().hex}", channel="voice", to=channel.number, sender=channel.caller,
                       text=said, key=channel.id, status="dialled", via="ari")  # fmt: skip

    def _kept(self, channel_id: str) -> Message | None:
        found = self.store.find("voice", channel_id)
        return found[-1] if found else None

    def _note(self, channel: Channel, status: str) -> None:
        kept = self._kept(channel.id) if channel.is_outside else None
        if kept is not None:
            self.store.note(kept, status)

    # -- Time --------------------------------------------------------------------------------------------------------

    def _in(self, seconds: float, channel_id: str, what: str) -> None:
        self._at(seconds, lambda: self._step(channel_id, what))

    def _at(self, seconds: float, do: Callable[[], None]) -> None:
        with self._condition:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), do))
            self._condition.notify()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._ended and (not self._due or self._due[0][0] > time.monotonic()):
                    self._condition.wait(max(0.0, self._due[0][0] - time.monotonic()) if self._due else None)
                if self._ended:
                    return
                _, _, do = heapq.heappop(self._due)
            do()


def _now() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}+0000"
