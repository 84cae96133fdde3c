"""A step that gives cases to people is rehearsed too: counted, and nobody is really given one."""

from collections.abc import Iterator
from typing import Any

import pytest

from cases.models import Case, Creditor
from collections_app.staff.models import WorkProfile
from compliance.models import AuditEvent
from contacts import night
from contacts.models import StrategyVersion
from contacts.rehearsal import running
from contacts.rehearsal.running import Task
from contacts.rehearsal.shadow import Part
from tests.contacts.rehearsal.book import AT, ON
from tests.contacts.strategy.test_planner import publish
from tests.factories.cases import AccountFactory, CreditorFactory, PersonFactory, ProductFactory
from tests.factories.staff import TeamFactory, UserFactory


@pytest.fixture
def book(fresh_database: Any) -> Iterator[Any]:
    creditor = CreditorFactory(code="bank", team=TeamFactory(code="south"))
    product = ProductFactory(creditor=creditor)
    WorkProfile.objects.create(user=UserFactory(team=TeamFactory(code="legal")), skills=["legal"])
    for number in range(4):
        AccountFactory(product=product, person=PersonFactory(), dpd=10 + number, on=ON)
    step = {"key": "legal", "kind": "assign", "from_dpd": 5, "settings": {"team": "legal", "skill": "legal"}}
    publish(creditor, steps=[step])
    return creditor


def nothing_sent(close, span, **_more):
    return iter(())


def test_what_a_rehearsal_hands_over_the_night_hands_over_and_only_the_night(book):
    version = StrategyVersion.objects.get()
    part = Part(tuple(Creditor.objects.values_list("pk", flat=True)))
    ran = running.run(Task(part, None, version.strategy_id, 1, AT, keep_rows=True), send_day=nothing_sent)
    assert len(ran.rows) == 4
    assert not Case.objects.exists()
    assert not AuditEvent.objects.filter(name="case.assigned").exists()
    night.close_of_day(creditor_id=book.pk, business_date=ON, at=AT)
    held = {(case.team.code, *case.owner.work.skills) for case in Case.objects.select_related("team", "owner__work")}
    assert held == {("legal", "legal")}
    assert AuditEvent.objects.filter(name="case.assigned").count() == 4
