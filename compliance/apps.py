"""The compliance app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    """Rule packs, the gate, stored decisions and the audit trail."""

    name = "compliance"
    label = "compliance"
    verbose_name = _("compliance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system check of the rule packs, and listen to what belongs in the audit trail."""
        from compliance import checks, listeners  # noqa: F401  (registering is the side effect)
