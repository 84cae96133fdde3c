"""`migrate`, as the owner of the database, whatever role the process uses otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db.models.signals import class_prepared

from collections_app.database import as_owner


class Command(migrate.Command):
    """Django's own command, run as the owner."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply the migrations as the owner."""
        with as_owner(options["database"]), _no_ears_for_historical_models():
            super().handle(*args, **options)


@contextmanager
def _no_ears_for_historical_models() -> Iterator[None]:
    """Let no state field of a historical model listen to every model that is made after it.

    Models of migrations have no transitions to collect, but each of their state fields would look for some in each of
    the twenty thousand models that a first migration makes: two thirds of its time.
    """
    class_prepared.connect = lambda *_args, **_named: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        del class_prepared.connect
