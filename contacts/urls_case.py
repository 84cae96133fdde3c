"""The case page, mounted in the namespace of cases: it shows a case and its contacts, so it stands above both."""

from django.urls import path

from contacts.views import desk, settlement_letter

app_name = "cases"
urlpatterns = [
    path("cases/<str:ref>/", desk.show, name="case"),
    path("cases/<str:ref>/settlement/letter/", settlement_letter.make, name="settlement-letter"),
]
