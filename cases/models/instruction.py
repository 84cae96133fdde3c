"""What a person asked (instructions) and what a person agreed to (consents). Both bind every channel and collector.

An instruction is in force from the commit of its row (`decisions`: a stop is two steps). It is never deleted: it is
undone by a withdrawal row.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Instruction(models.Model):
    class Kind(models.TextChoices):
        OPT_OUT = "opt_out", _("do not use this medium")
        CEASE = "cease_request", _("stop all contact")
        INCONVENIENT_WINDOW = "inconvenient_window", _("inconvenient time")
        ATTORNEY = "attorney_represented", _("a lawyer acts")
        EMPLOYER_PROHIBITS = "employer_prohibits_contact", _("employer forbids contact")
        THIRD_PARTY_REFUSED = "third_party_refused", _("third person refuses")
        DISPUTE = "dispute_open", _("disputes the debt")
        ADVISER = "debt_adviser_engaged", _("a debt adviser is engaged")
        COMPLAINT = "complaint_open", _("complaint lodged")
        OCCASION = "sensitive_occasion", _("bereavement or other occasion")

    class Form(models.TextChoices):
        ORAL = "oral", _("by word of mouth")
        WRITTEN = "written", _("in writing")
        EMAIL = "email", _("by e-mail")
        SMS = "sms", _("by text message")
        PORTAL = "portal", _("on the borrower page")

    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="instructions")
    creditor = models.ForeignKey("cases.Creditor", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    contact_point = models.ForeignKey(
        "cases.ContactPoint", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    address = models.ForeignKey("cases.Address", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    place = models.CharField(_("place"), max_length=20, blank=True)
    form = models.CharField(_("form"), max_length=10, choices=Form.choices, default=Form.ORAL)
    words = models.CharField(_("in the person's words"), max_length=500, blank=True)
    details = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(_("received"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("instruction")
        verbose_name_plural = _("instructions")
        constraints = [
            models.CheckConstraint(
                name="instruction_expires_after_it_was_received",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("received_at")),
            ),
        ]
        indexes = [
            models.Index(name="instructions_of_a_person", fields=["person"]),
            models.Index(name="instructions_of_an_address", fields=["address"], condition=Q(address__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class InstructionWithdrawal(models.Model):
    """The person (or whoever mis-keyed it) takes an instruction back."""

    instruction = models.OneToOneField(Instruction, on_delete=models.PROTECT, related_name="withdrawal")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(name="instruction_withdrawal_says_why", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return self.reason


class Consent(models.Model):
    """What a person agreed to: whose contact, by what, when; with form, evidence, expiry and spending."""

    class Kind(models.TextChoices):
        TIME = "consent_time", _("contact at other times")
        MORE_CALLS = "consent_more_calls", _("more calls than usual")
        ELECTRONIC = "consent_electronic", _("electronic messages")
        PRIVATE_ACCOUNT = "consent_private_account", _("a collector's private account")

    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="consents")
    creditor = models.ForeignKey("cases.Creditor", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    contact_point = models.ForeignKey(
        "cases.ContactPoint", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    form = models.CharField(_("form"), max_length=10, choices=Instruction.Form.choices, default=Instruction.Form.ORAL)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)
    given_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    spent_by_attempt_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(name="consents_of_a_person", fields=["person"])]

    def __str__(self) -> str:
        return str(self.get_kind_display())
