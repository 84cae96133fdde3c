"""The print room: collect letters, print and post them, record what the post says."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import reach
from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts import printing, seals
from contacts.models import PostalLetter, PrintBatch
from contacts.views.planned import reason_in_words

RIGHT: Final = "contacts.print_letters"
BATCHES_SHOWN: Final = 30
TONES: Final = {"open": "soon", "printed": "act", "posted": "ok"}


class RecordForm(forms.Form):
    """A scanned or pasted list, and what is true of every letter on it."""

    what = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[
            (printing.RETURNED, gettext_lazy("Came back")),
            (printing.DELIVERED, gettext_lazy("Delivered, with proof")),
            (printing.POSTED, gettext_lazy("Given to the post")),
        ],
    )
    codes = forms.CharField(
        label=gettext_lazy("Codes"),
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Scan the bar codes one after the other, or paste a list: one on each line."),
    )
    reason = forms.CharField(label=gettext_lazy("Remark"), max_length=200, required=False)


@require_safe
@allowed(RIGHT)
def show(request: HttpRequest, form: RecordForm | None = None) -> HttpResponse:
    """Show what waits for each creditor, and the batches."""
    return render(request, "contacts/print_room.html", _page(request, form or RecordForm()))


def _page(request: HttpRequest, form: RecordForm, recorded: printing.Recorded | None = None) -> dict[str, Any]:
    creditors = list(reach.creditors(request.user))
    waiting = printing.waiting().order_by().filter(creditor__in=creditors)
    figures = {
        row["creditor"]: row
        for row in waiting.values("creditor").annotate(letters=Count("pk"), oldest=Min("made_at")).order_by("creditor")
    }
    batches = PrintBatch.objects.filter(creditor__in=creditors).select_related("creditor", "collected_by")
    return {
        "waiting": [
            {**figures[each.pk], "creditor": each, "seal": seals.in_use(each.pk)}
            for each in creditors
            if each.pk in figures
        ],
        "batches": [_row(each) for each in batches.order_by("-collected_at", "-pk")[:BATCHES_SHOWN]],
        "form": form,
        "recorded": recorded,
        "most": printing.MOST_LETTERS,
        "now": clock.now(),
    }


def _row(batch: PrintBatch) -> dict[str, Any]:
    return {"batch": batch, "tone": TONES[batch.status], "status": batch.get_status_display()}


@require_POST
@allowed(RIGHT)
def collect(request: HttpRequest) -> HttpResponse:
    """Put the waiting letters of one creditor into a batch."""
    creditor = _creditor(request)
    try:
        made = printing.collect(creditor_id=creditor.pk, by=request.user, at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("contacts:print-room")
    for left in made.left:
        messages.warning(
            request,
            _("%(code)s was left out: %(why)s") % {"code": left.letter.code, "why": reason_in_words(left.reason)},
        )
    return redirect("contacts:print-batch", made.batch.pk)


@require_safe
@allowed(RIGHT)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one batch: its files, its letters in order, and what must be taken out."""
    found, at = _batch(request, pk), clock.now()
    standing = {left.letter.pk: reason_in_words(left.reason) for left in printing.to_take_out(found, at=at)}
    rows = found.letters.select_related("case", "seal").order_by("position")
    context = {
        **_row(found),
        "letters": [{"letter": each, "must_go": standing.get(each.pk, "")} for each in rows],
        "must_go": len(standing),
        "next": {"open": "printed", "printed": "posted"}.get(found.status, ""),
        "now": at,
    }
    return render(request, "contacts/print_batch.html", context)


@require_safe
@allowed(RIGHT)
def letters(request: HttpRequest, pk: int) -> HttpResponse:
    """Give out the merged file."""
    found = _batch(request, pk)
    try:
        content = printing.file_of(found)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("contacts:print-batch", found.pk)
    return _file(content, "application/pdf", f"{found.ref}.pdf")


@require_safe
@allowed(RIGHT)
def manifest(request: HttpRequest, pk: int) -> HttpResponse:
    """Give out the list that lies with the pile."""
    found = _batch(request, pk)
    return _file(found.manifest.encode(), "text/csv; charset=utf-8", f"{found.ref}.csv")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=kind, headers=headers)


@require_POST
@allowed(RIGHT)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that a batch was printed, or posted."""
    found = _batch(request, pk)
    verbs = {"printed": printing.mark_printed, "posted": printing.mark_posted}
    verb = verbs.get(request.POST.get("to", ""))
    if verb is None:
        raise Http404
    try:
        verb(batch_id=found.pk, by=request.user, at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:print-batch", found.pk)


@require_POST
@allowed(RIGHT)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one letter out before it is posted."""
    rows = PostalLetter.objects.filter(creditor__in=reach.creditors(request.user))
    letter = get_object_or_404(rows, pk=pk)
    try:
        printing.withdraw(
            letter_id=letter.pk, reason=request.POST.get("reason", "")[:200], by=request.user, at=clock.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(code)s is taken out and will not be posted.") % {"code": letter.code})
    return redirect("contacts:print-batch", letter.batch_id) if letter.batch_id else redirect("contacts:print-room")


@require_POST
@allowed(RIGHT)
def record(request: HttpRequest) -> HttpResponse:
    """Record what the post says of the letters on a list, and say what was not understood."""
    form = RecordForm(request.POST)
    if not form.is_valid():
        return render(request, "contacts/print_room.html", _page(request, form))
    recorded = printing.record(
        what=form.cleaned_data["what"],
        text=form.cleaned_data["codes"],
        creditors=reach.creditors(request.user),
        reason=form.cleaned_data["reason"],
        by=request.user,
        at=clock.now(),
    )
    done = len(recorded.done)
    if done:
        messages.success(request, ngettext("%(n)s letter recorded.", "%(n)s letters recorded.", done) % {"n": done})
    if recorded.unknown or recorded.refused:
        return render(request, "contacts/print_room.html", _page(request, form, recorded))
    return redirect("contacts:print-room")


def _creditor(request: HttpRequest) -> Creditor:
    chosen = request.POST.get("creditor", "")
    if not chosen.isdigit():
        raise Http404
    return get_object_or_404(reach.creditors(request.user), pk=int(chosen))


def _batch(request: HttpRequest, pk: int) -> PrintBatch:
    rows = PrintBatch.objects.filter(creditor__in=reach.creditors(request.user)).select_related("creditor")
    return get_object_or_404(rows, pk=pk)
