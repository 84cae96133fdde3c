"""Check, update or compile the translations."""

from argparse import ArgumentParser
from typing import Any

from collections_app import translations
from collections_app.commands import ReportCommand


class Command(ReportCommand):
    """`translations` checks that every text is translated; `--update` collects new texts; `--compile` compiles."""

    help = "Check that every text is translated, collect new texts, or compile the catalogues."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two verbs."""
        parser.add_argument("--update", action="store_true", help="write new texts of the sources into the catalogues")
        parser.add_argument("--compile", action="store_true", help="compile the catalogues")

    def report(self, **options: Any) -> dict[str, Any]:
        """Do what was asked and return what is wrong."""
        if options["update"]:
            return {"untranslated": translations.update_all()}
        if options["compile"]:
            return {"compiled": [path.parent.parent.name for path in translations.compile_all()]}
        found = translations.problems()
        self.failed = bool(found)
        return {"problems": [f"{each.language}: {each.what}: {each.text}" for each in found]}
