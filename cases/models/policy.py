"""The firm's own limits for a creditor's book, as dated versions. A change is a new version; none is ever edited."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class FirmPolicyVersion(models.Model):
    """Hours, caps and guard bands that the firm sets itself. The one in force at an instant is the one with the latest
    `in_force_from` not after it, and among those the one recorded last. No version: nothing set.

    `document`: {"caps": [{"channels": ["sms"], "limit": 2, "days": 1, "per": "person"}],
    "guard_minutes": {"phone": 10}, "enabled": ["HOLIDAY-QUIET"], "packs": ["CN-AL-2025"],
    "spread_minutes": 30, "plans": {"share": 80, "months": 60}}; every key may be missing.
    """

    creditor = models.ForeignKey(
        "cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="policy_versions"
    )
    in_force_from = models.DateTimeField(_("in force from"))
    opens = models.TimeField(_("contact opens"), null=True, blank=True)
    closes = models.TimeField(_("contact closes"), null=True, blank=True)
    document = models.JSONField(_("limits"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    set_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("version of the firm policy")
        verbose_name_plural = _("versions of the firm policy")
        constraints = [
            models.CheckConstraint(
                name="firm_policy_hours_come_in_pairs",
                condition=Q(opens__isnull=True, closes__isnull=True) | Q(opens__isnull=False, closes__isnull=False),
            ),
            models.CheckConstraint(
                name="firm_policy_opens_before_it_closes", condition=Q(opens__isnull=True) | Q(opens__lt=F("closes"))
            ),
            models.CheckConstraint(name="firm_policy_says_why", condition=~Q(reason="")),
        ]
        indexes = [models.Index(name="firm_policy_in_force", fields=["creditor", "-in_force_from", "-id"])]

    def __str__(self) -> str:
        return f"{self.creditor_id} {self.in_force_from}"
