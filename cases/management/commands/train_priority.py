"""train_priority: learn a model of chances from a creditor's book, and measure it on what it has not seen."""

from argparse import ArgumentParser
from typing import Any

from cases.models import Creditor
from cases.priority.model import training, using
from collections_app import commands
from collections_app.shared import clock
from collections_app.shared.actor import Actor


class Command(commands.ReportCommand):
    help = "Train a model of chances on the history of a creditor's book; it waits as a draft for a second person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("--creditor", required=True, metavar="CODE", help="whose book to learn from")

    def report(self, **options: Any) -> dict[str, Any]:
        """Return the figures of the measurement."""
        creditor = Creditor.objects.filter(code=options["creditor"]).first()
        if creditor is None:
            raise commands.WrongUse(f"There is no creditor {options['creditor']}.")
        at = clock.now()
        try:
            model = using.train(
                creditor=creditor,
                upto=clock.business_day(at, creditor.time_zone),
                actor=Actor.system("train_priority"),
                at=at,
            )
        except training.NotEnough as missing:
            raise commands.WrongUse(str(missing)) from None
        return {"creditor": creditor.code, "model": model.number, "hash": model.content_hash, **model.evaluation}

    def describe(self, report: dict[str, Any]) -> str:
        """Return the figures for people."""
        return "\n".join(
            [
                f"Model no. {report['model']} of {report['creditor']}, learned from {report['trained_on']:,} rows.",
                *lines_of(report),
                "It moves nothing until a second person puts it in force, on the page Priority.",
            ]
        )


def lines_of(report: dict[str, Any]) -> list[str]:
    """Return the figures of a measurement, line by line."""
    lines = []
    for name, label in (("ours", "this model"), ("gradient_boosting", "gradient boosting beside it")):
        found = report[name]
        lines.append(
            f"  {label:<28} AUC {found['auc']:.3f} ({found['auc_low']:.3f} to {found['auc_high']:.3f}), Brier "
            f"{found['brier']:.3f}, calibration error {found['calibration_error']:.3f}, on {found['rows']:,} rows"
        )
    lines.append("  said    happened  rows")
    lines += [
        f"  {each['said']:<7.3f} {each['happened']:<9.3f} {each['rows']:,}" for each in report["ours"]["calibration"]
    ]
    for group in report["fairness"]:
        if group["said"] is not None:
            area = f"{group['auc']:.3f}" if group["auc"] is not None else "–"
            lines.append(
                f"  {group['attribute']}: {group['group']}: said {group['said']:.3f}, happened "
                f"{group['happened']:.3f}, "
                f"AUC {area}, {group['among_first']:.0%} among the first fifth, {group['rows']:,} rows"
            )
    return lines
