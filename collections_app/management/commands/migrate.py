"""`migrate`, as the owner of the database, whatever role the process uses otherwise."""

from typing import Any

from django.core.management.commands import migrate

from collections_app.database import as_owner
from collections_app.migrating import quicker


class Command(migrate.Command):
    """Django's own command, run as the owner, with less work between the operations."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply the migrations as the owner."""
        with as_owner(options["database"]), quicker():
            super().handle(*args, **options)
