#!/usr/bin/env python
"""Entry point of every command; see `python manage.py help`."""

import os
import sys


def main() -> None:
    """Run one management command.

    With no DATABASE_URL the embedded servers are started at the first connection and stopped when the last user leaves.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collections_app.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this interpreter. Use `make run` or `make test`, which set everything up, "
            "or activate the environment: . .venv/bin/activate"
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
