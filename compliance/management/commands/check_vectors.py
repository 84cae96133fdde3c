"""`check_vectors FILE...`: does the engine decide the proposed contacts of these files as expected?"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance import vectors


class Command(BaseCommand):
    """Exit status: 1 when a vector that is not ambiguous disagrees, 2 for a file that cannot be read.

    `ambiguous` lists the disagreements where the text does not settle the answer, apart from `disagree`.
    """

    help = "Compare the engine's decisions with the expected ones of vector files (JSON lines)."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the files and the form of the answer."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run every vector of every file."""
        started = time.perf_counter()
        report: dict[str, Any] = {"total": 0, "agree": 0, "disagree": [], "ambiguous": [], "not_installed": []}
        for name in options["files"]:
            self._file(Path(name), report)
        report["seconds"] = round(time.perf_counter() - started, 3)
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._say(report)
        if report["disagree"]:
            raise SystemExit(1)

    def _file(self, path: Path, report: dict[str, Any]) -> None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}", returncode=2) from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            report["total"] += 1
            try:
                raw = json.loads(line)
            except json.JSONDecodeError as error:
                raise CommandError(f"{path}:{number}: {error}", returncode=2) from error
            try:
                vector = vectors.parse(raw)
            except (vectors.VectorError, AttributeError, TypeError) as error:
                report["disagree"].append({"id": f"{path.name}:{number}", "got": f"unreadable: {error}", "rules": []})
                continue
            if vectors.missing_packs(vector):
                report["not_installed"].append(vector.id)
                continue
            answer = vectors.check(vector)
            if answer.agrees:
                report["agree"] += 1
                continue
            report["ambiguous" if vector.ambiguous else "disagree"].append(
                {
                    "id": vector.id,
                    "expected": "permit" if vector.expected == "permit" else "block",
                    "expected_rule": vector.rule,
                    "got": answer.verdict,
                    "rules": list(answer.rules),
                    "next_permitted": answer.next_permitted.isoformat() if answer.next_permitted else None,
                    "expected_next": vector.next_permitted.isoformat() if vector.next_permitted else None,
                }
            )

    def _say(self, report: dict[str, Any]) -> None:
        for kind in ("disagree", "ambiguous"):
            for item in report[kind]:
                self.stdout.write(
                    f"{item['id']} ({kind}): expected {item.get('expected')} by {item.get('expected_rule')},"
                    f" next {item.get('expected_next')}; got {item['got']} by {', '.join(item['rules']) or 'nothing'},"
                    f" next {item.get('next_permitted')}"
                )
        self.stdout.write(
            f"{report['total']} vectors: {report['agree']} agree, {len(report['disagree'])} disagree,"
            f" {len(report['ambiguous'])} disagree where the text settles nothing,"
            f" {len(report['not_installed'])} need packs that are not installed; {report['seconds']} s"
        )
