"""Whatever is published, moved, stopped, resumed and rolled back, in whatever weeks: no case gets two contacts for one
step, loses its next action, or jumps a severity, and nobody changes sides.

A random strategy, three versions of it, a small book, four weeks with outages, receipts, calls, payments and promises.
After every night the rules are asked of the rows, by code that knows nothing of the planner. Each rule has a negative
control: a planner without it is caught.
"""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cases.models import Case
from collections_app.shared.actor import SYSTEM
from contacts.models import ContactAttempt, Enrolment, Move, PlannedContact, StrategyVersion, Template
from contacts.strategy import conditions, definition, due, planner, rollout
from contacts.strategy.stable import number_of
from tests.contacts.strategy.test_planner import MORNING, NIGHT_OF, case_of, night, publish
from tests.factories.cases import CreditorFactory, ProductFactory, PromiseFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.strategies import put_in_force

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DAYS = 15
SEEDS = (0, 2)
TURNS = {3: "publish", 6: "try", 9: "decide", 11: "stop", 13: "resume"}  # by the day of the life
REACHING = ("message", "call", "visit")


# -- random strategies -------------------------------------------------------------------------------------------------


def some_steps(pick: random.Random) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {"key": "long", "kind": "message", "template": "t-sms", "from_dpd": 1},
        {"key": "follow", "kind": "call", "after": {"step": "long", "days": 1}, "severity": 2},
        {"key": "answer", "kind": "call", "on": {"event": "promise_broken", "days": 1}},
    ]
    for number in range(2):
        kind = pick.choice(["message", "message", "call", "call", "visit", "review", "plan_offer"])
        step: dict[str, Any] = {"key": f"k{number}-{kind}", "kind": kind, "severity": pick.randint(1, 4)}
        before = [one["key"] for one in steps if one["kind"] in REACHING]
        how = pick.choice(["dpd", "dpd", "after", "on"])
        if how == "after" and before:
            outcome = pick.choice(["any", "reached", "not_reached"])
            step["after"] = {"step": pick.choice(before), "outcome": outcome, "days": pick.randint(0, 3), "within": 5}
        elif how == "on":
            step["on"] = {"event": pick.choice(["promise_broken", "payment"]), "days": pick.randint(0, 2)}
        else:
            step["from_dpd"] = pick.randint(1, 20)
            if pick.random() < 0.6:
                step["until_dpd"] = step["from_dpd"] + pick.randint(0, 8)
                step["catch_up"] = pick.choice(["send_late", "skip", "escalate"])
        if pick.random() < 0.2:
            step["repeat_every_days"] = pick.randint(1, 4)
        if kind == "message":
            step["template"] = pick.choice(["t-sms", "t-email"])
        steps.append(step)
    return steps


def some_strategy(pick: random.Random, code: str) -> dict[str, Any]:
    """Two paths, by hardship; the second takes the rest."""
    hard = {"fact": "hardship", "op": "is", "value": True}
    return {
        "code": code,
        "name": "Some",
        "segment": [
            {"key": "hard", "name": "Hard", "condition": hard, "step": some_steps(pick)},
            {"key": "rest", "name": "Rest", "step": some_steps(pick)},
        ],
    }


def changed(pick: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """The next version: some steps later or harder, one new, one gone; the keys of the others stay."""
    segments = []
    for segment in document["segment"]:
        steps = [dict(step) for step in segment["step"]]
        for step in steps:
            if "from_dpd" in step and pick.random() < 0.4:
                step["from_dpd"] += 1
                if "until_dpd" in step:
                    step["until_dpd"] += 2
            if pick.random() < 0.2:
                step["severity"] = min(step.get("severity", 1) + 1, 5)
        waited_for = {step["after"]["step"] for step in steps if "after" in step}
        free = [step for step in steps if step["key"] not in waited_for]
        if len(steps) > 3 and free:
            steps.remove(pick.choice(free))
        steps.append({"key": f"new-{pick.randint(0, 99)}", "kind": "call", "from_dpd": pick.randint(1, 25)})
        segments.append({**segment, "step": steps})
    return {**document, "segment": segments}


# -- a life ------------------------------------------------------------------------------------------------------------


class Life:
    """A creditor, a book, and what happens to them day by day."""

    def __init__(self, seed: int, *, people: int = 5) -> None:
        self.pick = random.Random(seed)
        self.creditor = CreditorFactory(code=f"bank-{seed}")
        ProductFactory(creditor=self.creditor)
        for name, channel in (("t-sms", "sms"), ("t-email", "email")):
            Template.objects.get_or_create(code=name, defaults={"name": name, "channel": channel})
        self.day = NIGHT_OF
        self.sides: dict[int, set[bool]] = {}
        self.canary: StrategyVersion | None = None
        for _ in range(people):
            case_of(self.creditor, self.pick.randint(0, 12), is_hardship=self.pick.random() < 0.3)
        self.document = some_strategy(self.pick, self._code())
        self.version = self._publish(self.document)

    def _code(self) -> str:
        """A code under which just the first two of the book have a number below ten: whatever numbers the database gave
        them, a share of ten takes the same two in every run.
        """
        persons = Case.objects.filter(creditor=self.creditor).order_by("pk").values_list("person_id", flat=True)
        wanted = [index < 2 for index in range(len(persons))]
        codes = (f"some-{self.creditor.pk}-{number}" for number in range(99_999))
        return next(code for code in codes if [number_of(code, person) < 10 for person in persons] == wanted)

    @property
    def _is_tried(self) -> bool:
        """Whether a share is being tried: in these nights somebody looks."""
        return 6 <= (self.day - NIGHT_OF).days < 9

    @property
    def at(self) -> datetime:
        """The small hours of the day after the one that is closed."""
        return datetime.combine(self.day, MORNING.time(), UTC)

    def _publish(self, document: dict[str, Any], *, share: int = 100, moves: dict[str, str] | None = None) -> Any:
        read = definition.parse(document)
        version = definition.store(read, creditors=[self.creditor], actor=SYSTEM, at=self.at)
        if version.status != StrategyVersion.Status.DRAFT:
            return version
        for from_key, action in (moves or {}).items():
            Move.objects.create(version=version, from_key=from_key, action=action)
        return put_in_force(version, at=self.at, share=share)

    def live(self, days: int, after_night: Callable[["Life"], None]) -> None:
        """Close so many days, some of them late, with everything that happens between."""
        missed: list[date] = []
        for _ in range(days):
            missed.append(self.day)
            if self.pick.random() < 0.25 and len(missed) < 4 and not self._is_tried:  # nobody closes tonight
                self._turn()
                self.day += DAY
                continue
            for business_date in missed:
                night(self.creditor, business_date, at=self.at)
                after_night(self)
            missed.clear()
            self._work()
            self._turn()
            self.day += DAY

    # what people and machines do

    def _work(self) -> None:
        noon = datetime.combine(self.day + DAY, datetime.min.time(), UTC).replace(hour=4)
        for row in PlannedContact.objects.filter(status="planned", business_date__lte=self.day + DAY).order_by("pk"):
            if self.pick.random() < 0.8:
                self._do(row, noon)
        for case in Case.objects.unresolved().filter(creditor=self.creditor).order_by("pk"):
            if self.pick.random() < 0.08:
                promise = PromiseFactory(case=case, broken=True)
                type(promise).objects.filter(pk=promise.pk).update(settled_at=noon)
            if self.pick.random() < 0.05:
                Case.objects.filter(pk=case.pk).update(is_hardship=not case.is_hardship)

    def _do(self, row: PlannedContact, noon: datetime) -> None:
        case = Case.objects.get(pk=row.case_id)
        if row.automated:
            to = self.pick.choice(["sent", "delivered", "failed"])
            AttemptFactory(case=case, channel=row.channel, automated=True, to=to, at=noon, planned=row)
            row.cancel(at=noon, reason_code="provider-refused") if to == "failed" else row.finish(at=noon)
        else:
            outcome = self.pick.choice(["conversation", "no_answer"])
            AttemptFactory(case=case, channel=row.channel, to="completed", outcome=outcome, at=noon)
            row.finish(at=noon + timedelta(minutes=2))
        row.save()

    def _turn(self) -> None:
        """Publish, try on a share, widen or roll back, stop and resume: on days that every life has."""
        what = TURNS.get((self.day - NIGHT_OF).days)
        at: dict[str, Any] = {"actor": SYSTEM, "at": self.at}
        if what == "publish":
            self.document = changed(self.pick, self.document)
            moves = {"hard": str(Move.Action.RESTART), "rest": self.pick.choice(list(Move.Action.values))}
            self.version = self._publish(self.document, moves=moves)
        elif what == "try":
            self.document = changed(self.pick, self.document)
            self.canary = self._publish(self.document, share=10)
        elif what == "decide" and self.pick.random() < 0.5:
            rollout.roll_back(version_id=self.canary.pk, reason="no", **at)
        elif what == "decide":
            rollout.widen(version_id=self.canary.pk, share=100, **at)
            self.version = self.canary
        elif what == "stop":
            rollout.stop(version_id=self.version.pk, reason="stop", **at)
        elif what == "resume":
            rollout.resume(version_id=self.version.pk, **at)


# -- the rules, asked of the rows --------------------------------------------------------------------------------------


def doubles() -> list[Any]:
    """Rows that are a second contact for one step of one path, though the step is not repeated and no event called."""
    found, seen = [], {}
    rows = PlannedContact.objects.select_related("step", "enrolment", "step__segment__version").order_by("pk")
    for row in rows:
        if row.status == "cancelled" and row.reason_code in ("left-strategy", "too-late"):
            continue  # it did not leave
        step = row.step
        if step.repeat_every_days or step.trigger == "event":
            key: Any = (row.case_id, step.key, row.business_date)
        else:
            begun = row.enrolment_id if row.enrolment.is_fresh else _beginning(row)
            key = (row.case_id, step.key, step.segment.version.strategy_id, begun)
        if key in seen:
            found.append((key, seen[key], row.pk))
        seen[key] = row.pk
    return found


def _beginning(row: PlannedContact) -> int:
    """The stay with which the case last began anew before this row's; 0: it never did."""
    fresh = Enrolment.objects.filter(case_id=row.case_id, is_fresh=True, pk__lt=row.enrolment_id)
    return fresh.order_by("-pk").values_list("pk", flat=True).first() or 0


def jumps() -> list[Any]:
    """Days on which a case got two contacts above what it had reached before."""
    found = []
    rows = PlannedContact.objects.exclude(channel="review").order_by("business_date", "pk")
    by_case: dict[int, dict[date, list[int]]] = {}
    for case_id, day, severity in rows.values_list("case_id", "business_date", "severity"):
        by_case.setdefault(case_id, {}).setdefault(day, []).append(severity)
    for case_id, days in by_case.items():
        reached = 0
        for day, severities in sorted(days.items()):
            if sum(severity > reached for severity in severities) > 1:
                found.append((case_id, day, severities, reached))
            reached = max(reached, *severities)
    return found


def without_future(life: Life) -> list[Any]:
    """Unresolved cases without a next action, or that wait for a day that is over when somebody will look again."""
    cases = Case.objects.unresolved().filter(creditor=life.creditor)
    return [
        (case.pk, case.next_action, case.next_action_at)
        for case in cases
        if not case.next_action or case.next_action_at is None
    ]


def changed_sides(life: Life) -> list[int]:
    """Persons who entered a canary's path though their number is not below its share."""
    if life.canary is None:
        return []
    life.canary.refresh_from_db()
    stays = Enrolment.objects.filter(version=life.canary, left_on__isnull=True)
    return [stay.person_id for stay in stays if number_of(life.document["code"], stay.person_id) >= life.canary.share]


def test_no_case_gets_two_contacts_loses_its_future_or_jumps():
    tried = []

    def look(life: Life) -> None:
        assert without_future(life) == []
        assert changed_sides(life) == []
        tried.append(Enrolment.objects.filter(version__share=10, left_on__isnull=True).exists())

    for seed in SEEDS:
        Life(seed).live(DAYS, look)
    assert doubles() == []
    assert jumps() == []
    # so that the rules were really tried
    assert StrategyVersion.objects.count() == 3 * len(SEEDS)
    assert {"sent", "delivered", "failed", "completed"} <= set(ContactAttempt.objects.values_list("status", flat=True))
    assert {"dpd", "after", "event"} == set(PlannedContact.objects.values_list("step__trigger", flat=True))
    assert Enrolment.objects.filter(is_fresh=True).exists()
    assert {True, False} == set(tried)  # a share had somebody in it


# -- negative controls -------------------------------------------------------------------------------------------------


def test_a_planner_that_forgets_what_was_done_is_caught(monkeypatch):
    nothing = PlannedContact.objects.none()
    monkeypatch.setattr(due, "_done_before", lambda *args, **more: nothing)
    Life(1).live(3, lambda life: None)
    assert doubles() != []


def test_a_planner_that_does_not_climb_is_caught(monkeypatch):
    monkeypatch.setattr(due, "_climbs", lambda step, close: conditions.ALWAYS)
    creditor = CreditorFactory()
    ProductFactory(creditor=creditor)
    publish(creditor)
    case_of(creditor, 45)
    night(creditor)
    assert jumps() != []


def test_a_night_that_sets_no_futures_is_caught(monkeypatch):
    life = Life(1)
    Case.objects.update(next_action="wait_strategy")
    monkeypatch.setattr(planner, "set_futures", lambda close, span: 0)
    night(life.creditor, life.day, at=life.at)
    past = [case for case in Case.objects.all() if case.next_action_at.date() <= life.day]
    assert past != []
