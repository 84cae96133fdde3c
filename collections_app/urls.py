"""Mounts the apps, the API, the dashboards and the health pages; nothing else."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from collections_app import health

# Where each part is mounted, in the order of reading.
PARTS = (
    ("", "collections_app.staff.urls"),
    ("dashboard/", "collections_app.dashboards.urls"),
    ("", "cases.urls"),
    ("", "contacts.urls"),
    ("compliance/", "compliance.urls"),
    ("api/v1/", "collections_app.api.urls"),
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/queue", health.queue, name="health-queue"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    *(path(where, include(part)) for where, part in PARTS if find_spec(part)),
]
