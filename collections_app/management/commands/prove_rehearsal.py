"""prove_rehearsal: rehearse one day, let it happen, and compare contact by contact. Everybody due is written to."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings

from collections_app import commands
from collections_app.management.measures import first_day
from collections_app.shared import clock
from contacts.models import StrategyVersion


class Command(commands.ReportCommand):
    help = "Compare the first day of a rehearsal with the day itself, sent to the local carrier. Never on a real book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("strategy", metavar="STRATEGY", help="code of a strategy in force")
        parser.add_argument(
            "--processes", type=int, metavar="N", help="of the rehearsal; default: as the book is worth"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        """Do both and return how they differ."""
        if not settings.DEVELOPMENT:
            raise commands.WrongUse(
                "This closes a day and writes to everybody who is due: only where people are invented."
            )
        version = StrategyVersion.objects.filter(strategy__code=options["strategy"], status="published").first()
        if version is None:
            raise commands.WrongUse(f"No version of {options['strategy']} is in force.")
        proof = first_day.prove(version_id=version.pk, at=clock.now(), processes=options["processes"])
        self.failed = proof.different > 0
        return asdict(proof)
