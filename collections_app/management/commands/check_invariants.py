"""check_invariants: what must always be true of the book, checked now."""

from typing import Any

from collections_app import commands
from contacts import invariants


class Command(commands.ReportCommand):
    help = (
        "Check that balances equal their entries, no case is without a future, no contact without a permit, and more."
    )

    def report(self, **options: Any) -> dict[str, Any]:
        """Return how many checks there are, and the ids of the rows that break each that does not hold."""
        found = invariants.check_all()
        violations = {name: ids for name, ids in found.items() if ids}
        self.failed = bool(violations)
        return {"checked": invariants.COUNT, "violations": violations}

    def describe(self, report: dict[str, Any]) -> str:
        """Return a line per check that does not hold."""
        if not report["violations"]:
            return f"{report['checked']} checks, all hold."
        lines = [f"{report['checked']} checks, {len(report['violations'])} do not hold:"]
        for name, ids in report["violations"].items():
            shown = ", ".join(map(str, ids[:10])) + (" …" if len(ids) > 10 else "")
            lines.append(f"  {name}: {len(ids)} rows: {shown}")
        return "\n".join(lines)
