"""List or drop scratch databases."""

from argparse import ArgumentParser
from typing import Any

from collections_app import database
from collections_app import scratch as scratch_databases
from collections_app.commands import ReportCommand, WrongUse


class Command(ReportCommand):
    """`scratch` lists the scratch databases; `scratch --drop NAME` or `--drop-all` removes them."""

    help = "List or drop the scratch databases that --database NAME of other commands made."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to drop."""
        parser.add_argument("--drop", metavar="NAME", help="drop the scratch database of this name")
        parser.add_argument("--drop-all", action="store_true", help="drop all of them")

    def report(self, **options: Any) -> dict[str, Any]:
        """Drop what was asked for, and list what is left."""
        found = database.names(scratch_databases.PREFIX)
        wanted = found if options["drop_all"] else []
        if options["drop"]:
            wanted = [scratch_databases.PREFIX + options["drop"]]
            if wanted[0] not in found:
                raise WrongUse(f"There is no scratch database {options['drop']!r}.")
        for name in wanted:
            database.drop(name)
        return {"dropped": wanted, "left": [name for name in found if name not in wanted]}
