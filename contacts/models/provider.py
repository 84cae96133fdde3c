"""How we stand with each provider: its pace, whether it refuses us, and what came in its name with a wrong proof."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ProviderState(models.Model):
    """`next_free_at` is the next free slot of its pace, by the database's clock. While `held_until` is set, nothing is
    handed over; from then on one message at a time tries whether it takes us again. A provider that a person holds
    (`held_by`) is tried by nobody until a person lifts it.
    """

    provider = models.CharField(_("provider"), max_length=30, unique=True)
    next_free_at = models.DateTimeField(null=True, blank=True)
    held_since = models.DateTimeField(_("held since"), null=True, blank=True)
    refused_at = models.DateTimeField(_("last refusal"), null=True, blank=True)
    held_until = models.DateTimeField(_("next try"), null=True, blank=True)
    refusals = models.PositiveIntegerField(_("refusals"), default=0)
    reason_code = models.CharField(_("why"), max_length=60, blank=True)
    held_by = models.ForeignKey(
        "staff.User", verbose_name=_("held by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(_("reason"), max_length=300, blank=True, db_default="")

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.CheckConstraint(
                name="provider_held_says_since_when_and_why",
                condition=Q(held_until__isnull=True, held_since__isnull=True, refusals=0, reason_code="")
                | Q(held_until__isnull=False, held_since__isnull=False, refused_at__isnull=False, refusals__gt=0)
                & ~Q(reason_code=""),
            ),
            models.CheckConstraint(
                name="provider_held_by_a_person_says_why",
                condition=Q(held_by__isnull=True, note="")
                | Q(held_by__isnull=False, held_until__isnull=False) & ~Q(note=""),
            ),
        ]

    def __str__(self) -> str:
        return self.provider


class RefusedCallback(models.Model):
    """How often something came to a provider's door on a day with a proof that is not the provider's."""

    door = models.CharField(_("door"), max_length=30)
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused callback")
        verbose_name_plural = _("refused callbacks")
        constraints = [
            models.UniqueConstraint(name="refused_callbacks_are_counted_by_door_and_day", fields=["door", "day"])
        ]

    def __str__(self) -> str:
        return f"{self.door} {self.day}"
