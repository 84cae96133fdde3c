"""`python -m collections_app.carrier`: start the local carrier and serve until told to stop."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from . import smtp
from .faults import Faults
from .receipts import Receipts
from .store import Store
from .web import Carrier


def main(arguments: list[str] | None = None) -> int:
    """Start both servers, say their addresses as one JSON line, and serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="carrier", description="A local SMS provider and mail server that deliver nothing."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http-port", type=int, default=8025, help="0 takes any free port")
    parser.add_argument("--smtp-port", type=int, default=2525, help="0 takes any free port")
    parser.add_argument("--folder", type=Path, help="keep messages here, so that a restart remembers them")
    parser.add_argument("--callback", default="", help="address that receipts and replies are posted to")
    parser.add_argument("--receipt-delay", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--suffixes", action="store_true", help="let number endings order faults")
    chosen = parser.parse_args(arguments)
    # Secrets come from the environment, because arguments show in lists of processes.
    token, secret = os.environ.get("CARRIER_TOKEN", ""), os.environ.get("CARRIER_WEBHOOK_SECRET", "")
    if not token:
        parser.error("CARRIER_TOKEN is not set")

    store, faults = Store(chosen.folder), Faults(suffixes=chosen.suffixes)
    receipts = Receipts(store, url=chosen.callback, secret=secret, delay_s=chosen.receipt_delay)
    web = Carrier((chosen.host, chosen.http_port), store=store, faults=faults, receipts=receipts, token=token)
    smtp_port = chosen.smtp_port or _free_port(chosen.host)
    mail = smtp.start(store, faults, host=chosen.host, port=smtp_port)
    print(json.dumps({"http": f"http://{chosen.host}:{web.server_port}", "smtp": smtp_port}), flush=True)  # noqa: T201

    def end(*_: object) -> None:
        threading.Thread(target=web.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    web.serve_forever(poll_interval=0.1)
    receipts.end()
    mail.stop()
    web.server_close()
    return 0


def _free_port(host: str) -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
