"""`manage.py drill`: try contacts that are forbidden, of every kind, through every entrance, and count what leaked."""

import secrets
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import connection

from collections_app import database, scratch
from collections_app.commands import ReportCommand, WrongUse
from collections_app.management import drill
from collections_app.management.drill.world import open_world
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import check_runs
from compliance.models import CheckRun


class Command(ReportCommand):
    help = "Try forbidden contacts through every entrance, in a database of their own, and count what leaked."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size."""
        parser.add_argument("--attempts", type=int, default=500, metavar="N", help="at least so many (default 500)")

    def report(self, **options: Any) -> dict[str, Any]:
        """Run the drill."""
        if options["attempts"] < 1:
            raise WrongUse("--attempts is at least 1")
        name, before = f"drill_{secrets.token_hex(4)}", settings.DATABASES["default"]["NAME"]
        database.create(name, template=scratch.migrated_template())
        try:
            database.use_database(name)
            with open_world() as world:
                seen = drill.run(
                    world,
                    attempts=options["attempts"],
                    progress=lambda done, total: self.progress(done, total, "attempts"),
                )
        finally:
            database.use_database(before)
            database.drop(name)
        self.failed = not seen.holds
        self._keep(seen)
        return asdict(seen)

    def _keep(self, seen: drill.Report) -> None:
        """Write the result into the book, where there is one, for the compliance officer."""
        if CheckRun._meta.db_table not in connection.introspection.table_names():
            return
        figures = {"attempts": seen.attempts, "refused": seen.refused, "leaked": len(seen.leaked),
                   "seconds": seen.seconds}  # fmt: skip
        check_runs.record(name="drill", ok=seen.holds, figures=figures, actor=Actor.system("drill"), at=clock.now())
