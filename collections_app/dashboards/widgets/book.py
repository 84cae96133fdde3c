"""The book by bucket, how it moved, and what became of promises."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases import ageing
from collections_app.dashboards import sets
from collections_app.dashboards.catalogue import ACCOUNTS, MOVES, PROMISES
from collections_app.dashboards.registry import Box, Cell, Figure, widget
from collections_app.dashboards.scope import Scope
from collections_app.templatetags.display import digits
from contacts.models import NightRun


@widget(
    "promises",
    title=_("Promises"),
    section="results",
    definition=_("Due: open promises by their date. Kept and broken: by the day on which that was established."),
)
def promises(scope: Scope) -> Box:
    """Return promises due, kept and broken, today and within seven days."""
    wanted = [
        (_("Due today"), "due", "", "flag"),
        (_("Due within 7 days"), "due-7", "", "flag"),
        (_("Kept today"), "kept", "ok", "circle-check"),
        (_("Kept, 7 days"), "kept-7", "", "circle-check"),
        (_("Broken today"), "broken", "stop", "alert-triangle"),
        (_("Broken, 7 days"), "broken-7", "", "alert-triangle"),
    ]
    figures = []
    for label, which, tone, icon in wanted:
        count = PROMISES.select(scope, {"which": which}).count()
        figures.append(Figure(label, count, PROMISES.address(which=which), tone=tone if count else "", icon=icon))
    return Box(as_of=scope.at, figures=figures)


@widget(
    "moves",
    title=_("Moves at the last close"),
    section="results",
    definition=_("Accounts whose bucket at the last close of the day differs from the one at the close before."),
)
def moves(scope: Scope) -> Box:
    """Return how many accounts entered, were cured, rolled or eased at the last close of each creditor."""
    kinds = [
        ("entered", _("Became past due"), ""),
        ("cured", _("No longer past due"), "ok"),
        ("rolled", _("To a worse bucket"), "stop"),
        ("eased", _("To a better bucket"), ""),
    ]
    rows = sets.moves(scope)
    figures = []
    for kind, label, tone in kinds:
        count = sets.moved(rows, kind).count()
        figures.append(Figure(label, count, MOVES.address(kind=kind), tone=tone if count else ""))
    return Box(as_of=_closed_at(scope), figures=figures, nothing=_("No day has been closed yet."))


def _closed_at(scope: Scope) -> Any:
    """Return when the oldest of the last closes was finished: nothing shown is older than that."""
    condition = Q(pk__in=[])
    for creditor_id, on in sets.last_closes(scope).items():
        condition |= Q(creditor_id=creditor_id, business_date=on)
    found = NightRun.objects.filter(condition, finished_at__isnull=False)
    return found.order_by("finished_at").values_list("finished_at", flat=True).first()


@widget(
    "book",
    title=_("Book by bucket"),
    section="results",
    definition=_("Accounts and balances at the last close of each creditor's day, by days past due."),
    wide=True,
)
def book(scope: Scope) -> Box:
    """Return accounts and balances per creditor and bucket, as a table and as charts, one per currency."""
    names = {creditor.pk: creditor for creditor in scope.creditors}
    found = sets.figures(scope).annotate(name=F("creditor__name")).order_by("name", "creditor_id", "currency", "bucket")
    lines: dict[tuple[int, str], dict[str, Any]] = defaultdict(dict)
    dates = {}
    for figure in found:
        lines[figure.creditor_id, figure.currency][figure.bucket] = figure
        dates[figure.creditor_id] = figure.business_date
    labels = ageing.DEFAULT.labels
    rows = []
    for (creditor_id, currency), buckets in lines.items():
        creditor = names[creditor_id]
        cells = [Cell(f"{creditor.name} · {currency} · {dates[creditor_id]:%Y-%m-%d}")]
        for label in labels:
            held = buckets.get(label)
            address = ACCOUNTS.address(
                creditor=creditor.code, bucket=label, on=dates[creditor_id].isoformat(), currency=currency
            )
            cells.append(Cell(count=held.accounts, url=address, numeric=True) if held else Cell("–", numeric=True))
        total = sum((figure.balance for figure in buckets.values()), Decimal(0))
        cells.append(Cell(digits(total, currency), numeric=True))
        rows.append(cells)
    return Box(
        as_of=_closed_at(scope),
        columns=[(_("Creditor"), False), *((label, True) for label in labels), (_("Balance"), True)],
        rows=rows,
        charts=_charts(lines, dates, names),
        nothing=_("No day has been closed yet. The first close comes after the first tape."),
    )


def _charts(lines: dict[tuple[int, str], dict[str, Any]], dates: dict[int, Any], names: dict[int, Any]) -> list[Any]:
    """Return one chart per currency: past-due balances stacked by bucket, creditors side by side."""
    charts = []
    labels = ageing.DEFAULT.labels[1:]
    for currency in dict.fromkeys(code for _creditor, code in lines):
        owners = [creditor for creditor, code in lines if code == currency]
        series = []
        for level, label in enumerate(labels, start=1):
            figures = [lines[creditor, currency].get(label) for creditor in owners]
            urls = [
                ACCOUNTS.address(
                    creditor=names[creditor].code, bucket=label, on=dates[creditor].isoformat(), currency=currency
                )
                for creditor in owners
            ]
            data = [str(figure.balance) if figure else "0" for figure in figures]
            series.append({"name": label, "data": data, "dpd": level, "urls": urls})
        title = gettext("Balances past due, %(currency)s") % {"currency": currency}
        table = [
            [names[creditor].name, *(_balance(lines[creditor, currency].get(label), currency) for label in labels)]
            for creditor in owners
        ]
        charts.append(
            {
                "id": f"book-{currency}",
                "title": title,
                "unit": currency,
                "data": {
                    "kind": "bar", "stacked": True, "horizontal": True, "title": title, "unit": currency,
                    "categories": [names[creditor].name for creditor in owners], "series": series,
                },
                "columns": [gettext("Creditor"), *labels],
                "rows": table,
            }
        )  # fmt: skip
    return charts


def _balance(figure: Any, currency: str) -> str:
    return digits(figure.balance, currency) if figure else "–"
