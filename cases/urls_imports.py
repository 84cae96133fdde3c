"""Files that come in, and money that nobody could place."""

from django.urls import path

from cases.views import imports, unallocated

urlpatterns = [
    path("imports/", imports.show, name="imports"),
    path("imports/<int:pk>/", imports.detail, name="import"),
    path("imports/<int:pk>/load/", imports.load, name="import-load"),
    path("imports/<int:pk>/refused.csv", imports.refusals, name="import-refusals"),
    path("payments/unallocated/", unallocated.show, name="unallocated"),
    path("payments/<int:pk>/allocate/", unallocated.allocate, name="allocate"),
]
