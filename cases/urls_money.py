"""The money of a case, and the case as it stood on a day."""

from django.urls import path

from cases.views import money

app_name = "cases"
urlpatterns = [
    path("cases/<str:ref>/money/", money.show, name="money"),
    path("cases/<str:ref>/as-of/", money.stood, name="as-of"),
]
