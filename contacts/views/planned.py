"""Planned contacts as a list: what is due, what is withheld and why."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.shared import clock, keyset, refs, spreadsheet
from collections_app.staff.access import allowed
from compliance import exports
from compliance import lists as decision_lists
from contacts import outbox, reasons, stops
from contacts.models import Channel, PlannedContact
from contacts.views.stop import in_words

ORDER: Final = ("try_again_at", "pk")
EXPORTED: Final = 100_000
TONES: Final = {"planned": "plain", "claimed": "act", "withheld": "soon", "done": "ok", "cancelled": "past"}
ICONS: Final = {
    "phone": "phone",
    "sms": "message",
    "email": "mail",
    "letter": "mail",
    "chat": "brand-wechat",
    "voice_notice": "phone-outgoing",
    "visit": "home",
}


def case_address(case: Any) -> str:
    """Return the address of a case's page, or nothing where this installation has none."""
    try:
        return reverse("cases:case", args=[case.ref])
    except NoReverseMatch:
        return ""


def reason_in_words(code: str) -> str:
    """Return why, in words: one of our own reasons, else the title of the rule."""
    if not code or code in reasons.REASONS:
        return reasons.say(code)
    return decision_lists.titles().get(code, code)


@require_safe
@allowed("dashboards.view")
def show(request: HttpRequest) -> HttpResponseBase:
    """List planned contacts within reach; `?view=` and `?channel=` and `?reason=` narrow it."""
    at, asked = clock.now(), request.GET
    reachable = outbox.planned(request.user)
    view, channel, reason = asked.get("view", ""), asked.get("channel", ""), asked.get("reason", "")[:60]
    rows = outbox.of_view(reachable, view, at)
    if channel:
        rows = rows.filter(channel=channel)
    if reason:
        rows = rows.filter(reason_code=reason)
    rows = rows.select_related("case", "person", "step", "template", "creditor")
    if asked.get("as") == "csv":
        exports.record(request.user, name="planned", asked=asked.dict(), rows=rows.count(), at=at)
        return _export(rows)
    page = keyset.page(rows, order=ORDER, asked=asked)
    context = {
        "planned": [_row(each) for each in page.rows],
        "page": page,
        "views": _views(request, reachable, at),
        "filters": _chips(request, view, channel, reason),
        "clear_url": request.path,
        "channel_choices": [(value, label, value == channel) for value, label in Channel.choices],
        "view": view,
        "export_url": _query(request, **{"as": "csv"}),
        "stopped": [{"words": in_words(order), "ordered_at": order.ordered_at} for order in stops.standing()],
        "stops_url": reverse("contacts:stops") if request.user.has_perm("contacts.stop_sending") else "",
        "now": at,
    }
    return render(request, "contacts/planned_list.html", context)


def _row(row: PlannedContact) -> dict[str, Any]:
    return {
        "url": case_address(row.case),
        "person_name": str(row.person),
        "case_ref": row.case.ref,
        "case_url": case_address(row.case),
        "channel_label": row.get_channel_display(),
        "channel_icon": ICONS.get(row.channel, "message"),
        "step_label": str(row.template) if row.template else row.step.get_kind_display(),
        "planned_for": row.planned_for,
        "zone": row.person.time_zone or row.creditor.time_zone,
        "status_label": row.get_status_display(),
        "status_tone": TONES.get(row.status, "plain"),
        "reason": reason_in_words(row.reason_code),
        "decision_url": reverse("compliance:decision", args=[refs.encode("D", row.decision_id)])
        if row.decision_id and row.reason_code
        else "",
        "try_again_at": row.try_again_at if row.status in ("planned", "withheld") else None,
    }


def _views(request: HttpRequest, reachable: Any, at: Any) -> list[dict[str, Any]]:
    current = request.GET.get("view", "")
    shown = [("due", outbox.VIEWS["due"]), ("withheld", outbox.VIEWS["withheld"]), ("claimed", outbox.VIEWS["claimed"])]
    views = [
        {
            "label": label,
            "url": f"{request.path}?view={name}",
            "current": name == current,
            "count": outbox.of_view(reachable, name, at).count(),
        }
        for name, label in shown
    ]
    uncertain = outbox.uncertain(request.user).count()
    views.append({"label": _("Uncertain"), "url": reverse("contacts:uncertain"), "current": False, "count": uncertain})
    return views


def _query(request: HttpRequest, **changes: str) -> str:
    kept = {name: value for name, value in request.GET.items() if name not in ("after", "before", "as")}
    kept.update(changes)
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{request.path}?{query}" if query else request.path


def _chips(request: HttpRequest, view: str, channel: str, reason: str) -> list[dict[str, Any]]:
    shown = [
        ("view", _("Which"), outbox.VIEWS.get(view, view)),
        ("channel", _("Channel"), dict(Channel.choices).get(channel, channel)),
        ("reason", _("Reason"), reason_in_words(reason)),
    ]
    return [
        {"label": label, "value": value, "remove_url": _query(request, **{name: ""})}
        for name, label, value in shown
        if value
    ]


def _export(rows: Any) -> HttpResponseBase:
    heading = [_("Case"), _("Channel"), _("For the day"), _("Planned for"), _("Status"), _("Reason"), _("Tries again")]

    def lines() -> Any:
        for row in rows.order_by(*ORDER)[:EXPORTED].iterator(chunk_size=2000):
            yield [refs.encode("C", row.case_id), row.channel, row.business_date, row.planned_for, row.status,
                   row.reason_code, row.try_again_at]  # fmt: skip

    return spreadsheet.download("planned-contacts", heading, lines())
