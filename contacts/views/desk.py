"""The case page, where a case and its contacts meet: contact bar, queue, facts, action, timeline."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from cases import callbacks, wishes, worklist
from cases import queries as case_queries
from cases.forms import NextActionForm, NoteForm, next_initial, skip_choices
from cases.forms_promise import PromiseForm, days_to_offer
from cases.forms_wishes import QUICK_ASKS
from cases.models import Case
from collections_app.shared import clock
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import (
    identity,
    inbox,
    legal_clocks,
    live_calls,
    masking,
    preparing,
    queries,
    quick_acts,
    threads,
    timeline,
    verifying,
)
from contacts.forms import CallForm, new_call_form
from contacts.models import LegalClock
from contacts.views import call_draft, call_panel, pause_offer, script_panel


@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show a case to somebody who may see it; whoever holds it keeps it for another five minutes.

    ahead: the page is fetched for later, by a script that keeps it; the case stays what it is to its holder.
    """
    case, at = case_queries.find(request.user, ref), clock.now()
    if case.lease_by_id == request.user.pk and not case.is_resolved and "ahead" not in request.GET:
        worklist.renew(case, request.user)
    if is_htmx(request) and "after" in request.GET:
        context = {"now": at, "case": case, **history(case, user=request.user, after=request.GET["after"])}
        if verifying.unconfirmed_call(case.ref, user=request.user) is not None:
            context["timeline"] = masking.timeline(context["timeline"])
        return vary_on_htmx(render(request, "cases/case.html#timeline", context))
    context = page(request, case, at=at)
    if "ahead" in request.GET:  # the call that is open now is recorded by the time this is looked at
        context["call_elsewhere"] = None
    return vary_on_htmx(render(request, "cases/case.html", context))


def page(
    request: HttpRequest,
    case: Case,
    *,
    at: datetime,
    form: CallForm | None = None,
    thread: str | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return everything that the case page shows. form: a refused log of a call, with what was typed. thread: the
    channel whose messages are shown, instead of the one that the address asks for. note: typed so far in the call.

    While a call is open and nobody on its line is confirmed, creditor, products and amounts are not in it.
    """
    user = request.user
    facts = case_queries.facts_of(case, user=user, at=at)
    attempt = queries.open_call(case, user=user, at=at)
    if attempt is not None and form is None:
        typed = call_draft.typed(request, attempt.pk)
        form = new_call_form(case, attempt_id=attempt.pk, today=facts.today, typed=typed, at=at)
        form.initial["note"] = note or form.initial.get("note", "")
    live = live_calls.of_attempt(attempt.pk) if attempt is not None else None
    if live is not None and live.suggests and form is not None and not form.is_bound:
        form.initial["outcome"] = live.suggests
    waiting = worklist.queue(user, at=at) if user.has_perm("cases.work_queue") else None
    skips_left, resting = worklist.skips_left_and_rest(user, at=at) if waiting else (0, False)
    standing = _verification(case, facts, attempt, at=at)
    confirmed = standing is None or standing.is_confirmed
    ways = _ways(case, user=user, at=at)
    context = {
        "now": at,
        "today": facts.today,
        "case": facts,
        "wishes": wishes.of_case(case, at=at),
        "clocks": [_clock(row, facts.today) for row in legal_clocks.near(case, today=facts.today)],
        "last_contact": timeline.last_contact(case),
        "feed": facts.feed,
        **ways,
        "attempt": attempt,
        "live": live,
        "may_dial": bool(live_calls.desk_of(user)),
        "call_elsewhere": queries.call_elsewhere(user, but=case) if attempt is None else None,
        "form": form,
        # A log that came too late (the call was closed in another tab) leaves its words in the note.
        "note_form": NoteForm(auto_id="note_%s", initial={"text": form.data.get("note", "") if form else ""}),
        "promise_form": PromiseForm(
            auto_id="promise_%s",
            initial={"version": case.version, "replace": True, "promised_by": "borrower"},
            today=facts.today,
            currency=case.currency,
        ),
        "promise_days": days_to_offer(facts.today),
        "next_form": NextActionForm(auto_id="next_%s", initial=next_initial(case, at=at)),
        "panel": script_panel.panel(attempt.pk if attempt is not None else None, form=form, at=at),
        "verification": standing,
        "verify_ticked": call_draft.ticked(request, attempt.pk) if attempt is not None else [],
        "is_marked": attempt is not None and call_draft.is_marked(request, attempt.pk),
        "masked": not confirmed,
        "preparation": preparing.brief(case, facts, user=user, at=at) if confirmed and not case.is_resolved else None,
        "possible_endings": call_panel.possible(case, form, confirmed=confirmed, at=at),
        "skip_reasons": skip_choices(likely="" if _has_number(ways) else "unreachable"),
        "skips_left": skips_left,
        "quick_acts": quick_acts.ACTS,
        "callbacks_due": callbacks.next_of_user(user, at=at) if waiting else [],
        "instruction_kinds": QUICK_ASKS,
        "take_overs": worklist.TAKE_OVERS.items(),
        "resting": attempt is None and resting,
        "pause_offered": attempt is None and not resting and pause_offer.stands(request, at=at),
        "onward": attempt is None and waiting is not None and facts.is_mine and not worklist.is_due(case, at=at),
        "queue": waiting and {"left": waiting.due, "late": waiting.late, "coming": _names(waiting.upcoming)},
        "may": _rights(user, facts),
        **_messages(case, chosen=thread or request.GET.get("thread", ""), user=user, at=at),
        **history(case, user=user, after=request.GET.get("after")),
    }
    return context if confirmed else masking.page(context)


def _verification(
    case: Case, facts: case_queries.CaseFacts, attempt: queries.OpenCall | None, *, at: datetime
) -> verifying.Standing | None:
    """Return how far the person on the line is confirmed, while a call is open."""
    if attempt is None:
        return None
    if attempt.contacted.pk == case.person_id:
        kinds = [point.kind for point in facts.points]
        known = identity.known(attempt.contacted, kinds, has_account=bool(facts.accounts))
    else:
        known = identity.known_of(attempt.contacted, creditor_id=case.creditor_id)
    return verifying.standing(attempt.pk, terms=verifying.terms_of(creditor_id=case.creditor_id, at=at), known=known)


def _clock(row: LegalClock, today: date) -> dict[str, Any]:
    """Return a legal clock that is near its end, or over, for the contact bar."""
    left = (row.ends - today).days
    return {"kind": row.kind, "ends": row.ends, "left": left, "tone": legal_clocks.tone(row.kind, left)}


def history(case: Case, *, user, after: str | None) -> dict[str, Any]:
    """Return one page of the timeline, and the address of the next."""
    entries, more = timeline.page(case, user=user, after=after)
    address = reverse("cases:case", args=[case.ref])
    return {"timeline": entries, "timeline_more_url": f"{address}?after={more}" if more else None}


def _messages(case: Case, *, chosen: str, user, at: datetime) -> dict[str, Any]:
    """Return what came in and nobody has seen, and the thread of a channel where one is asked for."""
    thread = threads.of_case(case, chosen, user=user, at=at) if chosen in threads.CHANNELS else None
    return {
        "news": inbox.of_case(case, user=user),
        "thread": thread,
        "thread_tabs": threads.tabs(case, chosen=chosen),
    }


def _names(names: list[str]) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def _ways(case: Case, *, user, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the ways that are open now, and those that are refused, put together where the reason is the same."""
    if case.is_resolved:
        return {"open_ways": [], "refused_ways": []}
    may_call = user.has_perm("contacts.open_call")
    why, call = reverse("contacts:why", args=[case.ref]), reverse("contacts:call", args=[case.ref])
    permitted: list[dict[str, Any]] = []
    refused: dict[tuple[Any, ...], dict[str, Any]] = {}
    for way in queries.ways(case, staff_id=user.pk, at=at):
        if way.permitted:
            permitted.append({"way": way, "open_url": call if way.is_call and may_call else ""})
            continue
        group = refused.setdefault(
            (way.reason, way.next_permitted),
            {
                "ways": [],
                "reason": way.reason,
                "citation": way.citation,
                "next_permitted": way.next_permitted,
                "why_url": f"{why}?channel={way.channel}&point={way.point_id}" if way.point_id else "",
            },
        )
        group["ways"].append(way)
    return {"open_ways": permitted, "refused_ways": list(refused.values())}


def _has_number(ways: dict[str, list[dict[str, Any]]]) -> bool:
    """Return whether there is a number to call, now or at another time."""
    known = [item["way"] for item in ways["open_ways"]] + [way for item in ways["refused_ways"] for way in item["ways"]]
    return any(way.is_call and way.point_id for way in known)


def _rights(user, facts: case_queries.CaseFacts) -> dict[str, bool]:
    """Return what this user may do on this page now."""
    open_case = not facts.is_resolved
    return {
        "note": user.has_perm("cases.add_note"),
        "hold": user.has_perm("cases.place_hold"),
        "stop": user.has_perm("contacts.give_instruction"),
        "promise": user.has_perm("cases.make_promise") and open_case,
        "pay": user.has_perm("cases.record_payment"),
        "assess": user.has_perm("cases.make_promise") and open_case,
        "next": user.has_perm("cases.add_note") and open_case,
        "reveal": user.has_perm("cases.reveal"),
        "assign": user.has_perm("cases.assign") and open_case,
        "release": user.has_perm("cases.release_hold"),
        "take": user.has_perm("cases.work_queue") and open_case and not facts.is_mine and not facts.holder,
    }
