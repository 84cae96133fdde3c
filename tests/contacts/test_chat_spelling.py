"""A messaging account has one spelling, whoever writes it: what comes from it finds its person."""

from importlib import import_module

import pytest
from django.apps import apps

from cases.models import Address, ContactPoint
from collections_app.shared import sealed
from contacts import inbound
from contacts.inbound.receiving import Incoming, address_of
from tests.contacts.conftest import TEN
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory

pytestmark = pytest.mark.django_db
MIGRATION = import_module("contacts.migrations.0015_chat_accounts_in_one_spelling")


def account_of(case, value):
    return ContactPointFactory(
        person=case.person, kind="chat_account", address=AddressFactory(kind="chat", value=value), position=8
    )


def value_of(point):
    point.refresh_from_db()
    return sealed.unseal(point.address.value_sealed)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" WeCom: WangFang ", "wecom:wangfang"),
        ("WEBHOOK:Reader-7", "webhook:Reader-7"),
        ("no account at all", "no account at all"),  # kept as it came, for a person to look at
    ],
)
def test_an_inbound_account_is_matched_in_its_one_spelling(written, kept):
    assert address_of("chat", written) == ("chat", kept)


def test_a_stop_in_another_spelling_binds_the_person(at):
    case = CaseFactory(at=TEN)
    point = account_of(case, "wecom:wangfang")
    inbound.take(Incoming(source="t", event_id="1", channel="chat", sender="WeCom:WangFang", text="退订"), at=at)
    assert case.person.instructions.get(kind="opt_out").contact_point_id == point.pk


def test_what_was_kept_in_another_spelling_is_respelt_and_found():
    point = account_of(CaseFactory(), "WeCom:WangFang")
    MIGRATION.spell(apps, None)
    assert value_of(point) == "wecom:wangfang"
    assert bytes(point.address.value_hash) == sealed.digest("chat", "wecom:wangfang")
    MIGRATION.spell(apps, None)
    assert Address.objects.filter(kind="chat").count() == 1


def test_where_both_spellings_were_kept_the_silence_of_one_is_that_of_both(at):
    first, second = CaseFactory(), CaseFactory()
    kept, other = account_of(first, "wecom:wangfang"), account_of(second, "wecom:WangFang")
    Address.objects.filter(pk=other.address_id).update(suppressed_at=at, suppressed_reason="stranger")
    MIGRATION.spell(apps, None)
    assert (value_of(kept), value_of(other)) == ("wecom:wangfang", "wecom:wangfang")
    assert Address.objects.get(pk=kept.address_id).suppressed_at == at
    assert ContactPoint.objects.filter(address_id=kept.address_id).count() == 2


def test_what_is_no_account_that_we_know_stays_as_it_is():
    point = account_of(CaseFactory(), "qq:12345678")
    MIGRATION.spell(apps, None)
    assert value_of(point) == "qq:12345678"
