"""`manage.py listen_to_telephone`: hears what the telephone system says; runs beside web, worker and beat."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.shared import clock
from contacts.calls import listening
from contacts.channels import telephony


class Command(BaseCommand):
    help = "Listen to the telephone system (CTI_PROVIDER) until told to stop; a second one waits to take over."

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen until SIGTERM or Ctrl-C."""
        if not telephony.is_on():
            raise CommandError("No telephone system is set up: CTI_PROVIDER is none.")
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.stdout.write(f"listening to {telephony.NAME}")
        listening.listen(now=clock.now, ended=ended)
