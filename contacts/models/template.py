"""Texts that are sent: versioned, approved by a second person. A template is data, never code."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.models.texts import in_language


class Channel(models.TextChoices):
    PHONE = "phone", _("call")
    SMS = "sms", _("text message")
    EMAIL = "email", _("e-mail")
    LETTER = "letter", _("letter")
    CHAT = "chat", _("messaging account")
    VOICE_NOTICE = "voice_notice", _("recorded notice")
    VISIT = "visit", _("visit")


class Purpose(models.TextChoices):
    COLLECTION = "collection", _("collection")
    SERVICE_REMINDER = "service_reminder", _("service reminder")
    CUSTOMER_SERVICE = "customer_service", _("customer service")
    REPLY = "reply", _("reply")
    STATUTORY_NOTICE = "statutory_notice", _("required notice")
    DISPUTE_FOLLOWUP = "dispute_followup", _("answer to an objection")
    OPT_OUT_CONFIRMATION = "opt_out_confirmation", _("confirmation of an opt-out")
    LOCATE = "locate", _("locate")


class Template(models.Model):
    creditor = models.ForeignKey(
        "cases.Creditor", null=True, blank=True, on_delete=models.PROTECT, related_name="templates"
    )
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    channel = models.CharField(_("channel"), max_length=14, choices=Channel.choices)
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices, default=Purpose.COLLECTION)
    content_class = models.CharField(_("content"), max_length=24, default="reminder")
    texts = models.JSONField(_("in other languages"), default=dict, blank=True)  # {"zh-hans": {"name": …}}

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        return in_language(self.texts, "name", self.name)


class TemplateVersion(models.Model):
    """One wording in one language, for every place or for one jurisdiction, as one of the variants that are compared.

    Once decided about it is never changed, which the database keeps; the next wording is the next version.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        RETIRED = "retired", _("retired")

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions")
    language = models.CharField(_("language"), max_length=10)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=40, blank=True)  # "": every place
    variant = models.CharField(_("variant"), max_length=1, default="A")
    weight = models.PositiveSmallIntegerField(_("share among the variants"), default=1)
    version = models.PositiveSmallIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), max_length=8000)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    written_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    refused_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300, blank=True)  # of a refusal or of taking it out of use
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [
            models.UniqueConstraint(
                name="wording_version_is_unique_per_language_place_and_variant",
                fields=["template", "language", "jurisdiction", "variant", "version"],
            ),
            models.UniqueConstraint(
                name="template_has_one_approved_wording_per_variant",
                fields=["template", "language", "jurisdiction", "variant"],
                condition=Q(status="approved"),
            ),
            models.CheckConstraint(
                name="template_is_approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("written_by")),
            ),
            models.CheckConstraint(
                name="template_approved_says_when", condition=~Q(status="approved") | Q(approved_at__isnull=False)
            ),
            models.CheckConstraint(
                name="wording_is_refused_by_somebody_else",
                condition=Q(refused_by__isnull=True) | ~Q(refused_by=F("written_by")),
            ),
            models.CheckConstraint(name="wording_refused_says_why", condition=~Q(status="refused") | ~Q(reason="")),
            models.CheckConstraint(name="wording_variant_is_a_letter", condition=Q(variant__regex=r"^[A-D]$")),
            models.CheckConstraint(name="wording_weight_is_positive", condition=Q(weight__gte=1, weight__lte=100)),
        ]

    def __str__(self) -> str:
        place = f" {self.jurisdiction}" if self.jurisdiction else ""
        variant = f" {self.variant}" if self.variant != "A" else ""
        return f"{self.template.code} {self.language}{place}{variant} v{self.version}"


class Letterhead(models.Model):
    """What the messages of one creditor say about the creditor and about us, beside its name and telephone number."""

    creditor = models.OneToOneField("cases.Creditor", on_delete=models.PROTECT, related_name="letterhead")
    address = models.CharField(_("postal address"), max_length=200, blank=True)
    complaint_line = models.CharField(_("complaint line"), max_length=100, blank=True)
    agency_name = models.CharField(_("name of the agency"), max_length=200, blank=True)
    payment_methods = models.CharField(_("how to pay"), max_length=300, blank=True)
    payment_url = models.URLField(
        _("payment page"), max_length=200, blank=True,
        help_text=_("{reference} in it is replaced by the reference of the case."),
    )  # fmt: skip
    legal_basis = models.CharField(_("legal basis of a demand"), max_length=300, blank=True)
    recordings_kept = models.CharField(_("how long recordings are kept"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")

    def __str__(self) -> str:
        return str(self.creditor)
