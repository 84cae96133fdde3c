"""Call scripts: their versions, and what was said in a call."""

from django.urls import path

from contacts.views import script_panel, scripts

urlpatterns = [
    path("scripts/", scripts.show, name="scripts"),
    path("scripts/new/", scripts.new, name="new-script"),
    path("scripts/versions/<int:pk>/", scripts.version, name="script-version"),
    path("scripts/versions/<int:pk>/decide/", scripts.decide, name="decide-script"),
    path("scripts/<slug:key>/", scripts.detail, name="script"),
    path("scripts/<slug:key>/write/", scripts.write, name="write-script"),
    path("scripts/<slug:key>/preview/", scripts.preview, name="preview-script"),
    path("cases/<str:ref>/call/said/", script_panel.tick, name="call-said"),
    path("cases/<str:ref>/calls/<str:call>/said/", script_panel.record, name="call-record"),
]
