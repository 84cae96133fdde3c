"""`check_packs [PACK ...] [--mutate]`: can every rule pack be read, does it say what its examples say, do its ids mean
what they meant when they were released, and are the examples enough to notice a change?
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from collections_app.shared import clock
from compliance import choices, examples, mutation, packs_loader
from compliance.examples import Case
from compliance.packs_loader import PackError
from compliance.releases import meaning
from compliance.vectors import VectorError


class Command(BaseCommand):
    """Exit status: 1 when a pack cannot be read, an example does not hold, a rule lacks its text or an example on one
    side, a released id changed its meaning, or a mutant survives unexplained.

    2 for a pack or a folder of vectors that is not there.
    """

    help = "Read the installed rule packs, run their examples and, with --mutate, look for rules that nothing proves."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the packs, the mutation check and the form of the answer."""
        parser.add_argument("packs", nargs="*", metavar="PACK", help="only these packs")
        parser.add_argument(
            "--mutate", action="store_true", help="shift every bound, leave out every clause: examples must notice"
        )
        parser.add_argument(
            "--vectors",
            metavar="FOLDER",
            type=Path,
            help="folder of further proofs (JSON lines); default: tests/compliance/vectors beside manage.py, if there",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check the packs one by one; a broken one does not hide the others."""
        started = time.perf_counter()
        installed = packs_loader.installed()
        if unknown := set(options["packs"]) - set(installed):
            raise CommandError(f"No such pack: {', '.join(sorted(unknown))}", returncode=2)
        chosen = [pack_id for pack_id in installed if not options["packs"] or pack_id in options["packs"]]
        proofs = self._vectors(options["vectors"], set(chosen)) if options["mutate"] else []
        report: dict[str, Any] = {"packs": [self._pack(pack_id) for pack_id in chosen]}
        if options["mutate"]:
            report |= {"mutants": 0, "killed": 0, "explained": 0, "survivors": [], "mistakes": []}
            for number, pack in enumerate(report["packs"], 1):
                self._mutate(pack, proofs, report)
                self._progress(number, len(chosen), pack["id"])
            report["seconds"] = round(time.perf_counter() - started, 1)
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._say(report)
        if any(pack["failed"] for pack in report["packs"]) or report.get("survivors") or report.get("mistakes"):
            raise SystemExit(1)

    def _vectors(self, folder: Path | None, chosen: set[str]) -> list[Case]:
        path = folder or Path(settings.BASE_DIR) / "tests" / "compliance" / "vectors"
        if not path.is_dir():
            if folder is not None:
                raise CommandError(f"{folder} is not a folder", returncode=2)
            return []
        try:
            found = examples.vectors_of(path)
        except (VectorError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        return examples.vector_cases(vector for vector in found if chosen & set(vector.packs))

    def _pack(self, pack_id: str) -> dict[str, Any]:
        report: dict[str, Any] = {"id": pack_id, "version": None, "hash": None, "rules": 0, "examples": 0, "failed": []}
        try:
            pack = packs_loader.get(pack_id)
            report |= {"version": pack.version, "hash": pack.hash, "rules": len(pack.rules)}
            results = examples.asked(pack)
            scope = choices.failures(pack)
            changed = meaning.problems_of_meaning(pack, on=clock.now().date())
        except PackError as error:
            report["failed"].append(str(error))
            return report
        report["examples"] = len(results)
        report["failed"] = [
            *(f"{case.name}: {why}" for case, _, why in results if why),
            *scope,
            *examples.gaps(pack, (outcome for _, outcome, _ in results)),
            *(str(problem) for problem in changed),
        ]
        return report

    def _mutate(self, line: dict[str, Any], proofs: list[Case], report: dict[str, Any]) -> None:
        try:
            pack = packs_loader.get(line["id"])
            own = [case for case in proofs if any(listed.id == pack.id for listed in case.packs)]
            found = mutation.check(pack, [*examples.cases(pack), *own], mutation.explanations(pack.id))
        except PackError as error:
            if str(error) not in line["failed"]:
                line["failed"].append(str(error))
            return
        line |= {"mutants": found.mutants, "killed": found.killed, "explained": len(found.explained)}
        report["mutants"] += found.mutants
        report["killed"] += found.killed
        report["explained"] += len(found.explained)
        report["survivors"] += [f"{pack.id}: {name}" for name in found.survivors]
        report["mistakes"] += [f"{pack.id}: {says}" for says in found.mistakes]

    def _progress(self, done: int, total: int, label: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{label:<30} {done} of {total}", ending="\n" if done == total else "")

    def _say(self, report: dict[str, Any]) -> None:
        for pack in report["packs"]:
            mutants = f", {pack['killed']} of {pack['mutants']} mutants killed" if "mutants" in pack else ""
            self.stdout.write(
                f"{pack['id']} {pack['version'] or '?'} {(pack['hash'] or '')[:12]}:"
                f" {pack['rules']} rules, {pack['examples']} examples, {len(pack['failed'])} failed{mutants}"
            )
            for failure in pack["failed"]:
                self.stdout.write(f"  {failure}")
        for name in report.get("survivors", ()):
            self.stdout.write(f"survives: {name}")
        for says in report.get("mistakes", ()):
            self.stdout.write(f"wrong in {mutation.EXPLAINED}: {says}")
        if "mutants" in report:
            self.stdout.write(
                f"{report['mutants']} mutants: {report['killed']} killed, {report['explained']} explained,"
                f" {len(report['survivors'])} survive; {report['seconds']} s"
            )
