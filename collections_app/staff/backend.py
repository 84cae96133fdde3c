"""How permission questions are answered: from the role, by `collections_app.staff.roles`."""

from django.contrib.auth.backends import ModelBackend

from collections_app.staff.roles import PERMISSIONS


class RoleBackend(ModelBackend):
    """Answers permission questions from the user's role; the Django admin's own model permissions stay rows."""

    def has_perm(self, user_obj, perm, obj=None):
        if not user_obj.is_active or obj is not None:
            return False
        if perm in PERMISSIONS.get(getattr(user_obj, "role", ""), frozenset()):
            return True
        if not user_obj.is_staff:
            return False  # rows say what somebody may do in the Django admin: nobody else's are read
        return super().has_perm(user_obj, perm, obj=obj)
