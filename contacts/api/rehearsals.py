"""Rehearsals of strategy versions for other systems: what was tried on what, and every number of the client's own
creditors.
"""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cases.models import ApiClient
from contacts.models import Rehearsal, RehearsalCell
from contacts.rehearsal import reading


class RehearsalOut(serializers.ModelSerializer[Rehearsal]):
    strategy = serializers.CharField(source="version.strategy.code")
    version = serializers.IntegerField(source="version.version")
    part_done = serializers.SerializerMethodField(help_text="0 to 1.")

    class Meta:
        model = Rehearsal
        fields = [
            "id",
            "strategy",
            "version",
            "status",
            "days",
            "sample",
            "first_day",
            "content_hash",
            "inputs_hash",
            "full_hash",
            "snapshot_at",
            "requested_at",
            "started_at",
            "finished_at",
            "seconds",
            "part_done",
            "error",
        ]

    def get_part_done(self, row: Rehearsal) -> float:
        return 1.0 if row.status == Rehearsal.Status.DONE else float(row.progress.get("part", 0.0))


class NumberOut(serializers.Serializer[Any]):
    side = serializers.ChoiceField(choices=RehearsalCell.Side.choices)
    day = serializers.DateField()
    segment = serializers.CharField(source="segment_key")
    step = serializers.CharField(source="step_key")
    kind = serializers.CharField()
    channel = serializers.CharField()
    outcome = serializers.ChoiceField(choices=list(reading.OUTCOMES))
    reason = serializers.CharField(help_text="The rule that refuses, or what stands in the way; empty otherwise.")
    count = serializers.IntegerField()
    minutes = serializers.IntegerField(help_text="Of people's work.")
    cost = serializers.DecimalField(max_digits=18, decimal_places=2)


class RehearsalViewSet(viewsets.ReadOnlyModelViewSet[Rehearsal]):
    """Rehearsals of versions for a creditor of the client, newest first."""

    scope = "contacts:read"
    serializer_class = RehearsalOut
    filterset_fields = ["status"]
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Rehearsal]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return Rehearsal.objects.none()
        mine = Rehearsal.objects.filter(version__creditors__in=client.creditors.all()).distinct()
        return mine.select_related("version__strategy")

    @extend_schema(responses=NumberOut(many=True), filters=False)
    @action(detail=True, pagination_class=None, filter_backends=[])
    def numbers(self, request: Request, pk: str | None = None) -> Response:
        """Every number of one rehearsal, of the client's creditors only: contacts by day, step and outcome."""
        row = self.get_object()
        client = request.user
        cells = RehearsalCell.objects.filter(rehearsal=row, creditor__in=client.creditors.all())  # type: ignore[union-attr]
        found = reading.of_all_teams(reading.numbers(cells))
        return Response(NumberOut(found, many=True).data)
