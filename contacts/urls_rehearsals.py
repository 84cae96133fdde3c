"""Rehearsals of strategy versions: asked for, followed, read."""

from django.urls import path

from contacts.views import rehearsals

urlpatterns = [
    path("strategies/versions/<int:pk>/rehearsals/", rehearsals.of_version, name="rehearsals"),
    path("strategies/rehearsals/<int:pk>/", rehearsals.show, name="rehearsal"),
    path("strategies/rehearsals/<int:pk>/cases/", rehearsals.cases, name="rehearsal-cases"),
]
