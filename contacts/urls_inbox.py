"""What people write to us, and what is written back."""

from django.urls import path

from contacts.views import inbox, writing

urlpatterns = [
    path("inbox/", inbox.show, name="inbox"),
    path("inbox/actions/<int:pk>/undo/", inbox.undo, name="inbox-undo"),
    path("inbox/files/<int:pk>/", inbox.attachment, name="inbox-file"),
    path("inbox/<str:ref>/seen/", inbox.seen, name="inbox-seen"),
    path("inbox/<str:ref>/assign/", inbox.assign, name="inbox-assign"),
    path("cases/<str:ref>/write/", writing.write, name="write"),
    path("cases/<str:ref>/write/back/", writing.take_back, name="take-back"),
    path("cases/<str:ref>/write/count/", writing.count, name="count-text"),
]
