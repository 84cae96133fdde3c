"""roll_back_payments: take back what a file of payments brought."""

from argparse import ArgumentParser
from typing import Any

from cases.models import ImportBatch
from cases.payment_files import rollback
from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor


class Command(commands.ReportCommand):
    help = "Reverse every payment of a loaded file, with all that followed from it. May be run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("batch", type=int, metavar="BATCH", help="the number that import_payments reported")
        parser.add_argument("--reason", required=True, metavar="TEXT")

    def report(self, **options: Any) -> dict[str, Any]:
        """Roll the file back and return how many payments were reversed."""
        batch = ImportBatch.objects.filter(pk=options["batch"]).first()
        if batch is None:
            raise commands.WrongUse(f"There is no file {options['batch']}.")
        try:
            reversed_ = rollback.roll_back(
                batch_id=batch.pk,
                reason=options["reason"],
                actor=Actor.system("roll_back_payments"),
                at=clock.now(),
            )
        except rollback.RollbackRefused as refused:
            raise commands.WrongUse(str(refused)) from None
        return {"batch": batch.pk, "file": batch.file_name, "reversed": reversed_}
