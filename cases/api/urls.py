from rest_framework.routers import SimpleRouter

from cases.api import views

router = SimpleRouter(trailing_slash=False)
router.register("payments", views.PaymentViewSet, basename="payment")
router.register("cases", views.CaseViewSet, basename="case")
router.register("accounts", views.AccountViewSet, basename="account")

urlpatterns = router.urls
