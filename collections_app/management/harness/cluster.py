"""A database on a cluster that nobody else uses, so that the whole cluster may be crashed."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connections

from collections_app import database, embedded, scratch
from collections_app.embedded import postgres
from collections_app.env import database_parts

CORE: Final = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
OURS: Final = ("EMBEDDED", "EMBEDDED_PURPOSE", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


@contextmanager
def own_cluster() -> Iterator[tuple[embedded.Servers, dict[str, str]]]:
    """Point this process at a fresh database on a cluster of its own; yield its servers and what a child needs.

    The cluster is durable, kept between runs, and stopped when its last user leaves.
    """
    fill = _as_here()
    servers = embedded.ensure(settings.VAR_DIR, embedded.CRASHES)
    configured = connections.settings["default"]
    before = {key: configured[key] for key in CORE}, {key: getattr(settings, key) for key in OURS}
    connections["default"].close()
    parts = database_parts(servers.app_url, name="DATABASE_URL")
    configured.update({key: parts[key] for key in CORE})
    settings.EMBEDDED, settings.EMBEDDED_PURPOSE = True, embedded.CRASHES
    settings.DATABASE_URL, settings.DATABASE_OWNER_URL = servers.app_url, servers.owner_url
    settings.REDIS_URL = servers.redis_url
    name = f"soak_{secrets.token_hex(4)}"
    try:
        database.create(name, template=scratch.migrated_template(fill))
        database.use_database(name)
        urls = {"DATABASE_URL": database.url(name), "DATABASE_OWNER_URL": database.url(name, role="owner")}
        yield servers, urls | {"REDIS_URL": servers.redis_url}
    finally:
        connections.close_all()
        database.drop(name)
        configured.update(before[0])
        for key, value in before[1].items():
            setattr(settings, key, value)
        embedded.release(settings.VAR_DIR, embedded.CRASHES)


def _as_here() -> Callable[[str], None] | None:
    """Return what gives a database of the other cluster the tables of the template of this one: to write them down and
    read them there costs a tenth of migrating again. None where this server is not one of ours.
    """
    if not settings.EMBEDDED:
        return None
    here = embedded.ensure(settings.VAR_DIR, settings.EMBEDDED_PURPOSE)
    return partial(_take_over, Path(here.data), database.url(scratch.migrated_template(), role="owner"))


def _take_over(data: Path, source: str, name: str) -> None:
    postgres.copy_structure(data, source=source, target=database.url(name, role="owner"))
