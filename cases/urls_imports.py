"""Files that come in, money that nobody could place, and the firm's own limits of each book."""

from django.urls import path

from cases.views import imports, policy, reconciliation, unallocated

urlpatterns = [
    path("imports/", imports.show, name="imports"),
    path("imports/<int:pk>/", imports.detail, name="import"),
    path("imports/<int:pk>/load/", imports.load, name="import-load"),
    path("imports/<int:pk>/roll-back/", imports.roll_back, name="import-roll-back"),
    path("imports/<int:pk>/refused.csv", imports.refusals, name="import-refusals"),
    path("policy/", policy.books, name="firm-policies"),
    path("policy/<slug:code>/", policy.book, name="firm-policy"),
    path("bank/", reconciliation.days, name="bank-days"),
    path("bank/<slug:code>/<str:day>/<str:currency>/", reconciliation.day, name="bank-day"),
    path("bank/<slug:code>/<str:day>/<str:currency>/state/", reconciliation.state, name="bank-state"),
    path("bank/<slug:code>/<str:day>/<str:currency>/close/", reconciliation.close, name="bank-close"),
    path("bank/lines/<int:line_id>/", reconciliation.line, name="bank-line"),
    path("payments/unallocated/", unallocated.show, name="unallocated"),
    path("payments/<int:pk>/allocate/", unallocated.allocate, name="allocate"),
]
