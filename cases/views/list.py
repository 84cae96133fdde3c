"""Cases as a list: views, filters in the address, the one search (`cases.search`); pages without numbers.

Addresses stay in logs and histories: a whole number that is looked for travels in the body of the request alone.
"""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases import ageing, lists, queries, search
from cases.models import Case, Creditor, Status
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

PAGE: Final = 50
COUNT_UP_TO: Final = 10_000


@allowed("cases.view_case")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """List the cases that the user may see.

    What was typed (POST) goes on to an address, unless a whole number is in it: that is answered at once, one page.
    """
    at, asked = clock.now(), _plain(request.POST if request.method == "POST" else request.GET)
    is_private = search.is_private(asked.get("q", ""))
    if request.method == "POST" and not is_private:
        return HttpResponseRedirect(_address(asked))
    if request.method != "POST" and is_private:
        messages.warning(request, _("A whole number is looked for in the search field, never by an address."))
        asked["q"] = ""
    cases = _filtered(request.user, asked, at=at)
    rows, page = _page(cases, asked)
    if is_private:
        page["next"] = page["previous"] = None
    if asked.get("q") and not (asked.get("after") or asked.get("before")):
        words = search.read(asked["q"])
        search.record(request.user, words, found=page["count"], actor=Actor.of(request.user), at=at)
    context = {
        "now": at,
        "cases": [_row(case, at) for case in rows],
        "page": page,
        "search": asked.get("q", ""),
        "view": asked.get("view", ""),
        "views": _views(request.user, asked),
        "filters": _chips(asked),
        "clear_url": reverse("cases:list"),
        "bucket_choices": _choices(asked, "bucket", [(label, label) for label in ageing.DEFAULT.labels]),
        "status_choices": _choices(asked, "status", Status.choices),
        "creditor_choices": _choices(asked, "creditor", _creditors(request.user)),
        "export_url": None,
    }
    return render(request, "cases/list.html", context)


def _address(asked: dict[str, str], *without: str) -> str:
    """Return the address of the list with these filters: without a search that is no matter for an address."""
    left_out = {"csrfmiddlewaretoken", *without} | ({"q"} if search.is_private(asked.get("q", "")) else set())
    kept = {name: value for name, value in asked.items() if name not in left_out and value}
    return reverse("cases:list") + (f"?{urlencode(kept)}" if kept else "")


def _plain(asked: QueryDict) -> dict[str, str]:
    """Return what the address asks, without what no text in a database can hold."""
    return {name: str(value).replace("\0", "") for name, value in asked.items()}


def _filtered(user, asked: dict[str, str], *, at: datetime) -> QuerySet[Case]:
    cases = Case.objects.visible_to(user)
    if asked.get("view"):
        cases = lists.view(cases, asked["view"], user=user, at=at)
    if asked.get("bucket"):
        cases = lists.in_bucket(cases, asked["bucket"], at=at)
    if asked.get("status"):
        cases = cases.filter(status=asked["status"])
    if asked.get("creditor"):
        cases = cases.filter(creditor__code=asked["creditor"])
    words = asked.get("q", "").strip()
    return search.matching(cases, search.read(words)) if words else cases


def _page(cases: QuerySet[Case], asked: dict[str, str]) -> tuple[list[Case], dict[str, Any]]:
    """Return one page of rows, and what the pager says."""
    counted = cases.order_by()[: COUNT_UP_TO + 1].count()
    marked = lists.with_marks(cases)
    after, before = _place(asked.get("after")), _place(asked.get("before"))
    if before:
        rows = list(lists.newer_than(marked, *before).order_by(*lists.REVERSED)[: PAGE + 1])
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        earlier, later = more, True
    else:
        rows = list((lists.older_than(marked, *after) if after else marked).order_by(*lists.ORDER)[: PAGE + 1])
        earlier, later = bool(after), len(rows) > PAGE
        rows = rows[:PAGE]
    return rows, {
        "count": min(counted, COUNT_UP_TO),
        "count_is_exact": counted <= COUNT_UP_TO,
        "shown": len(rows),
        "next": f"{rows[-1].score}.{rows[-1].pk}" if rows and later else None,
        "previous": f"{rows[0].score}.{rows[0].pk}" if rows and earlier else None,
    }


def _place(token: str | None) -> tuple[int, int] | None:
    """Return the place in the order of lists that a token of the address names; None for none, or a broken one."""
    score, _dot, pk = (token or "").partition(".")
    try:
        place = int(score), int(pk)
    except ValueError:
        return None
    return place if all(abs(part) < 2**31 for part in place[:1]) and 0 <= place[1] < 2**62 else None


def _row(case: Case, at: datetime) -> dict[str, Any]:
    dpd = case.dpd_on(queries.today(case, at))
    return {
        "ref": case.ref,
        "url": reverse("cases:case", args=[case.ref]),
        "person_name": str(case.person),
        "status_label": case.get_status_display(),
        "status_tone": queries.STATUS_TONES.get(case.status, "plain"),
        "dpd": dpd,
        "bucket": ageing.DEFAULT.bucket(dpd),
        "owed": case.balance,
        "currency": case.currency,
        "creditor": str(case.creditor),
        "owner": str(case.owner) if case.owner else "",
        "next_label": case.get_next_action_display() if case.next_action else "",
        "next_at": case.next_action_at,
        "is_held": getattr(case, "is_held", False),
    }


def view_labels() -> dict[str, str]:
    """Return the named views in the reader's language."""
    return {
        "open": _("open"),
        "due": _("due now"),
        "mine": _("mine"),
        "promised": _("promise open"),
        "held": _("held"),
        "resolved": _("cured and closed"),
        "worked-today": _("worked today"),
        "promised-today": _("promised today"),
    }


def _views(user, asked: dict[str, str]) -> list[dict[str, Any]]:
    shown = ["open", "mine", "promised", "held", "resolved"]
    if user.has_perm("cases.work_queue"):
        shown += ["due", "worked-today", "promised-today"]
    base, labels = reverse("cases:list"), view_labels()
    chips = [{"label": _("all"), "url": base, "current": not asked.get("view"), "count": None}]
    return chips + [
        {"label": labels[name], "url": f"{base}?view={name}", "current": asked.get("view") == name, "count": None}
        for name in labels
        if name in shown
    ]


def _chips(asked: dict[str, str]) -> list[dict[str, str]]:
    names = {"q": _("Search"), "bucket": _("Bucket"), "status": _("Status"), "creditor": _("Creditor")}
    words = {"status": dict(Status.choices)}
    chips = []
    for name, label in names.items():
        if value := asked.get(name):
            shown = str(words.get(name, {}).get(value, value))
            chips.append({"label": label, "value": shown, "remove_url": _address(asked, name, "after", "before")})
    return chips


def _choices(asked: dict[str, str], name: str, choices: list[tuple[str, Any]]) -> list[tuple[str, Any, bool]]:
    return [(value, label, asked.get(name) == value) for value, label in choices]


def _creditors(user) -> list[tuple[str, str]]:
    seen = Creditor.objects.filter(is_active=True)
    if not user.has_perm("cases.view_all"):
        seen = seen.filter(team_id=user.team_id)
    return list(seen.order_by("name", "pk").values_list("code", "name"))
