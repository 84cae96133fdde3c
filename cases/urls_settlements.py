"""What waits for a signature, and what is given up: settlements, waivers, write-offs, property for debt, exclusions."""

from django.urls import path

from cases.views import approvals, authority, exclusions, giving_up, settlements

urlpatterns = [
    path("approvals/", approvals.show, name="approvals"),
    path("approvals/<str:ref>/", approvals.one, name="approval"),
    path("approvals/<str:ref>/decide/", approvals.decide, name="approval-decide"),
    path("approvals/<str:ref>/withdraw/", approvals.withdraw, name="approval-withdraw"),
    path("authority/", authority.show, name="authority"),
    path("authority/<int:pk>/end/", authority.end, name="authority-end"),
    path("cases/<str:ref>/settlement/", settlements.show, name="settlement"),
    path("cases/<str:ref>/settlement/preview/", settlements.preview, name="settlement-preview"),
    path("cases/<str:ref>/settlement/accept/", settlements.accept, name="settlement-accept"),
    path("cases/<str:ref>/settlement/withdraw/", settlements.withdraw, name="settlement-withdraw"),
    path("cases/<str:ref>/waiver/", giving_up.waive, name="waive"),
    path("cases/<str:ref>/waiver/<int:pk>/reverse/", giving_up.reverse_waiver, name="waiver-reverse"),
    path("cases/<str:ref>/asset/", giving_up.asset, name="asset"),
    path("cases/<str:ref>/asset/<int:pk>/give-back/", giving_up.give_back, name="asset-give-back"),
    path("cases/<str:ref>/write-off/", giving_up.ask_write_off, name="write-off"),
    path("cases/<str:ref>/exclude/", exclusions.exclude, name="exclude"),
    path("waivers/", giving_up.waived, name="waivers"),
    path("write-offs/", giving_up.write_offs, name="write-offs"),
    path("write-offs/<int:pk>/reverse/", giving_up.reverse_write_off, name="write-off-reverse"),
    path("exclusions/", exclusions.show, name="exclusions"),
    path("exclusions/<str:ref>/", exclusions.one, name="exclusion"),
    path("exclusions/<str:ref>/remove/", exclusions.remove, name="exclusion-remove"),
    path("exclusions/<str:ref>/told/", exclusions.told, name="exclusion-told"),
    path("exclusions/<str:ref>/objection/", exclusions.appeal, name="exclusion-appeal"),
    path("exclusions/<str:ref>/objection/decide/", exclusions.decide_appeal, name="exclusion-decide"),
]
