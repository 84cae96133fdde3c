"""Who really takes a case that a version would take: the strategy whose code comes first, and who holds it by dwell."""

import copy
from datetime import timedelta

import pytest

from collections_app.shared.actor import SYSTEM
from contacts.models import Enrolment, StrategyVersion
from contacts.strategy import definition, one_case
from contacts.strategy.standing import next_thing
from tests.contacts.strategy.nights import AT, case_of, night, published
from tests.contacts.strategy.nights import segment as of_messages
from tests.factories.cases import CreditorFactory, ProductFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.strategies import put_in_force

pytestmark = pytest.mark.django_db
STEP = {"key": "call", "kind": "call", "from_dpd": 1}


def version(bank, code, *, at=AT, in_force=True, **segment):
    document = {
        "code": code,
        "name": code.title(),
        "segment": [{"key": "all", "name": "Everybody", "step": [STEP]} | segment],
    }
    made = definition.store(definition.parse(copy.deepcopy(document)), creditors=[bank], actor=SYSTEM, at=at)
    return put_in_force(made, at=at) if in_force else made


@pytest.fixture
def bank():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


def test_a_strategy_that_comes_first_takes_the_case_and_is_named_with_its_segment(bank):
    case = case_of(bank)
    own = version(bank, "m-own", in_force=False)
    assert one_case.taken_before(own, case, at=AT) is None
    first = version(bank, "a-first")
    taken = one_case.taken_before(own, case, at=AT)
    assert (taken.version, taken.segment.name, taken.is_on) == (first, "Everybody", False)
    assert [why.is_hers for why in one_case.why(own, case, at=AT)] == [True]  # its own condition says nothing of that
    night(bank)
    assert one_case.taken_before(own, case, at=AT + timedelta(days=1)).is_on


def test_a_strategy_that_comes_later_or_does_not_want_the_case_takes_nothing(bank):
    case = case_of(bank)
    own = version(bank, "m-own", in_force=False)
    version(bank, "a-late", condition={"fact": "dpd", "op": "at_least", "value": 300})
    version(bank, "z-last")
    assert one_case.taken_before(own, case, at=AT) is None


def test_a_later_strategy_keeps_a_case_for_its_dwell_and_no_longer(bank):
    case = case_of(bank)
    later = version(bank, "z-last", dwell_days=5)
    night(bank)
    assert Enrolment.objects.get(case=case).version == later
    own = version(bank, "m-own", in_force=False)
    taken = one_case.taken_before(own, case, at=AT + timedelta(days=1))
    assert (taken.version, taken.is_on) == (later, True)
    assert one_case.taken_before(own, case, at=AT + timedelta(days=9)) is None


@pytest.mark.parametrize(
    ("with_before", "share", "words"),
    [
        (False, 10, "No version was in force before it, so its cases leave their paths at the next close."),
        (True, 10, "Its persons go back to the version in force at the next close."),
        (False, 100, "Resume it, or publish the next."),
        (True, 100, "Resume it or roll it back."),
    ],
)
def test_what_is_said_of_a_stopped_version_is_what_becomes_of_its_cases(bank, with_before, share, words):
    TemplateFactory(code="t")
    before = published(bank) if with_before else None
    made = published(bank, of_messages("all", {"key": "sms-2"}), share=share)
    made.stop(at=AT)
    made.save(update_fields=["status", "stopped_at"])
    made = StrategyVersion.objects.get(pk=made.pk)
    assert made.replaces == before
    told = next_thing(made, newest=None, running=None, at=AT, breached=False)
    assert words in str(told.text)
    assert ("leave their paths" in str(told.text)) == (not with_before and share < 100)
    assert told.code == "resume"


def test_cases_of_a_stopped_canary_without_a_version_before_leave_at_the_next_close(bank):
    cases = [case_of(bank) for _ in range(30)]
    canary = published(bank, share=10)
    night(bank)
    on_it = Enrolment.objects.filter(version=canary, left_on__isnull=True)
    assert 0 < on_it.count() < len(cases)
    canary.stop(at=AT)
    canary.save(update_fields=["status", "stopped_at"])
    night(bank, 1)
    assert not on_it.exists()
