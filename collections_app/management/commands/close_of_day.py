"""close_of_day: close a day of the book and prepare the next."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, timedelta
from time import sleep
from typing import Any

from cases.models import Creditor
from collections_app import commands
from collections_app.shared import clock
from contacts import night
from contacts.models import NightRun, NightStep


class Command(commands.ReportCommand):
    help = "Close a day: ageing, cases, promises, plans, holds, strategies, figures, invariants. May be repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        commands.add_date(parser, "--date", help_text="the day to close; it must be over", required=False)
        parser.add_argument("--creditor", metavar="CODE", help="only this creditor's book; default all active ones")
        parser.add_argument("--resume", action="store_true", help="go on with a close that was interrupted")
        parser.add_argument(
            "--missed",
            action="store_true",
            help="close every day that is over and not closed, in order, up to --date (default: yesterday)",
        )

    def report(self, **options: Any) -> dict[str, Any]:
        """Close and return what was done; the steps of several books are added up, `runs` holds each."""
        if options["date"] is None and not options["missed"]:
            raise commands.WrongUse("Say which day: --date DATE, or --missed for all days that are not closed yet.")
        creditors = Creditor.objects.filter(is_active=True, accounts__isnull=False).distinct().order_by("pk")
        if options["creditor"]:
            creditors = Creditor.objects.filter(code=options["creditor"])
            if not creditors.exists():
                raise commands.WrongUse(f"There is no creditor {options['creditor']}.")
        runs = []
        for creditor in creditors:
            for day in self._days(creditor, options):
                runs.append(self._close(creditor, day, resume=options["resume"] or options["missed"]))
        self.failed = NightStep.objects.filter(run__in=[run.pk for run in runs], state="failed").exists()
        told = [_told(run) for run in runs]
        return {
            "run_id": told[-1]["run_id"] if told else None,
            "business_date": told[-1]["business_date"] if told else None,
            "steps": _added_up(told),
            "seconds": round(sum(run["seconds"] for run in told), 3),
            "warnings": [warning for run in told for warning in run["warnings"]],
            "runs": told,
        }

    def _days(self, creditor: Creditor, options: dict[str, Any]) -> list[date]:
        if not options["missed"]:
            return [options["date"]]
        yesterday = clock.business_day(clock.now(), creditor.time_zone) - timedelta(days=1)
        return night.missed_days(creditor, upto=min(options["date"] or yesterday, yesterday))

    def _close(self, creditor: Creditor, day: date, *, resume: bool) -> NightRun:
        for attempt in range(3):
            try:
                return night.close_of_day(
                    creditor_id=creditor.pk,
                    business_date=day,
                    at=clock.now(),
                    resume=resume,
                    progress=self._progress(creditor, day),
                )
            except night.NightBusy as busy:
                # A process that was killed holds its lease a little longer: whoever resumes waits for the end of it.
                if not resume or attempt == 2:
                    raise commands.WrongUse(str(busy)) from None
                self.stderr.write(str(busy))
                sleep(busy.values["seconds"] + 1)
            except night.NightRefused as refused:
                hint = {"missed": " Use --missed.", "interrupted": " Use --resume."}.get(refused.code, "")
                raise commands.WrongUse(f"{refused}{hint}") from None
        raise AssertionError("unreachable")

    def _progress(self, creditor: Creditor, day: date) -> Callable[[str, int, int], None]:
        def show(name: str, number: int, rows: int) -> None:
            self.progress(number + 1, len(night.STAGES), f"{creditor.code} {day} {name}")

        return show

    def describe(self, report: dict[str, Any]) -> str:
        """Return the steps as a table."""
        if not report["runs"]:
            return "Nothing to close."
        days = sorted({run["business_date"] for run in report["runs"]})
        lines = [f"{days[0]} to {days[-1]}" if len(days) > 1 else days[0]]
        lines.append(f"{'step':<12}{'state':<9}{'rows':>10}{'seconds':>10}")
        for step in report["steps"]:
            lines.append(f"{step['name']:<12}{step['state']:<9}{step['rows']:>10,}{step['seconds']:>10.3f}")
        lines.append(f"{'all':<21}{'':>10}{report['seconds']:>10.3f}")
        return "\n".join([*lines, *(f"! {warning}" for warning in report["warnings"])])


def _told(run: NightRun) -> dict[str, Any]:
    steps = [
        {
            "name": step.name,
            "state": step.state,
            "rows": step.rows,
            "seconds": float(step.seconds),
            "details": step.details,
        }
        for step in run.steps.order_by("position")
    ]
    return {
        "run_id": run.pk,
        "creditor": run.creditor.code,
        "business_date": run.business_date.isoformat(),
        "status": run.status,
        "steps": steps,
        "seconds": round(sum(step["seconds"] for step in steps), 3),
        "warnings": run.warnings,
    }


def _added_up(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steps: dict[str, dict[str, Any]] = {}
    for run in runs:
        for step in run["steps"]:
            total = steps.setdefault(
                step["name"], {"name": step["name"], "state": step["state"], "rows": 0, "seconds": 0.0}
            )
            total["rows"] += step["rows"]
            total["seconds"] = round(total["seconds"] + step["seconds"], 3)
            if step["state"] != "done":
                total["state"] = step["state"]
    return list(steps.values())
