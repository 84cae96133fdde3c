"""suggest_mapping: how an unknown file is probably to be read."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cases.imports import report, suggest
from cases.imports.refusals import FileRefused, MappingUnclear
from collections_app import commands


class Command(commands.ReportCommand):
    help = "Say how a file is probably to be read: encoding, separator, columns, date format and decimal mark."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("path", type=Path, metavar="PATH")

    def report(self, **options: Any) -> dict[str, Any]:
        """Look at the file and return what it suggests; open questions end the command with status 2."""
        path: Path = options["path"]
        if not path.is_file():
            raise commands.WrongUse(f"There is no file {path}.")
        try:
            found = suggest.suggest(path)
        except MappingUnclear as unclear:
            raise commands.WrongUse(report.of_file(unclear)) from None
        except FileRefused as refused:
            self.failed = True
            return {"error": refused.code, "message": report.of_file(refused), "columns": []}
        self.unclear = bool(found.questions)
        return {
            "encoding": found.layout.encoding,
            "delimiter": found.layout.delimiter,
            "header_line": found.layout.header_line,
            "skipped_lines": found.layout.header_line - 1,
            "columns": [
                {"heading": one.heading, "field": one.field, "confidence": one.confidence, "sample": one.sample}
                for one in found.columns
            ],
            "date_format": found.date_format,
            "decimal_mark": found.decimal_mark,
            "questions": [report.sentence(code, values) for code, values in found.questions],
        }

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report, then end with status 2 where a question is open."""
        self.unclear = False
        super().handle(*args, **options)
        if self.unclear:
            raise commands.WrongUse("The file can be read in more than one way; see the questions.")
