"""Mounts the apps, the API, the dashboards and the health pages; nothing else."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from collections_app import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/queue", health.queue, name="health-queue"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("collections_app.api.urls")),
]
