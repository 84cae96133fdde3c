"""The case page: what may be done now and why not, the facts, and what happened, also to whom it was refused."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from cases import addresses, instructions
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts.models import ContactAttempt
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    NoteFactory,
    PersonFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory, DecisionFactory
from tests.factories.staff import UserFactory, set_clock

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
NIGHT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def case(bank):
    return CaseFactory(
        creditor=bank, person=PersonFactory(name="王小明"), at=NOON, working=True, dpd=47, balance="8420.00"
    )


@pytest.fixture
def desk(client, collector, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


def look(client, case, **asked):
    return client.get(reverse("cases:case", args=[case.ref]), asked)


def take(client, case):
    return client.post(reverse("cases:take", args=[case.ref]))


def test_a_case_of_another_team_does_not_exist(client, outsider, case):
    client.force_login(outsider)
    assert look(client, case).status_code == 404
    assert client.get("/cases/C-000000/").status_code == 404
    assert client.get("/cases/nonsense/").status_code == 404


def test_by_day_the_call_is_offered_with_its_end_and_what_is_left(desk, case):
    phone = look(desk, case).context["open_ways"][0]
    assert (phone["way"].channel, phone["way"].permitted) == ("phone", True)
    assert phone["way"].until == datetime(2026, 3, 4, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    assert (phone["way"].left, phone["way"].limit) == (6, 6)
    assert reverse("contacts:call", args=[case.ref]) in look(desk, case).content.decode()


def test_by_night_there_is_no_button_but_a_reason_a_source_and_the_next_time(desk, case, settings):
    set_clock(settings, NIGHT)
    page = look(desk, case)
    assert page.context["open_ways"] == []
    refused = page.context["refused_ways"][0]
    assert {way.channel for way in refused["ways"]} >= {"phone", "sms"}
    assert refused["next_permitted"] == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
    assert refused["reason"]
    assert refused["citation"]
    body = page.content.decode()
    assert reverse("contacts:call", args=[case.ref]) not in body
    assert "08:00" in body


def test_the_reason_is_given_in_full_on_its_own_page_and_nothing_is_stored(desk, case, settings):
    set_clock(settings, NIGHT)
    page = look(desk, case)
    why = desk.get(page.context["refused_ways"][0]["why_url"])
    reasons = why.context["way"].reasons
    assert reasons
    assert all(reason.sentence and reason.rule for reason in reasons)
    assert not ContactAttempt.objects.exists()


def test_what_is_missing_is_said_before_what_follows_from_it(desk, team):
    unset = CreditorFactory(gb=True, team=team)  # British law names no hours, and this firm has set none
    case = CaseFactory(creditor=unset, person=PersonFactory(london=True), at=NOON)
    refused = look(desk, case).context["refused_ways"][0]
    assert {way.rule for way in refused["ways"]} == {"POLICY-FAILCLOSED"}
    assert "…" not in refused["reason"]


def test_a_stop_closes_every_channel_at_once_and_is_named(desk, case):
    instructions.give(person_id=case.person_id, kind="cease_request", actor=SYSTEM, at=NOON)
    page = look(desk, case)
    assert page.context["open_ways"] == []
    assert [ask.label for ask in page.context["case"].asked] == ["stop all contact"]


def test_a_person_whose_zone_is_unknown_cannot_be_called_and_the_page_says_so(desk, bank):
    nowhere = PersonFactory(time_zone="", location=False)
    case = CaseFactory(creditor=bank, person=nowhere, at=NOON)
    page = look(desk, case)
    assert page.context["open_ways"] == []
    assert "time zone unknown" in page.content.decode()


def test_a_person_without_a_name_or_number_has_no_button(desk, bank):
    case = CaseFactory(creditor=bank, person=PersonFactory(unnamed=True), at=NOON)
    page = look(desk, case)
    assert page.context["open_ways"] == []
    assert page.context["refused_ways"][0]["reason"] == "no usable number or address"


def test_the_facts_are_the_accounts_to_the_cent(desk, case, bank):
    AccountFactory(
        person=case.person, product=bank.products.get(), borrower=case.borrower, balance="12650.50", past_due="1310.00",
        dpd=12, on=NOON.date(), created_at=NOON,
    )  # fmt: skip
    facts = look(desk, case).context["case"]
    assert (str(facts.owed), str(facts.past_due), facts.dpd, facts.bucket) == ("21070.50", "9730.00", 47, "M2")
    assert [(line.bucket, str(line.past_due)) for line in facts.accounts] == [("M1", "1310.00"), ("M2", "8420.00")]


def test_numbers_are_masked(desk, case):
    body = look(desk, case).content.decode()
    assert f"…{case.point.address.value_last4}" in body
    assert sealed.unseal(case.point.address.value_sealed) not in body
    assert f"…{case.account.number_last4}" in body


def test_a_case_that_nobody_took_offers_to_take_it_and_a_held_one_does_not(desk, case, team, client):
    assert look(desk, case).context["may"]["take"]
    take(desk, case)
    mine = look(desk, case)
    assert (mine.context["may"]["take"], mine.context["case"].is_mine) == (False, True)
    desk.force_login(UserFactory(team=team))
    theirs = look(desk, case)
    assert (theirs.context["may"]["take"], theirs.context["case"].holder) == (False, "collector")


def test_looking_renews_the_lease_of_its_holder_and_of_nobody_else(desk, case, supervisor):
    take(desk, case)
    case.refresh_from_db()
    first = case.lease_until
    look(desk, case)
    case.refresh_from_db()
    renewed = case.lease_until
    assert renewed > first
    desk.force_login(supervisor)
    look(desk, case)
    case.refresh_from_db()
    assert case.lease_until == renewed


def test_who_oversees_may_look_and_not_act(client, case, settings):
    set_clock(settings, NOON)
    client.force_login(UserFactory(compliance=True))
    page = look(client, case)
    assert page.context["queue"] is None
    rights = page.context["may"]
    assert [name for name, may in rights.items() if may] == ["reveal"]
    assert reverse("contacts:call", args=[case.ref]) not in page.content.decode()


def test_a_supervisor_may_assign_and_release(client, case, supervisor, settings):
    set_clock(settings, NOON)
    HoldFactory(case=case)
    client.force_login(supervisor)
    body = look(client, case).content.decode()
    assert reverse("cases:assign", args=[case.ref]) in body
    assert "/release/" in body


# The timeline


def test_the_timeline_tells_everything_newest_first_and_refusals_too(desk, case, collector):
    AttemptFactory(case=case, completed=True, outcome="no_answer", at=NOON - timedelta(hours=5), made_by=collector)
    AttemptFactory(case=case, withheld=True, at=NOON - timedelta(hours=4))
    DecisionFactory(
        refused=True, case_id=case.pk, person_id=case.person_id, channel="sms", at=NOON - timedelta(hours=3)
    )
    PromiseFactory(case=case, made_at=NOON - timedelta(hours=2))
    NoteFactory(case=case, written_at=NOON - timedelta(hours=1))
    HoldFactory(case=case, starts_at=NOON)
    entries = look(desk, case).context["timeline"]
    assert [entry.kind for entry in entries] == ["hold", "note", "promise", "refused", "refused", "contact"]
    assert entries[-1].title == f"Call …{case.point.address.value_last4}: no answer"
    assert entries[-1].by == "collector"


def test_whoever_did_it_is_told_by_name_and_a_client_with_the_same_key_is_not_taken_for_him(desk, case, collector):
    collector.name = "Li Na"
    collector.save()
    actors = [("user", collector.pk, "collector"), ("system", None, "night"), ("client", collector.pk, "bank-core")]
    for minute, (kind, key, label) in enumerate(actors):
        AuditEvent.objects.create(
            name="case.cured", subject_label="cases.case", subject_id=case.pk, person_id=case.person_id,
            at=NOON - timedelta(minutes=minute), actor_kind=kind, actor_id=key, actor_label=label,
        )  # fmt: skip
    DecisionFactory(
        refused=True, case_id=case.pk, person_id=case.person_id, at=NOON - timedelta(hours=1),
        actor_kind="user", actor_id=collector.pk, actor_label="collector",
    )  # fmt: skip
    assert [entry.by for entry in look(desk, case).context["timeline"]] == ["Li Na", "night", "bank-core", "Li Na"]


def test_earlier_pages_follow_without_gaps_or_doubles(desk, case):
    same = NOON - timedelta(days=1)
    for number in range(40):
        at = same if number < 20 else NOON - timedelta(minutes=number)
        NoteFactory(case=case, text=f"note {number}", written_at=at)
    for _each in range(20):
        AttemptFactory(case=case, completed=True, at=same)
    seen, after = [], None
    while True:
        context = look(desk, case, **({"after": after} if after else {})).context
        seen += [entry.place for entry in context["timeline"]]
        if not context["timeline_more_url"]:
            break
        after = context["timeline_more_url"].partition("after=")[2]
    assert len(seen) == len(set(seen)) == 60
    assert seen == sorted(seen, reverse=True)


def test_another_creditor_of_the_same_person_is_not_told(desk, case):
    other = CaseFactory(person=case.person, at=NOON)
    HoldFactory(case=other)
    NoteFactory(case=other)
    PromiseFactory(case=other, kept=True)
    AuditEvent.objects.create(
        name="case.cured", subject_label="cases.case", subject_id=other.pk, person_id=case.person_id, at=NOON,
        actor_kind="system", actor_label="night",
    )  # fmt: skip
    assert look(desk, case).context["timeline"] == []


def test_htmx_asks_for_a_further_page_and_gets_the_timeline_alone(desk, case):
    for number in range(30):
        NoteFactory(case=case, written_at=NOON - timedelta(minutes=number))
    more = look(desk, case).context["timeline_more_url"]
    part = desk.get(more, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith("<section")
    assert "HX-Request" in part.headers["Vary"]


@pytest.mark.parametrize("token", ["x", "1_2", "nan_note_1", "1e400_note_1", "1_note_x", "_" * 9])
def test_a_broken_place_in_the_timeline_begins_at_the_beginning(desk, case, token):
    NoteFactory(case=case, written_at=NOON)
    assert len(look(desk, case, after=token).context["timeline"]) == 1


def test_the_page_asks_the_database_as_often_for_much_history_as_for_none(desk, case, django_assert_max_num_queries):
    take(desk, case)
    look(desk, case)
    for number in range(12):
        at = NOON - timedelta(days=1, hours=number)
        AttemptFactory(case=case, withheld=True, at=at)
        NoteFactory(case=case, written_at=at)
        PromiseFactory(case=case, broken=True, made_at=NOON - timedelta(days=5, hours=number))
        AccountFactory(person=case.person, product=case.account.product, borrower=case.borrower)
    ContactPointFactory(person=case.person, work=True)
    with django_assert_max_num_queries(52):
        look(desk, case)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_person_is_verified_in_every_language(desk, case, language):
    desk.cookies["django_language"] = language
    assert look(desk, case).context["case"].person["is_verified"] is False
    addresses.mark(contact_point_id=case.point.pk, state="verified", actor=SYSTEM, at=NOON)
    assert look(desk, case).context["case"].person["is_verified"] is True


def test_the_page_is_shown_in_chinese(desk, case, settings):
    set_clock(settings, NIGHT)
    desk.cookies["django_language"] = "zh-hans"
    page = look(desk, case)
    assert page.headers["Content-Language"] == "zh-hans"
    assert any("一" <= letter <= "鿿" for letter in page.context["refused_ways"][0]["reason"])
