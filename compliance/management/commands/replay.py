"""`replay --date DATE`: computing a day's decisions again must give what was decided."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import check_runs, gate
from compliance.facts import FactsError
from compliance.models import Decision
from compliance.packs_loader import Pack, PackError


class Command(BaseCommand):
    """Exit status: 1 when a decision differs. The result is written down for the officers (compliance.check_runs)."""

    help = "Compute every decision of a day (UTC) again from what was stored with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the day and the form of the answer."""
        parser.add_argument("--date", required=True, help="ISO date, UTC")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Go through the day in order, releases read once each."""
        try:
            day = date.fromisoformat(options["date"])
        except ValueError as error:
            raise CommandError(f"--date: {error}", returncode=2) from error
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        rows = Decision.objects.filter(at__gte=since, at__lt=since + timedelta(days=1)).order_by("at", "pk")
        packs: dict[str, Pack] = {}
        report: dict[str, Any] = {"date": day.isoformat(), "decisions": 0, "identical": 0, "different": []}
        for decision in rows.iterator(chunk_size=1000):
            report["decisions"] += 1
            try:
                missing = [digest for digest in decision.releases if digest not in packs]
                if missing:
                    packs |= gate.revived(missing)
                different = gate.differences(decision, gate.recompute(decision, releases=packs))
            except (PackError, FactsError) as error:
                different = {"error": str(error)}
            if different:
                report["different"].append(
                    {"id": decision.pk, "in": {key: str(value) for key, value in different.items()}}
                )
            else:
                report["identical"] += 1
        check_runs.record(
            name="replay",
            ok=not report["different"],
            figures={**report, "different": len(report["different"])},
            actor=Actor.system("command line"),
            at=clock.now(),
        )
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            for item in report["different"]:
                self.stdout.write(f"decision {item['id']} differs in {', '.join(item['in'])}")
            self.stdout.write(f"{report['decisions']} decisions, {report['identical']} identical")
        if report["different"]:
            raise SystemExit(1)
