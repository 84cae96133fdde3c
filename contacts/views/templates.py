"""Templates and their wordings: the list, one template, and a wording while it is written."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.models import Case, Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.htmx import vary_on_htmx
from collections_app.staff.access import allowed
from compliance import words
from contacts import previewing, wording_results, wordings
from contacts.forms_wordings import LANGUAGES, TemplateForm, WordingForm
from contacts.models import Channel, Template, TemplateVersion
from contacts.variables import VARIABLES
from contacts.views.planned import ICONS

Status = TemplateVersion.Status
TONES: Final = {"draft": "soon", "approved": "ok", "refused": "stop", "retired": "past"}
LANGUAGE_NAMES: Final = dict(LANGUAGES)
MOST_SHOWN: Final = 200


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the templates; `?channel=`, `?creditor=`, `?language=` and `?state=` narrow it."""
    asked = {name: request.GET.get(name, "")[:40] for name in ("channel", "creditor", "language", "state")}
    rows = Template.objects.select_related("creditor").prefetch_related("versions")
    if asked["channel"]:
        rows = rows.filter(channel=asked["channel"])
    if asked["creditor"]:
        rows = rows.filter(Q(creditor__code=asked["creditor"]) | Q(creditor__isnull=True))
    wanted = Q()
    if asked["language"]:
        wanted &= Q(versions__language=asked["language"])
    if asked["state"]:
        wanted &= Q(versions__status=asked["state"])
    rows = rows.filter(wanted) if wanted else rows
    found = list(rows.distinct().order_by("name", "pk")[:MOST_SHOWN])
    drafts = TemplateVersion.objects.filter(status=Status.DRAFT).aggregate(count=Count("pk"))["count"]
    context = {
        "templates": [_row(each) for each in found],
        "asked": asked,
        "channels": Channel.choices,
        "creditors": Creditor.objects.order_by("name", "pk"),
        "languages": LANGUAGES,
        "states": Status.choices,
        "drafts": drafts,
        "may_write": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/templates.html", context)


def _row(template: Template) -> dict[str, Any]:
    versions = sorted(template.versions.all(), key=lambda one: (one.language, one.jurisdiction, one.variant))
    standing = [one for one in versions if one.status == Status.APPROVED]
    return {
        "template": template,
        "icon": ICONS.get(template.channel, "message"),
        "in_use": [_slot(one) for one in standing],
        "drafts": [one for one in versions if one.status == Status.DRAFT],
    }


def _slot(version: TemplateVersion) -> str:
    parts = [LANGUAGE_NAMES.get(version.language, version.language)]
    if version.jurisdiction:
        parts.append(str(words.place(version.jurisdiction)))
    if version.variant != "A":
        parts.append(version.variant)
    return " · ".join(parts)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def new(request: HttpRequest) -> HttpResponse:
    """Take a new template; its first wording is written next."""
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        template = form.save()
        return redirect("contacts:write-wording", pk=template.pk)
    return render(request, "contacts/template_new.html", {"form": form})


@require_safe
@allowed("contacts.view_run")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one template: every wording by language, place and variant, and what became of the messages of each."""
    template = get_object_or_404(Template.objects.select_related("creditor"), pk=pk)
    versions = template.versions.select_related("written_by", "approved_by", "refused_by")
    rank = {Status.DRAFT: 0, Status.APPROVED: 1, Status.REFUSED: 2, Status.RETIRED: 3}
    ordered = sorted(versions, key=lambda one: (rank[Status(one.status)], one.language, one.jurisdiction, one.variant,
                                                -one.version))  # fmt: skip
    results = wording_results.of([one.pk for one in ordered if one.approved_at], at=clock.now())
    context = {
        "template": template,
        "icon": ICONS.get(template.channel, "message"),
        "versions": [
            {
                "version": one,
                "slot": _slot(one),
                "tone": TONES[one.status],
                "share": _share(one, ordered),
                "result": results.get(one.pk),
            }
            for one in ordered
        ],
        "has_results": bool(results),
        "days": wording_results.WITHIN.days,
        "may_write": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/template.html", context)


def _share(version: TemplateVersion, versions: list[TemplateVersion]) -> int | None:
    """Return the share of readers that get this variant, per cent; None where it is the only one."""
    rivals = [
        one
        for one in versions
        if one.status == Status.APPROVED
        and (one.language, one.jurisdiction) == (version.language, version.jurisdiction)
    ]
    if version.status != Status.APPROVED or len(rivals) < 2:
        return None
    return round(100 * version.weight / sum(one.weight for one in rivals))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a wording: what is wrong with it stands beside it; `?from=` goes on from another version."""
    template = get_object_or_404(Template.objects.select_related("creditor"), pk=pk)
    earlier = template.versions.filter(pk=number(request.GET.get("from", ""))).first()
    form = WordingForm(
        request.POST or None,
        channel=template.channel,
        initial=WordingForm.initial_of(earlier) if earlier else {"language": "en"},
    )
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "case"}
        given["body"] = given["body"].replace("\r\n", "\n").strip("\n")
        try:
            version = wordings.write(template_id=template.pk, by=request.user, at=clock.now(), **given)
        except Refused as refused:
            form.add_error("subject" if refused.code == "no-subject" else "body", str(refused))
        else:
            messages.success(request, _("Kept as a draft. Somebody else decides whether it may be used."))
            return redirect("contacts:wording", pk=version.pk)
    context = {
        "template": template,
        "icon": ICONS.get(template.channel, "message"),
        "form": form,
        "earlier": earlier,
        "variables": VARIABLES.values(),
        **_preview(request, template, form.data if form.is_bound else form.initial),
    }
    return vary_on_htmx(render(request, "contacts/wording_write.html", context))


@require_POST
@allowed("contacts.configure")
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the preview of what is in the form, and keep nothing."""
    template = get_object_or_404(Template.objects.select_related("creditor"), pk=pk)
    context = {"template": template, **_preview(request, template, request.POST)}
    return render(request, "contacts/wording_preview.html", context)


def _preview(request: HttpRequest, template: Template, asked: Any) -> dict[str, Any]:
    plain = {name: str(asked.get(name) or "").replace("\0", "") for name in
             ("language", "jurisdiction", "variant", "subject", "body", "case")}  # fmt: skip
    if not plain["body"].strip():
        return {"preview": None}
    case = _case(request, plain["case"])
    shown = previewing.of(previewing.unsaved(template, plain), at=clock.now(), case=case)
    return {"preview": shown, "no_such_case": bool(plain["case"].strip()) and case is None}


def _case(request: HttpRequest, ref: str) -> Case | None:
    if not ref.strip():
        return None
    return Case.objects.visible_to(request.user).by_ref(ref.strip()).select_related("person", "creditor").first()


def number(text: str) -> int:
    """Return the key that an address names, or 0, which nothing has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
