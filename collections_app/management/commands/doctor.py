"""Say whether everything is there that the product needs, and if not, how to mend it."""

from typing import Any

from collections_app import doctor
from collections_app.commands import ReportCommand


class Command(ReportCommand):
    """`doctor` examines environment, database, role, broker, workers, beat, queue, packs and feeds."""

    help = (
        "Examine environment, database, broker, workers, beat, packs and feeds; say what is wrong and how to mend it."
    )
    scratch = False

    def report(self, **options: Any) -> dict[str, Any]:
        """Ask every question."""
        findings = doctor.examine()
        self.failed = not all(each.ok for each in findings)
        return {each.name: "ok" if each.ok else {"wrong": each.says, "mend": each.mend} for each in findings} | {
            "details": {each.name: each.says for each in findings}
        }

    def describe(self, report: dict[str, Any]) -> str:
        """Show one line per question, and how to mend what is wrong."""
        lines = []
        for name, says in report["details"].items():
            wrong = report[name] != "ok"
            mark = self.style.ERROR("wrong") if wrong else self.style.SUCCESS("ok   ")
            lines.append(f"{mark}  {name:<12} {says}")
            if wrong and report[name]["mend"]:
                lines.append(f"{'':21}{report[name]['mend']}")
        return "\n".join(lines)
