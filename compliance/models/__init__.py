"""Stored proof: pack releases, decisions, the audit trail. All of it is only ever added to."""

from compliance.models.audit import AuditEvent, AuditLink
from compliance.models.check_run import CheckRun
from compliance.models.decision import Decision
from compliance.models.pack_release import PackRelease, ScheduledRelease

__all__ = ["AuditEvent", "AuditLink", "CheckRun", "Decision", "PackRelease", "ScheduledRelease"]
