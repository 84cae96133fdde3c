"""Models of the chance that an account comes right by itself or by work, and what they say of each case."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition


class ScoreModel(FSMModelMixin, models.Model):
    """A trained logistic regression as numbers anybody can read: no code is stored, and nothing is loaded but numbers.

    `document` holds the features, their cuts and weights; `evaluation` what it was worth on data it had not seen.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_FORCE = "in_force", _("in force")
        RETIRED = "retired", _("retired")

    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="score_models")
    number = models.PositiveIntegerField(_("number"))
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT, protected=True)
    document = models.JSONField()
    evaluation = models.JSONField()
    content_hash = models.CharField(max_length=64)
    trained_at = models.DateTimeField(_("trained"))
    trained_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("model of chances")
        verbose_name_plural = _("models of chances")
        constraints = [
            models.UniqueConstraint(name="score_model_number_is_unique_per_creditor", fields=["creditor", "number"]),
            models.UniqueConstraint(
                name="score_model_is_one_in_force", fields=["creditor"], condition=Q(status="in_force")
            ),
            models.CheckConstraint(
                name="score_model_status_is_known", condition=Q(status__in=["draft", "in_force", "retired"])
            ),
            models.CheckConstraint(
                name="score_model_in_force_is_approved_by_somebody_else",
                condition=~Q(status="in_force")
                | (Q(approved_by__isnull=False) & (Q(trained_by__isnull=True) | ~Q(approved_by=F("trained_by")))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.creditor_id} no. {self.number}"

    @transition(field=status, source=Status.DRAFT, target=Status.IN_FORCE)
    def approve(self, *, at: datetime, by, why: str) -> None:
        """A second person lets it move the order of cases, within its bounds."""
        self.approved_at, self.approved_by, self.why = at, by, why

    @transition(field=status, source=[Status.DRAFT, Status.IN_FORCE], target=Status.RETIRED)
    def retire(self) -> None:
        """It says nothing any more; the rules alone give the order."""


class CaseChance(models.Model):
    """What the model in force says of a case. Derived; can be reckoned anew."""

    case = models.OneToOneField("cases.Case", primary_key=True, on_delete=models.PROTECT, related_name="chance")
    model = models.ForeignKey(ScoreModel, on_delete=models.PROTECT, related_name="chances")
    chance = models.DecimalField(max_digits=5, decimal_places=4)
    factor = models.DecimalField(max_digits=4, decimal_places=2)  # 0.5 to 2, as far as it moves the expected value
    reasons = models.JSONField(default=list)  # the three features that weigh most: [name, points]
    reckoned_at = models.DateTimeField()

    class Meta:
        verbose_name = _("chance of a case")
        verbose_name_plural = _("chances of cases")
        constraints = [
            models.CheckConstraint(name="case_chance_is_a_share", condition=Q(chance__range=(0, 1))),
            models.CheckConstraint(name="case_chance_moves_within_its_bounds", condition=Q(factor__range=("0.5", "2"))),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.chance}"
