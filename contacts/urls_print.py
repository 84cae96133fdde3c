"""The print room, seals, the orders of visits, and the agreements of plans."""

from django.urls import path

from contacts.views import agreements, print_room, seals, visits

urlpatterns = [
    path("print-room/", print_room.show, name="print-room"),
    path("print-room/collect/", print_room.collect, name="collect-letters"),
    path("print-room/record/", print_room.record, name="record-letters"),
    path("print-room/batches/<int:pk>/", print_room.batch, name="print-batch"),
    path("print-room/batches/<int:pk>/letters.pdf", print_room.letters, name="print-batch-file"),
    path("print-room/batches/<int:pk>/manifest.csv", print_room.manifest, name="print-batch-manifest"),
    path("print-room/batches/<int:pk>/move/", print_room.move, name="move-print-batch"),
    path("print-room/letters/<int:pk>/withdraw/", print_room.withdraw, name="withdraw-letter"),
    path("seals/", seals.show, name="seals"),
    path("seals/<int:pk>/picture/", seals.picture, name="seal-picture"),
    path("seals/<int:pk>/decide/", seals.decide, name="decide-seal"),
    path("cases/<str:ref>/plan/agreement/", agreements.make, name="plan-agreement"),
    path("cases/<str:ref>/plan/agreement/<int:document_id>.pdf", agreements.file, name="plan-agreement-file"),
    path("cases/<str:ref>/visit/", visits.order, name="visit"),
    path("cases/<str:ref>/visit/<str:visit>/order.pdf", visits.file, name="visit-file"),
]
