"""What strategies may ask about: every fact with its meaning, its unit, its values, and when it is unknown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.staff.access import allowed
from contacts.strategy.conditions import catalogue


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """Show the catalogue of facts, by group."""
    groups = [
        {
            "key": key,
            "label": label,
            "facts": [
                {
                    "entry": entry,
                    "kind": catalogue.KINDS[entry.kind],
                    "values": [value for _code, value in entry.values],
                    "operators": [catalogue.OPERATOR_NAMES[name] for name in entry.operators],
                }
                for entry in catalogue.ENTRIES.values()
                if entry.group == key
            ],
        }
        for key, label in catalogue.GROUPS.items()
    ]
    return render(request, "contacts/facts.html", {"groups": groups, "count": len(catalogue.ENTRIES)})
