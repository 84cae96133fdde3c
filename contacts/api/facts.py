"""The catalogue of facts for other systems: what the conditions of strategies and experiments may ask about."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contacts.strategy.conditions import catalogue


class ValueOut(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="As it is written in a condition.")
    label = serializers.CharField(help_text="In the language of the request.")  # type: ignore[assignment]


class FactOut(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As it is written in a condition.")
    group = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    definition = serializers.CharField(help_text="One sentence.")
    kind = serializers.ChoiceField(choices=list(catalogue.KINDS))
    unit = serializers.CharField(help_text="Of a number or an amount; empty otherwise.")
    operators = serializers.ListField(child=serializers.ChoiceField(choices=list(catalogue.OPERATOR_NAMES)))
    values = ValueOut(many=True, help_text="Of a fact with a closed list of values; empty otherwise.")
    unknown_where = serializers.CharField(help_text="When the fact is neither true nor false; empty: always known.")


class FactsView(APIView):
    """What conditions may ask about, with meaning, unit and values; where a fact is unknown nothing of it holds."""

    scope = "cases:read"

    @extend_schema(responses=FactOut(many=True), operation_id="facts_list")
    def get(self, request: Request) -> Response:
        """List the facts, in the order of the catalogue."""
        return Response(FactOut(catalogue.as_rows(), many=True).data)
