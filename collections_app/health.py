"""Health pages for whoever watches the installation: live, ready, age of the queue, metrics."""

import hmac
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from collections_app.shared import clock

# Work that is overdue by more than this is a fault: the minute tick should have found it three times.
STALE_AFTER_S = 180

# name -> function that returns the age in seconds of the oldest thing that is due and not done, None when nothing is
# due.
_queues: dict[str, Callable[[], float | None]] = {"contacts": lambda: oldest_due_contact()}
if settings.CTI_PROVIDER != "none":  # its events are due all the time: how long has nobody listened?
    _queues["telephone"] = lambda: unheard_telephone()


def register_queue(name: str, oldest_due: Callable[[], float | None]) -> None:
    """Let an app add its queue to /health/queue; called from its AppConfig.ready()."""
    _queues[name] = oldest_due


@never_cache
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served: the database answers and its migrations are applied."""
    problems = readiness_problems()
    return JsonResponse(
        {"status": "ok" if not problems else "not ready", "problems": problems}, status=503 if problems else 200
    )


@never_cache
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Say how old the oldest overdue work is, per queue, in seconds; 503 when some is older than STALE_AFTER_S."""
    ages = queue_ages()
    stale = sorted(name for name, age in ages.items() if age is None or age > STALE_AFTER_S)
    body = {"status": "ok" if not stale else "stale", "stale": stale, "oldest_due_s": ages, "limit_s": STALE_AFTER_S}
    return JsonResponse(body, status=503 if stale else 200)


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the figures in the Prometheus text format to whoever holds METRICS_TOKEN; not found where none is set."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=404)
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    oldest = Gauge(
        "collections_queue_oldest_due_seconds", "Age of the oldest overdue work", ["queue"], registry=registry
    )
    for name, age in queue_ages().items():
        oldest.labels(name).set(-1 if age is None else age)
    Gauge("collections_ready", "1 when requests can be served", registry=registry).set(0 if readiness_problems() else 1)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def readiness_problems() -> list[str]:
    """Return what keeps this process from serving; codes only, no addresses."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return ["database_unreachable"]
    return [f"migrations_waiting:{len(waiting)}"] if waiting else []


def oldest_due_contact() -> float | None:
    """Return for how many seconds the oldest due automatic contact has waited; None when none is due."""
    try:
        planned = apps.get_model("contacts", "PlannedContact")
    except LookupError:
        return None
    at = clock.now()
    due = planned.objects.filter(
        status__in=["planned", "withheld"], automated=True, channel__in=settings.CHANNEL_QUEUES
    )
    oldest = due.filter(try_again_at__lte=at, expires_at__gt=at).aggregate(
        oldest=Min(Greatest("try_again_at", "created_at"))  # one planned for a time gone by waits since it was planned
    )["oldest"]
    return None if oldest is None else (at - oldest).total_seconds()


def unheard_telephone() -> float | None:
    """Return for how many seconds nobody has listened to the telephone system."""
    silent_for: Callable[..., float | None] = import_string("contacts.channels.telephone_line.silent_for")
    return silent_for(at=clock.now())


def queue_ages() -> dict[str, float | None]:
    """Return the age in seconds of the oldest overdue work per queue: 0 with nothing due, None if it cannot be told."""
    ages: dict[str, Any] = {}
    for name, oldest_due in _queues.items():
        try:
            age = oldest_due()
        except DatabaseError:
            ages[name] = None
        else:
            ages[name] = 0.0 if age is None else round(float(age), 1)
    return ages
