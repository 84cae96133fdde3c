"""Call scripts: the list, one script with its history, and a version while it is written and decided about."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import vary_on_htmx
from collections_app.staff.access import allowed
from contacts import differing
from contacts.forms_scripts import LANGUAGES, NewScriptForm, ScriptForm
from contacts.models import Script, ScriptVersion, Stage
from contacts.scripts import choosing, conditions, editing, notation, previewing, shipped
from contacts.scripts.shipped import Source
from contacts.variables import VARIABLES

Status = ScriptVersion.Status
TONES: Final = {"draft": "soon", "approved": "ok", "refused": "stop", "retired": "past"}
LANGUAGE_NAMES: Final = dict(LANGUAGES)


def _own_language() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the scripts: those of the program and the firm's own, with what each is for."""
    kept = {script.key: script for script in Script.objects.prefetch_related("versions")}
    keys = list(dict.fromkeys([*(one.key for one in shipped.sources()), *sorted(kept)]))
    rows = [_row(key, kept.get(key)) for key in keys]
    context = {
        "groups": [
            {"label": label, "rows": [row for row in rows if row["stage"] == stage]} for stage, label in Stage.choices
        ],
        "drafts": sum(len(row["drafts"]) for row in rows),
        "may_write": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/scripts.html", context)


def _row(key: str, script: Script | None) -> dict[str, Any]:
    ours = shipped.source(key, _own_language())
    versions = list(script.versions.all()) if script is not None else []
    standing = {one.language: one for one in versions if one.status == Status.APPROVED}
    own = standing.get(_own_language()) or next(iter(standing.values()), None)
    return {
        "key": key,
        "name": ours.name if ours is not None else script.name if script is not None else key,
        "stage": ours.stage if ours is not None else script.stage if script is not None else "",
        "when": conditions.in_words(own.conditions if own is not None else ours.conditions if ours else {}),
        "in_use": [
            (label, f"v{standing[code].version}" if code in standing else _("shipped") if ours else "")
            for code, label in LANGUAGES
        ],
        "drafts": [one for one in versions if one.status == Status.DRAFT],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def new(request: HttpRequest) -> HttpResponse:
    """Take a new script; its words are written next."""
    form = NewScriptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key, stage = form.cleaned_data["key"], form.cleaned_data["stage"]
        known = shipped.source(key, "en")
        if known is not None or Script.objects.filter(key=key).exists():
            form.add_error("key", _("This key is taken."))
        else:
            Script.objects.create(key=key, name=form.cleaned_data["name"], stage=stage)
            return redirect("contacts:write-script", key=key)
    return render(request, "contacts/script_new.html", {"form": form})


def _found(key: str) -> tuple[Script | None, str, str]:
    """Return the kept script of a key, its name and its stage. Raises Http404 where there is none of that key."""
    script = Script.objects.filter(key=key).first()
    ours = shipped.source(key, _own_language())
    if ours is not None:
        return script, ours.name, ours.stage
    if script is None:
        raise Http404
    return script, script.name, script.stage


@require_safe
@allowed("contacts.view_run")
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show one script: what is in force in each language, and every version."""
    script, name, stage = _found(key)
    kept = script.versions.select_related("written_by", "approved_by", "refused_by", "script") if script else []
    ordered = sorted(kept, key=lambda one: (one.language, -one.version))
    standing = {one.language: one for one in ordered if one.status == Status.APPROVED}
    context = {
        "key": key,
        "name": name,
        "stage": dict(Stage.choices)[stage],
        "in_force": [_in_force(key, code, label, standing.get(code)) for code, label in LANGUAGES],
        "versions": [
            {"version": one, "tone": TONES[one.status], "language": LANGUAGE_NAMES[one.language]} for one in ordered
        ],
        "may_write": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/script.html", context)


def _in_force(key: str, language: str, label: str, row: ScriptVersion | None) -> dict[str, Any]:
    source = choosing.source_of(row) if row is not None else shipped.source(key, language)
    return {
        "language": language,
        "label": label,
        "version": row,
        "source": source,
        "when": conditions.in_words(source.conditions) if source is not None else [],
        "words": notation.read(source.body) if source is not None else None,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.configure")
def write(request: HttpRequest, key: str) -> HttpResponse:
    """Write the words of a script; `?language=`, `?from=` goes on from a version, else from what is in force."""
    script, name, stage = _found(key)
    language = request.GET.get("language", "")
    language = language if language in shipped.LANGUAGES else _own_language()
    earlier = _earlier(script, key, language, request.GET.get("from", ""))
    initial: dict[str, Any] = {"language": earlier.language if earlier else language}
    if earlier is not None:
        initial |= {"body": earlier.body, **{name: list(values) for name, values in earlier.conditions.items()}}
    form = ScriptForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            version = editing.write(
                key=key,
                language=form.cleaned_data["language"],
                body=form.cleaned_data["body"],
                when=ScriptForm.when(request.POST),
                by=request.user,
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error("body", str(refused))
        else:
            messages.success(request, _("Kept as a draft. Somebody else decides whether it may be used."))
            return redirect("contacts:script-version", pk=version.pk)
    source = _typed(request, key, name, stage) if form.is_bound else earlier
    context = {
        "key": key,
        "name": name,
        "stage": dict(Stage.choices)[stage],
        "form": form,
        "earlier": earlier,
        "variables": VARIABLES.values(),
        "disclosures": shipped.disclosures().values(),
        "branches": [(code, label) for code, (label, _key) in notation.BRANCHES.items()],
        **_preview(request, source, str(form.data.get("case", "")) if form.is_bound else ""),
    }
    return vary_on_htmx(render(request, "contacts/script_write.html", context))


def _earlier(script: Script | None, key: str, language: str, asked: str) -> Source | None:
    rows = script.versions.select_related("script") if script is not None else ScriptVersion.objects.none()
    row = rows.filter(pk=_number(asked)).first()
    row = row or rows.filter(language=language, status=Status.DRAFT).order_by("-version").first()
    row = row or rows.filter(language=language, status=Status.APPROVED).first()
    return choosing.source_of(row) if row is not None else shipped.source(key, language)


@require_POST
@allowed("contacts.configure")
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Return the preview of what is in the form, and keep nothing."""
    _script, name, stage = _found(key)
    source = _typed(request, key, name, stage)
    context = _preview(request, source, request.POST.get("case", ""))
    return render(request, "contacts/script_preview.html", context)


def _typed(request: HttpRequest, key: str, name: str, stage: str) -> Source:
    language = request.POST.get("language", "")
    body = request.POST.get("body", "").replace("\0", "").replace("\r\n", "\n").strip("\n")
    return Source(
        key=key,
        stage=stage,
        name=name,
        language=language if language in shipped.LANGUAGES else "en",
        version=0,
        conditions={one: tuple(values) for one, values in ScriptForm.when(request.POST).items()},
        body=body[:8000],
    )


def _preview(request: HttpRequest, source: Source | None, ref: str) -> dict[str, Any]:
    if source is None or not source.body.strip():
        return {"preview": None}
    case = _case(request, ref)
    shown = previewing.of(source, at=clock.now(), case=case)
    return {"preview": shown, "no_such_case": bool(ref.strip()) and case is None}


def _case(request: HttpRequest, ref: str) -> Case | None:
    if not ref.strip():
        return None
    return Case.objects.visible_to(request.user).by_ref(ref.strip()[:20]).select_related("person", "creditor").first()


@require_safe
@allowed("contacts.view_run")
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version; `?case=` with the values of a case, `?against=` beside another version (0: as shipped)."""
    row = _version(pk)
    script = row.script
    others = script.versions.filter(language=row.language).exclude(pk=pk).order_by("-version")
    ours = shipped.source(script.key, row.language)
    asked = request.GET.get("against", "")
    against = others.filter(pk=_number(asked)).first()
    if against is None and asked != "0":
        against = others.filter(version__lt=row.version).exclude(status=Status.DRAFT).first()
    before = choosing.source_of(against) if against is not None else ours
    when = conditions.in_words(row.conditions)
    before_when = conditions.in_words(before.conditions) if before is not None else []
    case_ref = request.GET.get("case", "")[:20]
    user = request.user
    is_own = row.written_by_id == user.pk
    may_decide = user.has_perm("contacts.approve_wording")
    context = {
        "version": row,
        "script": script,
        "name": ours.name if (ours := shipped.source(script.key, _own_language())) else script.name,
        "tone": TONES[row.status],
        "language": LANGUAGE_NAMES[row.language],
        "others": others[:20],
        "has_shipped": shipped.source(script.key, row.language) is not None,
        "against": before,
        "pieces": differing.difference(before.body, row.body) if before is not None else [],
        "when": when,
        "gone": [one for one in before_when if one not in when],
        "added": [one for one in when if before is not None and one not in before_when],
        "case_ref": case_ref,
        **_preview(request, choosing.source_of(row), case_ref),
        "is_own": is_own,
        "may_decide": may_decide and row.status == Status.DRAFT and not is_own,
        "may_retire": may_decide and row.status == Status.APPROVED,
        "may_write": user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/script_version.html", context)


@require_POST
@allowed("contacts.approve_wording")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a draft, refuse it with a reason, or take a version out of use (`verb`)."""
    row, at = _version(pk), clock.now()
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "")[:300].replace("\0", "")
    try:
        if verb == "approve":
            editing.approve(version_id=pk, by=request.user, at=at)
            messages.success(request, _("In force. The next call reads it."))
        elif verb == "refuse":
            editing.refuse(version_id=pk, reason=reason, by=request.user, at=at)
            messages.success(request, _("Refused. The reason is shown to its author."))
        elif verb == "retire":
            editing.retire(version_id=pk, reason=reason, actor=Actor.of(request.user), at=at)
            messages.success(request, _("Out of use. The next call reads what fits then."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:script-version", pk=row.pk)


def _version(pk: int) -> ScriptVersion:
    known: Any = ScriptVersion.objects.select_related("script", "written_by", "approved_by", "refused_by")
    return get_object_or_404(known, pk=pk)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
