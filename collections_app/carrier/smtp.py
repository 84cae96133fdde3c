"""The SMTP side: accepts every message and delivers none."""

import asyncio
import email
import email.policy
import uuid
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from .faults import Faults
from .store import Message, Store

MOST_BYTES = 10 * 1024 * 1024
REFUSALS = {
    "rate_limited": "451 4.7.1 Too many messages, try later",
    "error": "451 4.3.0 Temporary fault",
    "refused": "550 5.1.1 No such mailbox",
}


class Sink:
    """Keeps what arrives; the key of a mail is its Message-ID."""

    def __init__(self, store: Store, faults: Faults) -> None:
        """Keep mails in the store, and follow the ordered faults."""
        self.store, self.faults = store, faults

    async def handle_DATA(  # noqa: N802  (the name that aiosmtpd calls)
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take one mail and answer as a mail server would."""
        self.store.count("email.posts")
        to = envelope.rcpt_tos[0] if envelope.rcpt_tos else ""
        faults = self.faults.draw("email", to)
        for kind in faults:
            self.store.count(f"faults.{kind}")
        if "delay" in faults:
            await asyncio.sleep(faults["delay"].delay_s)
        for kind, refusal in REFUSALS.items():
            if kind in faults:
                return refusal
        if "cut" in faults:
            server.transport.abort()
            return "421 4.3.0 Closing"
        self._keep(envelope)
        if "error_after_accept" in faults:
            return "451 4.3.0 Temporary fault"
        if "timeout_after_accept" in faults:
            await asyncio.sleep(faults["timeout_after_accept"].delay_s)
            server.transport.abort()
        return "250 2.0.0 Accepted"

    def _keep(self, envelope: Any) -> None:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) else None
        html = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
        # A mail server knows no idempotency: the same Message-ID twice is two mails, and the figures show it.
        self.store.accept(
            Message(
                id=f"email_{uuid.uuid4().hex}",
                channel="email",
                to=", ".join(envelope.rcpt_tos),
                sender=str(envelope.mail_from or ""),
                subject=str(mail.get("Subject", "")),
                text=body.get_content() if body is not None else "",
                key=str(mail.get("Message-ID", "")).strip().strip("<>"),
                reference=str(mail.get("X-Reference", "")),
                html=html.get_content() if html is not None else "",
                headers={name: str(value) for name, value in mail.items()},
            ),
            idempotent=False,
        )


class MailServer(Controller):
    """The SMTP server in a thread of its own."""

    def factory(self) -> SMTP:
        """Return the protocol of one connection."""
        return SMTP(
            self.handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="carrier.localhost",
            ident="carrier",
        )


def start(store: Store, faults: Faults, *, host: str, port: int) -> MailServer:
    """Start the SMTP server and return it; `server.stop()` ends it."""
    server = MailServer(Sink(store, faults), hostname=host, port=port)
    server.start()
    return server
