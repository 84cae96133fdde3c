"""What to know before a call: what is missing, what is owed to the cent, what happened, and answers that are true."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from cases import holds
from cases.models import Document, LedgerEntry, PartyRole
from cases.queries import facts_of, find
from collections_app.shared.actor import SYSTEM
from compliance import packs_loader
from contacts import objections, parties, preparing
from contacts.models import ContactAttempt
from contacts.views import preparation
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    CreditorFactory,
    NoteFactory,
    PaymentFactory,
    PersonFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai


@pytest.fixture
def case(team: Any) -> Any:
    return CaseFactory(creditor=CreditorFactory(team=team), at=NOON, working=True, dpd=47, balance="8420.37")


@pytest.fixture
def desk(client: Any, collector: Any, settings: Any) -> Any:
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


def add(account: Any, amount: str, component: str, due_on: date) -> None:
    LedgerEntry.objects.create(
        account=account, person_id=account.person_id, creditor_id=account.creditor_id, currency=account.currency,
        kind="interest" if component == "interest" else "principal", component=component, amount=Decimal(amount),
        effective_on=NOON.date(), due_on=due_on, source="tape", reference="r", recorded_at=NOON,
    )  # fmt: skip


# What is owed


def test_what_is_explained_adds_up_to_the_figure_at_the_top_to_the_cent(desk, case):
    second = AccountFactory(person=case.person, product=case.account.product, borrower=case.borrower, balance="0.03")
    add(case.account, "12.34", "interest", date(2026, 2, 20))
    add(case.account, "-0.01", "interest", date(2026, 2, 20))
    add(second, "99.99", "principal", date(2026, 3, 20))
    page = desk.get(reverse("contacts:preparation", args=[case.ref]))
    owed, top = page.context["owed"], page.context["case"].owed
    assert top == Decimal("8532.72")
    assert sum(line["sum"] for line in owed) == top
    assert [line["sum"] for line in owed] == [line["account"].balance for line in owed]
    assert [dict(line["components"]) for line in owed] == [
        {"not split by the source": Decimal("8420.37"), "interest": Decimal("12.33")},
        {"not split by the source": Decimal("0.03"), "principal": Decimal("99.99")},
    ]  # fmt: skip
    assert desk.get(reverse("cases:case", args=[case.ref])).context["case"].owed == top
    assert "8,532.72" in page.content.decode()


def test_the_next_due_date_is_the_first_that_is_still_ahead(desk, case):
    add(case.account, "10.00", "interest", date(2026, 2, 20))
    add(case.account, "11.00", "interest", date(2026, 4, 1))
    add(case.account, "12.00", "interest", date(2026, 3, 20))
    (line,) = preparation.owed(case, today=NOON.date())
    assert (line["overdue_since"], line["next_due"]) == (date(2026, 2, 20), date(2026, 3, 20))


def test_an_account_without_due_dates_says_that_none_is_known(desk, case):
    (line,) = preparation.owed(case, today=NOON.date())
    assert (line["overdue_since"], line["next_due"]) == (None, None)
    assert "no due date is known" in desk.get(reverse("contacts:preparation", args=[case.ref])).content.decode()


# What happened


def told(case: Any, language: str = "en") -> str:
    with translation.override(language):
        return preparing.history(case)


def test_the_history_is_counted_from_the_rows(case, collector):
    assert (
        told(case)
        == "Nobody has contacted this person on this case yet. No promise was ever made. No payment is recorded."
    )
    for days, outcome in ((9, "no_answer"), (6, "conversation"), (2, "voicemail_no_message")):
        AttemptFactory(case=case, completed=True, outcome=outcome, at=NOON - timedelta(days=days), made_by=collector)
    AttemptFactory(case=case, withheld=True, at=NOON - timedelta(days=1))  # refused: nobody was contacted
    PromiseFactory(case=case, broken=True)
    PromiseFactory(case=case, kept=True)
    mine = {"person": case.person, "creditor": case.creditor}
    PaymentFactory(**mine, amount="100.10", received_at=NOON - timedelta(days=20))
    PaymentFactory(**mine, amount="50.05", received_at=NOON - timedelta(days=5))
    PaymentFactory(amount="900.00")  # somebody else's
    assert told(case) == (
        "Contacted 3 times, reached 1 time, last on 2026-02-26. 2 promises: 1 kept, 1 broken. "
        "2 payments, CNY\xa0150.15 together, the last on 2026-02-27."
    )


def test_somebody_who_was_never_reached_is_said_to_be(case):
    AttemptFactory(case=case, completed=True, outcome="no_answer", at=NOON - timedelta(days=9))
    assert told(case).startswith("Contacted 1 time, never reached.")


def test_the_last_words_are_those_that_were_written_last(desk, case, collector):
    NoteFactory(case=case, text="Wife answered; he is back after six.", written_at=NOON - timedelta(days=2))
    NoteFactory(case=case, text="Older words.", written_at=NOON - timedelta(days=3))
    body = desk.get(reverse("cases:case", args=[case.ref])).content.decode()
    assert "“Wife answered; he is back after six.”" in body
    assert preparing._last_words(case).text == "Wife answered; he is back after six."


@pytest.mark.parametrize(
    ("willing", "able", "said"),
    [("high", "high", "Willing and able"), ("high", "low", "Willing, not able"), ("low", "high", "Able, not willing"),
     ("low", "low", "Neither"), ("unknown", "high", "")],
)  # fmt: skip
def test_willingness_and_ability_together_suggest_what_to_do(case, willing, able, said):
    case.willingness, case.ability = willing, able
    assert preparing.advice(case).startswith(said)
    assert bool(preparing.advice(case)) == bool(said)


# What is missing


def checks(case: Any, user: Any) -> dict[str, bool]:
    found = find(user, case.ref)
    facts = facts_of(found, user=user, at=NOON)
    return {check.key: check.is_there for check in preparing.checks(found, facts, user=user, at=NOON)}


def test_everything_that_is_missing_is_named_and_nothing_that_is_there(case, collector):
    bare = checks(case, collector)
    assert bare == {
        "identity": True,
        "number": True,
        "itemised": False,
        "documents": False,
        "language": True,
        "jurisdiction": True,
        "balances": False,
    }  # fmt: skip  identity: account and e-mail stand in
    add(case.account, "1.00", "interest", date(2026, 2, 20))
    Document.objects.create(
        case=case, person=case.person, kind="contract", title="Contract", content_type="application/pdf", size=1,
        sha256="0" * 64, path="x", added_at=NOON,
    )  # fmt: skip
    mended = checks(case, collector)
    assert (mended["itemised"], mended["documents"]) == (True, True)
    case.person.contact_points.update(state="bad")
    case.person.language, case.person.jurisdiction = "", ""
    case.person.save()
    worse = checks(case, collector)
    assert (worse["number"], worse["language"], worse["jurisdiction"]) == (False, False, False)


def test_each_missing_thing_has_a_link_that_opens(desk, case):
    page = desk.get(reverse("contacts:preparation", args=[case.ref]))
    urls = {check.url for check in page.context["brief"].missing}
    assert urls
    for url in urls:
        assert desk.get(url.partition("#")[0]).status_code == 200, url


def test_a_person_of_whom_nothing_is_known_cannot_be_verified_and_that_is_said(case, collector):
    case.person.contact_points.filter(kind="email").update(state="removed")
    assert checks(case, collector)["identity"] is False
    known(case.person)
    assert checks(case, collector)["identity"] is True


# Objections


@pytest.mark.parametrize("place", ["any", "cn", "us", "gb"])
def test_every_objection_is_there_in_both_languages(place):
    english, chinese = objections.read(place, "en"), objections.read(place, "zh-hans")
    assert english
    assert list(english) == list(chinese)
    for rows in (english, chinese):
        assert all(row["says"] and row["answer"] and row["does"] for row in rows.values())


def test_the_five_that_are_always_said_are_answered_everywhere():
    always = {"paid", "not-mine", "cannot-pay", "who-are-you", "stop-calling"}
    for place in ("CN", "US-NY", "GB", "BR", ""):
        assert always <= {one.key for one in objections.of(jurisdiction=place, language="en")}


def test_a_place_has_its_own_answers_and_others_do_not():
    def answer(place: str) -> str:
        return next(one.does for one in objections.of(jurisdiction=place, language="en") if one.key == "not-mine")

    assert "12 CFR 1006.38" in answer("US-NY")
    assert "12 CFR 1006.38" not in answer("CN")
    assert "instalments" in {one.key for one in objections.of(jurisdiction="CN", language="en")}
    assert "instalments" not in {one.key for one in objections.of(jurisdiction="US", language="en")}


def test_words_to_be_said_are_in_the_persons_language_and_what_to_do_in_the_readers():
    with translation.override("en"):
        first = next(one for one in objections.of(jurisdiction="CN", language="zh-hans") if one.key == "paid")
    assert (first.says, first.does[:8]) == ("我已经还了。", "“Says it")
    with translation.override("zh-hans"):
        first = next(one for one in objections.of(jurisdiction="CN", language="de") if one.key == "paid")
    assert first.says == "我已经还了。"


@pytest.mark.parametrize("kind", ["dispute", "complaint", "hardship", "represented", "debt_adviser", "breathing_space"])
def test_the_holds_that_the_answers_promise_stop_every_call(desk, case, kind):
    call = reverse("contacts:call", args=[case.ref])
    holds.place(case=case, kind=kind, reason="asked", ends_on=None, actor=SYSTEM, at=NOON)
    desk.post(call, {"point": case.point.pk})
    assert not ContactAttempt.objects.filter(status="cleared").exists()


def test_without_a_hold_the_same_call_is_cleared(desk, case):
    desk.post(reverse("contacts:call", args=[case.ref]), {"point": case.point.pk})
    assert ContactAttempt.objects.filter(status="cleared").count() == 1


# Somebody else answers


def test_whoever_does_not_owe_hears_no_word_of_the_debt():
    for role in (PartyRole.Role.SPOUSE, PartyRole.Role.RELATIVE, PartyRole.Role.COLLEAGUE, PartyRole.Role.EMPLOYER):
        assert parties.may_be_told(role) == str(parties.NOTHING)
    assert parties.may_be_told(PartyRole.Role.GUARANTOR) == str(parties.LIABLE)


@pytest.mark.parametrize(
    ("place", "there", "elsewhere"),
    [("CN", "CN-PARTY-GBT", "US-F-THIRD-PARTY"), ("US-NY", "US-F-THIRD-PARTY", "GB-CONC-PRIVACY"),
     ("GB", "GB-CONC-PRIVACY", "CN-PARTY-GBT"), ("US-CA", "US-CA-THIRD-PARTY", "TW-PARTY")],
)  # fmt: skip
def test_the_rules_of_the_place_are_named_and_no_others(place, there, elsewhere):
    ids = {rule.id for rule in parties.rules(place)}
    assert there in ids
    assert elsewhere not in ids
    assert all(rule.title and rule.text and rule.source for rule in parties.rules(place))


def test_the_checks_of_other_people_are_those_that_rules_use():
    used = {rule.check for pack in packs_loader.all_packs() for rule in pack.rules}
    assert used >= parties.CHECKS


def test_the_people_of_the_case_come_first_with_what_may_be_said_to_each(desk, case):
    for role, name in (("guarantor", "Li Bürge"), ("relative", "Wang Tante")):
        person = PersonFactory(name=name)
        PartyRole.objects.create(borrower=case.borrower, person=person, role=role, since=NOON)
    gone = PersonFactory(name="Chen Vormals")
    PartyRole.objects.create(borrower=case.borrower, person=gone, role="spouse", since=NOON, until=NOON + timedelta(1))
    shown = desk.get(reverse("contacts:preparation", args=[case.ref])).context["parties"]
    assert [(party.name, party.may) for party in shown] == [
        ("Li Bürge", str(parties.LIABLE)), ("Wang Tante", str(parties.NOTHING)),
    ]  # fmt: skip


# The page


@pytest.mark.parametrize("part", preparation.PARTS)
def test_a_part_alone_is_what_the_case_page_loads(desk, case, part):
    address = reverse("contacts:preparation", args=[case.ref])
    answer = desk.get(address, {"part": part}, headers={"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith(f'<section class="card" id="{part}"')
    whole = desk.get(address).content.decode()
    assert all(f'id="{each}"' in whole for each in preparation.PARTS)


def test_a_case_of_another_team_has_no_preparation(client, outsider, case):
    client.force_login(outsider)
    assert client.get(reverse("contacts:preparation", args=[case.ref])).status_code == 404


def test_the_brief_asks_the_database_as_often_for_much_as_for_nothing(case, collector, django_assert_num_queries):
    def ask() -> None:
        preparing.brief(found, facts, user=collector, at=NOON)

    found = find(collector, case.ref)
    facts = facts_of(found, user=collector, at=NOON)
    with django_assert_num_queries(8):
        ask()
    for number in range(10):
        AttemptFactory(case=case, completed=True, outcome="conversation", at=NOON - timedelta(days=number + 1))
        NoteFactory(case=case, written_at=NOON - timedelta(days=number))
        PaymentFactory(person=case.person, creditor=case.creditor)
    with django_assert_num_queries(8):
        ask()
