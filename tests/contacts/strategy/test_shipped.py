"""What comes with the product: every strategy is read, stored, checked, planned over a small book, and explained."""

import json
from datetime import date

import pytest
from django.utils import translation

from cases.models import Account, BucketTransition, Case
from collections_app.shared.actor import SYSTEM
from contacts.models import PlannedContact, Step
from contacts.strategy import definition, lints, sentences, shipped
from tests.contacts.strategy.test_planner import case_of, nights
from tests.factories.cases import CreditorFactory, ProductFactory
from tests.factories.staff import TeamFactory, UserFactory
from tests.factories.strategies import put_in_force

CODES = [entry.code for entry in shipped.catalogue()]
KINDS = {
    "card-1-3-7-30": {"message", "call", "review"},
    "gentle-first-month": {"message", "call"},
    "mortgage": {"message", "call", "visit", "plan_offer", "review", "legal"},
    "guaranteed-loan": {"message", "call", "visit", "review", "legal"},
    "willing-able": {"message", "call", "plan_offer", "review", "legal", "agency"},
    "hardship": {"message", "call", "hold", "assign", "plan_offer", "review"},
    "bad-faith": {"call", "review", "legal"},
}


def steps_of(code: str) -> list[definition.StepDefinition]:
    return [step for segment in shipped.read_strategy(code).segments for step in segment.steps]


def test_the_catalogue_is_what_lies_in_the_folder():
    files = {path.stem for path in shipped.FOLDER.glob("*.toml") if path != shipped.TEMPLATES}
    assert set(CODES) == files == set(KINDS)
    for entry in shipped.catalogue():
        read = shipped.read_strategy(entry.code)
        assert (read.code, read.name) == (entry.code, entry.name)
        assert len(read.reasoning) > 300
        assert len(entry.reasoning) > 80


@pytest.mark.parametrize("code", CODES)
def test_a_shipped_strategy_is_the_same_as_a_document(code):
    read = shipped.read_strategy(code)
    assert definition.parse(json.loads(json.dumps(definition.to_document(read)))) == read
    assert {step.kind for step in steps_of(code)} == KINDS[code]


def test_its_templates_are_shipped_with_it():
    known = {entry["code"] for entry in shipped.read_templates()}
    used = {step.template for code in CODES for step in steps_of(code) if step.template}
    assert used == known


def test_legal_steps_come_only_after_a_supervisor_looked():
    for code in CODES:
        for segment in shipped.read_strategy(code).segments:
            kinds = {step.key: step.kind for step in segment.steps}
            for step in segment.steps:
                if step.kind != "legal" or step.settings["measure"] == "guarantor_demand":
                    continue  # a guarantee period ends, whoever looks
                key = step.after_key
                while kinds[key] == "legal":
                    key = next(one.after_key for one in segment.steps if one.key == key)
                assert kinds[key] == "review", (code, step.key)


def test_nobody_is_in_bad_faith_on_suspicion_and_no_machine_speaks_there():
    read = shipped.read_strategy("bad-faith")
    judged = {leaf["fact"] for leaf in read.named["judged"]["all"]}
    clear = {leaf["fact"] for leaf in read.named["clear"]["all"]}
    assert judged == {"reason", "willingness", "ability", "promises_broken"}
    assert clear == {"hardship", "dispute_open", "complaint_open", "vulnerability"}
    first = read.segments[0].steps[0]
    assert (first.kind, first.severity) == ("review", 1)
    assert not any(step.template for step in read.segments[0].steps)


def test_daily_calls_are_at_most_one_planned_call_a_day():
    steps = {step.key: step for step in steps_of("guaranteed-loan")}
    assert steps["call-1"].until_dpd < steps["notice-7"].from_dpd
    assert steps["call-after-notice"].after_key == "notice-7"


@pytest.fixture
def people(db):
    TeamFactory(code="bench")
    return UserFactory(supervisor=True), UserFactory(supervisor=True)


def small_book(creditor) -> None:
    """Cases of every age and kind, with an account of a product that some strategy asks about."""
    products = [
        ProductFactory(creditor=creditor, code=kind, name=kind, kind=kind)
        for kind in ("mortgage", "guaranteed_loan", "credit_card")
    ]
    marks = [
        {},
        {"is_hardship": True},
        {"willingness": "low", "ability": "high", "default_reason": "malicious"},
        {"willingness": "high", "ability": "low"},
        {"willingness": "low", "ability": "low"},
    ]
    for number, dpd in enumerate((1, 4, 8, 31, 61, 95)):
        for mark in marks:
            case = case_of(creditor, dpd, **mark)
            account = case.person.accounts.get()
            Account.objects.filter(pk=account.pk).update(product=products[number % 3])
            BucketTransition.objects.create(  # known for more than a year, and never late before
                account=account, person=case.person, creditor=creditor, business_date=date(2024, 1, 1),
                to_bucket="M0", balance=account.balance, currency=account.currency,
            )  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_a_shipped_strategy_runs_over_a_small_book(code, people, at):
    author, approver = people
    creditor = CreditorFactory(code="bank")
    small_book(creditor)
    version = shipped.draft(creditors=[creditor], author=author, approver=approver, at=at, code=code)
    assert definition.of_version(version) == shipped.read_strategy(code)
    put_in_force(version, at=at)
    found = nights(creditor, 3)
    if code != "bad-faith":  # its broken promises are of another test
        assert sum(sum(one.values()) for one in found) > 0
    rows = PlannedContact.objects.values_list("case", "step__key", "business_date")
    assert len(set(rows)) == len(rows)
    for case in Case.objects.unresolved():
        assert case.next_action
    with translation.override("en"):
        said = [sentences.of_step(step) for step in Step.objects.filter(segment__version=version)]
    assert len(set(said)) > len(said) / 2


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_wrong_with_a_shipped_strategy(code, people, at):
    author, approver = people
    version = shipped.draft(creditors=[CreditorFactory()], author=author, approver=approver, at=at, code=code)
    assert [one.sentence for one in lints.errors_of(version, at=at)] == []


def test_an_empty_book_needs_no_rehearsal_and_a_full_one_does(people, at):
    author, approver = people
    empty, full = CreditorFactory(code="empty"), CreditorFactory(code="full")
    ProductFactory(creditor=full)
    case_of(full, 5)
    first = shipped.ship(creditors=[empty], author=author, approver=approver, at=at, code="mortgage")
    second = shipped.ship(creditors=[full], author=author, approver=approver, at=at, code="hardship")
    assert (first.status, second.status) == ("published", "draft")
    assert definition.store(shipped.read_strategy("hardship"), creditors=[full], actor=SYSTEM, at=at).pk == second.pk
