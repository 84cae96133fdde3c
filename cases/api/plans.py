"""Plans for other systems: what was agreed, what is due when, and what of it is paid. Nothing is agreed from here."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets

from cases.api.fields import StrictAmount
from cases.api.views import ByReference
from cases.models import ApiClient, Plan, PlanInstalment
from collections_app.shared import refs


class InstalmentOut(serializers.ModelSerializer[PlanInstalment]):
    amount = StrictAmount()
    interest = StrictAmount()
    paid_amount = StrictAmount()

    class Meta:
        model = PlanInstalment
        fields = ["number", "due_on", "amount", "interest", "paid_amount", "paid_on"]


class PlanOut(serializers.ModelSerializer[Plan]):
    ref = serializers.SerializerMethodField()
    case = serializers.SerializerMethodField()
    creditor = serializers.CharField(source="creditor.code")
    total = StrictAmount()
    covers = StrictAmount()
    down_payment = StrictAmount()
    interest = StrictAmount()
    remainder = StrictAmount()
    instalments = serializers.SerializerMethodField()

    class Meta:
        model = Plan
        fields = [
            "ref",
            "case",
            "creditor",
            "kind",
            "status",
            "currency",
            "covers",
            "down_payment",
            "rate",
            "interest",
            "total",
            "remainder",
            "cycle",
            "months",
            "first_due_on",
            "sign_until",
            "signed_at",
            "missed_on",
            "ended_at",
            "instalments",
        ]

    def get_ref(self, plan: Plan) -> str:
        return refs.encode("L", plan.pk)

    def get_case(self, plan: Plan) -> str:
        return refs.encode("C", plan.case_id)

    @extend_schema_field(InstalmentOut(many=True))
    def get_instalments(self, plan: Plan) -> list[dict[str, Any]]:
        lines = sorted(plan.instalments.all(), key=lambda line: line.number)
        return [dict(InstalmentOut(line).data) for line in lines]


@extend_schema_view(list=extend_schema(parameters=[OpenApiParameter("case", str, description="Reference of a case.")]))
class PlanViewSet(ByReference, viewsets.ReadOnlyModelViewSet):
    """Plans of the creditors of the client; `?case=C-…` for those of one case."""

    scope = "cases:read"
    prefix = "L"
    serializer_class = PlanOut
    filterset_fields = ["status", "kind"]

    def get_queryset(self) -> QuerySet[Plan]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return Plan.objects.none()
        plans = Plan.objects.filter(creditor__in=client.creditors.all()).select_related("creditor")
        plans = plans.prefetch_related("instalments")
        ref = self.request.query_params.get("case")
        if ref is None:
            return plans
        try:
            return plans.filter(case_id=refs.decode("C", ref))
        except refs.BadReference:
            return plans.none()
