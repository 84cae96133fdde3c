from rest_framework.routers import SimpleRouter

from cases.api import plans, views, wishes

router = SimpleRouter(trailing_slash=False)
router.register("payments", views.PaymentViewSet, basename="payment")
router.register("cases", views.CaseViewSet, basename="case")
router.register("accounts", views.AccountViewSet, basename="account")
router.register("plans", plans.PlanViewSet, basename="plan")
router.register("instructions", wishes.InstructionViewSet, basename="instruction")
router.register("consents", wishes.ConsentViewSet, basename="consent")
router.register("holds", wishes.HoldViewSet, basename="hold")

urlpatterns = router.urls
