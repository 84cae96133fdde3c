"""`release_packs [PACK ...]`: write into the ledgers what is shipped, after which no rule id may change its meaning."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.shared import clock
from compliance import examples, packs_loader
from compliance.packs_loader import PackError
from compliance.releases import meaning


class Command(BaseCommand):
    """Exit status: 1 when a pack may not be released, 2 when there is no such pack."""

    help = "Add the installed rule packs to the ledgers of what was shipped (packs/<PACK>/released.json)."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the packs and the form of the answer."""
        parser.add_argument("packs", nargs="*", metavar="PACK", help="all installed packs, unless some are named")
        parser.add_argument("--check", action="store_true", help="only say what would be refused or added")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Release the packs one by one; a refused one does not stop the others."""
        installed = packs_loader.installed()
        unknown = sorted(set(options["packs"]) - set(installed))
        if unknown:
            raise CommandError(f"no such pack is installed: {', '.join(unknown)}", returncode=2)
        report = [self._release(pack_id, check=options["check"]) for pack_id in options["packs"] or installed]
        if options["json"]:
            self.stdout.write(json.dumps({"packs": report}, ensure_ascii=False))
        else:
            for each in report:
                self.stdout.write(f"{each['id']} {each['version'] or '?'}: {each['state']}")
                for problem in each["problems"]:
                    self.stdout.write(f"  {problem}")
        if any(each["problems"] for each in report):
            raise SystemExit(1)

    def _release(self, pack_id: str, *, check: bool) -> dict[str, Any]:
        report: dict[str, Any] = {"id": pack_id, "version": None, "state": "refused", "problems": []}
        on = clock.now().astimezone(UTC).date()
        try:
            pack = packs_loader.get(pack_id)
            report["version"] = pack.version
            failed = [f"{result.says}: {result.why}" for result in examples.run(pack) if not result.holds]
            report["problems"] = failed or [str(problem) for problem in meaning.problems_of_meaning(pack, on=on)]
            if report["problems"]:
                return report
            if check:
                report["state"] = "unchanged" if meaning.is_shipped(pack) else "not released"
            else:
                report["state"] = "released" if meaning.ship(pack, on=on) else "unchanged"
        except PackError as error:
            report["problems"] = [str(error)]
        return report
