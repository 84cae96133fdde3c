"""Contact attempts for other systems, and the door through which providers report what became of a message."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.api.views import ByReference
from cases.models import ApiClient
from collections_app.shared import clock
from contacts.channels import receipts
from contacts.models import ContactAttempt


class AttemptOut(serializers.ModelSerializer[ContactAttempt]):
    ref = serializers.CharField()
    case = serializers.SerializerMethodField()
    creditor = serializers.CharField(source="creditor.code")

    class Meta:
        model = ContactAttempt
        fields = [
            "ref",
            "case",
            "creditor",
            "origin",
            "direction",
            "channel",
            "purpose",
            "automated",
            "status",
            "outcome",
            "reason_code",
            "at",
            "started_at",
            "ended_at",
            "decision",
        ]

    def get_case(self, attempt: ContactAttempt) -> str | None:
        return attempt.case.ref if attempt.case else None


class AttemptViewSet(ByReference, viewsets.ReadOnlyModelViewSet):
    """Every contact with a person: made, received, reported, and those that were withheld."""

    scope = "contacts:read"
    prefix = "A"
    serializer_class = AttemptOut
    filterset_fields = ["status", "channel", "origin"]

    def get_queryset(self) -> QuerySet[ContactAttempt]:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return ContactAttempt.objects.none()
        attempts = ContactAttempt.objects.filter(creditor__in=client.creditors.all())
        return attempts.select_related("creditor", "case")


class Raw(BaseParser):
    """The body as it came: the signature is over these bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class NotSigned(APIException):
    status_code = 401
    default_code = "bad-signature"


class ReceiptWebhook(APIView):
    """Delivery receipts of the SMS provider, signed. Late, doubled and out-of-order ones do no harm."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (Raw,)

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None, 401: None, 422: None})
    def post(self, request: Request) -> Response:
        body: Any = request.data or b""
        try:
            receipts.take(body, request.headers, clock.now())
        except receipts.BadSignature as unsigned:
            raise NotSigned(str(unsigned)) from unsigned
        except receipts.BadReceipt as unreadable:
            raise ValidationError({"body": [str(unreadable)]}) from unreadable
        return Response(status=204)
