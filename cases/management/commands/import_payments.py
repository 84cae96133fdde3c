"""import_payments: a file of payments into the book."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cases.imports import batches, report
from cases.imports.refusals import FileRefused, MappingUnclear
from cases.models import Creditor
from cases.payment_files import loader
from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor


class Command(commands.ReportCommand):
    help = "Record the payments of a file (CSV or XLSX) in a creditor's book. The same file twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument("--mapping", required=True, metavar="NAME|auto", help="how the columns are read")
        parser.add_argument("--creditor", required=True, metavar="CODE")
        parser.add_argument("--dry-run", action="store_true", help="do everything, keep nothing")
        parser.add_argument("--strict", action="store_true", help="end with status 1 if any row is refused")

    def report(self, **options: Any) -> dict[str, Any]:
        """Load the file and return what became of it."""
        path: Path = options["path"]
        if not path.is_file():
            raise commands.WrongUse(f"There is no file {path}.")
        creditor = Creditor.objects.filter(code=options["creditor"]).first()
        if creditor is None:
            known = ", ".join(Creditor.objects.order_by("code").values_list("code", flat=True)[:20])
            raise commands.WrongUse(f"There is no creditor {options['creditor']}. Known: {known or 'none'}.")
        try:
            result = loader.import_payments(
                path,
                mapping=options["mapping"],
                creditor=creditor,
                actor=Actor.system("import_payments"),
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
            "allocated": result.allocated,
            "unallocated": result.unallocated,
            "errors": [report.as_error(one) for one in result.errors],
            "remarks": [report.as_error(one) for one in result.remarks],
            "totals": result.totals,
            "encoding": result.encoding,
            "delimiter": result.delimiter,
            "seconds": result.seconds,
            "batch": result.batch_id,
            "dry_run": result.dry_run,
        }


def _refused_report(refused: FileRefused) -> dict[str, Any]:
    error = {
        "line": refused.line,
        "column": refused.values.get("column"),
        "code": refused.code,
        "message": report.of_file(refused),
    }
    names = ("rows", "accepted", "created", "updated", "unchanged", "refused", "allocated", "unallocated")
    none = dict.fromkeys(names, 0)
    return {**none, "errors": [error], "remarks": [], "totals": {}, "encoding": None, "delimiter": None, "seconds": 0.0}
