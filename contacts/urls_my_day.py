"""The day of a collector, and of his team."""

from django.urls import path

from contacts.views import my_day, team_day

app_name = "contacts"
urlpatterns = [
    path("my-day/", my_day.show, name="my-day"),
    path("my-day/break/", my_day.take_break, name="take-break"),
    path("my-day/break/end/", my_day.end_break, name="end-break"),
    path("my-day/team/", team_day.show, name="team-day"),
    path("my-day/team/abuse/<int:pk>/talked/", team_day.talked, name="abuse-talked"),
    path("my-day/feedback/<int:pk>/", my_day.answer, name="answer-feedback"),
    path("my-day/rows/<slug:name>/", my_day.rows, name="my-day-rows"),
    path("cases/<str:ref>/feedback/", team_day.give_feedback, name="give-feedback"),
    path("cases/<str:ref>/abusive/", my_day.abusive, name="mark-abusive"),
]
