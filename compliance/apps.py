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
        """Register the system check that refuses to start quietly with an unreadable rule pack."""
        from compliance import checks  # noqa: F401  (registering is the side effect)
