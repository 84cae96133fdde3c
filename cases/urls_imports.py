"""Files that come in, money that nobody could place, and the firm's own limits of each book."""

from django.urls import path

from cases.views import imports, policy, unallocated

urlpatterns = [
    path("imports/", imports.show, name="imports"),
    path("imports/<int:pk>/", imports.detail, name="import"),
    path("imports/<int:pk>/load/", imports.load, name="import-load"),
    path("imports/<int:pk>/refused.csv", imports.refusals, name="import-refusals"),
    path("policy/", policy.books, name="firm-policies"),
    path("policy/<slug:code>/", policy.book, name="firm-policy"),
    path("payments/unallocated/", unallocated.show, name="unallocated"),
    path("payments/<int:pk>/allocate/", unallocated.allocate, name="allocate"),
]
