"""Pages about cases. The case page is where cases and contacts meet: `contacts.views.desk`, mounted beside these."""

from django.urls import path

from cases.views import days, payments, priority, queue, record, reveal, search, wishes
from cases.views import list as listing

app_name = "cases"
urlpatterns = [
    path("queue/", queue.show, name="queue"),
    path("queue/next/", queue.take_next, name="take-next"),
    path("queue/ahead/", queue.ahead, name="ahead"),
    path("queue/back/", queue.back, name="back"),
    path("search/", search.show, name="search"),
    path("cases/", listing.show, name="list"),
    path("cases/<str:ref>/take/", queue.take, name="take"),
    path("cases/<str:ref>/take-over/", queue.take_over, name="take-over"),
    path("cases/<str:ref>/holder/", queue.holder, name="holder"),
    path("cases/<str:ref>/skip/", queue.skip, name="skip"),
    path("cases/<str:ref>/release/", queue.release, name="release"),
    path("cases/<str:ref>/note/", record.note, name="note"),
    path("cases/<str:ref>/wishes/", wishes.show, name="wishes"),
    path("cases/<str:ref>/hold/", wishes.hold, name="hold"),
    path("cases/<str:ref>/hold/<int:hold_id>/release/", wishes.release_hold, name="release-hold"),
    path("cases/<str:ref>/hold/<int:hold_id>/extend/", wishes.extend_hold, name="extend-hold"),
    path("cases/<str:ref>/hold/<int:hold_id>/review/", wishes.review_hold, name="review-hold"),
    path("cases/<str:ref>/hold/<int:hold_id>/treatment/", wishes.end_treatment, name="end-treatment"),
    path("cases/<str:ref>/stop/", wishes.stop, name="stop"),
    path("cases/<str:ref>/stop/<int:instruction_id>/withdraw/", wishes.withdraw, name="withdraw"),
    path("cases/<str:ref>/stop/<int:instruction_id>/confirm/", wishes.confirm, name="confirm-request"),
    path("cases/<str:ref>/consent/", wishes.consent, name="consent"),
    path("cases/<str:ref>/consent/<int:consent_id>/withdraw/", wishes.withdraw_consent, name="withdraw-consent"),
    path("cases/<str:ref>/next-action/", record.next_action, name="next-action"),
    path("cases/<str:ref>/reason/", record.assess, name="assess"),
    path("cases/<str:ref>/promise/", record.promise, name="promise"),
    path("cases/<str:ref>/promise/reads/", record.promise_reads, name="promise-reads"),
    path("cases/<str:ref>/payment/", payments.receive, name="receive-payment"),
    path("cases/<str:ref>/payments/", payments.show, name="payments"),
    path("cases/<str:ref>/payments/<str:payment>/", payments.detail, name="payment"),
    path("cases/<str:ref>/payments/<str:payment>/receipt/", payments.receipt, name="receipt"),
    path("cases/<str:ref>/payments/<str:payment>/reverse/", payments.reverse, name="reverse-payment"),
    path("cases/<str:ref>/payments/<str:payment>/credit/", payments.credit, name="credit"),
    path("days/reads/", days.reads, name="day-reads"),
    path("cases/<str:ref>/assign/", record.assign, name="assign"),
    path("priority/", priority.show, name="priority"),
    path("priority/models/<int:pk>/", priority.model, name="priority-model"),
    path("priority/models/<int:pk>/decide/", priority.decide, name="priority-decide"),
    path("cases/<str:ref>/reveal/", reveal.reveal, name="reveal"),
]
