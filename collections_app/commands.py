"""The base of the product's commands: one readable report, or with --json exactly one JSON object on standard output.

Exit status: 0 done, 1 the thing checked does not hold or some rows were refused under --strict, 2 wrong use.
"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from collections_app import scratch


class WrongUse(CommandError):
    """The command was called in a way that makes no sense; the message says how to call it. Ends with status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class ReportCommand(BaseCommand):
    """A command that reports: subclasses write `report()` and, for people, `describe()`.

    `self.failed = True` makes the command end with status 1 after its report is printed.
    `scratch = True` on the class adds `--database NAME`.
    """

    scratch = True
    requires_system_checks: Any = []  # a command must run on a book that a check complains about
    failed = False

    def report(self, **options: Any) -> dict[str, Any]:
        """Do the work and return what --json prints."""
        raise CommandError("This command says nothing yet.")

    def describe(self, report: dict[str, Any]) -> str:
        """Return the report as a person reads it; the default lists its keys."""
        width = max((len(key) for key in report), default=0)
        return "\n".join(f"{key.replace('_', ' '):<{width}}  {_plain(value)}" for key, value in report.items())

    def progress(self, done: int, total: int, label: str = "") -> None:
        """Show how far the work is, on a terminal only, on standard error."""
        if not sys.stderr.isatty():
            return
        part = min(1.0, done / total) if total else 1.0
        bar = "█" * int(part * 30)
        sys.stderr.write(f"\r{label[:30]:<30} {bar:<30} {done:>9,} of {total:,}" + ("\n" if done >= total else ""))
        sys.stderr.flush()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Add the arguments that every report command has."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        if self.scratch:
            parser.add_argument(
                "--database",
                metavar="NAME",
                help="use the scratch database of this name instead of the book, creating it where it is missing",
            )
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        """Choose the database, do the work, print the report."""
        self.failed = False
        if options.get("database"):
            try:
                name = scratch.open_scratch(options["database"])
            except ValueError as error:
                raise WrongUse(str(error)) from error
            self.stderr.write(f"Using the scratch database {name}.", self.style.NOTICE)
        report = self.report(**options)
        if options.get("json"):
            self.stdout.write(json.dumps(report, cls=DjangoJSONEncoder, ensure_ascii=False))
        else:
            self.stdout.write(self.describe(report))

    def run_from_argv(self, argv: list[str]) -> None:
        """Run from the command line and end with status 1 where the thing checked does not hold."""
        super().run_from_argv(argv)
        if self.failed:
            sys.exit(1)


def add_date(parser: ArgumentParser, name: str, *, help_text: str, required: bool = True) -> None:
    """Add an argument that takes an ISO date."""
    from datetime import date

    parser.add_argument(name, type=date.fromisoformat, required=required, metavar="DATE", help=help_text)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items() if each is not None)
    if isinstance(value, list):
        return f"{len(value)}" + "".join(f"\n  - {_plain(each)}" for each in value[:20])
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
