"""Databases and roles: acting as the owner, making copies, dropping them.

Web, workers and tests connect as the role `app`, which owns nothing. Only what is here acts as `owner`.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import psycopg2
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg2 import sql

from collections_app import embedded
from collections_app.env import database_parts

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
CORE = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


def owner_parts() -> dict[str, str]:
    """Return how to connect as the owner, starting the embedded server where that is what is used.

    Raises ImproperlyConfigured when DATABASE_URL is set and DATABASE_OWNER_URL is not.
    """
    url = settings.DATABASE_OWNER_URL
    if settings.EMBEDDED:
        url = embedded.ensure(settings.VAR_DIR, settings.EMBEDDED_PURPOSE).owner_url
    if not url:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL is not set: only the owner of the database may change its structure."
        )
    return database_parts(url, name="DATABASE_OWNER_URL")


@contextmanager
def as_owner(alias: str = "default") -> Iterator[None]:
    """Let this process's connections act as the owner inside the block, on the database in use.

    Not for requests or tasks: structure, grants and scratch databases only. Raises without DATABASE_OWNER_URL.
    """
    configured = connections.settings[alias]
    before = {key: configured[key] for key in CORE}
    owner = owner_parts()
    limits = configured["OPTIONS"].get("options")
    connections[alias].close()
    configured.update({key: owner[key] for key in CORE if key != "NAME"})
    # A migration may take longer than a view is allowed to.
    configured["OPTIONS"]["options"] = "-c statement_timeout=0 -c lock_timeout=15000"
    try:
        yield
    finally:
        connections[alias].close()
        configured.update({key: before[key] for key in CORE if key != "NAME"})
        configured["OPTIONS"]["options"] = limits


def use_database(name: str, alias: str = "default") -> None:
    """Point this process's connections at another database of the same server."""
    connections[alias].close()
    connections.settings[alias]["NAME"] = name


def exists(name: str) -> bool:
    """Return whether the server has a database of that name."""
    with closing(_maintenance()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def create(name: str, *, template: str | None = None) -> None:
    """Create a database, as a copy of another one where `template` names it; nobody may be connected to that one."""
    statement = sql.SQL("CREATE DATABASE {}").format(_identifier(name))
    if template is not None:
        # FILE_COPY of a template is quicker than the default once it holds more than a few megabytes of pages.
        statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(_identifier(template))
    with closing(_maintenance()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def drop(name: str) -> None:
    """Drop a database if it is there, ending the connections to it."""
    with closing(_maintenance()) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_identifier(name)))


def rename(name: str, to: str) -> None:
    """Rename a database that nobody is connected to."""
    with closing(_maintenance()) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(_identifier(name), _identifier(to)))


def names(prefix: str) -> list[str]:
    """Return the names of the databases that start so."""
    with closing(_maintenance()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY datname", [prefix])
        return [row[0] for row in cursor.fetchall()]


def url(name: str, *, role: str = "app") -> str:
    """Return the address of a database on the server in use, for child processes."""
    parts = owner_parts()
    if role != "owner":
        configured = database_parts(settings.DATABASE_URL, name="DATABASE_URL")
        parts |= {"USER": configured["USER"], "PASSWORD": configured["PASSWORD"]}
    host, port = quote(parts["HOST"], safe=""), f":{parts['PORT']}" if parts["PORT"] else ""
    return f"postgresql://{quote(parts['USER'])}:{quote(parts['PASSWORD'], safe='')}@{host}{port}/{name}"


def _identifier(name: str) -> sql.Identifier:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no database name: small letters, digits and _, starting with a letter.")
    return sql.Identifier(name)


def _maintenance() -> Any:
    owner = owner_parts()
    connection = psycopg2.connect(
        host=owner["HOST"],
        port=owner["PORT"] or None,
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname="postgres",
        connect_timeout=5,
    )
    connection.autocommit = True
    return connection
