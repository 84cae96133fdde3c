"""Scratch databases: a migrated, empty database beside the book, for trying files and vectors without touching it.

A copy of a migrated template takes a fraction of a second; the template is made once per state of the migrations.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from collections_app import database
from collections_app.shared import schema

PREFIX = "scratch_"
TEMPLATE = "template_"


def open_scratch(name: str) -> str:
    """Point this process at the scratch database of that name, made where it is missing; return its full name."""
    full = PREFIX + name
    if not database.exists(full):
        template = migrated_template()
        with _one_at_a_time():
            if not database.exists(full):
                database.create(full, template=template)
    database.use_database(full)
    return full


def drop_scratch(name: str) -> None:
    """Drop the scratch database of that name if it is there."""
    database.drop(PREFIX + name)


def migrated_template(fill: Callable[[str], object] | None = None) -> str:
    """Return the name of an empty database with the present migrations applied, making it where it is missing.

    Templates of earlier states of the migrations are dropped. Its name is a digest of the migration files.
    fill: gives the database of that name what the migrations would give it; they are applied where it is None.
    """
    name = TEMPLATE + migrations_digest()
    with _one_at_a_time():
        if database.exists(name):
            return name
        for outdated in database.names(TEMPLATE):
            database.drop(outdated)
        # Made under another name first, so that a template that exists is a finished one.
        unfinished = "unfinished_template"
        database.drop(unfinished)
        database.create(unfinished)
        in_use = connections.settings["default"]["NAME"]
        database.use_database(unfinished)
        try:
            if fill is None:
                call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            else:
                fill(unfinished)
        finally:
            database.use_database(in_use)
        database.rename(unfinished, name)
    return name


def migrations_digest() -> str:
    """Return sixteen hexadecimal digits that change with any migration, what they share, or the release of Django."""
    digest = hashlib.sha256(django.__version__.encode())
    digest.update(Path(schema.__file__).read_bytes())
    for config in sorted(apps.get_app_configs(), key=lambda each: each.label):
        for path in sorted((Path(config.path) / "migrations").glob("*.py")):
            digest.update(f"{config.label}/{path.name}\0".encode() + path.read_bytes())
            for text in sorted((Path(config.path) / "migrations").glob("*.sql")):
                digest.update(text.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(settings.VAR_DIR / "template.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
