"""The main navigation: what each person may open, and where he is now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of the navigation. permission: "" is everybody, "staff" is whoever may open the admin site.

    is_seldom: wanted now and then, so it lies in the menu at the end of a wide bar.
    """

    label: str | Promise
    url_name: str
    icon: str
    permission: str
    is_seldom: bool = False


ENTRIES: Final = (
    Entry(_("My queue"), "cases:queue", "inbox", "cases.work_queue"),
    Entry(_("My day"), "contacts:my-day", "calendar-due", "cases.work_queue", is_seldom=True),
    Entry(_("Cases"), "cases:list", "briefcase", "cases.view_case"),
    Entry(_("Plans"), "cases:plans", "calendar", "cases.view_case"),
    Entry(_("Inbox"), "contacts:inbox", "mail", "cases.view_case"),
    Entry(_("Approvals"), "cases:approvals", "list-check", "cases.view_approvals"),
    Entry(_("Dashboard"), "dashboards:supervisor", "layout-dashboard", "dashboards.view"),
    Entry(_("Allocation"), "cases:allocation", "users", "cases.distribute"),
    Entry(_("Bank"), "cases:bank-days", "coin", "cases.reconcile"),
    Entry(_("Imports"), "cases:imports", "database-import", "cases.import_tape"),
    Entry(_("Runs"), "contacts:runs", "moon-stars", "contacts.view_run"),
    Entry(_("Strategies"), "contacts:strategies", "sitemap", "contacts.view_run"),
    Entry(_("Templates"), "contacts:templates", "message", "contacts.view_run"),
    Entry(_("Call scripts"), "contacts:scripts", "phone", "contacts.view_run", is_seldom=True),
    Entry(_("Print room"), "contacts:print-room", "printer", "contacts.print_letters", is_seldom=True),
    Entry(_("Compliance"), "contacts:watch", "scale", "compliance.view_decision"),
    Entry(_("Firm policy"), "cases:firm-policies", "shield", "cases.set_policy", is_seldom=True),
    Entry(_("Authority"), "cases:authority", "scale", "cases.set_authority", is_seldom=True),
    Entry(_("Priority"), "cases:priority", "list", "dashboards.view", is_seldom=True),
    Entry(_("Admin"), "admin:index", "settings", "staff", is_seldom=True),
)


def _may_open(user: Any, permission: str) -> bool:
    if permission == "staff":
        return bool(getattr(user, "is_staff", False))
    return bool(user.has_perm(permission))


@register.simple_tag
def is_demo_book() -> bool:
    """Return whether the book is the demonstration, so that a page says what of it is real."""
    return bool(settings.DEMO_BOOK)


@register.inclusion_tag("_components/nav.html", takes_context=True)
def main_navigation(context: Mapping[str, Any], *, is_flat: bool = False) -> dict[str, Any]:
    """Return the entries that the signed-in user may open; a place that this installation lacks is left out.

    is_flat: all in one list, for a bar that is a menu itself.
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    items: list[dict[str, Any]] = []
    if request is None or user is None or not user.is_authenticated:
        return {"items": items}
    for entry in ENTRIES:
        if not _may_open(user, entry.permission):
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        items.append({"label": entry.label, "icon": entry.icon, "url": url, "is_seldom": entry.is_seldom})
    here = [item for item in items if request.path.startswith(item["url"])]
    if here:
        max(here, key=lambda item: len(item["url"]))["current"] = True
    seldom = [] if is_flat else [item for item in items if item["is_seldom"]]
    if len(seldom) < 2:  # a menu of one place is a detour
        seldom = []
    return {
        "items": [item for item in items if item not in seldom],
        "seldom": seldom,
        "is_in_seldom": any(item.get("current") for item in seldom),
    }
