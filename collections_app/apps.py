"""The project package as an installed app: system checks, commands, static files."""

from django.apps import AppConfig


class CollectionsAppConfig(AppConfig):
    """Registers the checks that `manage.py check` runs over the whole product."""

    name = "collections_app"
    label = "collections_app"
    verbose_name = "Collections"

    def ready(self) -> None:
        """Import the checks so that Django finds them."""
        from collections_app import checks  # noqa: F401  (importing registers them)
