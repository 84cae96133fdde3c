"""Pages of a case that tell creditor, product or amounts, withheld while a call is open and nobody is confirmed."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from contacts import verifying

# What stays open is the case page, which masks itself, and what ends a call or stops contact.
WITHHELD: Final = frozenset({
    "cases:money", "cases:as-of", "cases:payments", "cases:payment", "cases:receipt", "cases:receive-payment",
    "cases:reverse-payment", "cases:credit", "cases:promise", "cases:plan",
    "cases:plan-preview", "cases:plan-draft", "cases:plan-sign", "cases:plan-cancel", "cases:affordability",
    "cases:add-evidence", "cases:evidence", "cases:settlement", "cases:settlement-preview", "cases:settlement-accept",
    "cases:settlement-withdraw", "cases:settlement-letter", "cases:waive", "cases:waiver-reverse", "cases:asset",
    "cases:asset-give-back", "cases:write-off", "cases:exclude", "contacts:legal-clocks", "contacts:legal-event",
    "contacts:undo-legal-event", "contacts:write", "contacts:count-text", "contacts:preparation", "cases:wishes",
})  # fmt: skip


class WithheldUntilConfirmed:
    """Answers in the place of a withheld page, and says how to see it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.view_name not in WITHHELD or not request.user.is_authenticated:
            return None
        attempt = verifying.unconfirmed_call(kwargs.get("ref", ""), user=request.user)
        if attempt is None:
            return None
        return render(request, "contacts/withheld.html", {"case": attempt.case}, status=409)
