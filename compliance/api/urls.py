from rest_framework.routers import SimpleRouter

from compliance.api import views

router = SimpleRouter(trailing_slash=False)
router.register("decisions", views.DecisionViewSet, basename="decision")

urlpatterns = router.urls
