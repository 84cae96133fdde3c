"""Supervising what goes out: runs, strategies, planned contacts, uncertain messages, the stop switch."""

from django.urls import path

from contacts.views import planned, providers, runs, stop, strategies, uncertain

urlpatterns = [
    path("runs/", runs.show, name="runs"),
    path("runs/start/", runs.start, name="run-night"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("strategies/", strategies.show, name="strategies"),
    path("strategies/<int:pk>/stop/", strategies.stop, name="stop-strategy"),
    path("planned/", planned.show, name="planned"),
    path("uncertain/", uncertain.show, name="uncertain"),
    path("uncertain/<str:ref>/", uncertain.settle, name="settle"),
    path("providers/", providers.show, name="providers"),
    path("providers/<slug:name>/", providers.change, name="change-provider"),
    path("stops/", stop.show, name="stops"),
    path("stops/<int:pk>/lift/", stop.lift, name="lift-stop"),
]
