"""One wording: as it reads, what differs from the one before, and the decision of a second person."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from compliance import words
from contacts import differing, previewing, trial_sends, wordings
from contacts.models import TemplateVersion
from contacts.views.planned import ICONS
from contacts.views.templates import LANGUAGE_NAMES, TONES, number

Status = TemplateVersion.Status


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a wording; `?case=` with the values of a case, `?against=` beside another version."""
    version, at = _version(pk), clock.now()
    slot = {"language": version.language, "jurisdiction": version.jurisdiction}
    others = version.template.versions.filter(**slot).exclude(pk=version.pk).order_by("-pk")
    before = others.filter(pk__lt=version.pk).exclude(status=Status.DRAFT)
    against = others.filter(pk=number(request.GET.get("against", ""))).first()
    against = against or before.filter(variant=version.variant).first() or before.first()
    user = request.user
    is_own = version.written_by_id == user.pk
    may_decide = user.has_perm("contacts.approve_wording")
    context = {
        "version": version,
        "template": version.template,
        "icon": ICONS.get(version.template.channel, "message"),
        "tone": TONES[version.status],
        "language": LANGUAGE_NAMES.get(version.language, version.language),
        "place": words.place(version.jurisdiction) if version.jurisdiction else _("every place"),
        "preview": previewing.of(version, at=at, case=_case(request)),
        "no_such_case": bool(request.GET.get("case", "").strip()) and _case(request) is None,
        "case_ref": request.GET.get("case", "")[:20],
        "others": others[:20],
        "against": against,
        "subject_pieces": differing.difference(against.subject, version.subject) if against else [],
        "pieces": differing.difference(against.body, version.body) if against else [],
        "is_own": is_own,
        "may_decide": may_decide and version.status == Status.DRAFT and not is_own,
        "may_retire": may_decide and version.status == Status.APPROVED,
        "may_write": user.has_perm("contacts.configure"),
        "test_to": getattr(user, "email", ""),
        "test_phone": getattr(user, "phone", "") if version.template.channel == "sms" else "",
    }
    return render(request, "contacts/wording.html", context)


@require_safe
@allowed("contacts.view_run")
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a letter as PDF, with samples or with the values of a case (`?case=`)."""
    version = _version(pk)
    if version.template.channel != "letter":
        return redirect("contacts:wording", pk=pk)
    try:
        printed = previewing.letter(version, at=clock.now(), case=_case(request))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("contacts:wording", pk=pk)
    answer = HttpResponse(printed.content, content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="letter.pdf"'
    return answer


@require_POST
@allowed("contacts.approve_wording")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a draft, refuse it with a reason, or take a wording out of use (`verb`)."""
    version, at = _version(pk), clock.now()
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "")[:300].replace("\0", "")
    try:
        if verb == "approve":
            wordings.approve(version_id=pk, by=request.user, at=at)
            messages.success(request, _("Approved. It is used from now on."))
        elif verb == "refuse":
            wordings.refuse(version_id=pk, reason=reason, by=request.user, at=at)
            messages.success(request, _("Refused. The reason is shown to its author."))
        elif verb == "retire":
            wordings.retire(version_id=pk, reason=reason, actor=Actor.of(request.user), at=at)
            messages.success(request, _("Out of use. Messages that need it wait for the next one."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:wording", pk=version.pk)


@require_POST
@allowed("contacts.view_run")
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the wording with samples to one's own e-mail address, or (`by=sms`) to one's own telephone."""
    _version(pk)
    at, is_known = clock.now(), True
    try:
        if request.POST.get("by") == "sms":
            tried = trial_sends.send_sms(version_id=pk, by=request.user, at=at)
            to, is_known = tried.number, tried.is_known
        else:
            to = trial_sends.send(version_id=pk, by=request.user, at=at)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if is_known:
            messages.success(request, _("Sent to %(address)s, with samples.") % {"address": to})
        else:
            messages.warning(request, _("The provider gave no answer: the test may have left for %(address)s.")
                             % {"address": to})  # fmt: skip
    return redirect("contacts:wording", pk=pk)


def _version(pk: int) -> TemplateVersion:
    known: Any = TemplateVersion.objects.select_related("template__creditor", "written_by", "approved_by", "refused_by")
    return get_object_or_404(known, pk=pk)


def _case(request: HttpRequest) -> Case | None:
    ref = request.GET.get("case", "").strip()
    if not ref:
        return None
    return Case.objects.visible_to(request.user).by_ref(ref).select_related("person", "creditor").first()
