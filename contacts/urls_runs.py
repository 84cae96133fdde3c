"""Supervising what goes out: runs, strategies, planned contacts, uncertain messages, the stop switch."""

from django.urls import path

from contacts.views import planned, providers, runs, stop, strategies, strategy_version, uncertain

urlpatterns = [
    path("runs/", runs.show, name="runs"),
    path("runs/start/", runs.start, name="run-night"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("strategies/", strategies.show, name="strategies"),
    path("strategies/versions/<int:pk>/", strategy_version.show, name="strategy-version"),
    path("strategies/versions/<int:pk>/submit/", strategy_version.submit, name="submit-strategy"),
    path("strategies/versions/<int:pk>/moves/", strategy_version.move, name="move-strategy"),
    path("strategies/versions/<int:pk>/decide/", strategy_version.decide, name="decide-strategy"),
    path("strategies/versions/<int:pk>/publish/", strategy_version.publish, name="publish-strategy"),
    path("strategies/versions/<int:pk>/widen/", strategy_version.widen, name="widen-strategy"),
    path("strategies/versions/<int:pk>/stop/", strategy_version.stop, name="stop-strategy"),
    path("strategies/versions/<int:pk>/resume/", strategy_version.resume, name="resume-strategy"),
    path("strategies/versions/<int:pk>/roll-back/", strategy_version.roll_back, name="roll-back-strategy"),
    path("strategies/alarms/<int:pk>/seen/", strategy_version.seen, name="strategy-alarm-seen"),
    path("planned/", planned.show, name="planned"),
    path("uncertain/", uncertain.show, name="uncertain"),
    path("uncertain/<str:ref>/", uncertain.settle, name="settle"),
    path("providers/", providers.show, name="providers"),
    path("providers/<slug:name>/", providers.change, name="change-provider"),
    path("stops/", stop.show, name="stops"),
    path("stops/<int:pk>/lift/", stop.lift, name="lift-stop"),
]
