"""Imports: upload a tape, watch it being loaded, see what was taken and what was refused."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reach, tasks
from cases.forms_imports import UploadForm
from cases.imports import batches, formats, loader, report, waiting
from cases.imports.refusals import FileRefused
from cases.models import ImportBatch
from cases.payment_files import formats as money_formats
from cases.payment_files import loader as money_loader
from cases.payment_files import rollback
from cases.uploads import LimitedUpload
from collections_app.shared import clock, keyset, spreadsheet
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed

ORDER: Final = ("-uploaded_at", "-pk")
TONES: Final = {
    "uploaded": "act", "staged": "act", "checked": "act", "loaded": "ok", "refused": "stop", "rolled_back": "past",
}  # fmt: skip
UNDER_WAY: Final = ("uploaded", "staged", "checked")
KINDS: Final = {
    "tape": gettext_lazy("tape"),
    "payments": gettext_lazy("payments"),
    "bank": gettext_lazy("bank statement"),
}
LINES_SHOWN: Final = 50
GROUPS_SHOWN: Final = 30
TRIED_AT_ONCE: Final = 50 * 1024**2  # bytes: a larger file is tried by the command import_tape --dry-run


@csrf_exempt
def show(request: HttpRequest) -> HttpResponseBase:
    """Take files straight to disk: the upload handler must stand before anybody reads the form, the token included."""
    if request.method == "POST":
        request.upload_handlers = [LimitedUpload(request)]
    return _show(request)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@allowed("cases.import_tape")
def _show(request: HttpRequest) -> HttpResponseBase:
    """List the imports within reach, newest first; take a new file."""
    at = clock.now()
    if request.method != "POST":
        return _page(request, UploadForm(user=request.user, at=at, initial={"mapping": "auto"}), at)
    posted = request.POST, request.FILES  # reading them is what receives the file
    too_large = bool(getattr(request, "upload_was_too_large", False))
    form = UploadForm(*posted, user=request.user, at=at, too_large=too_large)
    if not form.is_valid():
        return _page(request, form, at)
    file = form.cleaned_data["file"]
    name = PurePath(file.name).name
    path = waiting.keep(Path(file.temporary_file_path()), suffix=PurePath(name).suffix.lower())
    kept = False
    try:
        if form.cleaned_data["dry_run"]:
            return _try(request, form, path, name, at)
        batch = waiting.take(
            path,
            file_name=name,
            creditor=form.cleaned_data["creditor"],
            mapping=form.cleaned_data["mapping"],
            as_of=form.cleaned_data["as_of"] or clock.local_date(at, "Pacific/Kiritimati"),
            kind=form.cleaned_data["kind"] or waiting.TAPE,
            actor=Actor.of(request.user),
            at=at,
        )
        kept = True
    except batches.UnknownMapping:
        form.add_error("mapping", _("There is no mapping of this name for this creditor."))
    except FileRefused as refused:
        form.add_error("file", report.of_file(refused))
    finally:
        if not kept:
            path.unlink(missing_ok=True)
    if not kept:
        return _page(request, form, at)
    tasks.ring()
    return redirect("cases:import", pk=batch.pk)


def _page(request: HttpRequest, form: UploadForm, at: datetime) -> HttpResponse:
    rows = _within_reach(request).select_related("creditor", "uploaded_by")
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    context = {
        "form": form,
        "can_upload": True,
        "batches": [_row(batch) for batch in page.rows],
        "page": page,
        "max_size": filesizeformat(settings.IMPORT_MAX_BYTES),
        "now": at,
    }
    return render(request, "cases/imports.html", context)


def _within_reach(request: HttpRequest) -> Any:
    return ImportBatch.objects.filter(creditor__in=reach.creditors(request.user).order_by().values("pk"))


def _row(batch: ImportBatch) -> dict[str, Any]:
    return {
        "url": reverse("cases:import", args=[batch.pk]),
        "file_name": batch.file_name,
        "creditor": batch.creditor.name,
        "kind_label": KINDS.get(batch.kind, batch.kind),
        "status_label": batch.get_status_display(),
        "status_tone": TONES.get(batch.status, "plain"),
        "as_of": batch.as_of,
        "rows_read": batch.rows_read,
        "rows_refused": batch.rows_refused,
        "uploaded_at": batch.uploaded_at,
        "uploaded_by": batch.uploaded_by or _("the system"),
    }


def _try(request: HttpRequest, form: UploadForm, path: Path, name: str, at: datetime) -> HttpResponse:
    """Do everything with the file and keep nothing; show what would have become of it."""
    if path.stat().st_size > TRIED_AT_ONCE:
        size = filesizeformat(TRIED_AT_ONCE)
        form.add_error("dry_run", _("Files larger than %(size)s are not tried here.") % {"size": size})
        return _page(request, form, at)
    kind = form.cleaned_data["kind"] or waiting.TAPE
    if kind == money_formats.BANK:
        form.add_error("dry_run", _("A bank statement is not tried: its lines change nothing in the book."))
        return _page(request, form, at)
    told: dict[str, Any] = {
        "mapping": form.cleaned_data["mapping"], "creditor": form.cleaned_data["creditor"],
        "actor": Actor.of(request.user), "at": at, "dry_run": True, "file_name": name,
    }  # fmt: skip
    result: Any
    if kind == money_formats.PAYMENTS:
        result = money_loader.import_payments(path, **told)
    else:
        result = loader.import_tape(path, as_of=form.cleaned_data["as_of"], **told)
    groups: dict[tuple[str, str], int] = {}
    for one in result.errors:
        key = (report.sentence(one.code, one.values), one.column)
        groups[key] = groups.get(key, 0) + 1
    context = {
        "batch": {
            "file_name": name, "creditor": form.cleaned_data["creditor"].name, "kind_label": KINDS[kind],
            "status_label": _("only tried"), "status_tone": "plain", "as_of": form.cleaned_data["as_of"],
            "uploaded_at": at, "uploaded_by": request.user, "finished_at": clock.now(), "encoding": result.encoding,
            "delimiter": _separator(result.delimiter), "size": "", "mapping": form.cleaned_data["mapping"],
            "is_running": False, "error": "", "rows_read": result.rows, "rows_accepted": result.accepted,
            "rows_refused": result.refused, "rows_created": result.created, "rows_updated": result.updated,
            "rows_unchanged": result.unchanged, "is_tried": True,
        },
        "totals": _totals(result.totals),
        "refusal_groups": [
            {"sentence": sentence, "column": column, "count": count}
            for (sentence, column), count in sorted(groups.items(), key=lambda each: -each[1])[:GROUPS_SHOWN]
        ],
        "refusals": [
            {"line": one.line, "column": one.column, "sentence": report.sentence(one.code, one.values)}
            for one in result.errors[:LINES_SHOWN]
        ],
        "remarks": len(result.remarks),
        "columns": _columns(result.mapping),
        "now": at,
    }  # fmt: skip
    return render(request, "cases/import_detail.html", context)


def _separator(delimiter: str) -> str:
    return {"\t": _("tab"), ",": ",", ";": ";", "|": "|"}.get(delimiter, delimiter)


def _columns(spec: dict[str, Any]) -> list[dict[str, Any]]:
    fields: dict[str, Any] = {**money_formats.FIELDS, **formats.FIELDS}
    return [
        {"heading": one["heading"], "label": fields[one["field"]].label}
        for one in spec.get("columns", [])
        if one.get("field") in fields
    ]


def _amount(text: Any) -> str:
    """Return a control total with its thousands grouped."""
    try:
        return f"{Decimal(str(text)):,}"
    except ArithmeticError:
        return str(text)


def _totals(totals: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, sums in totals.items():
        if not isinstance(sums, dict) or "file" not in sums:
            continue
        known: Any = formats.FIELDS.get(name) or money_formats.FIELDS.get(name)
        stated, loaded = sums.get("file"), sums.get("loaded")
        found.append({"label": known.label if known else name, "stated": _amount(stated), "found": _amount(loaded),
                      "agrees": stated == loaded})  # fmt: skip
    return found


@require_safe
@allowed("cases.import_tape")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one import; while it runs, the progress asks for itself."""
    at = clock.now()
    batch = get_object_or_404(_within_reach(request).select_related("creditor", "uploaded_by", "mapping"), pk=pk)
    running = batch.status in UNDER_WAY
    refused = batch.refusals.exclude(values__has_key="remark")
    groups = refused.order_by().values("code", "column").annotate(count=Count("pk"), first=Min("pk"))
    groups = list(groups.order_by("-count", "code", "column")[:GROUPS_SHOWN]) if not running else []
    examples = batch.refusals.in_bulk([group["first"] for group in groups]) if groups else {}
    context = {
        "batch": _whole(batch, request, running=running),
        "progress": _progress(batch, at) if running else None,
        "totals": _totals(batch.totals),
        "refusal_groups": [
            {
                "sentence": report.sentence(group["code"], examples[group["first"]].values),
                "column": group["column"],
                "count": group["count"],
            }
            for group in groups
        ],
        "refusals": [_line(row) for row in refused.order_by("line", "column", "pk")[:LINES_SHOWN]] if groups else [],
        "remarks": batch.refusals.filter(values__has_key="remark").count() if not running else 0,
        "columns": _columns(batch.mapping_spec),
        "placed": batch.totals.get("placed"),
        "standing": rollback.count_of(batch) if _is_payments(batch) else 0,
        "can_roll_back": _is_payments(batch) and request.user.has_perm("cases.configure"),
        "now": at,
    }
    response = render(request, "cases/import_detail.html", context)
    if is_htmx(request) and not running:
        response["HX-Refresh"] = "true"  # the last look of the progress: the rest of the page has changed too
    return vary_on_htmx(response)


def _is_payments(batch: ImportBatch) -> bool:
    return batch.kind == money_formats.PAYMENTS and batch.status == ImportBatch.Status.LOADED


@require_POST
@allowed("cases.import_tape", "cases.configure")
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back every payment that a file brought."""
    batch = get_object_or_404(_within_reach(request), pk=pk)
    try:
        count = rollback.roll_back(
            batch_id=batch.pk, reason=request.POST.get("reason", ""), actor=Actor.of(request.user), at=clock.now(),
            limit=rollback.AT_ONCE,
        )  # fmt: skip
    except rollback.RollbackRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The file is rolled back: %(count)s payments are reversed.") % {"count": count})
    return redirect("cases:import", pk=batch.pk)


def _whole(batch: ImportBatch, request: HttpRequest, *, running: bool) -> dict[str, Any]:
    error = ""
    if batch.status == ImportBatch.Status.REFUSED:
        error = report.sentence(batch.error_code, batch.error_values)
    return {
        **_row(batch),
        "url": request.path,
        "finished_at": batch.finished_at,
        "encoding": batch.encoding,
        "delimiter": _separator(batch.delimiter),
        "sha256": batch.sha256,
        "size": filesizeformat(batch.file_size),
        "mapping": str(batch.mapping) if batch.mapping else _("found out from the file"),
        "is_running": running,
        "is_waiting": batch.status == ImportBatch.Status.UPLOADED and not batch.bytes_read,
        "load_url": reverse("cases:import-load", args=[batch.pk]),
        "roll_back_url": reverse("cases:import-roll-back", args=[batch.pk]),
        "error": error,
        "rows_accepted": batch.rows_accepted,
        "rows_created": batch.rows_created,
        "rows_updated": batch.rows_updated,
        "rows_unchanged": batch.rows_unchanged,
        "refusals_url": reverse("cases:import-refusals", args=[batch.pk]),
    }


def _progress(batch: ImportBatch, at: datetime) -> dict[str, Any]:
    seconds = max((at - batch.uploaded_at).total_seconds(), 0.001)
    done = min(batch.bytes_read, batch.file_size)
    rate = int(batch.rows_read / seconds) if batch.rows_read else None
    labels = {
        "uploaded": _("Reading") if batch.bytes_read else _("Waiting for a worker"),
        "staged": _("Checking"),
        "checked": _("Loading"),
    }
    return {
        "label": labels.get(batch.status, ""),
        "done": done,
        "total": batch.file_size,
        "state": "running" if batch.bytes_read else "waiting",
        "rate": rate,
        "remaining": int(seconds * (batch.file_size - done) / done) if done else None,
        "note": _("%(rows)s rows") % {"rows": batch.rows_read},
        "unit": "bytes",
    }


def _line(row: Any) -> dict[str, Any]:
    return {"line": row.line, "column": row.column, "sentence": report.sentence(row.code, row.values)}


@require_POST
@allowed("cases.import_tape")
def load(request: HttpRequest, pk: int) -> HttpResponse:
    """Load a waiting file here and now, where no worker takes it up."""
    batch = get_object_or_404(_within_reach(request), pk=pk)
    if not waiting.load_one(batch.pk, at=clock.now(), actor=Actor.of(request.user)):
        messages.info(request, _("A worker is at it already, or it is done."))
    return redirect("cases:import", pk=batch.pk)


@require_safe
@allowed("cases.import_tape")
def refusals(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give every refused row as a file: line, column, reason. The cells themselves stay sealed."""
    batch = get_object_or_404(_within_reach(request), pk=pk)
    rows = batch.refusals.order_by("line", "column", "pk").iterator(chunk_size=2000)

    def lines() -> Any:
        for row in rows:
            kind = _("cell left out") if row.values.get("remark") else _("row refused")
            yield [row.line, row.column, kind, row.code, report.sentence(row.code, row.values)]

    heading = [_("Line"), _("Column"), _("What"), _("Code"), _("Reason")]
    return spreadsheet.download(f"refused-{batch.pk}", heading, lines())
