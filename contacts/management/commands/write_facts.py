"""Write docs/facts.md from the catalogue of facts."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from contacts.strategy.conditions import catalogue


class Command(BaseCommand):
    help = "Write the catalogue of facts into docs/facts.md."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page."""
        target = Path(settings.BASE_DIR) / "docs" / "facts.md"
        target.write_text(catalogue.as_markdown(), encoding="utf-8")
        self.stdout.write(f"{target}: {len(catalogue.ENTRIES)} facts")
