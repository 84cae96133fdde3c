"""Pages about cases. The case page is where cases and contacts meet: `contacts.views.desk`, mounted beside these."""

from django.urls import path

from cases.views import list as listing
from cases.views import queue, record, reveal

app_name = "cases"
urlpatterns = [
    path("queue/", queue.show, name="queue"),
    path("queue/next/", queue.take_next, name="take-next"),
    path("cases/", listing.show, name="list"),
    path("cases/<str:ref>/take/", queue.take, name="take"),
    path("cases/<str:ref>/skip/", queue.skip, name="skip"),
    path("cases/<str:ref>/release/", queue.release, name="release"),
    path("cases/<str:ref>/note/", record.note, name="note"),
    path("cases/<str:ref>/hold/", record.hold, name="hold"),
    path("cases/<str:ref>/hold/<int:hold_id>/release/", record.release_hold, name="release-hold"),
    path("cases/<str:ref>/stop/", record.stop, name="stop"),
    path("cases/<str:ref>/stop/<int:instruction_id>/withdraw/", record.withdraw, name="withdraw"),
    path("cases/<str:ref>/next-action/", record.next_action, name="next-action"),
    path("cases/<str:ref>/reason/", record.assess, name="assess"),
    path("cases/<str:ref>/promise/", record.promise, name="promise"),
    path("cases/<str:ref>/assign/", record.assign, name="assign"),
    path("cases/<str:ref>/reveal/", reveal.reveal, name="reveal"),
]
