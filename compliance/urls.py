"""Pages of the compliance officer."""

from django.urls import path

from compliance.views import decisions

app_name = "compliance"

urlpatterns = [
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:ref>/", decisions.decision, name="decision"),
    path("decisions/<str:ref>/recompute/", decisions.recompute, name="recompute"),
]
