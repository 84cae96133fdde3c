"""What people ask, agree to and are held for, told by other systems: a portal, a letter room, a court register.

An instruction or hold is in force from the moment its row is committed; the answer comes when no contact that began
before is still under way. The same key never writes a second one.
"""

from typing import Any, Final

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cases import consents, holds, instructions
from cases.api import idempotency
from cases.api.fields import StrictAmount, StrictInstant, StrictText
from cases.api.views import KEY_HEADER, ByReference, actor_of, client_of
from cases.instruction_checks import DAYS
from cases.models import Account, ApiClient, Case, Consent, ContactPoint, Creditor, Hold, Instruction
from cases.models.instruction import Source
from collections_app.shared import clock, refs
from compliance.vocabulary import CHANNELS, PLACES

POINT: Final = "N"
CLOCK: Final = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
WRITTEN_BY_US: Final = (Instruction.Kind.WORKPLACE_CONFIRMED, Instruction.Kind.THIRD_PARTY_REFUSED)


class Strict(serializers.Serializer[Any]):
    """Input about the person of a case, which refuses fields that nobody reads."""

    case = StrictText(max_length=24, help_text="Reference of the case, C-….")
    account = StrictText(max_length=24, required=False, default="", help_text="Reference of one debt, K-…; else all.")
    contact_point = StrictText(max_length=24, required=False, default="", help_text="Reference of one number, N-….")
    source = serializers.ChoiceField(choices=Source.choices, default=Source.PORTAL)  # type: ignore[assignment]
    evidence = StrictText(max_length=200, required=False, default="", help_text="What shows it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return attrs


class Times(serializers.Serializer[Any]):
    start = serializers.RegexField(CLOCK, help_text="HH:MM on the person's clock.")
    end = serializers.RegexField(CLOCK, help_text="HH:MM, not included; 24:00 is the end of the day.")
    days = serializers.ListField(child=serializers.ChoiceField(choices=DAYS), required=False, default=list)


class InstructionIn(Strict):
    kind = serializers.ChoiceField(choices=[each for each in Instruction.Kind.choices if each[0] not in WRITTEN_BY_US])
    channel = serializers.ChoiceField(choices=sorted(CHANNELS), required=False, default="")
    place = serializers.ChoiceField(choices=sorted(PLACES), required=False, default="")
    form = serializers.ChoiceField(choices=Instruction.Form.choices, default=Instruction.Form.PORTAL)
    words = StrictText(max_length=500, required=False, default="", help_text="In the person's words.")
    times = Times(required=False, default=None)
    sent_at = StrictInstant(required=False, default=None)
    received_at = StrictInstant(required=False, default=None, help_text="Left out: now.")
    expires_at = StrictInstant(required=False, default=None)
    review_on = serializers.DateField(required=False, default=None)
    disputed_amount = StrictAmount(required=False, default=None)
    lawyer = StrictText(max_length=200, required=False, default="")
    lawyer_can_be_reached = serializers.BooleanField(required=False, default=True)
    avoid = serializers.ListField(child=serializers.ChoiceField(choices=sorted(CHANNELS)), required=False, default=list)
    all_creditors = serializers.BooleanField(
        required=False, default=True, help_text="Whether it is meant for every creditor here, as a stop is."
    )


class ConsentIn(Strict):
    kind = serializers.ChoiceField(choices=Consent.Kind.choices)
    evidence = StrictText(max_length=200, help_text="What shows it: a recording, a letter, a message.")
    context = serializers.ChoiceField(  # type: ignore[assignment]
        choices=Consent.Context.choices, required=False, default=""
    )
    channel = serializers.ChoiceField(choices=sorted(CHANNELS), required=False, default="")
    form = serializers.ChoiceField(choices=Instruction.Form.choices, default=Instruction.Form.PORTAL)
    times = Times(required=False, default=None)
    only = serializers.BooleanField(required=False, default=False, help_text="At no other time.")
    express = serializers.BooleanField(required=False, default=False)
    once = serializers.BooleanField(required=False, default=False, help_text="For one contact only.")
    place = serializers.ChoiceField(choices=sorted(PLACES), required=False, default="")
    per_day = serializers.IntegerField(required=False, default=None, min_value=1, max_value=50)
    given_at = StrictInstant(required=False, default=None, help_text="Left out: now.")
    expires_at = StrictInstant(required=False, default=None)


class HoldIn(Strict):
    contact_point = None  # type: ignore[assignment]  # a hold is about persons and debts
    kind = serializers.ChoiceField(choices=Hold.Kind.choices)
    reason = StrictText(max_length=300, required=False, default="")
    since = StrictInstant(required=False, default=None, help_text="Left out: now.")
    ends_on = serializers.DateField(required=False, default=None, help_text="Its last day.")
    review_on = serializers.DateField(required=False, default=None)


class ReasonIn(serializers.Serializer[Any]):
    reason = StrictText(max_length=300)


class InstructionOut(serializers.ModelSerializer[Instruction]):
    ref = serializers.SerializerMethodField()

    class Meta:
        model = Instruction
        fields = ["ref", "kind", "channel", "place", "form", "source", "received_at", "expires_at", "review_on",
                  "confirmed_at"]  # fmt: skip

    def get_ref(self, row: Instruction) -> str:
        return refs.encode("W", row.pk)


class ConsentOut(serializers.ModelSerializer[Consent]):
    ref = serializers.SerializerMethodField()

    class Meta:
        model = Consent
        fields = ["ref", "kind", "channel", "form", "source", "given_at", "expires_at", "withdrawn_at"]

    def get_ref(self, row: Consent) -> str:
        return refs.encode("G", row.pk)


class HoldOut(serializers.ModelSerializer[Hold]):
    ref = serializers.SerializerMethodField()

    class Meta:
        model = Hold
        fields = ["ref", "kind", "starts_at", "ends_on", "review_on", "confirmed_at", "released_at"]

    def get_ref(self, row: Hold) -> str:
        return refs.encode("H", row.pk)


class Scoped(ByReference, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Rows about persons of whom the client's creditors have a case."""

    scope = "instructions:write"
    model: Any = None

    def get_queryset(self) -> Any:
        client = self.request.user
        if not isinstance(client, ApiClient):
            return self.model.objects.none()
        creditors = client.creditors.all()
        mine = self.model.objects.filter(person_id__in=Case.objects.filter(creditor__in=creditors).values("person_id"))
        return mine.filter(creditor__isnull=True) | mine.filter(creditor__in=creditors)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        self.body = request.body if request.method == "POST" else b""  # before a parser has consumed it
        return super().initialize_request(request, *args, **kwargs)

    def once(self, request: Request, endpoint: str, effect: Any, at: Any) -> Response:
        """Run the effect once for the key of the request."""
        return idempotency.once(
            request, client=client_of(request), body=self.body, endpoint=endpoint, at=at, effect=effect
        )


def _case(client: ApiClient, ref: str) -> Case:
    cases = Case.objects.filter(creditor__in=client.creditors.all()).select_related("person", "creditor")
    return _found(cases, "C", ref)


def _found(rows: Any, prefix: str, ref: str) -> Any:
    try:
        row = rows.filter(pk=refs.decode(prefix, ref)).first()
    except refs.BadReference:
        row = None
    if row is None:
        raise Http404
    return row


def _account_id(case: Case, ref: str) -> int | None:
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    return _found(accounts, "K", ref).pk if ref else None


def _point_id(case: Case, ref: str) -> int | None:
    return _found(ContactPoint.objects.filter(person_id=case.person_id), POINT, ref).pk if ref else None


class InstructionViewSet(Scoped):
    """What people ask: stop, not this number, not at these times, my lawyer, not me."""

    prefix = "W"
    model = Instruction
    serializer_class = InstructionOut

    @extend_schema(request=InstructionIn, responses={201: InstructionOut}, parameters=[KEY_HEADER])
    def create(self, request: Request) -> Response:
        """Record what a person asks; it is in force everywhere when this answers."""
        data = InstructionIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            case = _case(client, known["case"])
            given = instructions.record(
                person_id=case.person_id,
                creditor_id=_whose(case, known),
                account_id=_account_id(case, known["account"]),
                contact_point_id=_point_id(case, known["contact_point"]),
                **{name: known[name] for name in ("kind", "channel", "place", "form", "source", "evidence", "words",
                                                  "sent_at", "received_at", "expires_at", "review_on")},
                details=_details(known, case),
                team_id=case.team_id,
                actor=actor_of(client),
                at=at,
            )  # fmt: skip
            return 201, dict(InstructionOut(given).data)

        answer = self.once(request, "instructions", effect, at)
        # In force since the row was committed; now wait for what was under way (also where an earlier request died).
        given = instructions.confirm(instruction_id=refs.decode("W", answer.data["ref"]), actor=actor_of(client), at=at)
        answer.data = {**answer.data, "confirmed_at": given.confirmed_at}
        return answer

    @extend_schema(request=ReasonIn, responses=InstructionOut, parameters=[KEY_HEADER])
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back what was asked, saying why."""
        data = ReasonIn(data=request.data)
        data.is_valid(raise_exception=True)
        given, client, at = self.get_object(), client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            instructions.withdraw(
                instruction_id=given.pk, reason=data.validated_data["reason"], actor=actor_of(client), at=at
            )
            return 200, dict(InstructionOut(given).data)

        return self.once(request, f"instructions/{given.pk}/withdraw", effect, at)


def _whose(case: Case, known: dict[str, Any]) -> int | None:
    lapses = known["kind"] == Instruction.Kind.WORKPLACE and case.creditor.acting_as == Creditor.ActingAs.CREDITOR
    about_the_debt = known["kind"] in (Instruction.Kind.DISPUTE, Instruction.Kind.ORIGINAL_CREDITOR) or known["account"]
    return case.creditor_id if about_the_debt or lapses or not known["all_creditors"] else None


def _details(known: dict[str, Any], case: Case) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if known["times"]:
        details = {name: value for name, value in known["times"].items() if value}
    if known["kind"] == Instruction.Kind.ATTORNEY:
        details["attorney_contact_known"] = known["lawyer_can_be_reached"]
    if known["lawyer"]:
        details["name"] = known["lawyer"]
    if known["disputed_amount"] is not None:
        details |= {"amount": str(known["disputed_amount"]), "currency": case.currency}
    if known["avoid"]:
        details["channels"] = known["avoid"]
    return details


class ConsentViewSet(Scoped):
    """What people agree to, for this creditor and nobody else."""

    prefix = "G"
    model = Consent
    serializer_class = ConsentOut

    @extend_schema(request=ConsentIn, responses={201: ConsentOut}, parameters=[KEY_HEADER])
    def create(self, request: Request) -> Response:
        """Record a consent with what shows it."""
        data = ConsentIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            case = _case(client, known["case"])
            details = {name: value for name, value in (known["times"] or {}).items() if value}
            details |= {name: True for name in ("only", "express", "once") if known[name]}
            details |= {name: known[name] for name in ("per_day", "place") if known[name]}
            given = consents.give(
                person_id=case.person_id,
                creditor_id=case.creditor_id,
                account_id=_account_id(case, known["account"]),
                contact_point_id=_point_id(case, known["contact_point"]),
                **{name: known[name] for name in ("kind", "evidence", "context", "channel", "form", "source",
                                                  "given_at", "expires_at")},
                details=details,
                actor=actor_of(client),
                at=at,
            )  # fmt: skip
            return 201, dict(ConsentOut(given).data)

        return self.once(request, "consents", effect, at)

    @extend_schema(request=ReasonIn, responses=ConsentOut, parameters=[KEY_HEADER])
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """End a consent at once, saying why."""
        data = ReasonIn(data=request.data)
        data.is_valid(raise_exception=True)
        given, client, at = self.get_object(), client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            ended = consents.end(
                consent_id=given.pk, reason=data.validated_data["reason"], actor=actor_of(client), at=at
            )
            return 200, dict(ConsentOut(ended).data)

        answer = self.once(request, f"consents/{given.pk}/withdraw", effect, at)
        consents.wait(person_id=given.person_id)
        return answer


class HoldViewSet(Scoped):
    """Holds: told by courts, registers and creditors. They are released here, by a supervisor, and nowhere else."""

    prefix = "H"
    model = Hold
    serializer_class = HoldOut

    @extend_schema(request=HoldIn, responses={201: HoldOut}, parameters=[KEY_HEADER])
    def create(self, request: Request) -> Response:
        """Hold all contact about a creditor's debts of one person; in force everywhere when this answers."""
        data = HoldIn(data=request.data)
        data.is_valid(raise_exception=True)
        known, client, at = data.validated_data, client_of(request), clock.now()

        def effect() -> tuple[int, dict[str, Any]]:
            case = _case(client, known["case"])
            placed = holds.record(
                case=case,
                starts_at=known["since"],
                account_id=_account_id(case, known["account"]),
                **{name: known[name] for name in ("kind", "reason", "source", "evidence", "ends_on", "review_on")},
                actor=actor_of(client),
                at=at,
            )
            return 201, dict(HoldOut(placed).data)

        answer = self.once(request, "holds", effect, at)
        placed = holds.confirm(hold_id=refs.decode("H", answer.data["ref"]), at=at)
        answer.data = {**answer.data, "confirmed_at": placed.confirmed_at}
        return answer
