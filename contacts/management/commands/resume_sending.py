"""`manage.py resume_sending`: lift the stops of a scope; what they held back is tried again at once."""

from argparse import ArgumentParser
from typing import Any

from collections_app.commands import ReportCommand
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from contacts import epochs, stops


class Command(ReportCommand):
    help = "Lift the stops in force of one scope (--scope creditor:CODE), or all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the scope, or the release of a restored database."""
        parser.add_argument(
            "--after-restore", action="store_true", help="release a database that was restored from a backup"
        )
        parser.add_argument(
            "--scope", default="", metavar="KIND[:WHICH]", help="only stops of this scope; default: all"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        """Lift them."""
        if options["after_restore"]:
            epochs.release(actor=Actor.system("command line"), at=clock.now())
            return {"released": not epochs.went_back()}
        scope, _, target = options["scope"].partition(":")
        standing = [o for o in stops.standing() if not scope or (o.scope, o.target) == (scope, target)]
        actor, at = Actor.system("command line"), clock.now()
        lifted = [stops.lift_stop(order_id=order.pk, actor=actor, at=at).pk for order in standing]
        return {"lifted": lifted, "resumed_at": at, "still_stopped": [order.pk for order in stops.standing()]}
