"""Configuration of creditors, products, mappings and API clients; history of money and accounts to look at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import allocation, clients
from cases.forms_imports import KINDS
from cases.imports import formats, report
from cases.imports.refusals import FileRefused
from cases.models import (
    AccountState,
    ApiClient,
    BankDay,
    BankLine,
    BucketTransition,
    Case,
    ConflictOfInterest,
    Creditor,
    Hold,
    ImportBatch,
    ImportMapping,
    Instruction,
    LedgerEntry,
    Payment,
    Plan,
    Product,
    Promise,
    Rate,
    Refund,
)
from cases.payment_files import formats as money_formats
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.administration import ByRole, History, PartByRole


class CreditorForm(forms.ModelForm):
    class Meta:
        model = Creditor
        fields = (
            "code", "name", "kind", "acting_as", "team", "is_active", "time_zone", "currency", "books",
            "freshness_days",
            "phone",
        )  # fmt: skip

    def clean_time_zone(self) -> str:
        """Refuse a name that is no time zone."""
        name = self.cleaned_data["time_zone"]
        try:
            clock.zone(name)
        except clock.UnknownTimeZone:
            raise ValidationError(
                _("“%(name)s” is not a time zone (such as Asia/Shanghai).") % {"name": name}
            ) from None
        return str(name)

    def clean_currency(self) -> str:
        """Write the code in capitals."""
        return str(self.cleaned_data["currency"]).upper()


class ProductPart(PartByRole):
    model = Product
    fields = (
        "code", "name", "kind", "grace_days", "tolerance", "promise_grace_days", "promise_tolerance",
        "promise_max_days", "promise_moves", "promise_move_days",
    )  # fmt: skip
    show_change_link = True


@admin.register(Creditor)
class CreditorAdmin(ByRole):
    form = CreditorForm
    list_display = ("name", "code", "acting_as", "time_zone", "currency", "team", "freshness_days", "is_active")
    list_filter = ("acting_as", "kind", "is_active", "team")
    list_select_related = ("team",)
    search_fields = ("name", "code")
    ordering = ("name", "pk")
    inlines = (ProductPart,)
    fieldsets = (
        (None, {"fields": ("code", "name", "kind", "acting_as", "team", "is_active")}),
        (gettext_lazy("Books"), {"fields": ("time_zone", "currency", "books", "freshness_days")}),
        (gettext_lazy("Contact"), {"fields": ("phone",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Currency, code and time zone stay once accounts are in the book: history would change its meaning."""
        return ("code", "currency", "time_zone") if obj is not None and obj.accounts.exists() else ()


class ProductForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = (
            "creditor", "code", "name", "kind", "grace_days", "tolerance", "promise_grace_days", "promise_tolerance",
            "promise_max_days", "promise_moves", "promise_move_days", "waterfall",
        )  # fmt: skip

    def clean_waterfall(self) -> list[str]:
        """Refuse an order that could not be read when a payment comes."""
        own = [str(each) for each in self.cleaned_data["waterfall"] or []]
        try:
            allocation.choose(jurisdiction="", product="", dpd=0, own=own)
        except allocation.AllocationDataError as wrong:
            raise ValidationError(str(wrong)) from None
        return own


class RatePart(PartByRole):
    model = Rate
    fields = ("component", "percent", "from_on", "day_count", "grace_days")


@admin.register(Product)
class ProductAdmin(ByRole):
    form = ProductForm
    inlines = (RatePart,)
    list_display = ("name", "code", "creditor", "kind", "grace_days", "tolerance")
    list_filter = ("kind", "creditor")
    list_select_related = ("creditor",)
    ordering = ("creditor__name", "name", "pk")


class MappingForm(forms.ModelForm):
    kind = forms.ChoiceField(label=gettext_lazy("What it holds"), choices=KINDS, required=False)

    class Meta:
        model = ImportMapping
        fields = ("creditor", "kind", "name", "spec")

    def clean_kind(self) -> str:
        """Take a tape where nothing else is said."""
        return str(self.cleaned_data["kind"] or "tape")

    def clean_spec(self) -> Any:
        """Refuse columns that could not be read."""
        spec = self.cleaned_data["spec"]
        try:
            name, kind = self.cleaned_data.get("name", ""), self.cleaned_data.get("kind", "tape")
            if kind != "tape":
                return money_formats.from_spec(name, kind, spec).as_spec()
            return formats.from_spec(name, spec).as_spec()
        except FileRefused as refused:
            raise ValidationError(report.of_file(refused)) from None
        except (AttributeError, TypeError):
            raise ValidationError(report.sentence("mapping_is_broken", {"name": ""})) from None


@admin.register(ImportMapping)
class ImportMappingAdmin(ByRole):
    """A mapping is not changed: one of the same name is its next version."""

    form = MappingForm
    list_display = ("name", "version", "creditor", "kind", "created_at", "created_by")
    list_filter = ("kind", "creditor")
    list_select_related = ("creditor", "created_by")
    ordering = ("name", "-version", "pk")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A stored mapping stays: imports point at it."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Number the version and say who made it."""
        same = ImportMapping.objects.filter(creditor=obj.creditor, kind=obj.kind, name=obj.name)
        newest = same.order_by("-version").values_list("version", flat=True).first()
        obj.version = (newest or 0) + 1
        obj.created_at, obj.created_by = clock.now(), request.user
        super().save_model(request, obj, form, change)


class ClientForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), choices=ApiClient.Scope.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiClient
        fields = ("name", "scopes", "creditors")
        widgets = {"creditors": forms.CheckboxSelectMultiple}


@admin.register(ApiClient)
class ApiClientAdmin(ByRole):
    """Other systems. The token is shown once, when it is made; a lost one is replaced by a new client."""

    form = ClientForm
    list_display = ("name", "token_hint", "is_active", "created_at", "last_used_on")
    list_filter = ("is_active",)
    ordering = ("name", "pk")
    actions = ("revoke",)
    fields = ("name", "scopes", "creditors")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a client may do is fixed when it is made."""
        return False if obj is not None else super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is asked, or what may be looked at afterwards."""
        return ("name", "scopes", "creditors") if obj is None else (
            "name", "scopes", "creditors", "token_hint", "is_active", "created_at", "last_used_on",
        )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the client by its verb and show its token, this once."""
        made, token = clients.create(
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            creditors=form.cleaned_data["creditors"],
            actor=Actor.of(request.user),
            at=clock.now(),
        )
        obj.pk, obj.token_hint = made.pk, made.token_hint
        text = _("The token of %(name)s, shown only now: %(token)s") % {"name": obj.name, "token": token}
        messages.warning(request, text)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Everything was saved by the verb."""

    @admin.action(description=gettext_lazy("Switch off for good"), permissions=["add"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """Switch the chosen clients off; their next request is refused."""
        for client in queryset.filter(is_active=True):
            clients.revoke(client_id=client.pk, actor=Actor.of(request.user), at=clock.now())
        messages.success(request, _("Switched off."))


@admin.register(LedgerEntry)
class LedgerEntryAdmin(History):
    list_display = ("id", "account", "kind", "amount", "currency", "effective_on", "source", "reference")
    list_filter = ("kind", "source")
    list_select_related = ("account",)
    ordering = ("-pk",)


@admin.register(AccountState)
class AccountStateAdmin(History):
    list_display = ("id", "account", "effective_on", "stated", "past_due_since", "balance", "currency", "cause")
    list_filter = ("stated", "cause")
    list_select_related = ("account",)
    ordering = ("-pk",)


@admin.register(BucketTransition)
class BucketTransitionAdmin(History):
    list_display = ("business_date", "account", "from_bucket", "to_bucket", "balance", "currency")
    list_select_related = ("account",)
    ordering = ("-pk",)


@admin.register(Payment)
class PaymentAdmin(History):
    list_display = ("external_ref", "creditor", "amount", "currency", "status", "source", "received_at")
    list_filter = ("status", "source", "creditor")
    list_select_related = ("creditor",)
    search_fields = ("external_ref",)
    ordering = ("-pk",)


@admin.register(Refund)
class RefundAdmin(History):
    list_display = ("id", "account", "amount", "currency", "payee", "marked_at", "marked_by", "sent_at", "sent_by")
    list_select_related = ("account", "marked_by", "sent_by")
    ordering = ("-pk",)


@admin.register(BankLine)
class BankLineAdmin(History):
    list_display = ("booked_on", "creditor", "amount", "currency", "reference", "matched_by", "explanation")
    list_filter = ("matched_by", "creditor")
    list_select_related = ("creditor",)
    ordering = ("-pk",)


@admin.register(BankDay)
class BankDayAdmin(History):
    list_display = ("day", "creditor", "currency", "bank_total", "books_total", "stated_by", "closed_by")
    list_filter = ("creditor",)
    list_select_related = ("creditor", "stated_by", "closed_by")
    ordering = ("-pk",)


@admin.register(Promise)
class PromiseAdmin(History):
    list_display = ("id", "case", "amount", "currency", "due_on", "status", "made_at")
    list_filter = ("status", "creditor")
    list_select_related = ("case",)
    ordering = ("-pk",)


@admin.register(Plan)
class PlanAdmin(History):
    list_display = ("id", "case", "kind", "total", "currency", "first_due_on", "status", "signed_at")
    list_filter = ("status", "kind", "creditor")
    list_select_related = ("case",)
    ordering = ("-pk",)


@admin.register(Hold)
class HoldAdmin(History):
    list_display = ("id", "person", "creditor", "kind", "starts_at", "review_on", "released_at")
    list_filter = ("kind",)
    list_select_related = ("person", "creditor")
    ordering = ("-pk",)


@admin.register(Instruction)
class InstructionAdmin(History):
    list_display = ("id", "person", "kind", "channel", "form", "received_at", "confirmed_at")
    list_filter = ("kind", "form")
    list_select_related = ("person",)
    ordering = ("-pk",)


@admin.register(ImportBatch)
class ImportBatchAdmin(History):
    list_display = ("file_name", "creditor", "status", "as_of", "rows_read", "rows_refused", "uploaded_at")
    list_filter = ("status", "creditor")
    list_select_related = ("creditor",)
    ordering = ("-pk",)


class ConflictForm(forms.ModelForm):
    case = forms.CharField(
        label=gettext_lazy("Case"), required=False, help_text=gettext_lazy("The number of any case of the person.")
    )

    class Meta:
        model = ConflictOfInterest
        fields = ("user", "reason", "ended_at")

    def clean(self) -> dict[str, Any]:
        """Find the person by a case; one that is recorded stays that person's."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk is None:
            case = Case.objects.by_ref(str(data.get("case", ""))).first()
            if case is None:
                raise ValidationError({"case": _("There is no case of this number.")})
            self.instance.person_id = case.person_id
        return data


@admin.register(ConflictOfInterest)
class ConflictAdmin(ByRole):
    """Members of staff who must never work a person's case. One that is over is ended, not removed."""

    form = ConflictForm
    list_display = ("user", "person", "reason", "recorded_at", "ended_at")
    list_select_related = ("user", "person")
    fields = ("user", "case", "reason", "ended_at")
    ordering = ("-recorded_at", "-pk")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write down when it was recorded."""
        obj.recorded_at = obj.recorded_at or clock.now()
        super().save_model(request, obj, form, change)
