"""What goes wrong around the senders during a trial: a database that crashes, a pack that is exchanged, receipts that
come twice and in the wrong order."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import Error, connections

from collections_app import embedded
from collections_app.carrier.faults import Fault, Faults
from collections_app.embedded import postgres
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import packs_loader
from compliance.releases import scheduling
from contacts.channels import receipts

EXCHANGED: Final = "CN-CC-2011"  # a pack that binds everybody in the book of a trial
# What a provider does on a bad day; together `failing` of its requests.
BAD_DAY: Final = ("rate_limited", "error", "error_after_accept", "timeout_after_accept", "cut", "wrong_json")
# A mail server that says "try again" has not taken the mail: one that lies about that cannot be told from one that does
# not.
BAD_DAY_OF_MAIL: Final = ("rate_limited", "error", "timeout_after_accept", "cut")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A pack of which another version binds from an instant on: the hashes of both."""

    old: str
    new: str
    begins: datetime


def order_bad_day(faults: Faults, *, share: float, channel: str) -> None:
    """Let this part of the provider's requests fail, in all the ways in which they do."""
    kinds = BAD_DAY_OF_MAIL if channel == "email" else BAD_DAY
    for kind in kinds:
        faults.order(Fault(kind, share=share / len(kinds), delay_s=2.0, retry_after_s=1, channel=channel))


def order_odd_receipts(faults: Faults) -> None:
    """Let receipts come twice, in the wrong order, before the answer, or not at all."""
    for kind, share in (("duplicate_receipts", 0.5), ("receipts_out_of_order", 0.3), ("receipt_before_answer", 0.2),
                        ("no_receipt", 0.1)):  # fmt: skip
        faults.order(Fault(kind, share=share))


def exchange_pack(*, begins: datetime, at: datetime) -> Exchange:
    """Have officers schedule and approve another version of a pack, which says the same."""
    old = packs_loader.get(EXCHANGED)
    files = {
        path.name: path.read_text(encoding="utf-8")
        for path in (packs_loader.FOLDER / EXCHANGED).iterdir()
        if path.name in ("pack.toml", "contact.toml", "examples.toml", "notices.toml", "README.md")
    }
    files["pack.toml"] = files["pack.toml"].replace(f'version = "{old.version}"', 'version = "2099-01-01"')
    first, second = (Actor.of(User.objects.create(username=name, role="compliance")) for name in ("first", "second"))
    early = at - timedelta(hours=1)
    row = scheduling.propose(files=files, in_force_from=begins, reason="trial", actor=first, at=early)
    scheduling.approve(scheduled_id=row.pk, actor=second, at=early)
    return Exchange(old.hash, row.release.hash, begins)


class Crashes:
    """Stops the database of a cluster at once and starts it again, so many times, while the block lasts; where no
    cluster is given, never. Each comes when so many more messages were taken than at the one before.
    """

    def __init__(
        self,
        servers: embedded.Servers | None,
        *,
        times: int,
        taken: Callable[[], int],
        every: int,
        away_s: float = 0.0,
    ) -> None:
        self.servers, self.times, self.taken, self.every, self.away_s = servers, times, taken, every, away_s
        self.happened = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Crashes":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while self.servers is not None and self.happened < self.times:
            goal = self.taken() + self.every
            while self.taken() < goal:
                if self._over.wait(0.01):
                    return
            postgres.stop(Path(self.servers.data), immediately=True)
            self.happened += 1
            time.sleep(self.away_s)
            postgres.start(
                data=Path(self.servers.data),
                sockets=Path(self.servers.sockets),
                owner_password=self.servers.owner_password,
                app_password=self.servers.app_password,
                database=self.servers.database,
                durable=True,
            )


@contextmanager
def receiver(*, at: datetime) -> Iterator[str]:
    """Take the carrier's receipts over a socket as the product does; yields the address. at: when they are taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                receipts.take(body, dict(self.headers), at, real_at=clock.now() - clock.offset())
                self.send_response(200)
            except Error:
                with suppress(Error):
                    connections.close_all()
                self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def finish(self) -> None:
            super().finish()
            with suppress(Error):
                connections.close_all()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def wait_for_receipts(waiting: object, *, at_most_s: float) -> None:
    """Wait until the carrier has posted what it had to post. waiting: returns how many are left."""
    until = time.monotonic() + at_most_s
    while waiting() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.05)


def secret() -> str:
    """Return the secret that signs the carrier's receipts."""
    return str(settings.WEBHOOK_SECRET)
