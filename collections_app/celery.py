"""The Celery application: a doorbell, never the truth.

A message says only "look in table X". It may be lost, doubled, late or forged, and nothing goes wrong because of it:
what is due is decided by rows in PostgreSQL, and a minute tick in UTC finds what no message announced. No zone
arithmetic happens here, because Celery's own schedules skip or repeat hours when clocks change.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collections_app.settings")

app = Celery("collections_app")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# The only entry there may ever be: every schedule is rows, seen on one screen.
app.conf.beat_schedule = {
    "minute-tick": {"task": "contacts.minute_tick", "schedule": crontab(), "options": {"expires": 55}},
}


def route(name: str, args: Any, kwargs: dict[str, Any], options: Any, task: Any = None, **kw: Any) -> dict[str, str]:
    """Return the queue of a task: the channel's own when the task is told a channel, else the default one."""
    from django.conf import settings

    channel = (kwargs or {}).get("channel")
    return {"queue": channel if channel in settings.CHANNEL_QUEUES else settings.CELERY_TASK_DEFAULT_QUEUE}
