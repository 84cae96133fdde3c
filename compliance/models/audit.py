"""Who did what, when: events, and the chain that a sequencer lays over them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Sets of audit events."""

    def about(self, subject: models.Model) -> "AuditEventQuerySet":
        """Return the events whose subject is this row."""
        return self.filter(subject_label=subject._meta.label_lower, subject_id=subject.pk)

    def of_person(self, person_id: int) -> "AuditEventQuerySet":
        """Return the events that concern this person."""
        return self.filter(person_id=person_id)


class AuditEvent(models.Model):
    """One thing that happened. Append only; written by compliance.audit.record and nothing else."""

    name = models.CharField(max_length=60)
    subject_label = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=150)
    at = models.DateTimeField()
    details = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(
        db_default=models.Func(function="CLOCK_TIMESTAMP", output_field=models.DateTimeField())
    )

    objects: ClassVar[models.Manager["AuditEvent"]] = AuditEventQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="audit_event_actor_is_somebody_known_or_the_system",
                condition=Q(actor_kind="system", actor_id__isnull=True)
                | Q(actor_kind__in=["user", "client"], actor_id__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=["subject_label", "subject_id", "at"], name="audit_timeline_of_a_subject"),
            models.Index(fields=["person_id", "at"], name="audit_of_a_person", condition=Q(person_id__isnull=False)),
            models.Index(fields=["name", "at"], name="audit_by_name"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.subject_label} {self.subject_id}"


class AuditLink(models.Model):
    """The place of an event in the chain: each hash covers the event and the hash before it.

    Written by one sequencer.
    """

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="link")
    seq = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    prev_hash = models.BinaryField(max_length=32, null=True, blank=True)

    objects: ClassVar[models.Manager["AuditLink"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["seq"], name="audit_link_sequence_is_unique"),
            models.CheckConstraint(
                name="audit_link_first_has_no_predecessor",
                condition=Q(seq=1, prev_hash__isnull=True) | Q(seq__gt=1, prev_hash__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"#{self.seq}"
