"""`manage.py soak --promise sending`: let workers die at every point while messages leave, and count what went wrong.

Each trial has a database and a carrier of its own. The negative control, a naive sender, must show violations: else the
harness proves nothing, and the command fails.
"""

import secrets
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings

from collections_app import database, scratch
from collections_app.commands import ReportCommand, WrongUse
from collections_app.management.harness import trial
from collections_app.management.harness.trial import Plan, Report

PROMISES = ("sending", "P1", "P2", "P3", "P4", "P5")
SUMMED = (
    "kills", "handovers", "double", "over_limit", "after_stop", "marked_sent_not_sent", "refused_but_sent", "lost",
    "uncertain", "sent", "withheld", "replayer_disagreements",
)  # fmt: skip
MUST_BE_NOUGHT = (
    "double", "over_limit", "after_stop", "marked_sent_not_sent", "refused_but_sent", "lost", "replayer_disagreements",
)  # fmt: skip


class Command(ReportCommand):
    help = "Kill senders at every point, again and again, and count what broke of the promises about sending."
    scratch = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the promise and the sizes."""
        parser.add_argument("--promise", default="sending", metavar="NAME", help=", ".join(PROMISES))
        parser.add_argument("--trials", type=int, default=4, help="half of them by SMS, half by e-mail")
        parser.add_argument("--people", type=int, default=60, help="people per trial; each has two messages planned")
        parser.add_argument("--kills", type=int, default=20, help="kills at random per trial, besides the named points")
        parser.add_argument("--seconds", type=float, default=120, help="at most so long per trial")
        parser.add_argument("--seed", type=int, default=1)

    def report(self, **options: Any) -> dict[str, Any]:
        """Run the trials and the control."""
        if options["promise"] not in PROMISES:
            raise WrongUse(f"--promise takes one of {', '.join(PROMISES)}")
        total: Counter[str] = Counter()
        points: Counter[str] = Counter()
        seeds, failed = [], []
        for number in range(options["trials"]):
            seed = options["seed"] + number
            seen = self._trial(
                Plan(
                    seed=seed,
                    people=options["people"],
                    channel="email" if number % 2 else "sms",
                    random_kills=options["kills"],
                    at_most_s=options["seconds"],
                )
            )
            seeds.append(seed)
            failed += [seed] if seen.violations else []
            total.update({name: getattr(seen, name) for name in SUMMED})
            points.update(seen.fault_points)
            self.progress(number + 1, options["trials"], "trials")
        control = self._trial(Plan(naive=True, workers=4, people=20, random_kills=0, at_most_s=8, silence_every=0))
        unfired = [point for point, count in points.items() if count < 3 * options["trials"]]
        self.failed = bool(failed) or not control.double or bool(unfired)
        return {
            "trials": options["trials"],
            **{name: total[name] for name in SUMMED},
            "fault_points": dict(points),
            "control": {name: getattr(control, name) for name in MUST_BE_NOUGHT},
            "seeds": seeds,
            "failed_seeds": failed,
            "unfired": unfired,
        }

    def _trial(self, plan: Plan) -> Report:
        """Run one trial on a database of its own."""
        name = f"soak_{secrets.token_hex(4)}"
        before = settings.DATABASES["default"]["NAME"]
        database.create(name, template=scratch.migrated_template())
        try:
            database.use_database(name)
            env = {"DATABASE_URL": database.url(name), "DATABASE_OWNER_URL": database.url(name, role="owner")}
            return trial.run(plan, env=env | {"REDIS_URL": settings.REDIS_URL})
        finally:
            database.use_database(before)
            database.drop(name)
