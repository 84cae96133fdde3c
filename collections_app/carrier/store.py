"""What arrived: in memory for the page and the figures, and line by line in a file that a restarted carrier reads."""

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KEPT = 200_000  # messages; older ones are forgotten by the page, never by the file


@dataclass
class Message:
    """One accepted message. `at` is seconds since 1970; `events` are the receipts sent back, in order.

    via: the interface by which it came, in whose words its receipts go back; callback: where to, if the message said.
    """

    id: str
    channel: str
    to: str
    sender: str
    text: str
    key: str = ""
    reference: str = ""
    subject: str = ""
    body_hash: str = ""
    at: float = field(default_factory=time.time)
    status: str = "accepted"
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    via: str = ""
    callback: str = ""
    events: list[str] = field(default_factory=list)


class Store:
    """All messages, safe for several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read what an earlier run kept in `folder`, if one is given."""
        self._lock = threading.Lock()
        self._messages: dict[str, Message] = {}
        self._by_key: dict[tuple[str, str], list[str]] = {}
        self.counts: Counter[str] = Counter()
        self._file = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "messages.jsonl"
            self._read(path)
            self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115  (kept open for the life of the process)

    def accept(self, message: Message, *, idempotent: bool) -> Message:
        """Keep the message and return it; with a key that is known, return the earlier one instead."""
        with self._lock:
            known = self._by_key.get((message.channel, message.key), []) if message.key else []
            if idempotent and known:
                self.counts[f"{message.channel}.replayed"] += 1
                return self._messages[known[0]]
            self._keep(message)
            self._write({"message": asdict(message)})
            return message

    def find(self, channel: str, key: str) -> list[Message]:
        """Return the messages that were accepted under this key."""
        with self._lock:
            return [self._messages[each] for each in self._by_key.get((channel, key), []) if each in self._messages]

    def note(self, message: Message, status: str) -> None:
        """Record that the message moved on (sent, delivered, failed)."""
        with self._lock:
            message.status = status
            message.events.append(status)
            self._write({"id": message.id, "status": status})

    def count(self, name: str) -> None:
        """Count one happening, such as a refused request or a fault."""
        with self._lock:
            self.counts[name] += 1

    def latest(self, *, channel: str = "", limit: int = 200, to: str = "") -> list[Message]:
        """Return the newest messages first."""
        with self._lock:
            found = [
                each
                for each in reversed(self._messages.values())
                if channel in ("", each.channel) and to in ("", each.to)
            ]
        return found[:limit]

    def figures(self) -> dict[str, Any]:
        """Return the counts; `most_per_key` above 1 means that one message left twice."""
        with self._lock:
            per_key = Counter(len(ids) for (_, key), ids in self._by_key.items() if key)
            by_channel = Counter(each.channel for each in self._messages.values())
            by_status = Counter(each.status for each in self._messages.values())
            return {
                "messages": dict(by_channel),
                "status": dict(by_status),
                "keys": sum(per_key.values()),
                "most_per_key": max(per_key, default=0),
                "keys_used_twice": sum(times for length, times in per_key.items() if length > 1),
                "counts": dict(self.counts),
            }

    def clear(self) -> None:
        """Forget everything, the file included."""
        with self._lock:
            self._messages.clear()
            self._by_key.clear()
            self.counts.clear()
            if self._file is not None:
                self._file.truncate(0)

    def _keep(self, message: Message) -> None:
        self._messages[message.id] = message
        if message.key:
            self._by_key.setdefault((message.channel, message.key), []).append(message.id)
        self.counts[f"{message.channel}.accepted"] += 1
        if len(self._messages) > KEPT:
            self._messages.pop(next(iter(self._messages)))

    def _read(self, path: Path) -> None:
        if not path.is_file():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # the last line of a killed process
                continue
            if "message" in row:
                self._keep(Message(**row["message"]))
            elif row.get("id") in self._messages:
                self._messages[row["id"]].status = row["status"]
                self._messages[row["id"]].events.append(row["status"])

    def _write(self, row: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()
