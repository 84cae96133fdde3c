"""Texts that are sent: versioned, approved by a second person. A template is data, never code."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


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

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One wording in one language. Once approved it is never changed; the next wording is the next version."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions")
    language = models.CharField(_("language"), max_length=10)
    version = models.PositiveSmallIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), max_length=8000)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    written_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [
            models.UniqueConstraint(
                name="template_version_is_unique_per_language", fields=["template", "language", "version"]
            ),
            models.UniqueConstraint(
                name="template_has_one_approved_wording_per_language",
                fields=["template", "language"],
                condition=Q(status="approved"),
            ),
            models.CheckConstraint(
                name="template_is_approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("written_by")),
            ),
            models.CheckConstraint(
                name="template_approved_says_when", condition=~Q(status="approved") | Q(approved_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template.code} {self.language} v{self.version}"
