"""Where each role begins its day."""

from typing import Final

from django.urls import NoReverseMatch, reverse

from collections_app.staff.roles import Role

LANDING: Final = {
    Role.COLLECTOR: ("cases:queue",),
    Role.SUPERVISOR: ("dashboards:supervisor", "cases:queue"),
    Role.ADMIN: ("cases:imports", "cases:list"),
    Role.COMPLIANCE: ("compliance:decisions", "cases:list"),
}


def landing(user) -> str:
    """Return the address of the first page for this user's role that this installation has."""
    for name in (*LANDING.get(user.role, ()), "preferences"):
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return "/"
