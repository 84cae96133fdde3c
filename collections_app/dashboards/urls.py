"""The dashboard and the lists behind its numbers."""

from django.urls import path

from collections_app.dashboards import views

app_name = "dashboards"

urlpatterns = [
    path("", views.supervisor, name="supervisor"),
    path("widgets/<slug:name>/", views.widget, name="widget"),
    path("rows/<slug:name>/", views.rows, name="rows"),
]
