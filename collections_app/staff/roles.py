"""Who may do what: four roles, each a fixed set of permissions.

A role is data in code, not rows in a table: nobody can grant himself a permission in the admin, and a
review of rights is a review of this file. There is no permission that bypasses the compliance gate.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    COLLECTOR = "collector", _("Collector")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMIN = "admin", _("Administrator")
    COMPLIANCE = "compliance", _("Compliance officer")


_WORK = frozenset(
    {
        "cases.work_queue",
        "cases.view_case",
        "cases.add_note",
        "cases.make_promise",
        "cases.offer_settlement",
        "cases.place_hold",
        "contacts.open_call",
        "contacts.log_call",
        "contacts.give_instruction",
        "cases.reveal",
    }
)
_LEAD = frozenset(
    {
        "cases.view_team",
        "cases.assign",
        "cases.distribute",
        "cases.release_hold",
        "cases.record_payment",
        "cases.reverse_payment",
        "cases.reconcile",
        "cases.approve",
        "cases.view_approvals",
        "cases.view_authority",
        "cases.write_off",
        "cases.reverse_waiver",
        "cases.view_exclusions",
        "cases.exclude",
        "dashboards.view",
        "compliance.view_decision",
        "contacts.lead_day",
        "contacts.settle_uncertain",
        "contacts.record_legal_event",
        "contacts.stop_sending",
        "contacts.print_letters",
    }
)
_CONFIGURE = frozenset(
    {
        "cases.import_tape",
        "cases.reconcile",
        "contacts.view_run",
        "contacts.run_night",
        "contacts.configure",
        "contacts.approve_strategy",
        "contacts.publish_strategy",
        "contacts.approve_wording",
        "contacts.print_letters",
        "contacts.keep_seals",
        "cases.configure",
        "cases.distribute",
        "cases.set_policy",
        "cases.set_authority",
        "cases.view_authority",
        "dashboards.view",
        "cases.view_case",
        "cases.view_team",
        "cases.view_all",
        "contacts.stop_sending",
        "compliance.view_decision",
    }
)
_OVERSEE = frozenset(
    {
        "cases.approve",
        "cases.view_approvals",
        "cases.view_authority",
        "cases.view_exclusions",
        "cases.exclude",
        "cases.view_case",
        "cases.view_team",
        "cases.view_all",
        "cases.reveal",
        "compliance.view_decision",
        "compliance.view_audit",
        "cases.set_policy",
        "compliance.schedule_release",
        "compliance.approve_release",
        "contacts.approve_strategy",
        "contacts.approve_wording",
        "contacts.keep_seals",
        "contacts.view_run",
        "contacts.stop_sending",
        "contacts.record_legal_event",
        "dashboards.view",
    }
)

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.COLLECTOR: _WORK,
    Role.SUPERVISOR: _WORK | _LEAD | {"contacts.view_run"},
    Role.ADMIN: _CONFIGURE,
    Role.COMPLIANCE: _OVERSEE,
}
