"""Decisions of the gate for other systems: what was asked, what every rule said, and the answer."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import generics, serializers, viewsets

from collections_app.shared import refs
from compliance.models import Decision


class DecisionOut(serializers.ModelSerializer[Decision]):
    ref = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = (
            "ref",
            "at",
            "channel",
            "direction",
            "purpose",
            "automated",
            "verdict",
            "failing",
            "advisories",
            "strength",
            "next_permitted",
            "findings",
            "releases",
            "entrance",
        )

    def get_ref(self, decision: Decision) -> str:
        return refs.encode("D", decision.pk)


class DecisionViewSet(viewsets.ReadOnlyModelViewSet[Decision]):
    """Every decision about contacts for the client's creditors, permitted and refused."""

    scope = "decisions:read"
    serializer_class = DecisionOut
    filterset_fields: ClassVar = ["verdict", "channel"]
    lookup_value_regex = r"[A-Za-z0-9-]{1,24}"

    def get_queryset(self) -> QuerySet[Decision]:
        creditors = getattr(self.request.user, "creditors", None)
        if creditors is None:
            return Decision.objects.none()
        return Decision.objects.filter(creditor_id__in=creditors.values_list("pk", flat=True))

    def get_object(self) -> Any:
        try:
            pk = refs.decode("D", self.kwargs["pk"])
        except refs.BadReference:
            raise Http404 from None
        return generics.get_object_or_404(self.get_queryset(), pk=pk)
