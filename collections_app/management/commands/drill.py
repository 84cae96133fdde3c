"""`manage.py drill`: try contacts that are forbidden, of every kind, through every entrance, and count what leaked."""

import secrets
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings

from collections_app import database, scratch
from collections_app.commands import ReportCommand, WrongUse
from collections_app.management import drill
from collections_app.management.drill.world import open_world


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
        return asdict(seen)
