"""`explain_decision ID`: the decision as stored, every rule with its finding, and whether computing it again agrees."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance import gate, reasons, trace
from compliance.facts import FactsError
from compliance.models import Decision
from compliance.packs_loader import PackError


class Command(BaseCommand):
    """Exit status: 1 when computing the decision again gives something else, 2 when there is no such decision."""

    help = "Show why a contact was permitted or refused, and compute the decision again from what was stored with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the decision, the language and the form of the answer."""
        parser.add_argument("decision", type=int, metavar="ID")
        parser.add_argument("--language", default="en", choices=("en", "zh-hans"))
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Show one decision."""
        decision = Decision.objects.filter(pk=options["decision"]).first()
        if decision is None:
            raise CommandError(f"there is no decision {options['decision']}", returncode=2)
        report: dict[str, Any] = {
            "id": decision.pk,
            "at": decision.at.isoformat(),
            "person_id": decision.person_id,
            "channel": decision.channel,
            "purpose": decision.purpose,
            "verdict": decision.verdict,
            "strength": decision.strength,
            "failing": decision.failing,
            "advisories": decision.advisories,
            "next_permitted": decision.next_permitted.isoformat() if decision.next_permitted else None,
            "question": decision.question,
            "facts": decision.facts,
            "releases": decision.releases,
            "versions": {
                "engine": decision.engine_version,
                "tzdata": decision.tzdata_version,
                "calendars": decision.calendar_version,
            },
            "entrance": decision.entrance,
            "actor": decision.actor_label,
            "reasons": [],
            "rules": [],
            "same": False,
            "different": {},
        }
        try:
            packs = gate.revived(decision.releases)
            report["reasons"] = [
                {
                    "rule": reason.rule,
                    "sentence": reason.sentence,
                    "source": reason.source,
                    "strength": reason.strength,
                    "warning": reason.warning,
                }
                for reason in reasons.of_decision(decision, options["language"], releases=packs)
            ]
            outcome = gate.recompute(decision, releases=packs)
            report["rules"] = trace.full(outcome)
            different = gate.differences(decision, outcome)
            report["same"], report["different"] = not different, {key: str(value) for key, value in different.items()}
        except (PackError, FactsError) as error:
            report["different"] = {"error": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, default=str))
        else:
            self._say(report)
        if not report["same"]:
            raise SystemExit(1)

    def _say(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"Decision {report['id']}: {report['verdict']} {report['channel']} at {report['at']}")
        for reason in report["reasons"]:
            self.stdout.write(f"  {reason['rule']}: {reason['sentence']} [{reason['source']}; {reason['strength']}]")
        if report["next_permitted"]:
            self.stdout.write(f"  next permitted: {report['next_permitted']}")
        for rule in report["rules"]:
            because = f" ({rule['because']})" if rule.get("because") else ""
            self.stdout.write(f"    {rule['state']:<10} {rule['rule']}{because} {rule['values'] or ''}")
        same = "the same" if report["same"] else f"NOT the same: {report['different']}"
        self.stdout.write(f"  computed again: {same}")
