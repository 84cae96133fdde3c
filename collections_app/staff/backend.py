"""How permission questions are answered: from the role, by `collections_app.staff.roles`."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet

from collections_app.shared.asked_often import asked_often
from collections_app.staff.models import User
from collections_app.staff.roles import PERMISSIONS


class RoleBackend(ModelBackend):
    """Answers permission questions from the user's role; the Django admin's own model permissions stay rows."""

    def get_user(self, user_id):
        """Return the user of a session with his team, or None where he is gone or may not sign in any more."""
        user = _of_key.first(user=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj, perm, obj=None):
        if not user_obj.is_active or obj is not None:
            return False
        if perm in PERMISSIONS.get(getattr(user_obj, "role", ""), frozenset()):
            return True
        if not user_obj.is_staff:
            return False  # rows say what somebody may do in the Django admin: nobody else's are read
        return super().has_perm(user_obj, perm, obj=obj)


@asked_often
def _of_key(user: int) -> QuerySet[User]:
    return User.objects.filter(pk=user).select_related("team")
