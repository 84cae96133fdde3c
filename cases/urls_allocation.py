"""The allocation of cases: rules, people, previews, what was applied and undone, and how the load lies."""

from django.urls import path

from cases.views import allocation, allocation_people

urlpatterns = [
    path("allocation/", allocation.show, name="allocation"),
    path("allocation/preview/", allocation.preview, name="allocation-preview"),
    path("allocation/people/", allocation_people.show, name="allocation-people"),
    path("allocation/people/<int:user_id>/", allocation_people.one, name="allocation-person"),
    path("allocation/fairness/", allocation_people.fairness, name="allocation-fairness"),
    path("allocation/rules/<slug:code>/", allocation.rules, name="allocation-rules"),
    path("allocation/<str:run>/", allocation.run, name="allocation-run"),
    path("allocation/<str:run>/apply/", allocation.apply, name="allocation-apply"),
    path("allocation/<str:run>/undo/", allocation.undo, name="allocation-undo"),
]
