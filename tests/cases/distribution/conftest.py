"""A bank with a team of three collectors, and rules as a test wants them."""

import pytest

from cases.distribution import applying, previewing, rule_book
from cases.models import Case
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import WorkProfile
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory


class Floor:
    """The people and cases of a test: floor.cases(3, owner=floor.li); floor.preview(); floor.apply(run)."""

    def __init__(self, at):
        self.at = at
        self.team = TeamFactory(code="north")
        self.bank = CreditorFactory(code="lantern", team=self.team)
        self.li, self.wang, self.zhao = (
            UserFactory(team=self.team, username=name, name=name.title(), language="zh-hans")
            for name in ("li-na", "wang-wei", "zhao-min")
        )

    def cases(self, many=1, **fields):
        owner, since = fields.get("owner"), fields.pop("since", self.at)
        made = [CaseFactory(creditor=self.bank, team=self.team, at=self.at, **fields) for _each in range(many)]
        if owner is not None:
            Case.objects.filter(pk__in=[case.pk for case in made]).update(owner_since=since)
        return made

    def can(self, user, **fields):
        WorkProfile.objects.update_or_create(user=user, defaults=fields)

    def rules(self, **document):
        return rule_book.set_rules(creditor=self.bank, document=document, reason="as agreed", actor=SYSTEM, at=self.at)

    def preview(self, team=None, at=None, day=None):
        at = at or self.at
        run = previewing.ask(creditor=self.bank, team=team, day=day, actor=SYSTEM, at=at)
        return previewing.preview(run_id=run.pk, actor=SYSTEM, at=at)

    def apply(self, run, at=None):
        return applying.apply(run_id=run.pk, actor=SYSTEM, at=at or self.at)

    def undo(self, run, at=None):
        return applying.undo(run_id=run.pk, actor=SYSTEM, at=at or self.at)

    def held(self, *users):
        return [Case.objects.filter(owner=user).count() for user in users or (self.li, self.wang, self.zhao)]


@pytest.fixture
def floor(db, at):
    return Floor(at)
