"""One version from its draft to the first night, with the rehearsal that production runs."""

from datetime import timedelta
from typing import Any

from cases.models import Creditor
from collections_app.shared.actor import SYSTEM
from contacts import night, rehearsal
from contacts.models import StrategyVersion
from contacts.strategy import definition, publishing, watching
from tests.contacts.rehearsal.book import AT, ON, make_book
from tests.factories.staff import UserFactory


def test_what_was_rehearsed_is_published_and_the_first_night_plans_what_was_predicted(
    own_database: Any, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        make_book()
        bank, first = Creditor.objects.get(), StrategyVersion.objects.get()
        document = definition.to_document(definition.of_version(first))
        document["segment"][0]["step"][0]["from_dpd"] += 1
        draft = definition.store(definition.parse(document), creditors=[bank], actor=SYSTEM, at=AT)
        row = rehearsal.rehearse(version_id=draft.pk, days=1, actor=SYSTEM, at=AT, processes=0)
        assert (row.status, row.error) == ("done", "")
        publishing.submit(version_id=draft.pk, rehearsal_id=row.pk, actor=SYSTEM, at=AT)
        publishing.approve(version_id=draft.pk, by=UserFactory(admin=True), at=AT)
        version = publishing.publish(version_id=draft.pk, actor=SYSTEM, at=AT - timedelta(hours=12))
        night.close_of_day(creditor_id=bank.pk, business_date=ON, at=AT)
        day = ON + timedelta(days=1)
        rows = [row for row in watching.compare(version, first=day, last=day) if row.channel != "review"]
        assert sum(row.predicted for row in rows) > 0
        assert [row.predicted + row.predicted_refused for row in rows] == [row.sent + row.waiting for row in rows]
