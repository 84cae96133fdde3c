"""assess_priority: the model of chances on the public data set of credit card clients, beside published figures."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cases.management.commands.train_priority import lines_of
from cases.priority.model import training, uci
from collections_app import commands


class Command(commands.ReportCommand):
    help = "Train and measure on a copy of 'default of credit card clients' (UCI, CC BY 4.0); nothing is stored."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("path", type=Path, help="the CSV file with the columns of that data set")

    def report(self, **options: Any) -> dict[str, Any]:
        """Return the figures of the fifth that nothing was learned from or chosen by."""
        try:
            return uci.assess(options["path"])
        except OSError as error:
            raise commands.WrongUse(f"{options['path']}: {error.strerror}") from None
        except (uci.BadFile, training.NotEnough, UnicodeDecodeError) as error:
            raise commands.WrongUse(str(error)) from None

    def describe(self, report: dict[str, Any]) -> str:
        """Return the figures for people."""
        published = [f"  {each['auc']:.3f}  {each['model']} ({each['who']})" for each in report["published"]]
        return "\n".join(
            [
                f"Learned from {report['trained_on']:,} rows, measured on {report['measured_on']:,} others.",
                *lines_of(report),
                "Published for this data set, on splits of their own:",
                *published,
            ]
        )
