"""E-mail by SMTP. A mail server keeps no keys and cannot be asked: after a crash a person settles what became of it."""

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from typing import Any, ClassVar

from django.conf import settings

from contacts.channels.senders import email_text
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    Permanent,
    Receipt,
    Sender,
    Temporary,
    Unknown,
)

BAD_MAILBOX = frozenset({550, 551, 553})


class EmailSender(Sender):
    """The mail server named in the settings."""

    channel: ClassVar[str] = "email"
    provider: ClassVar[str] = "smtp"

    def __init__(self) -> None:
        """Read where the mail server is. Raises NotConfigured."""
        options = (settings.MAILERS.get("default") or {}).get("OPTIONS") or {}
        if not options.get("host"):
            raise NotConfigured(self.channel)
        self.options: dict[str, Any] = options

    def _hand_over(self, message: Message, to: str) -> Receipt:
        mail, message_id = self._compose(message, to)
        options = self.options
        try:
            client = smtplib.SMTP(options["host"], options.get("port") or 25, timeout=options.get("timeout") or 10)
        except OSError as error:
            raise Temporary("provider-unreachable") from error
        try:
            return self._converse(client, mail, message_id, to)
        finally:
            client.close()

    def _converse(self, client: smtplib.SMTP, mail: EmailMessage, message_id: str, to: str) -> Receipt:
        options = self.options
        try:
            client.ehlo_or_helo_if_needed()
            if options.get("use_tls"):
                client.starttls(context=ssl.create_default_context())
            if options.get("username"):
                client.login(options["username"], options.get("password", ""))
            code, said = client.mail(email_text.sender_address())
            if code >= 500:  # it refuses us, not the person: every message waits until that is mended
                raise AccountRefused("provider-refuses-us")
            if code == 250:
                code, said = client.rcpt(to)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:
                raise Temporary("provider-busy") from error
            raise AccountRefused("provider-refuses-us") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Temporary("provider-unreachable") from error
        if code not in (250, 251):
            raise _refusal(code, said)
        try:  # from here on the server may take it although we never hear so
            code, said = client.data(mail.as_bytes(policy=policy.SMTP))  # CRLF, lines of at most 998
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unknown(type(error).__name__) from error
        if code != 250:
            raise _refusal(code, said)
        return Receipt(self.provider, message_id)

    def _compose(self, message: Message, to: str) -> tuple[EmailMessage, str]:
        mail = EmailMessage()
        mail["From"] = email_text.from_line(message)
        mail["To"] = to
        mail["Subject"] = email_text.one_line(message.subject)
        for name, value in email_text.headers(message).items():
            mail[name] = value
        mail.set_content(message.text)
        mail.add_alternative(email_text.html(message), subtype="html")
        return mail, email_text.message_id(message)


def _refusal(code: int, said: bytes | str) -> Temporary | Permanent:
    """Return what a reply code says. A 4yz is "not now", a 5yz "not ever". Source: RFC 5321, 4.2.1."""
    if 400 <= code < 500:
        return Temporary("provider-busy")
    bad = code in BAD_MAILBOX
    return Permanent("address-unknown" if bad else "provider-refused", address_is_bad=bad)


def email_sender() -> Sender:
    """Return the sender of the provider in use. Raises NotConfigured."""
    if settings.EMAIL_PROVIDER == "anymail":
        from contacts.channels.senders.email_anymail import AnymailSender

        return AnymailSender()
    return EmailSender()
