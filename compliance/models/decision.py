"""What was asked of the gate, what every rule said, and the answer."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """The answer of the gate."""

    PERMIT = "permit", _("permitted")
    REFUSE = "refuse", _("refused")


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Sets of decisions."""

    def refused(self) -> "DecisionQuerySet":
        """Return the decisions that refused a contact."""
        return self.filter(verdict=Verdict.REFUSE)

    def of_person(self, person_id: int) -> "DecisionQuerySet":
        """Return the decisions about contacting this person."""
        return self.filter(person_id=person_id)


class Decision(models.Model):
    """One decision of the gate. Append only. A permitting one is the permit, good for a few minutes and one attempt.

    The ids are plain numbers: nothing that compliance keeps may stop another table from changing shape, and the record
    stays readable when what it speaks of is gone. `question`, `facts` and `findings` are canonical JSON
    (compliance.facts): they are enough to compute the decision again with the releases whose hashes are in `releases`.
    """

    at = models.DateTimeField()
    person_id = models.BigIntegerField()
    contact_point_id = models.BigIntegerField(null=True, blank=True)
    creditor_id = models.BigIntegerField()
    case_id = models.BigIntegerField(null=True, blank=True)
    channel = models.CharField(max_length=40)  # of an action: its name
    direction = models.CharField(max_length=10, default="outbound")
    purpose = models.CharField(max_length=40)
    content_class = models.CharField(max_length=40, blank=True, default="")
    automated = models.BooleanField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    next_permitted = models.DateTimeField(null=True, blank=True)
    strength = models.CharField(max_length=20, blank=True, default="")
    failing = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    advisories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    findings = models.JSONField()
    question = models.JSONField()
    facts = models.JSONField()
    releases = ArrayField(models.CharField(max_length=64), default=list)  # beginnings of the hashes
    engine_version = models.CharField(max_length=24)
    tzdata_version = models.CharField(max_length=24)
    calendar_version = models.CharField(max_length=24)
    entrance = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=150)
    recorded_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["Decision"]] = DecisionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="decision_is_a_permit_with_its_minutes_or_a_refusal_without",
                condition=Q(verdict="permit", valid_from__isnull=False, valid_until__gt=F("valid_from"), failing=[])
                | Q(verdict="refuse", valid_from__isnull=True, valid_until__isnull=True),
            ),
            models.CheckConstraint(
                name="decision_that_refuses_names_a_rule", condition=Q(verdict="permit") | ~Q(failing=[])
            ),
        )
        indexes = (
            models.Index(fields=["person_id", "-at"], name="decisions_of_a_person"),
            models.Index(fields=["case_id", "-at"], name="decisions_of_a_case", condition=Q(case_id__isnull=False)),
            models.Index(fields=["-at"], name="decisions_refused_latest", condition=Q(verdict="refuse")),
        )

    def __str__(self) -> str:
        return f"{self.verdict} {self.channel} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_permit(self) -> bool:
        """Whether the contact was permitted."""
        return self.verdict == Verdict.PERMIT
