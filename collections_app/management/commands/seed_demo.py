"""seed_demo: fill an empty book with the demo portfolio, through the same import as any other file."""

import tempfile
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Max

from cases.imports import loader
from cases.models import Account, Creditor, ImportBatch, Person
from collections_app import commands
from collections_app.demo import SIGN_INS, agreements, limits, organisation, stationery, tapes
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from contacts.strategy import shipped


class Command(commands.ReportCommand):
    help = "Load the demo portfolio: real card accounts, invented people. The same seed makes the same book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("--scale", type=float, default=1.0, metavar="N", help="1 is 24,000 accounts")
        parser.add_argument(
            "--agreements",
            action="store_true",
            help="plans and settlements, after a first close of day",
        )
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the invented people")

    def report(self, **options: Any) -> dict[str, Any]:
        """Make the organisation, write the tapes, load them in order; return what was made."""
        if options["scale"] <= 0:
            raise commands.WrongUse("--scale is a positive number.")
        begun = clock.now()
        if options["agreements"]:
            return agreements.make(at=begun)
        made = organisation.make(at=begun)
        made["limits"] = limits.make(at=begun)
        stationery.make(at=begun)
        creditors = {one.code: one for one in Creditor.objects.order_by("pk")}
        strategy = shipped.ship(
            creditors=[creditors[code] for code, *_rest in organisation.CREDITORS],
            author=User.objects.get(username=organisation.AUTHOR),
            approver=User.objects.get(username=organisation.APPROVER),
            at=begun,
        )
        last = self._last_day(begun)
        loaded = []
        with tempfile.TemporaryDirectory(prefix="demo-tapes-") as folder:
            files = tapes.write(Path(folder), last=last, scale=options["scale"], seed=options["seed"])
            for number, tape in enumerate(files, 1):
                result = loader.import_tape(
                    tape.path,
                    mapping=tape.mapping,
                    creditor=creditors[tape.creditor],
                    as_of=tape.as_of,
                    actor=Actor.system("seed_demo"),
                    at=clock.now(),
                )
                self.progress(number, len(files), "tapes")
                loaded.append(
                    {
                        "creditor": tape.creditor,
                        "as_of": tape.as_of.isoformat(),
                        "rows": result.rows,
                        "created": result.created,
                        "updated": result.updated,
                        "unchanged": result.unchanged,
                        "refused": result.refused,
                    }
                )
        return {
            **made,
            "seed": options["seed"],
            "scale": options["scale"],
            "strategy": str(strategy),
            "as_of": last.isoformat(),
            "accounts": Account.objects.count(),
            "persons": Person.objects.count(),
            "tapes": loaded,
            "sign_ins": [{"role": role, "user": user, "password": password} for role, user, password in SIGN_INS],
            "seconds": round((clock.now() - begun).total_seconds(), 1),
        }

    def _last_day(self, at: datetime) -> date:
        """Return the day of the last tape: yesterday, or that of the book where the demo is already loaded."""
        demo = ImportBatch.objects.filter(
            creditor__code__in=[code for code, *_rest in organisation.CREDITORS], status=ImportBatch.Status.LOADED
        )
        known = demo.aggregate(last=Max("as_of"))["last"]
        return known or at.astimezone(UTC).date() - timedelta(days=1)

    def describe(self, report: dict[str, Any]) -> str:
        """Return what was made and how to sign in."""
        if "accounts" not in report:
            return "{plans} plans, {settlements} settlements, {allocations} allocations.".format(**report)
        lines = [
            f"{report['accounts']:,} accounts of {report['persons']:,} invented people, balances as of "
            f"{report['as_of']}, in {report['seconds']} s.",
            "Amounts and arrears are real (UCI, CC BY 4.0); every person, number and address is invented.",
            "Sign in as:",
        ]
        lines += [f"  {one['role']:<20}{one['user']:<12}{one['password']}" for one in report["sign_ins"]]
        return "\n".join(lines)
