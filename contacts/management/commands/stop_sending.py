"""`manage.py stop_sending`: nothing in scope leaves from now on; says since when, and what it holds back."""

from argparse import ArgumentParser
from typing import Any

from collections_app.commands import ReportCommand, WrongUse
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from contacts import stops


class Command(ReportCommand):
    help = "Stop sending: everything, or one creditor, strategy, channel or template (--scope creditor:CODE)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the scope and the reason."""
        parser.add_argument("--scope", default="everything", metavar="KIND[:WHICH]")
        parser.add_argument("--reason", default="stopped from the command line")

    def report(self, **options: Any) -> dict[str, Any]:
        """Order the stop and wait until no hand-over in scope is under way."""
        scope, _, target = options["scope"].partition(":")
        try:
            order = stops.order_stop(
                scope=scope,
                target=target,
                reason=options["reason"],
                actor=Actor.system("command line"),
                at=clock.now(),
                now=clock.now,
            )
        except stops.StopRefused as refused:
            raise WrongUse(str(refused)) from refused
        self.failed = order.confirmed_at is None
        stopped = {"stopped_at": order.ordered_at, "confirmed_at": order.confirmed_at}
        return {"stop": order.pk, **stopped, **stops.figures(order)}
