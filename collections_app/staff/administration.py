"""How the configuration site asks for permission: by role, as everywhere; Django's own permission rows play no part.

Nothing is ever deleted there: configuration is switched off or followed by a new version, history only grows.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest


class ByRole(admin.ModelAdmin):
    """Rows that whoever has `may_look` sees and whoever has `may_change` adds and changes."""

    may_look = "cases.configure"
    may_change = "cases.configure"
    show_full_result_count = False
    list_per_page = 50

    def _has(self, request: HttpRequest, permission: str) -> bool:
        user = request.user
        return bool(user.is_active and user.is_staff and user.has_perm(permission))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the app appears on the first page."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether rows may be looked at."""
        return self._has(request, self.may_look) or self._has(request, self.may_change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether a row may be added."""
        return self._has(request, self.may_change)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be changed."""
        return self._has(request, self.may_change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted."""
        return False


class PartByRole(admin.TabularInline):
    """Rows that belong to another row and follow its permissions."""

    extra = 0
    may_change = "cases.configure"

    def _has(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_active and user.is_staff and user.has_perm(self.may_change))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may be looked at."""
        return self._has(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one may be added."""
        return self._has(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one may be changed."""
        return self._has(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted."""
        return False


def is_shown(field: models.Field[Any, Any]) -> bool:
    """Whether a column may be shown: sealed values, their digests and token hashes never are."""
    return not isinstance(field, models.BinaryField) and not field.name.endswith(("_hash", "_sealed"))


class History(ByRole):
    """Rows that are looked at and never touched: no add, no change, no delete, no sealed column."""

    may_look = "cases.view_all"
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return every column that may be shown."""
        return [field.name for field in self.model._meta.concrete_fields if is_shown(field)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all of them: nothing is an input."""
        return self.get_fields(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether rows may be looked at."""
        return self._has(request, self.may_look)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """History is written by verbs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is not changed."""
        return False
