"""`manage.py soak --promise sending`: let workers die at every point while messages leave, and count what went wrong.

Each trial has a database and a carrier of its own. In every one the provider fails `--failing` of the requests; in
some, by turns, receipts come twice and in the wrong order while a rule pack is exchanged, the clocks change, or the
database crashes (on a cluster of its own). The negative controls, naive senders, must show violations: else the harness
proves nothing, and the command fails.
"""

import secrets
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings

from collections_app import database, scratch
from collections_app.commands import ReportCommand, WrongUse
from collections_app.management.harness import cluster, trial
from collections_app.management.harness.trial import MUST_BE_NOUGHT, Plan, Report

PROMISES = ("sending", "P1", "P2", "P3", "P4", "P5")
SUMMED = (
    "kills", "handovers", *MUST_BE_NOUGHT, "uncertain", "sent", "withheld", "crashes", "failures", "receipts",
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
        parser.add_argument("--failing", type=float, default=0.1, help="part of the provider's requests that fail")
        parser.add_argument("--crashes", type=int, default=3, help="of the database, in every fifth trial")
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
            plan = _plan(number, seed, options)
            seen = self._trial(plan)
            self.stderr.write(f"seed {seed}: {seen}")
            seeds.append(seed)
            failed += [seed] if seen.violations else []
            total.update({name: getattr(seen, name) for name in SUMMED})
            points.update(seen.fault_points)
            self.progress(number + 1, options["trials"], "trials")
        control = self._trial(Plan(naive=True, workers=4, people=20, random_kills=0, at_most_s=8, silence_every=0))
        night = self._trial(
            Plan(naive=True, workers=1, people=12, random_kills=0, at_most_s=16, silence_every=0, changes_clocks=True)
        )
        control.outside_hours = night.outside_hours
        unfired = [point for point, count in points.items() if count < 3 * options["trials"]]
        naive_is_seen = control.double and control.over_limit and control.outside_hours
        self.failed = bool(failed) or not naive_is_seen or bool(unfired)
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
        """Run one trial on a database of its own, or on a cluster of its own where that is to crash."""
        if plan.crashes:
            with cluster.own_cluster() as (servers, urls):
                return trial.run(plan, env=urls, own_cluster=servers)
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


def _plan(number: int, seed: int, options: dict[str, Any]) -> Plan:
    """Return what goes wrong in a trial, by turns."""
    channel = "email" if number % 2 else "sms"
    return Plan(
        seed=seed,
        people=options["people"],
        channel=channel,
        random_kills=options["kills"],
        at_most_s=options["seconds"],
        failing=options["failing"],
        odd_receipts=number % 3 == 2,
        exchanges_pack=number % 3 == 2,
        changes_clocks=number % 4 == 2,
        crashes=options["crashes"] if number % 5 == 4 else 0,
        crash_every=max(6, options["people"] // 4),
        away_s=10.0 if number % 10 == 9 else 0.0,
    )
