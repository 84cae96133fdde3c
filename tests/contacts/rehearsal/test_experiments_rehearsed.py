"""A rehearsal draws the sides of a running experiment on its copies: segments see them, the book does not."""

from decimal import Decimal
from typing import Any

from cases.models import Creditor
from collections_app.shared.actor import Actor
from contacts.experiments import drawing, registering
from contacts.models import ArmAssignment, StrategyVersion
from contacts.rehearsal import running
from contacts.rehearsal.running import Task
from contacts.rehearsal.shadow import Part
from tests.contacts.rehearsal.book import AT, make_book
from tests.factories.staff import UserFactory

ARMS = [{"key": "a", "name": "A", "share": 50}, {"key": "b", "name": "B", "share": 50}]


def test_sides_are_drawn_on_the_copies_and_nowhere_else(own_database: Any, django_db_blocker: Any, monkeypatch: Any):
    drawn: list[tuple[int, int]] = []

    def draw(close: Any, span: Any) -> int:
        found = real(close, span)
        drawn.append((found, ArmAssignment.objects.count()))
        return found

    real = drawing.draw
    with django_db_blocker.unblock():
        make_book()
        admin = UserFactory(admin=True)
        experiment = registering.register(
            code="try", name="Try", question="", creditors=list(Creditor.objects.all()), arms=ARMS, measure="cured",
            within_days=10, horizon_days=60, smallest_difference=Decimal(2), guardrails={}, actor=Actor.of(admin),
            at=AT,
        )  # fmt: skip
        registering.begin(experiment_id=experiment.pk, by=admin, at=AT)
        monkeypatch.setattr(drawing, "draw", draw)
        creditors = tuple(Creditor.objects.values_list("pk", flat=True))
        task = Task(Part(creditors), None, StrategyVersion.objects.get().strategy_id, 2, AT)
        running.run(task, send_day=lambda close, span, **_more: iter(()))
        assert ArmAssignment.objects.count() == 0
    assert sum(found for found, _seen in drawn) > 20
    assert max(seen for _found, seen in drawn) == sum(found for found, _seen in drawn)
