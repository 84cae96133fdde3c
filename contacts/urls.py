"""Calls from the case page, why a contact is or is not permitted now or was not before, and trials of the rules."""

from django.urls import path

from contacts.views import (
    callback,
    calls,
    corrections,
    impact,
    legal_clocks,
    preparation,
    quick,
    refused,
    telephone,
    try_it,
    undo,
    verify,
    watch,
    way_out,
    why_now,
)

app_name = "contacts"
urlpatterns = [
    path("stop/<str:token>/", way_out.show, name="way-out"),
    path("cases/<str:ref>/call/", calls.call, name="call"),
    path("cases/<str:ref>/call/log/", calls.log, name="log-call"),
    path("cases/<str:ref>/call/pause/", calls.pause, name="pause-call"),
    path("cases/<str:ref>/call/back/", callback.reads, name="callback-reads"),
    path("cases/<str:ref>/quick/", quick.act, name="quick-act"),
    path("cases/<str:ref>/undo/", undo.undo, name="undo"),
    path("cases/<str:ref>/call/cancel/", calls.cancel, name="cancel-call"),
    path("cases/<str:ref>/call/verify/", verify.verify, name="verify"),
    path("cases/<str:ref>/call/stranger/", verify.stranger, name="stranger"),
    path("cases/<str:ref>/call/live/", telephone.live, name="call-live"),
    path("cases/<str:ref>/call/hang-up/", telephone.hang_up, name="hang-up"),
    path("cases/<str:ref>/preparation/", preparation.show, name="preparation"),
    path("cases/<str:ref>/why/", why_now.why, name="why"),
    path("cases/<str:ref>/refused/", refused.show, name="refused"),
    path("cases/<str:ref>/clocks/", legal_clocks.show, name="legal-clocks"),
    path("cases/<str:ref>/clocks/event/", legal_clocks.record, name="legal-event"),
    path("cases/<str:ref>/clocks/event/<int:event_id>/undo/", legal_clocks.undo, name="undo-legal-event"),
    path("corrections/<str:ref>/", corrections.show, name="correction"),
    path("compliance/", watch.show, name="watch"),
    path("compliance/releases/<int:pk>/impact/", impact.show, name="impact"),
    path("compliance/try/", try_it.show, name="try-it"),
]
