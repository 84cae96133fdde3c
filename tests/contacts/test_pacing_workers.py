"""The pace of a provider over several workers, each on a connection of its own."""

import threading
import time

from django.db import connections

from contacts.dispatch import pacing

HTTP = "sms-http"


def test_four_workers_together_keep_the_pace(own_database, settings):
    """Each on a connection of its own, as processes are."""
    settings.PROVIDER_RATES = ["sms=40"]
    taken: list[float] = []

    def work() -> None:
        try:
            for _ in range(5):
                pacing.take_slot(HTTP, channel="sms")
                taken.append(time.monotonic())
        finally:
            connections.close_all()

    begun = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == 20
    assert max(taken) - begun >= 19 / 40
