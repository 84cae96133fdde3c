"""The inbox: what came in, what was done about it at once, undoing, and messages of senders whom nobody knows."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import clock, keyset, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from compliance import audit
from contacts import inbox
from contacts.inbound import attachments, undoing, unmatched
from contacts.models import InboundAction, InboundAttachment, InboundBinding, InboundMessage

ORDER: Final = ("-message__received_at", "-pk")
UNMATCHED_ORDER: Final = ("-received_at", "-pk")
SIZE: Final = 20


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("cases.view_case")
def show(request: HttpRequest) -> HttpResponse:
    """List the messages of cases within reach, latest first; for a supervisor those of unknown senders too.

    A sender that is looked for is typed (POST); only his last four digits go on to an address, which stays in logs.
    """
    typed = request.POST if request.method == "POST" else request.GET
    view, user, asked = typed.get("view", "new"), request.user, typed.get("q", "")[:254].strip()
    is_private = bool(asked) and not unmatched.is_tail(asked)
    if request.method == "POST" and not is_private:
        return redirect(f"{reverse('contacts:inbox')}?{urlencode({'view': view, 'q': asked})}")
    if request.method != "POST" and is_private:
        messages.warning(request, _("A whole number is looked for in the search field, never by an address."))
        asked = ""
    may_assign = user.has_perm("cases.assign")
    if view not in inbox.VIEWS or (view == "unmatched" and not may_assign):
        view = "new"
    context: dict[str, Any] = {
        "view": view,
        "now": clock.now(),
        "may_assign": may_assign,
        "may_act": user.has_perm("contacts.give_instruction"),
        "tabs": _tabs(view, may_assign=may_assign),
        "asked": asked,
    }
    if view == "unmatched":
        unknown = keyset.page(inbox.unmatched_rows(asked), order=UNMATCHED_ORDER, asked=request.GET, size=SIZE)
        if is_private:  # the next page would need an address
            unknown = replace(unknown, next=None, previous=None)
        context |= {"page": unknown, "lines": inbox.unmatched_lines(unknown.rows)}
    else:
        rows = inbox.with_parts(inbox.of_view(user, view))
        page = keyset.page(rows, order=ORDER, asked=request.GET, size=SIZE)
        context |= {"page": page, "lines": inbox.lines(page.rows, user=user)}
    return render(request, "contacts/inbox.html", context)


def _tabs(view: str, *, may_assign: bool) -> list[dict[str, Any]]:
    labels = {
        "new": _("Not seen yet"),
        "undo": _("Asked to be undone"),
        "all": _("All"),
        "unmatched": _("Unknown senders"),
    }
    address = reverse("contacts:inbox")
    shown = [name for name in inbox.VIEWS if name != "unmatched" or may_assign]
    return [{"url": f"{address}?view={name}", "label": labels[name], "current": name == view} for name in shown]


@require_POST
@allowed("contacts.give_instruction")
def seen(request: HttpRequest, ref: str) -> HttpResponse:
    """Say that somebody has read a message and knows what was done."""
    message = _message(request, ref)
    if message.seen_at is None:
        message.seen_at, message.seen_by_id = clock.now(), request.user.pk
        message.save(update_fields=["seen_at", "seen_by"])
    return _back(request)


@require_POST
@allowed("contacts.give_instruction")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo what words were taken to mean; where a second person must look, ask for that."""
    action = get_object_or_404(
        InboundAction.objects.select_related("binding"), pk=pk, binding__in=inbox.bindings(request.user)
    )
    reason, at, actor = request.POST.get("reason", ""), clock.now(), Actor.of(request.user)
    may_decide = request.user.has_perm("cases.release_hold")
    try:
        if undoing.needs_second_look(action) and not may_decide:
            undoing.ask(action_id=action.pk, reason=reason, actor=actor, at=at)
            messages.info(request, _("A supervisor will look at it; until then it stays in force."))
        else:
            undoing.undo(action_id=action.pk, reason=reason, may_decide=may_decide, actor=actor, at=at)
            messages.success(request, _("Undone. It stays in the record with your reason."))
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request)


@require_POST
@allowed("cases.assign")
def assign(request: HttpRequest, ref: str) -> HttpResponse:
    """Give a message of an unknown sender to a case; what it asks is then in force for that person."""
    message = get_object_or_404(unmatched.waiting(), pk=_pk(ref))
    case = Case.objects.visible_to(request.user).by_ref(request.POST.get("case", "").strip()).first()
    if case is None:
        messages.error(request, _("There is no such case within your reach."))
        return redirect(f"{reverse('contacts:inbox')}?view=unmatched")
    try:
        unmatched.assign(message_id=message.pk, case=case, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The message belongs to %(name)s now.") % {"name": case.person})
    return redirect(f"{reverse('contacts:inbox')}?view=unmatched")


@require_safe
@allowed("cases.view_case")
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a file over to be saved, never shown in the page; who opened it is recorded."""
    file = get_object_or_404(InboundAttachment.objects.select_related("message"), pk=pk)
    binding = inbox.bindings(request.user).filter(message=file.message).first()
    unknown = not InboundBinding.objects.filter(message=file.message).exists()
    if binding is None and not (unknown and request.user.has_perm("cases.assign")):
        raise Http404
    if not file.is_kept:
        raise Http404
    try:
        content = attachments.read(file)
    except (OSError, ValueError) as error:
        raise Http404 from error
    audit.record("inbound.file_opened", subject=file, actor=Actor.of(request.user), at=clock.now(),
                 person_id=binding.person_id if binding else None)  # fmt: skip
    answer = HttpResponse(content, content_type=file.media_type)
    name = attachments.download_name(file)
    plain = name.encode("ascii", "ignore").decode().strip() or "file"
    answer.headers["Content-Disposition"] = _disposition(plain, name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _disposition(plain: str, name: str) -> str:
    from urllib.parse import quote

    safe = plain.replace("\\", "").replace('"', "")
    return f"attachment; filename=\"{safe}\"; filename*=UTF-8''{quote(name, safe='')}"


def _message(request: HttpRequest, ref: str) -> InboundMessage:
    binding = inbox.bindings(request.user).select_related("message").filter(message_id=_pk(ref)).first()
    if binding is None:
        raise Http404
    return binding.message


def _pk(ref: str) -> int:
    try:
        return refs.decode("I", ref)
    except refs.BadReference:
        raise Http404 from None


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the case page or the list that the form was on."""
    ref = request.POST.get("case", "")
    if ref:
        if not Case.objects.visible_to(request.user).by_ref(ref).exists():
            raise PermissionDenied
        return redirect("cases:case", ref)
    view = request.POST.get("view", "new")
    return redirect(f"{reverse('contacts:inbox')}?view={view if view in inbox.VIEWS else 'new'}")
