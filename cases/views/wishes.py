"""What the person asks, agrees to, and why nobody contacts him: seen, added, taken back, released."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import consents, holds, instructions, queries, wishes
from cases.forms import ReasonForm
from cases.forms_wishes import ConfirmForm, ConsentForm, HoldForm, LaterForm, TreatmentForm, WishForm
from cases.models import Case, Consent, Creditor, Hold, Instruction, Undo
from cases.models.instruction import Source
from cases.refusal import Refused
from cases.views.act import answer
from cases.views.undo_bar import withdrawable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

# Meant for the creditor whose debt it is about; everything else is meant for all of us.
OF_THE_DEBT = (Instruction.Kind.DISPUTE, Instruction.Kind.ORIGINAL_CREDITOR)
FIELDS = {
    "window": "window_from", "days": "days", "place": "place", "point": "point", "point-needed": "point",
    "account": "account", "sent-later": "sent_at", "in-the-future": "received_at", "over": "expires_at",
    "review-in-the-past": "review_on", "ends-in-the-past": "ends_on", "no-end": "ends_on", "too-long": "ends_on",
    "standing": None, "evidence": "evidence", "per-day": "per_day",
}  # fmt: skip


def object_to(form: forms.Form, refused: Refused) -> None:
    """Say at the field what is wrong with it, or above the form."""
    name = FIELDS.get(refused.code)
    form.add_error(name if name in form.fields else None, str(refused))


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show everything that stands about the person, what is over, and the forms to add more."""
    case, at = queries.find(request.user, ref), clock.now()
    user = request.user
    may = {
        "stop": user.has_perm("contacts.give_instruction"),
        "hold": user.has_perm("cases.place_hold"),
        "release": user.has_perm("cases.release_hold"),
    }
    context = {
        "case": case,
        "wishes": wishes.of_case(case, at=at, over=True),
        "wish_form": WishForm(case=case, auto_id="wish_%s"),
        "consent_form": ConsentForm(case=case, auto_id="consent_%s"),
        "hold_form": HoldForm(case=case, auto_id="hold_%s"),
        "may": may,
        "today": queries.today(case, at),
        "now": at,
    }
    return render(request, "cases/wishes.html", context)


@allowed("contacts.give_instruction")
def stop(request: HttpRequest, ref: str) -> HttpResponse:
    """Record what the person asks and put it in force, for every channel and collector, at once."""
    case = queries.find(request.user, ref)
    form = WishForm(request.POST or None, case=case)
    if request.method == "POST" and form.is_valid():
        asked, at = form.instruction(), clock.now()
        label = form.kind_in_words()
        try:
            with withdrawable(request, case, kind=Undo.Kind.ASKED, label=label, at=at):
                given = instructions.give(
                    person_id=case.person_id,
                    creditor_id=_whose(case, asked["kind"]),
                    actor=Actor.of(request.user),
                    at=at,
                    **asked,
                )
        except Refused as refused:
            object_to(form, refused)
        else:
            messages.success(request, _("In force everywhere: %(kind)s.") % {"kind": given})
            return redirect("cases:case", case.ref)
    hint = _("In force at once for every channel.")
    first = ("kind", "words", "source", "form")
    return _long(request, case, form, title=_("The person asks"), verb=_("Stop now"), hint=hint, first=first)


def _whose(case: Case, kind: str) -> int | None:
    if kind in OF_THE_DEBT:
        return case.creditor_id
    # A spoken request about calls at work lapses where the creditor itself calls: it must know which one it is.
    is_itself = case.creditor.acting_as == Creditor.ActingAs.CREDITOR
    return case.creditor_id if kind == Instruction.Kind.WORKPLACE and is_itself else None


@allowed("contacts.give_instruction")
def withdraw(request: HttpRequest, ref: str, instruction_id: int) -> HttpResponse:
    """Take back what the person asked: a change of mind, or it was keyed by mistake."""
    case, at = queries.find(request.user, ref), clock.now()
    given = queries.asked_by(case, at=at).filter(pk=instruction_id).first()
    if given is None:
        raise Http404
    if (
        given.source == Source.MESSAGE
        and given.recorded_by_id is None
        and not request.user.has_perm("cases.release_hold")
    ):
        # The person's own written words, acted on by no colleague: a supervisor looks before they are undone.
        messages.error(request, _("This is in the person's own words: ask a supervisor to undo it in the inbox."))
        return redirect("cases:case", case.ref)

    def act(typed: dict[str, Any]) -> None:
        instructions.withdraw(instruction_id=given.pk, reason=typed["reason"], actor=Actor.of(request.user), at=at)

    title = _("Take back: %(kind)s") % {"kind": given}
    done = _("Taken back: %(kind)s.") % {"kind": given}
    return _short(request, case, ReasonForm(request.POST or None), act, title, _("Take back"), done, given.words)


@allowed("contacts.give_instruction")
def confirm(request: HttpRequest, ref: str, instruction_id: int) -> HttpResponse:
    """Record that a spoken request about calls at work was confirmed in writing."""
    case, at = queries.find(request.user, ref), clock.now()
    asked = queries.asked_by(case, at=at).filter(pk=instruction_id, kind=Instruction.Kind.WORKPLACE).first()
    if asked is None:
        raise Http404

    def act(typed: dict[str, Any]) -> None:
        instructions.confirm_in_writing(
            instruction_id=asked.pk,
            received_at=typed["received_at"],
            evidence=typed["evidence"],
            actor=Actor.of(request.user),
            at=at,
        )

    title, done = _("Confirmed in writing"), _("It stands now until it is taken back.")
    return _short(request, case, ConfirmForm(request.POST or None), act, title, _("Save"), done, str(asked))


@allowed("contacts.give_instruction")
def consent(request: HttpRequest, ref: str) -> HttpResponse:
    """Record what the person agreed to, and what shows it."""
    case = queries.find(request.user, ref)
    form = ConsentForm(request.POST or None, case=case)
    if request.method == "POST" and form.is_valid():
        try:
            given = consents.give(
                person_id=case.person_id,
                creditor_id=case.creditor_id,  # it is given to this creditor and passes to nobody else
                actor=Actor.of(request.user),
                at=clock.now(),
                **form.consent(),
            )
        except Refused as refused:
            object_to(form, refused)
        else:
            messages.success(request, _("Consent recorded: %(kind)s.") % {"kind": given})
            return redirect("cases:wishes", case.ref)
    hint = _("A consent counts only for what it says, and never opens what the law closes without one.")
    first = ("kind", "evidence", "context")
    return _long(request, case, form, title=_("Consent"), verb=_("Save consent"), hint=hint, first=first)


@allowed("contacts.give_instruction")
def withdraw_consent(request: HttpRequest, ref: str, consent_id: int) -> HttpResponse:
    """End a consent at once."""
    case, at = queries.find(request.user, ref), clock.now()
    given = Consent.objects.filter(pk=consent_id, person_id=case.person_id, withdrawn_at__isnull=True).first()
    if given is None or given.creditor_id not in (None, case.creditor_id):
        raise Http404

    def act(typed: dict[str, Any]) -> None:
        consents.withdraw(consent_id=given.pk, reason=typed["reason"], actor=Actor.of(request.user), at=at)

    title = _("Take back: %(kind)s") % {"kind": given}
    done = _("Taken back: %(kind)s.") % {"kind": given}
    return _short(request, case, ReasonForm(request.POST or None), act, title, _("Take back"), done)


@allowed("cases.place_hold")
def hold(request: HttpRequest, ref: str) -> HttpResponse:
    """Hold all contact about this creditor's debts."""
    case = queries.find(request.user, ref)
    form = HoldForm(request.POST or None, case=case)
    if request.method == "POST" and form.is_valid():
        asked, at = form.hold(), clock.now()
        label = str(Hold.Kind(asked["kind"]).label)
        try:
            with withdrawable(request, case, kind=Undo.Kind.HOLD, label=label, at=at):
                placed = holds.place(case=case, actor=Actor.of(request.user), at=at, **asked)
        except Refused as refused:
            object_to(form, refused)
        else:
            messages.success(request, _("Held: %(kind)s. No contact on any channel.") % {"kind": placed})
            return redirect("cases:case", case.ref)
    first = ("kind", "reason", "ends_on", "review_on")
    return _long(request, case, form, title=_("Hold"), verb=_("Hold"), hint="", first=first)


def _standing(case: Case, hold_id: int) -> Hold:
    standing = holds.standing(person_id=case.person_id, creditor_id=case.creditor_id)
    placed: Hold | None = standing.filter(pk=hold_id).first()
    if placed is None:
        raise Http404
    return placed


@allowed("cases.release_hold")
def release_hold(request: HttpRequest, ref: str, hold_id: int) -> HttpResponse:
    """End a hold, saying why."""
    case = queries.find(request.user, ref)
    placed = _standing(case, hold_id)

    def act(typed: dict[str, Any]) -> None:
        holds.release(hold_id=placed.pk, reason=typed["reason"], actor=Actor.of(request.user), at=clock.now())

    title = _("Release hold: %(kind)s") % {"kind": placed}
    done = _("Hold released: %(kind)s.") % {"kind": placed}
    return _short(request, case, ReasonForm(request.POST or None), act, title, _("Release"), done, placed.reason)


@allowed("cases.release_hold")
def extend_hold(request: HttpRequest, ref: str, hold_id: int) -> HttpResponse:
    """Let a hold end later."""
    return _move(request, ref, hold_id, holds.extend, "ends_on", _("Extend hold: %(kind)s"), _("Extend"))


@allowed("cases.release_hold")
def review_hold(request: HttpRequest, ref: str, hold_id: int) -> HttpResponse:
    """Record that somebody looked at a hold and lets it stand."""
    return _move(request, ref, hold_id, holds.review, "review_on", _("Let stand: %(kind)s"), _("Let stand"))


def _move(request: HttpRequest, ref: str, hold_id: int, verb: Any, name: str, title: str, button: str) -> HttpResponse:
    case, at = queries.find(request.user, ref), clock.now()
    placed = _standing(case, hold_id)

    def act(typed: dict[str, Any]) -> None:
        verb(
            hold_id=placed.pk,
            reason=typed["reason"],
            today=queries.today(case, at),
            actor=Actor.of(request.user),
            at=at,
            **{name: typed["on"]},
        )

    done = _("Saved.")
    form = LaterForm(request.POST or None)
    return _short(request, case, form, act, title % {"kind": placed}, button, done, placed.reason)


@allowed("cases.release_hold")
def end_treatment(request: HttpRequest, ref: str, hold_id: int) -> HttpResponse:
    """Record that the treatment of a mental health crisis ended; the moratorium lasts thirty days more."""
    case, at = queries.find(request.user, ref), clock.now()
    placed = _standing(case, hold_id)

    def act(typed: dict[str, Any]) -> None:
        today = queries.today(case, at)
        holds.end_treatment(hold_id=placed.pk, on=typed["on"], today=today, actor=Actor.of(request.user), at=at)

    hint = _("The moratorium ends 30 days after the treatment.")
    form = TreatmentForm(request.POST or None)
    return _short(request, case, form, act, _("End of treatment"), _("Save"), _("Saved."), hint)


def _short(
    request: HttpRequest, case: Case, form: forms.Form, act: Any, title: str, verb: str, done: str, hint: str = ""
) -> HttpResponse:
    """Take a short form: do it and go back to the panel, or show what is wrong."""
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
        except Refused as refused:
            name = "on" if "on" in form.fields and refused.code != "no-reason" else None
            form.add_error(name, str(refused))
        else:
            messages.success(request, done)
            return redirect("cases:wishes", case.ref)
    return answer(request, case, form, title=title, verb=verb, hint=hint)


def _long(
    request: HttpRequest, case: Case, form: Any, *, title: str, verb: str, hint: str, first: tuple[str, ...]
) -> HttpResponse:
    """Show a long form with what is needed first and the rest folded away, or what is wrong with it."""
    context = {"case": case, "form": form, "title": title, "verb": verb, "hint": hint, "now": clock.now(),
               "first": [form[name] for name in first]}  # fmt: skip
    return render(request, "cases/wish.html", context)
