"""E-mail by a provider's API through django-anymail: EMAIL_PROVIDER=anymail, EMAIL_ANYMAIL says which.

No such provider keeps keys or can be asked by one; ours travels as metadata and comes back with the events.
"""

from typing import Any, ClassVar

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers

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
from contacts.channels.senders.http import Answer, as_careful, never_sent, refuse_by_status


class AnymailSender(Sender):
    """The provider named in EMAIL_ANYMAIL."""

    channel: ClassVar[str] = "email"
    provider: ClassVar[str] = "anymail"

    def __init__(self) -> None:
        """Check that one is set. Raises NotConfigured."""
        backend = (settings.MAILERS.get("default") or {}).get("BACKEND", "")
        if not backend.startswith("anymail."):
            raise NotConfigured(self.channel)

    def _hand_over(self, message: Message, to: str) -> Receipt:
        mail: Any = EmailMultiAlternatives(
            subject=email_text.one_line(message.subject),
            body=message.text,
            from_email=email_text.from_line(message),
            to=[to],
            headers={name: value for name, value in email_text.headers(message).items() if name != "Date"},
        )
        mail.attach_alternative(email_text.html(message), "text/html")
        mail.metadata = {"key": str(message.key)}
        backend: Any = mailers.create_connection("default")
        try:
            backend.open()
            session = getattr(backend, "session", None)
            if isinstance(session, requests.Session):
                as_careful(session).max_redirects = 0
            backend.send_messages([mail])
        except AnymailRecipientsRefused as refused:
            raise Permanent("address-unknown", address_is_bad=True) from refused
        except AnymailRequestsAPIError as error:
            raise _known(error) from error
        except AnymailError as error:  # made before anything was sent: what was asked for does not fit this provider
            raise AccountRefused("provider-refuses-us") from error
        finally:
            backend.close()
        status = mail.anymail_status
        if not status.message_id or not isinstance(status.message_id, str):
            raise Unknown("unreadable answer")
        return Receipt(self.provider, status.message_id[:120])


def _known(error: AnymailRequestsAPIError) -> Exception:
    """Return what is known after an error of the API."""
    response = getattr(error, "response", None)
    if response is None:
        sent_nothing = isinstance(error.__cause__, requests.RequestException) and never_sent(error.__cause__)
        return Temporary("provider-unreachable") if sent_nothing else Unknown(type(error).__name__)
    answer = Answer(response.status_code, response.content, response.headers)
    try:
        refuse_by_status(answer)
    except (Temporary, Unknown) as known:
        return known
    return Unknown("unreadable answer") if answer.status < 300 else Permanent("provider-refused")
