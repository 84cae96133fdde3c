"""The API, version 1: what each app contributes, the OpenAPI document and a page to browse it."""

from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from collections_app.api import schema  # noqa: F401  (registers how clients sign in)

# The browse page draws with inline styles; only here are they allowed, and nothing from outside is.
BROWSE_POLICY = {
    "default-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
}


class Schema(SpectacularAPIView):
    authentication_classes = ()
    permission_classes = ()


@method_decorator(csp_override(BROWSE_POLICY), name="dispatch")
class Browse(SpectacularSwaggerSplitView):
    url_name = "api:schema"
    url_self = None
    authentication_classes = ()
    permission_classes = ()


app_name = "api"
urlpatterns = [
    path("schema", Schema.as_view(), name="schema"),
    path("docs", Browse.as_view(), name="docs"),
    path("", include("cases.api.urls")),
    path("", include("contacts.api.urls")),
    path("", include("compliance.api.urls")),
]
