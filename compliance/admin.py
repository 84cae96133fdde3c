"""History of this app on the configuration site: looked at, never touched."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from collections_app.staff.administration import History
from compliance.models import AuditEvent, Decision, PackRelease, ScheduledRelease


@admin.register(Decision)
class DecisionAdmin(History):
    may_look = "compliance.view_decision"
    list_display = ("id", "at", "verdict", "channel", "purpose", "strength", "entrance", "actor_label")
    list_filter = ("verdict", "channel", "purpose")
    ordering = ("-pk",)

    def has_view_permission(self, request, obj=None) -> bool:  # type: ignore[no-untyped-def]
        """Whoever sees every team's decisions; others use the officer's pages, which know teams."""
        return super().has_view_permission(request, obj) and self._has(request, "cases.view_all")


@admin.register(AuditEvent)
class AuditEventAdmin(History):
    may_look = "compliance.view_audit"
    list_display = ("id", "at", "name", "subject_label", "subject_id", "actor_kind", "actor_label")
    list_filter: ClassVar = ("actor_kind", "subject_label")
    search_fields = ("name", "actor_label")
    ordering = ("-pk",)


@admin.register(PackRelease)
class PackReleaseAdmin(History):
    list_display = ("pack", "version", "hash", "first_seen_at")
    list_filter = ("pack",)
    ordering = ("pack", "-pk")


@admin.register(ScheduledRelease)
class ScheduledReleaseAdmin(History):
    list_display = ("pack", "release", "in_force_from", "scheduled_by", "approved_by", "withdrawn_by")
    list_filter = ("pack",)
    list_select_related = ("release", "scheduled_by", "approved_by", "withdrawn_by")
    ordering = ("-in_force_from", "-pk")
