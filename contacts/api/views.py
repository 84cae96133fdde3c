"""Contact attempts for other systems, and the door through which providers report what became of a message."""

from typing import Any, Final

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
from contacts.channels import formats, receipts, watched
from contacts.models import ContactAttempt

MOST_REPORT: Final = 1024 * 1024  # bytes


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
            "segments",
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


class Webhook(APIView):
    """A door for a provider: no client's token, but the provider's own proof. Wrong proof 401, unreadable 422."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes: tuple[type[BaseParser], ...] = (Raw,)
    door = ""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, receipts.BadSignature):
            watched.count_refused(self.door or type(self).__name__.removesuffix("Webhook").lower(), at=clock.now())
            exc = NotSigned(str(exc))
        elif isinstance(exc, receipts.BadReceipt):
            exc = ValidationError({"body": [str(exc)]})
        return super().handle_exception(exc)

    def body_of(self, request: Request) -> bytes:
        """Return the body as it came. Raises BadReceipt for one that is longer than any report."""
        body: bytes = request.data or b""  # type: ignore[assignment]
        if len(body) > MOST_REPORT:
            raise receipts.BadReceipt("too long")
        return body


class ReceiptWebhook(Webhook):
    """Delivery receipts and replies of the SMS provider, signed. Late, doubled and out-of-order ones do no harm."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None, 401: None, 422: None})
    def post(self, request: Request) -> Response:
        receipts.take(request.data or b"", request.headers, clock.now())  # type: ignore[arg-type]
        return Response(status=204)


class TwilioWebhook(Webhook):
    """Status callbacks and incoming messages of Twilio, signed by X-Twilio-Signature."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None, 401: None, 422: None})
    def post(self, request: Request) -> Response:
        path, host = request.get_full_path(), request.get_host()
        formats.take_twilio(self.body_of(request), request.headers, path=path, host=host, at=clock.now())
        return Response(status=204)


class AliyunWebhook(Webhook):
    """Reports (SmsReport) and messages of people (SmsUp) of Aliyun; the token in the address is CALLBACK_TOKEN."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT, 401: None, 422: None})
    def post(self, request: Request, token: str) -> Response:
        formats.take_aliyun(self.body_of(request), token, at=clock.now())
        return Response({"code": 0, "msg": "OK"})


class MailWebhook(Webhook):
    """Deliveries, bounces and complaints of the e-mail provider in EMAIL_ANYMAIL, signed in its own way."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None, 401: None, 422: None})
    def post(self, request: Request) -> Response:
        formats.take_mail(request._request, at=clock.now())
        return Response(status=204)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        _ = request.body  # read before a parser consumes it: the signature is over these bytes
        return super().initialize_request(request, *args, **kwargs)
