"""Write docs/states.md from the declared transitions."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collections_app import states


class Command(BaseCommand):
    help = "Draw the state machines into docs/states.md."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(settings.BASE_DIR) / "docs" / "states.md"
        target.write_text(states.page(), encoding="utf-8")
        self.stdout.write(f"{target.name} drawn")
