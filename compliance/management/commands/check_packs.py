"""`check_packs`: can every rule pack be read, and does it say what its examples say?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from compliance import examples, packs_loader
from compliance.packs_loader import PackError


class Command(BaseCommand):
    """Exit status: 1 when a pack cannot be read or an example does not hold."""

    help = "Read every installed rule pack and run its examples."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the form of the answer."""
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check the packs one by one; a broken one does not hide the others."""
        packs = [self._pack(pack_id) for pack_id in packs_loader.installed()]
        if options["json"]:
            self.stdout.write(json.dumps({"packs": packs}, ensure_ascii=False))
        else:
            for pack in packs:
                self.stdout.write(
                    f"{pack['id']} {pack['version'] or '?'} {(pack['hash'] or '')[:12]}:"
                    f" {pack['rules']} rules, {pack['examples']} examples, {len(pack['failed'])} failed"
                )
                for failure in pack["failed"]:
                    self.stdout.write(f"  {failure}")
        if any(pack["failed"] for pack in packs):
            raise SystemExit(1)

    def _pack(self, pack_id: str) -> dict[str, Any]:
        report: dict[str, Any] = {"id": pack_id, "version": None, "hash": None, "rules": 0, "examples": 0, "failed": []}
        try:
            pack = packs_loader.get(pack_id)
            report |= {"version": pack.version, "hash": pack.hash, "rules": len(pack.rules)}
            results = examples.run(pack)
        except PackError as error:
            report["failed"].append(str(error))
            return report
        report["examples"] = len(results)
        report["failed"] = [f"{result.says}: {result.why}" for result in results if not result.holds]
        return report
