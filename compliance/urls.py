"""Pages of the compliance officer; the answer to Why? is for everybody who may see the case."""

from django.urls import path

from compliance.views import decisions, packs, releases, why

app_name = "compliance"

urlpatterns = [
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:ref>/", why.decision, name="decision"),
    path("decisions/<str:ref>/recompute/", why.recompute, name="recompute"),
    path("packs/", packs.packs, name="packs"),
    path("packs/<str:pack_id>/", packs.pack, name="pack"),
    path("packs/<str:pack_id>/compare/", packs.compare, name="compare"),
    path("rules/<str:rule_id>/", packs.rule, name="rule"),
    path("releases/", releases.releases, name="releases"),
    path("releases/propose/", releases.propose, name="propose"),
    path("releases/<int:pk>/", releases.release, name="release"),
    path("releases/<int:pk>/approve/", releases.approve, name="approve"),
    path("releases/<int:pk>/withdraw/", releases.withdraw, name="withdraw"),
]
