"""`migrate`, as the owner of the database, whatever role the process uses otherwise."""

from typing import Any

from django.core.management.commands import migrate

from collections_app.database import as_owner


class Command(migrate.Command):
    """Django's own command, run as the owner."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply the migrations as the owner."""
        with as_owner(options["database"]):
            super().handle(*args, **options)
