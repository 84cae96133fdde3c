"""allocate: share the cases of a creditor out among its collectors, or say what would move."""

from argparse import ArgumentParser
from typing import Any

from cases.distribution import applying, previewing
from cases.models import Creditor
from cases.refusal import Refused
from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team


class Command(commands.ReportCommand):
    help = "Share the cases of a creditor out among its collectors by its rules; with --dry-run, only say what would."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("--creditor", required=True, metavar="CODE", help="whose cases")
        parser.add_argument("--team", metavar="CODE", help="only the cases of this team; default all")
        parser.add_argument("--dry-run", action="store_true", help="preview, keep the preview, move nothing")
        commands.add_date(parser, "--day", help_text="for this day (with --dry-run); default today", required=False)

    def report(self, **options: Any) -> dict[str, Any]:
        """Preview, and apply what was previewed."""
        creditor = Creditor.objects.filter(code=options["creditor"]).first()
        if creditor is None:
            raise commands.WrongUse(f"There is no creditor {options['creditor']}.")
        team = Team.objects.filter(code=options["team"]).first() if options["team"] else None
        if options["team"] and team is None:
            raise commands.WrongUse(f"There is no team {options['team']}.")
        if options["day"] and not options["dry_run"]:
            raise commands.WrongUse("--day goes with --dry-run: cases are moved for today only.")
        actor, at = Actor.system("allocate"), clock.now()
        try:
            run = previewing.ask(creditor=creditor, team=team, day=options["day"], actor=actor, at=at)
            run = previewing.preview(run_id=run.pk, actor=actor, at=at)
            done = None if options["dry_run"] else applying.apply(run_id=run.pk, actor=actor, at=at)
        except Refused as refused:
            raise commands.WrongUse(str(refused)) from refused
        return {
            "run": run.ref,
            "creditor": creditor.code,
            "day": run.day.isoformat(),
            **{name: run.counts[name] for name in ("cases", "moved", "stayed", "nobody", "left", "nobody_why")},
            "applied": done.moved if done else None,
            "not_applied": done.not_moved if done else None,
            "people": [
                {"name": row["name"] or None, "before": row["before"][0], "after": row["after"][0]}
                for row in run.people
            ],
        }

    def describe(self, report: dict[str, Any]) -> str:
        """Return the counts, and everybody before and after."""
        lines = [super().describe({key: value for key, value in report.items() if key != "people"})]
        lines += [f"{row['name'] or '(team)':<30}{row['before']:>9,} → {row['after']:>9,}" for row in report["people"]]
        return "\n".join(lines)
