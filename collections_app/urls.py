"""Mounts the apps, the API, the dashboards and the health pages; nothing else."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from collections_app import admin as configuration
from collections_app import health
from collections_app.staff.views import SignOut

# Where each part is mounted, in the order of reading; modules of one name share its namespace.
PARTS = (
    ("", "", ("collections_app.staff.urls",)),
    ("dashboard/", "", ("collections_app.dashboards.urls",)),
    (
        "",
        "cases",
        (
            "cases.urls_imports",
            "cases.urls_plans",
            "cases.urls_money",
            "cases.urls_settlements",
            "cases.urls_allocation",
            "cases.urls",
            "contacts.urls_case",
        ),
    ),
    (
        "",
        "contacts",
        (
            "contacts.urls_runs",
            "contacts.urls_designer",
            "contacts.urls_rehearsals",
            "contacts.urls_experiments",
            "contacts.urls_print",
            "contacts.urls_templates",
            "contacts.urls_scripts",
            "contacts.urls_inbox",
            "contacts.urls_my_day",
            "contacts.urls",
        ),
    ),
    ("compliance/", "", ("compliance.urls",)),
    ("api/v1/", "", ("collections_app.api.urls",)),
)


def _mounted(where: str, name: str, modules: tuple[str, ...]) -> URLResolver:
    found = [module for module in modules if find_spec(module)]
    if not name:
        return path(where, include(found[0] if found else []))
    patterns = [each for module in found for each in import_module(module).urlpatterns]
    return path(where, include((patterns, name)))


urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/queue", health.queue, name="health-queue"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/login/", configuration.sign_in),
    path("admin/logout/", SignOut.as_view()),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    *(_mounted(where, name, modules) for where, name, modules in PARTS),
]

handler500 = "collections_app.troubles.server_error"
