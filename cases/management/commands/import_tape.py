"""import_tape: a creditor's file into the book."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cases.imports import batches, loader, report
from cases.imports.refusals import FileRefused, MappingUnclear
from cases.models import Creditor, Product
from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor


class Command(commands.ReportCommand):
    help = "Load a tape (CSV or XLSX) into the book of a creditor. The same file twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument("--mapping", required=True, metavar="NAME|auto", help="how the columns are read")
        parser.add_argument("--creditor", required=True, metavar="CODE")
        commands.add_date(parser, "--as-of", help_text="the day for which the balances hold")
        parser.add_argument("--dry-run", action="store_true", help="do everything, keep nothing")
        parser.add_argument("--strict", action="store_true", help="end with status 1 if any row is refused")

    def report(self, **options: Any) -> dict[str, Any]:
        """Load the file and return what became of it."""
        path: Path = options["path"]
        if not path.is_file():
            raise commands.WrongUse(f"There is no file {path}.")
        creditor = self._creditor(options["creditor"], make=bool(options.get("database")))
        try:
            result = loader.import_tape(
                path,
                mapping=options["mapping"],
                creditor=creditor,
                as_of=options["as_of"],
                actor=Actor.system("import_tape"),
                at=clock.now(),
                dry_run=options["dry_run"],
                progress=lambda rows, done: self.progress(done, path.stat().st_size, f"{rows} rows"),
            )
        except batches.UnknownMapping as unknown:
            raise commands.WrongUse(f"There is no mapping named {unknown}. Use auto, or make one.") from None
        except MappingUnclear as unclear:
            raise commands.WrongUse(report.of_file(unclear)) from None
        except FileRefused as refused:
            self.failed = True
            return _refused_report(refused)
        self.failed = options["strict"] and result.refused > 0
        return {
            "rows": result.rows,
            "accepted": result.accepted,
            "created": result.created,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "refused": result.refused,
            "errors": [report.as_error(one) for one in result.errors],
            "remarks": [report.as_error(one) for one in result.remarks],
            "totals": result.totals,
            "encoding": result.encoding,
            "delimiter": result.delimiter,
            "seconds": result.seconds,
            "batch": result.batch_id,
            "dry_run": result.dry_run,
        }

    def _creditor(self, code: str, *, make: bool) -> Creditor:
        """Return the creditor; in a scratch database, one with a card product is made where it is missing."""
        creditor = Creditor.objects.filter(code=code).first()
        if creditor is not None:
            return creditor
        if not make:
            known = ", ".join(Creditor.objects.order_by("code").values_list("code", flat=True)[:20])
            raise commands.WrongUse(f"There is no creditor {code}. Known: {known or 'none'}.")
        creditor = Creditor.objects.create(code=code, name=code, kind="bank", time_zone="UTC", currency="TWD")
        Product.objects.create(creditor=creditor, code="card", name="Card", kind="credit_card")
        return creditor


def _refused_report(refused: FileRefused) -> dict[str, Any]:
    error = {
        "line": refused.line,
        "column": refused.values.get("column"),
        "code": refused.code,
        "message": report.of_file(refused),
    }
    none = dict.fromkeys(("rows", "accepted", "created", "updated", "unchanged", "refused"), 0)
    return {**none, "errors": [error], "remarks": [], "totals": {}, "encoding": None, "delimiter": None, "seconds": 0.0}
