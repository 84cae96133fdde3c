"""Calls and visits through the API: a dialler asks before it dials, an agency reports what it did elsewhere.

Asking is the only way: the answer is the stored decision, and a refusal is an answer too (409, with the reasons). What
a machine asks for counts as automatic, so that soft rules stop it. A contact made outside is recorded as reported,
decided as of its own instant, and flagged where it would have been refused.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api import idempotency
from cases.api.fields import StrictInstant, StrictText
from cases.api.views import KEY_HEADER, ByReference, actor_of, client_of
from cases.models import ApiClient, Case, ContactPoint
from collections_app.shared import clock, refs, sealed
from collections_app.shared.actor import CLIENT
from compliance import audit, reasons, vocabulary
from compliance.models import Decision
from contacts import calls
from contacts.api.views import AttemptOut
from contacts.models import ContactAttempt
from contacts.scripts import stating

POINT: Final = "N"  # prefix of a contact point's reference


class Strict(serializers.Serializer[Any]):
    """Input that refuses fields nobody reads."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return attrs


class AskIn(Strict):
    case = StrictText(max_length=24, help_text="Reference of the case.")
    contact_point = StrictText(max_length=24, help_text="Reference of the contact point to be reached.")
    channel = serializers.ChoiceField(choices=calls.BY_PEOPLE, default="phone")
    purpose = serializers.ChoiceField(choices=sorted(vocabulary.PURPOSES), default="collection")


def _rules(help_text: str) -> serializers.ListField:
    child = StrictText(max_length=40)
    return serializers.ListField(child=child, max_length=40, required=False, default=list, help_text=help_text)


class ResultIn(Strict):
    outcome = serializers.ChoiceField(choices=sorted({*calls.CALL_OUTCOMES, *calls.VISIT_OUTCOMES}))
    note = StrictText(max_length=2000, required=False, default="")
    said = _rules("Required disclosures that were said, by rule (`disclosures` of the answer to `begin`).")
    not_said = _rules("Required disclosures that were not said. It is recorded; the call is closed all the same.")


class ReportIn(Strict):
    case = StrictText(max_length=24, help_text="Reference of the case.")
    happened_at = StrictInstant(help_text="When the contact began, with offset.")
    outcome = serializers.ChoiceField(choices=sorted({*calls.CALL_OUTCOMES, *calls.VISIT_OUTCOMES}))
    channel = serializers.ChoiceField(choices=calls.BY_PEOPLE, default="phone")
    direction = serializers.ChoiceField(choices=sorted(vocabulary.DIRECTIONS), default="outbound")
    contact_point = StrictText(max_length=24, required=False, default="")
    purpose = serializers.ChoiceField(choices=sorted(vocabulary.PURPOSES), default="collection")
    note = StrictText(max_length=2000, required=False, default="")


class PointOut(serializers.ModelSerializer[ContactPoint]):
    """A contact point, masked: of the number only the last four."""

    ref = serializers.SerializerMethodField()
    last4 = serializers.CharField(source="address.value_last4")

    class Meta:
        model = ContactPoint
        fields = ["ref", "kind", "last4", "state"]

    def get_ref(self, point: ContactPoint) -> str:
        return refs.encode(POINT, point.pk)


def case_of(client: ApiClient, ref: str) -> Case:
    """Return a case of the client's creditors by its reference. Raises Http404."""
    try:
        pk = refs.decode("C", ref)
    except refs.BadReference:
        raise Http404 from None
    case = Case.objects.filter(pk=pk, creditor__in=client.creditors.all()).first()
    if case is None:
        raise Http404
    return case


def point_id(ref: str) -> int:
    """Return the id of a contact point by its reference. Raises Http404."""
    try:
        return refs.decode(POINT, ref)
    except refs.BadReference:
        raise Http404 from None


def instant_out(at: datetime | None) -> str | None:
    """Return an instant as the API writes it."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def refusal_out(decision: Decision) -> dict[str, Any]:
    """Return a refusal of the gate as the caller reads it: which decision, why, and when it may ask again."""
    return {
        "status": "withheld",
        "code": "not-permitted",
        "decision": refs.encode("D", decision.pk),
        "next_permitted": instant_out(decision.next_permitted),
        "reasons": [
            {"rule": said.rule, "says": said.sentence, "source": said.source, "strength": said.strength_label}
            for said in reasons.of_decision(decision)
        ],
    }


class CallViewSet(ByReference, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Calls and visits of this client, a dialler or an agency. The same key never makes a second one."""

    scope = "contacts:write"
    prefix = "A"
    serializer_class = AttemptOut

    def get_queryset(self) -> Any:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return ContactAttempt.objects.none()
        attempts = ContactAttempt.objects.filter(creditor__in=client.creditors.all(), channel__in=calls.BY_PEOPLE)
        own = attempts.filter(decision__actor_kind=CLIENT, decision__actor_id=client.pk)
        return own.select_related("creditor", "case", "address")

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        self.body = request.body if request.method == "POST" else b""  # before a parser has consumed it
        return super().initialize_request(request, *args, **kwargs)

    def _once(self, request: Request, endpoint: str, effect: Any, at: Any) -> Response:
        return idempotency.once(
            request, client=client_of(request), body=self.body, endpoint=endpoint, at=at, effect=effect
        )

    @extend_schema(request=AskIn, responses={201: AttemptOut, 409: None}, parameters=[KEY_HEADER])
    def create(self, request: Request) -> Response:
        """Ask for a call or visit at this moment. 201: cleared for a few minutes. 409: refused, with the reasons."""
        data = AskIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()
        case, point = case_of(client, known["case"]), point_id(known["contact_point"])

        def effect() -> tuple[int, dict[str, Any]]:
            try:
                attempt = calls.open_call(
                    case_id=case.pk,
                    contact_point_id=point,
                    channel=known["channel"],
                    purpose=known["purpose"],
                    actor=actor_of(client),
                    at=at,
                )
            except calls.CallRefused as refused:
                if refused.decision is None:
                    raise
                return 409, refusal_out(Decision.objects.get(pk=refused.decision.decision_id))
            return 201, {**AttemptOut(attempt).data, "valid_until": instant_out(attempt.valid_until)}

        return self._once(request, "calls", effect, at)

    @extend_schema(request=None, responses=AttemptOut)
    @action(detail=True, methods=["post"])
    def begin(self, request: Request, pk: str) -> Response:
        """Say that it rings. Refused once the permit is over; the answer holds the number to dial, and in `disclosures`
        what rules demand to be said once the person is reached: `rule`, `title` and `words` of each.
        """
        attempt, client = self.get_object(), client_of(request)
        at, actor = clock.now(), actor_of(client)
        with transaction.atomic():
            begun = calls.begin(attempt_id=attempt.pk, actor=actor, at=at)
            audit.record("reveal.looked", subject=attempt.contact_point, actor=actor, at=at,
                         person_id=attempt.contacted_id, case=attempt.case_id, reason="dialled")  # fmt: skip
        number = sealed.unseal(attempt.address.value_sealed) if attempt.address else ""
        told = {"dial": number, "disclosures": stating.demanded(attempt, at=at) if attempt.channel == "phone" else []}
        return Response({**AttemptOut(begun).data, **told}, headers={"Cache-Control": "no-store"})

    @extend_schema(request=ResultIn, responses=AttemptOut)
    @action(detail=True, methods=["post"])
    def result(self, request: Request, pk: str) -> Response:
        """Close a call with how it ended. Where it reached its person, each required disclosure is named in `said` or
        in `not_said`; else 422 with code `unsaid`, what is missing in `missing`, and the call stays open.
        """
        data = ResultIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, at, actor = data.validated_data, clock.now(), actor_of(client_of(request))
        call = {"attempt_id": self.get_object().pk, "outcome": known["outcome"], "actor": actor, "at": at}
        with transaction.atomic():
            stating.state(said=known["said"], not_said=known["not_said"], **call)
            closed = calls.log_call(note=known["note"], **call)
        return Response(AttemptOut(closed).data)

    @extend_schema(request=None, responses=AttemptOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give a cleared call back that was not made."""
        given = calls.cancel(attempt_id=self.get_object().pk, actor=actor_of(client_of(request)), at=clock.now())
        return Response(AttemptOut(given).data)

    @extend_schema(request=ReportIn, responses={201: AttemptOut}, parameters=[KEY_HEADER])
    @action(detail=False, methods=["post"])
    def report(self, request: Request) -> Response:
        """Report a contact that was made outside. It counts; `flagged_rule` names what would have refused it."""
        data = ReportIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()
        case = case_of(client, known.pop("case"))
        point = known.pop("contact_point")

        def effect() -> tuple[int, dict[str, Any]]:
            attempt = calls.report_past_call(
                case_id=case.pk,
                contact_point_id=point_id(point) if point else None,
                actor=actor_of(client),
                at=at,
                **known,
            )
            return 201, {**AttemptOut(attempt).data, "flagged_rule": attempt.flagged_rule}

        return self._once(request, "calls/report", effect, at)

    @extend_schema(responses=PointOut(many=True))
    @action(detail=False, methods=["get"], url_path=r"points/(?P<case>[A-Za-z0-9-]{1,24})")
    def points(self, request: Request, case: str) -> Response:
        """List the contact points of a case's borrower, masked; each with the reference to ask with."""
        found = case_of(client_of(request), case)
        points = ContactPoint.objects.filter(person_id=found.person_id).select_related("address")
        usable = points.exclude(state=ContactPoint.State.REMOVED).order_by("position", "pk")
        return Response(PointOut(usable, many=True).data)
