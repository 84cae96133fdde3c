"""Django's PostgreSQL engine, with the embedded server started before the first connection of a process."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from collections_app import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects as Django does, once the embedded server is up."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Start the embedded servers where they are not running, then connect."""
        servers = embedded.ensure(settings.VAR_DIR, settings.EMBEDDED_PURPOSE)
        # Where servers are made, the folder of their socket was not known when the settings were read; whoever starts
        # a process on this database reads here where it is.
        self.settings_dict["HOST"] = servers.sockets
        return super().get_new_connection(conn_params | {"host": servers.sockets})
