"""rehearse: try a version of a strategy on the whole live book, on a simulated clock, without contacting anybody."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from contacts import rehearsal
from contacts.models import Rehearsal, StrategyVersion
from contacts.rehearsal import verbs

SHOWN: Any = ("sent", "refused", "obstacles", "tasks")


class Command(commands.ReportCommand):
    help = "Rehearse a strategy version: what would go out, be refused and fall to people. Nothing is sent or changed."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Let --version name the version of the strategy, and not ask for Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("strategy", metavar="STRATEGY", help="code of the strategy")
        parser.add_argument("--version", type=int, dest="number", metavar="V", help="default: newest")
        parser.add_argument("--days", type=int, default=verbs.DAYS, metavar="N", help=f"default {verbs.DAYS}")
        parser.add_argument("--sample", default="1", metavar="FRACTION", help="part of the persons, 0.1 for a tenth")
        parser.add_argument("--no-answers", action="store_true", help="nobody is taken to be reached")
        parser.add_argument("--processes", type=int, metavar="N", help="default: as many as the book is worth")

    def report(self, **options: Any) -> dict[str, Any]:
        """Rehearse and return what was found."""
        versions = StrategyVersion.objects.filter(strategy__code=options["strategy"])
        if options["number"] is not None:
            versions = versions.filter(version=options["number"])
        version = versions.order_by("-version").first()
        if version is None:
            raise commands.WrongUse(f"There is no such version of {options['strategy']}.")
        try:
            sample = Decimal(options["sample"])
        except InvalidOperation:
            raise commands.WrongUse("--sample is a number such as 0.1.") from None
        try:
            row = rehearsal.rehearse(
                version_id=version.pk,
                days=options["days"],
                sample=sample,
                with_answers=not options["no_answers"],
                actor=Actor.system("command line"),
                at=clock.now(),
                progress=lambda part: self.progress(round(part * 100), 100, str(version)),
                processes=options["processes"],
            )
        except rehearsal.RehearsalRefused as refused:
            raise commands.WrongUse(str(refused)) from None
        self.failed = row.status != Rehearsal.Status.DONE
        return _told(version, row)

    def describe(self, report: dict[str, Any]) -> str:
        """Return the days as a table."""
        if report["status"] != Rehearsal.Status.DONE:
            return f"{report['strategy']} v{report['version']}: {report['error']}"
        lines = [
            f"{report['strategy']} v{report['version']}, {report['persons']:,} persons, {report['seconds']:,.1f} s, "
            f"hash {report['hash'][:16]}",
            f"{'day':<12}{'planned':>10}{'sent':>10}{'refused':>10}{'obstacles':>11}{'tasks':>10}{'hours':>10}{'cost':>14}",
        ]
        for day in report["days"]:
            sums = "".join(
                f"{sum(day[name].values()):>{width},}" for name, width in zip(SHOWN, (10, 10, 11, 10), strict=True)
            )
            planned = sum(day["planned"].values())
            lines.append(f"{day['date']:<12}{planned:>10,}{sums}{day['collector_hours']:>10,.1f}{day['cost']:>14}")
        if report["compare"]:
            ours, theirs = report["compare"]["draft"], report["compare"]["current"]
            lines.append(
                "now in force, the same days: "
                + ", ".join(
                    f"{name} {sum(theirs[name].values()):,} (this version {sum(ours[name].values()):,})"
                    for name in SHOWN
                )
            )
        if report["lifted"] is not None:
            freed = sum(report["lifted"]["sent"].values())
            lines.append(f"! an order stops sending; were it lifted, {freed:,} messages would leave")
        lines += [f"! the tape of {code} is late: nobody there is treated" for code in report["late"]]
        return "\n".join(lines)


def _told(version: StrategyVersion, row: Rehearsal) -> dict[str, Any]:
    found = row.results
    return {
        "rehearsal": row.pk,
        "status": row.status,
        "error": row.error,
        "strategy": version.strategy.code,
        "version": version.version,
        "hash": row.full_hash,
        "inputs_hash": row.inputs_hash,
        "content_hash": row.content_hash,
        "snapshot": row.snapshot_at,
        "sample": row.sample,
        "first_day": row.first_day,
        "days": found.get("days", []),
        "nodes": found.get("nodes", []),
        "teams": found.get("teams", []),
        "creditors": found.get("creditors", []),
        "compare": found.get("compare"),
        "persons": found.get("persons", 0),
        "late": found.get("late", []),
        "skipped": found.get("skipped", 0),
        "assumed": found.get("assumed", []),
        "answers": found.get("answers", {}),
        "shares": found.get("shares", {}),
        "stops": found.get("stops", []),
        "lifted": found.get("lifted"),
        "seconds": float(row.seconds),
    }
