"""How we stand with each provider: its pace, and whether it refuses us. One row per provider, shared by all workers."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ProviderState(models.Model):
    """`next_free_at` is the next free slot of its pace, by the database's clock. While `held_until` is set, nothing is
    handed over; from then on one message at a time tries whether it takes us again.
    """

    provider = models.CharField(_("provider"), max_length=30, unique=True)
    next_free_at = models.DateTimeField(null=True, blank=True)
    held_since = models.DateTimeField(_("held since"), null=True, blank=True)
    refused_at = models.DateTimeField(_("last refusal"), null=True, blank=True)
    held_until = models.DateTimeField(_("next try"), null=True, blank=True)
    refusals = models.PositiveIntegerField(_("refusals"), default=0)
    reason_code = models.CharField(_("why"), max_length=60, blank=True)

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
        ]

    def __str__(self) -> str:
        return self.provider
