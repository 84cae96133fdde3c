"""Why not now? What the gate would answer for one channel and point, with the person's day and the counts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cases import queries as case_queries
from cases.models import Case
from collections_app.shared import clock
from collections_app.staff.access import allowed
from compliance import findings, plain
from compliance.daybar import Bar
from compliance.views import why as answers
from contacts import queries
from contacts.queries import Way


@require_safe
@allowed("cases.view_case")
def why(request: HttpRequest, ref: str) -> HttpResponse:
    """Say in full what the gate would answer now: every reason with its source. Nothing is stored."""
    case, at = case_queries.find(request.user, ref), clock.now()
    asked = (request.GET.get("channel"), request.GET.get("point"))
    ways = queries.ways(case, staff_id=request.user.pk, at=at)
    way = next((one for one in ways if (one.channel, str(one.point_id)) == asked), None)
    zone = case.person.time_zone or case.creditor.time_zone
    seen = way.preview if way else None
    lines = findings.of_outcome(seen.outcome, seen.packs, zone=zone) if seen else []
    causes = [plain.because(line, zone=zone) for line in lines if line.result == "failed"]
    context = {
        "now": at,
        "case": case,
        "zone": zone,
        "way": way,
        "sentence": plain.refused(
            seen.question.channel or "",
            causes,
            next_permitted=seen.outcome.next_permitted,
            zone=zone,
            now=at,
            at=at,
            tried=True,
        )
        if seen and not seen.outcome.permitted
        else "",
        "title": _("Why not now?") if way and not way.permitted else _("Permitted now"),
        "bars": _bars(way, zone),
        "try_url": _try_url(case, way, zone),
    }
    return render(request, "contacts/why_panel.html", context)


def _bars(way: Way | None, zone: str) -> list[Bar]:
    if way is None or way.preview is None or not way.preview.packs:
        return []
    seen = way.preview
    return answers.bars(
        seen.question,
        seen.facts,
        seen.packs,
        zone=zone,
        next_permitted=way.next_permitted,
        now=None,
        label=pgettext("a mark on a day", "now"),
    )


def _try_url(case: Case, way: Way | None, zone: str) -> str:
    query = {"case": case.ref}
    if way is not None and way.preview is not None:
        at = (way.next_permitted or way.preview.question.at).astimezone(clock.zone(zone))
        query |= {"channel": way.channel, "point": str(way.point_id or ""), "at": f"{at:%Y-%m-%dT%H:%M}"}
    return f"{reverse('contacts:try-it')}?{urlencode(query)}"
