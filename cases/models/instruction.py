"""What a person asked (instructions) and what a person agreed to (consents). Both bind every channel and collector.

An instruction is in force from the commit of its row (`decisions`: a stop is two steps). It is never deleted: it is
undone by a withdrawal row. What opens a matter (a dispute, a complaint, somebody in need of care) has an end, or a
date on which somebody named looks at it again.
"""

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

# What somebody must come back to: it has an end, or a review date with an owner.
MATTERS: Final = ("dispute_open", "complaint_open", "debt_adviser_engaged", "sensitive_occasion", "vulnerable")


def ends_or_has_a_reviewer(end: str) -> Q:
    """Return the condition that a row has an end (a field of this name), or a review date and somebody to keep it."""
    someone = Q(reviewer_team__isnull=False) | Q(reviewer__isnull=False)
    return Q(**{f"{end}__isnull": False}) | (Q(review_on__isnull=False) & someone)


class Source(models.TextChoices):
    """How it came to us."""

    CALL = "call", _("call")
    MESSAGE = "message", _("message")
    LETTER = "letter", _("letter")
    PORTAL = "portal", _("borrower page")
    FILE = "file", _("file")
    VISIT = "visit", _("visit")
    OTHER = "other", _("other way")


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
        ONLY_TIMES = "only_times", _("only at these times")
        PLACE = "inconvenient_place", _("not at this place")
        WORKPLACE = "workplace_request", _("no calls at work")
        WORKPLACE_CONFIRMED = "opt_out_confirmed", _("no calls at work, confirmed in writing")
        ATTORNEY_AGREES = "attorney_consents_direct", _("the lawyer agrees to direct contact")
        VULNERABLE = "vulnerable", _("needs special care")
        WRONG_PARTY = "wrong_party", _("the number belongs to a stranger")
        ORIGINAL_CREDITOR = "original_creditor_requested", _("asks who the original creditor is")
        ASKED_TO_LEAVE = "asked_to_leave", _("asked the visitors to leave")
        ANSWER_WRONG = "location_answer_wrong", _("an earlier answer about the address was wrong")
        RENOUNCED = "inheritance_renounced", _("renounces the inheritance")

    class Form(models.TextChoices):
        ORAL = "oral", _("by word of mouth")
        WRITTEN = "written", _("in writing")
        EMAIL = "email", _("by e-mail")
        SMS = "sms", _("by text message")
        PORTAL = "portal", _("on the borrower page")
        PROFESSIONAL = "professional_notice", _("notice of a professional")

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
    form = models.CharField(_("form"), max_length=20, choices=Form.choices, default=Form.ORAL)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.CALL)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    words = models.CharField(_("in the person's words"), max_length=500, blank=True)
    details = models.JSONField(default=dict, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    review_on = models.DateField(_("review on"), null=True, blank=True)
    reviewer_team = models.ForeignKey(
        "staff.Team", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reviewer = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    confirms = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="confirmations")
    batch = models.ForeignKey("cases.ImportBatch", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
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
            models.CheckConstraint(
                name="instruction_was_sent_before_it_was_received",
                condition=Q(sent_at__isnull=True) | Q(sent_at__lte=F("received_at")),
            ),
            models.CheckConstraint(
                name="instruction_that_opens_a_matter_is_reviewed",
                condition=~Q(kind__in=MATTERS) | ends_or_has_a_reviewer("expires_at"),
            ),
            models.CheckConstraint(
                name="instruction_about_a_wrong_party_names_the_number",
                condition=~Q(kind="wrong_party") | Q(address__isnull=False),
            ),
            models.CheckConstraint(
                name="instruction_that_confirms_names_the_request",
                condition=~Q(kind="opt_out_confirmed") | Q(confirms__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="instructions_of_a_person", fields=["person"]),
            models.Index(name="instructions_of_an_address", fields=["address"], condition=Q(address__isnull=False)),
            models.Index(name="instructions_to_review", fields=["review_on"], condition=Q(review_on__isnull=False)),
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
    """What a person agreed to: whose contact, by what, when; with form, evidence, expiry and spending.

    It is worth nothing when the contact in which it was given was itself not permitted (`context`).
    """

    class Kind(models.TextChoices):
        TIME = "consent_time", _("contact at other times")
        MORE_CALLS = "consent_more_calls", _("more calls than usual")
        ELECTRONIC = "consent_electronic", _("electronic messages")
        PRIVATE_ACCOUNT = "consent_private_account", _("a collector's private account")
        PLACE = "consent_place", _("contact at a place")

    class Context(models.TextChoices):
        UNKNOWN = "", _("not known")
        PERMITTED = "permitted", _("in a contact of ours that was permitted")
        NOT_PERMITTED = "not_permitted", _("in a contact of ours that was not permitted")
        INBOUND = "inbound", _("the person contacted us")
        WRITTEN = "written", _("in writing, on no contact of ours")

    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="consents")
    creditor = models.ForeignKey("cases.Creditor", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    contact_point = models.ForeignKey(
        "cases.ContactPoint", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    form = models.CharField(_("form"), max_length=20, choices=Instruction.Form.choices, default=Instruction.Form.ORAL)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.CALL)
    context = models.CharField(_("given"), max_length=15, choices=Context.choices, blank=True, default=Context.UNKNOWN)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)
    given_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("withdrawn because"), max_length=300, blank=True)
    withdrawn_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    spent_at = models.DateTimeField(_("spent"), null=True, blank=True)
    spent_by_attempt_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.CheckConstraint(
                name="consent_expires_after_it_was_given",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("given_at")),
            ),
            models.CheckConstraint(
                name="consent_withdrawn_says_why",
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
            ),
            models.CheckConstraint(
                name="consent_spent_says_when",
                condition=Q(spent_by_attempt_id__isnull=True) | Q(spent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="consents_of_a_person", fields=["person"]),
            models.Index(name="consents_that_expire", fields=["expires_at"], condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
