"""The mailer of an installation without EMAIL_HOST: it refuses aloud instead of losing messages."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend


class NoMailServer(BaseEmailBackend):
    """Raises ImproperlyConfigured for every message."""

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Refuse."""
        raise ImproperlyConfigured("EMAIL_HOST is not set, so no e-mail can leave.")
