"""Calls from the case page, and why a contact is or is not permitted now."""

from django.urls import path

from contacts.views import calls, desk

app_name = "contacts"
urlpatterns = [
    path("cases/<str:ref>/call/", calls.call, name="call"),
    path("cases/<str:ref>/call/log/", calls.log, name="log-call"),
    path("cases/<str:ref>/call/cancel/", calls.cancel, name="cancel-call"),
    path("cases/<str:ref>/why/", desk.why, name="why"),
]
