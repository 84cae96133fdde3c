"""Templates with their wordings and strategies to configure; what was planned, sent and closed to look at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import TransitionNotAllowed

from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.administration import ByRole, History, PartByRole
from contacts import rendering, wordings
from contacts.models import (
    ContactAttempt,
    DeliveryReceipt,
    Enrolment,
    Letterhead,
    NightRun,
    NightStep,
    PlannedContact,
    Segment,
    Step,
    StopOrder,
    Strategy,
    StrategyVersion,
    TelephoneCall,
    TelephoneEvent,
    Template,
    TemplateVersion,
)
from contacts.strategy import conditions, publishing, sentences

CONFIGURE = "contacts.configure"
STATE = ("version", "status", "written_by", "approved_by", "approved_at", "created_at")


@admin.register(Template)
class TemplateAdmin(ByRole):
    may_look = may_change = CONFIGURE
    list_display = ("name", "code", "channel", "purpose", "creditor")
    list_filter = ("channel", "purpose")
    list_select_related = ("creditor",)
    search_fields = ("name", "code")
    ordering = ("name", "pk")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What the gate was asked about stays as it was, once there is a wording."""
        return ("code", "channel", "purpose", "content_class") if obj is not None and obj.versions.exists() else ()


@admin.register(Letterhead)
class LetterheadAdmin(ByRole):
    """What messages say about a creditor beside its name: address, complaint line, how to pay."""

    may_look = may_change = CONFIGURE
    list_display = ("creditor", "complaint_line", "agency_name", "payment_url")
    list_select_related = ("creditor",)
    ordering = ("creditor__name", "pk")


class WordingForm(forms.ModelForm):
    """A wording; checked by the same grammar that renders it."""

    class Meta:
        model = TemplateVersion
        fields = ("template", "language", "subject", "body")
        widgets = {"body": forms.Textarea(attrs={"rows": 8, "cols": 80})}

    def clean(self) -> dict[str, Any]:
        """Refuse an unknown variable, an open brace, an e-mail without a subject, and what may not be said."""
        data = super().clean() or self.cleaned_data
        template = data.get("template") or (self.instance.template if self.instance.pk else None)
        if template is not None and data.get("body"):
            try:
                wordings.check(data.get("subject") or "", data["body"], channel=template.channel)
            except Refused as refused:
                field = "subject" if refused.code == "no-subject" else "body"
                raise ValidationError({field: str(refused)}) from None
        return data


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ByRole):
    """Wordings. A draft may be changed; one in use never is: write the next version, let somebody else approve it."""

    may_look = may_change = CONFIGURE
    form = WordingForm
    list_display = ("template", "language", "version", "status", "written_by", "approved_by", "approved_at")
    list_filter = ("status", "language", "template")
    list_select_related = ("template", "written_by", "approved_by")
    ordering = ("template__name", "language", "-version", "pk")
    readonly_fields = (*STATE, "preview", "variables")
    actions = ("approve", "retire")
    fieldsets = (
        (None, {"fields": ("template", "language", "subject", "body", "variables", "preview")}),
        (gettext_lazy("State"), {"fields": STATE}),
    )

    @admin.display(description=gettext_lazy("variables"))
    def variables(self, version: TemplateVersion) -> str:
        """Return the names that a wording may use."""
        return ", ".join(f"{{{{ {one.name} }}}} {one.label}" for one in rendering.VARIABLES.values())

    @admin.display(description=gettext_lazy("with sample values"))
    def preview(self, version: TemplateVersion) -> str:
        """Return the wording with samples."""
        if not version.pk:
            return "–"
        try:
            text = rendering.render(
                version.body, values=rendering.samples(), subject=version.subject, channel=version.template.channel
            )
        except rendering.RenderingRefused as refused:
            return str(refused)
        return format_html("<strong>{}</strong><pre>{}</pre>", text.subject, text.body)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is changed."""
        is_draft = obj is None or obj.status == TemplateVersion.Status.DRAFT
        return is_draft and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A draft stays a draft of its template and language."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "template", "language") if obj is not None else fixed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Number a new draft; whoever changes one is its author from then on."""
        if not change:
            obj.version = wordings.next_version(obj.template, obj.language)
            obj.created_at = clock.now()
        obj.written_by = request.user
        super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("Approve (not the author)"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: Any) -> None:
        """Put the chosen drafts in use."""
        self._each(request, queryset, lambda pk: wordings.approve(version_id=pk, by=request.user, at=clock.now()))

    @admin.action(description=gettext_lazy("Take out of use"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: Any) -> None:
        """Take the chosen wordings out of use."""
        actor = Actor.of(request.user)
        self._each(request, queryset, lambda pk: wordings.retire(version_id=pk, actor=actor, at=clock.now()))

    def _each(self, request: HttpRequest, queryset: Any, verb: Any) -> None:
        for version in queryset.order_by("pk"):
            try:
                verb(version.pk)
            except Refused as refused:
                messages.error(request, f"{version}: {refused}")
            else:
                messages.success(request, _("%(what)s: done.") % {"what": version})


@admin.register(Strategy)
class StrategyAdmin(ByRole):
    may_look = may_change = CONFIGURE
    list_display = ("name", "code")
    ordering = ("name", "pk")


class ConditionForm(forms.ModelForm):
    """A condition; checked by the same reader that runs it."""

    def clean_condition(self) -> Any:
        """Refuse a condition that is not understood, saying where."""
        condition = self.cleaned_data["condition"] or {}
        try:
            conditions.check(condition)
        except conditions.ConditionError as wrong:
            raise ValidationError(str(wrong)) from None
        return condition


class StepForm(ConditionForm):
    class Meta:
        model = Step
        fields = (
            "key", "position", "kind", "from_dpd", "until_dpd", "repeat_every_days", "template", "condition",
            "severity", "priority", "catch_up", "catch_up_days", "spread_minutes",
        )  # fmt: skip


class SegmentForm(ConditionForm):
    class Meta:
        model = Segment
        fields = ("version", "position", "name", "condition")


def is_draft(segment: Segment | None) -> bool:
    """Whether a segment belongs to a draft: anything else was rehearsed, approved or used, and stays."""
    return segment is None or segment.version.status == StrategyVersion.Status.DRAFT


class StepPart(PartByRole):
    may_change = CONFIGURE
    model = Step
    form = StepForm

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only to a draft."""
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only of a draft."""
        return is_draft(obj) and super().has_change_permission(request, obj)


@admin.register(Segment)
class SegmentAdmin(ByRole):
    may_look = may_change = CONFIGURE
    form = SegmentForm
    inlines = (StepPart,)
    list_display = ("name", "version", "position", "in_words")
    list_filter = ("version__strategy", "version__status")
    list_select_related = ("version__strategy",)
    ordering = ("version__strategy__name", "-version__version", "position", "pk")

    @admin.display(description=gettext_lazy("whom"))
    def in_words(self, segment: Segment) -> str:
        """Return the condition in words."""
        return sentences.of_condition(segment.condition)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is changed."""
        return is_draft(obj) and super().has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer drafts only."""
        if db_field.name == "version":
            kwargs["queryset"] = StrategyVersion.objects.filter(status=StrategyVersion.Status.DRAFT)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(StrategyVersion)
class StrategyVersionAdmin(ByRole):
    """Versions. A draft is made here; rehearsal, approval and publishing are moves of their own."""

    may_look = may_change = CONFIGURE
    list_display = ("strategy", "version", "status", "created_by", "approved_by", "published_at")
    list_filter = ("status", "strategy")
    list_select_related = ("strategy", "created_by", "approved_by")
    ordering = ("strategy__name", "-version", "pk")
    fields = ("strategy", "version", "creditors", "status", "created_by", "approved_by", "published_at", "stopped_at")
    readonly_fields = ("version", "status", "created_by", "approved_by", "published_at", "stopped_at")
    actions = ("approve", "publish")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is changed."""
        draft = obj is None or obj.status == StrategyVersion.Status.DRAFT
        return draft and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Number a new draft and say who made it."""
        if not change:
            newest = obj.strategy.versions.order_by("-version").values_list("version", flat=True).first()
            obj.version, obj.created_at, obj.created_by = (newest or 0) + 1, clock.now(), request.user
        super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("Approve (not the author)"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: Any) -> None:
        """Agree to what was rehearsed, as a second person."""
        by: Any = request.user
        for version in queryset.order_by("pk"):
            if version.created_by_id == request.user.pk:
                messages.error(request, str(wordings.WordingRefused("own")))
                continue
            self._move(request, version, lambda pk: publishing.approve(version_id=pk, by=by, at=clock.now()))

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: Any) -> None:
        """Put an approved version in force from the next close of day."""
        actor = Actor.of(request.user)
        for version in queryset.order_by("pk"):
            self._move(request, version, lambda pk: publishing.publish(version_id=pk, actor=actor, at=clock.now()))

    def _move(self, request: HttpRequest, version: StrategyVersion, verb: Any) -> None:
        try:
            verb(version.pk)
        except (TransitionNotAllowed, publishing.NotApprovable) as refused:
            why = str(refused) if isinstance(refused, publishing.NotApprovable) else ""
            messages.error(
                request, _("%(what)s is %(status)s and cannot do this.")
                % {"what": version, "status": version.get_status_display()} + f" {why}",
            )  # fmt: skip
        else:
            messages.success(request, _("%(what)s: done.") % {"what": version})


@admin.register(PlannedContact)
class PlannedContactAdmin(History):
    list_display = ("id", "case", "channel", "status", "business_date", "try_again_at", "reason_code")
    list_filter = ("status", "channel")
    list_select_related = ("case",)
    ordering = ("-pk",)


@admin.register(ContactAttempt)
class ContactAttemptAdmin(History):
    list_display = ("id", "case", "channel", "origin", "status", "outcome", "at", "made_by")
    list_filter = ("status", "channel", "origin")
    list_select_related = ("case", "made_by")
    ordering = ("-pk",)


@admin.register(DeliveryReceipt)
class DeliveryReceiptAdmin(History):
    list_display = ("provider", "event_id", "status", "occurred_at", "received_at", "applied")
    list_filter = ("provider", "status", "applied")
    ordering = ("-pk",)


@admin.register(TelephoneCall)
class TelephoneCallAdmin(History):
    list_display = ("id", "extension", "requested_at", "answered_at", "ended_at", "cause", "recording", "problem")
    list_filter = ("problem",)
    ordering = ("-pk",)


@admin.register(TelephoneEvent)
class TelephoneEventAdmin(History):
    """What the telephone system said; what was never applied is about calls that nobody knows."""

    list_display = ("received_at", "what", "name", "cause", "dialstatus", "detail", "applied_at")
    list_filter = (("applied_at", admin.EmptyFieldListFilter), "what")
    ordering = ("-pk",)


@admin.register(Enrolment)
class EnrolmentAdmin(History):
    list_display = ("id", "case", "version", "segment", "entered_on", "left_on", "left_reason")
    list_select_related = ("case", "version__strategy", "segment")
    ordering = ("-pk",)


@admin.register(NightRun)
class NightRunAdmin(History):
    list_display = ("business_date", "creditor", "status", "started_at", "finished_at")
    list_filter = ("status", "creditor")
    list_select_related = ("creditor",)
    ordering = ("-pk",)


@admin.register(NightStep)
class NightStepAdmin(History):
    list_display = ("run", "position", "name", "state", "rows", "seconds")
    list_filter = ("name", "state")
    list_select_related = ("run",)
    ordering = ("-pk",)


@admin.register(StopOrder)
class StopOrderAdmin(History):
    list_display = ("scope", "target", "ordered_at", "ordered_by", "confirmed_at", "lifted_at")
    list_select_related = ("ordered_by",)
    ordering = ("-pk",)
