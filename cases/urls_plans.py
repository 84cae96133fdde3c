"""Pages about plans."""

from django.urls import path

from cases.views import plan_list, plans

urlpatterns = [
    path("plans/", plan_list.show, name="plans"),
    path("cases/<str:ref>/plan/", plans.show, name="plan"),
    path("cases/<str:ref>/plan/preview/", plans.preview, name="plan-preview"),
    path("cases/<str:ref>/plan/draft/", plans.draft, name="plan-draft"),
    path("cases/<str:ref>/plan/sign/", plans.sign, name="plan-sign"),
    path("cases/<str:ref>/plan/cancel/", plans.cancel, name="plan-cancel"),
    path("cases/<str:ref>/affordability/", plans.afford, name="affordability"),
    path("cases/<str:ref>/affordability/evidence/", plans.add_evidence, name="add-evidence"),
    path("cases/<str:ref>/affordability/evidence/<int:evidence_id>/", plans.evidence, name="evidence"),
]
