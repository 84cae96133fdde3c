"""Clocks of the law: what is reckoned for every account, and what happened that no other row of ours tells."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LegalEvent(models.Model):
    """Something that begins, interrupts or ends a legal period, as an officer recorded it, with its evidence.

    Append-only; one made in error is undone by a row that names it. account: None means every account of the case.
    until: the last due date of instalments, or the day on which the debt became time-barred.
    """

    class Kind(models.TextChoices):
        DEMAND_SERVED = "demand_served", _("demand served, with proof")
        ORAL_AGREEMENT = "oral_repayment_agreement", _("oral agreement to repay")
        ACCELERATED = "debt_accelerated", _("whole debt called in")
        LAST_INSTALMENT = "last_instalment_due", _("last instalment falls due")
        ASSIGNED = "claim_assigned", _("claim sold, debtor notified")
        SUIT_FILED = "suit_filed", _("suit filed")
        PRESERVED = "pre_suit_preservation", _("preservation before suit ordered")
        ORDER_APPLIED = "payment_order_applied", _("payment order applied for")
        ORDER_ACCEPTED = "payment_order_accepted", _("application for a payment order accepted")
        ORDER_SERVED = "payment_order_served", _("payment order served")
        ORDER_OBJECTED = "payment_order_objected", _("payment order objected to")
        TIME_BARRED = "debt_time_barred", _("time-barred, as established")

    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="legal_events")
    account = models.ForeignKey(
        "cases.Account", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="legal_events"
    )
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=30, choices=Kind.choices)
    happened_on = models.DateField(_("day"))
    until = models.DateField(_("until"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=300)
    document = models.ForeignKey(
        "cases.Document", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    undoes = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("staff.User", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("legal event")
        verbose_name_plural = _("legal events")
        constraints = [
            models.CheckConstraint(name="legal_event_has_evidence", condition=~Q(evidence="")),
            models.CheckConstraint(
                name="legal_event_of_the_last_instalment_says_when",
                condition=~Q(kind="last_instalment_due") | Q(until__isnull=False),
            ),
        ]
        indexes = [models.Index(name="legal_events_of_a_case", fields=["case"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.happened_on}"


class LegalClock(models.Model):
    """One legal period of one account, as it was reckoned last; derived, and written anew when anything bears on it.

    ends: its last day, moved over a holiday (`certain` is False where the calendar does not reach it). over_at: the
    instant from which it is over. interrupted: what started it anew, oldest first: day, ground, and the id of the
    attempt, payment, promise, plan or event. kept: the demand by which a claim against a guarantor was kept in time.
    """

    class Kind(models.TextChoices):
        LIMITATION = "limitation", _("limitation")
        GUARANTEE = "guarantee", _("guarantee")
        COURT = "court", _("court")

    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="legal_clocks")
    account = models.ForeignKey("cases.Account", db_index=False, on_delete=models.PROTECT, related_name="legal_clocks")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    guarantor = models.ForeignKey(
        "cases.Person", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("clock"), max_length=10, choices=Kind.choices)
    rule = models.CharField(_("rule"), max_length=60)
    title = models.JSONField(default=dict)
    source = models.CharField(_("source"), max_length=200, blank=True)
    starts = models.DateField(_("began"))
    ends = models.DateField(_("last day"))
    certain = models.BooleanField(default=True)
    over_at = models.DateTimeField()
    interrupted = models.JSONField(default=list)
    kept = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("legal clock")
        verbose_name_plural = _("legal clocks")
        constraints = [
            models.CheckConstraint(
                name="legal_clock_kind_is_known", condition=Q(kind__in=["limitation", "guarantee", "court"])
            ),
            models.CheckConstraint(
                name="legal_clock_of_a_guarantee_names_the_guarantor",
                condition=~Q(kind="guarantee") | Q(guarantor__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="legal_clocks_of_a_case", fields=["case", "kind"]),
            models.Index(name="legal_clocks_by_last_day", fields=["creditor", "ends"]),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.ends}"


class LegalReckoning(models.Model):
    """That the clocks of a case were reckoned, when, and by which versions of the packs (`edition`)."""

    case = models.OneToOneField(
        "cases.Case", primary_key=True, on_delete=models.PROTECT, related_name="legal_reckoning"
    )
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    reckoned_at = models.DateTimeField()
    edition = models.CharField(max_length=16)

    class Meta:
        verbose_name = _("reckoning of legal clocks")
        verbose_name_plural = _("reckonings of legal clocks")

    def __str__(self) -> str:
        return f"{self.case_id} {self.reckoned_at}"
