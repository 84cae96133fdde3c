"""The firm's own limits: dated versions, the one in force at the instant counts, and never looser than law."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases import firm_policy, policy_book
from cases.firm_policy import UNSET, PolicyRefused
from cases.models import FirmPolicyVersion
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import CaseFactory, CreditorFactory, FirmPolicyFactory, PersonFactory, ProductFactory

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=10)


def bank(**more):
    creditor = CreditorFactory(**more)
    ProductFactory(creditor=creditor)
    return creditor


def put(creditor, **more):
    wanted = {"opens": time(9), "closes": time(20), "reason": "as the board decided"} | more
    return firm_policy.set_policy(creditor=creditor, actor=SYSTEM, at=NOW, **wanted)


def test_the_version_in_force_at_the_instant_counts():
    creditor = bank()
    assert firm_policy.in_force(creditor_id=creditor.pk, at=NOW) == UNSET
    put(creditor)
    put(creditor, opens=time(10), in_force_from=LATER)
    assert firm_policy.in_force(creditor_id=creditor.pk, at=NOW - timedelta(seconds=1)) == UNSET
    assert firm_policy.in_force(creditor_id=creditor.pk, at=NOW).opens == time(9)
    assert firm_policy.in_force(creditor_id=creditor.pk, at=LATER - timedelta(seconds=1)).opens == time(9)
    assert firm_policy.in_force(creditor_id=creditor.pk, at=LATER).opens == time(10)


def test_of_two_for_the_same_instant_the_one_recorded_last_counts():
    creditor = bank()
    put(creditor, opens=time(9), in_force_from=LATER)
    put(creditor, opens=time(11), in_force_from=LATER)
    assert firm_policy.in_force(creditor_id=creditor.pk, at=LATER).opens == time(11)


def test_what_is_set_is_audited_with_its_reason():
    version = put(bank(), document={"caps": [{"channels": ["sms"], "limit": 1}]})
    event = AuditEvent.objects.get(name="policy.set")
    assert event.subject_id == version.pk
    assert event.details["reason"] == "as the board decided"
    assert event.details["document"] == {"caps": [{"channels": ["sms"], "limit": 1}]}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"reason": "  "}, "no-reason"),
        ({"closes": None}, "hours"),
        ({"opens": time(20), "closes": time(9)}, "hours"),
        ({"in_force_from": NOW - timedelta(seconds=1)}, "in-the-past"),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(wrong, code):
    creditor = bank()
    put(creditor)
    with pytest.raises(PolicyRefused) as refused:
        put(creditor, **wrong)
    assert refused.value.code == code
    assert FirmPolicyVersion.objects.count() == 1


def test_the_first_version_of_a_book_may_begin_earlier():
    assert put(bank(), in_force_from=datetime(2000, 1, 1, tzinfo=UTC)).in_force_from.year == 2000


@pytest.mark.parametrize(
    "statement",
    ["UPDATE cases_firmpolicyversion SET opens = '07:00'", "DELETE FROM cases_firmpolicyversion"],
)
def test_no_version_is_ever_edited_or_removed_also_not_by_hand(statement):
    FirmPolicyFactory(hours=("09:00", "20:00"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ((time(7), time(20)), "07:00 is before 08:00, which CN-TIME-CBA sets (CN-CBA-2026)."),
        ((time(9), time(22, 1)), "22:01 is after 22:00, which CN-TIME-CBA sets (CN-CBA-2026)."),
    ],
)
def test_hours_wider_than_the_laws_are_refused_and_the_rule_is_named(hours, says):
    creditor = bank()
    with pytest.raises(PolicyRefused) as refused:
        put(creditor, opens=hours[0], closes=hours[1])
    assert refused.value.code == "looser"
    assert says in [str(each) for each in refused.value.objections]
    put(creditor, opens=time(8), closes=time(22))  # exactly as the law


def test_the_law_of_every_place_in_the_book_binds():
    creditor = bank(us=True)
    put(creditor, opens=time(8), closes=time(21))
    CaseFactory(creditor=creditor, person=PersonFactory(jurisdiction="GR", time_zone="Europe/Athens"))
    with pytest.raises(PolicyRefused) as refused:
        put(creditor, opens=time(8), closes=time(21), in_force_from=LATER)
    assert {each.values["pack"] for each in refused.value.objections} == {"GR-3758"}


def test_an_empty_book_is_bound_by_the_country_of_its_creditor():
    assert policy_book.country_of("America/New_York") == "US"
    assert policy_book.country_of("UTC") == ""
    with pytest.raises(PolicyRefused):
        put(bank(us=True), opens=time(8), closes=time(21, 30))


def test_hours_that_the_law_leaves_to_the_firm_are_asked_for_until_they_are_set():
    creditor = bank(gb=True)
    CaseFactory(creditor=creditor, person=PersonFactory(london=True))
    (asked, *_more) = policy_book.missing(creditor, opens=None, document={}, at=NOW)
    assert asked.values["pack"] == "GB-CONC"
    assert policy_book.missing(creditor, opens=time(8), document={}, at=NOW) == []
    assert policy_book.missing(bank(), opens=None, document={}, at=NOW) == []


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def officer(compliance_officer):
    client = Client()
    client.force_login(compliance_officer)
    return client


def send(client, creditor, **typed):
    address = reverse("cases:firm-policy", args=[creditor.code])
    return client.post(address, {"reason": "as decided", **typed})


def test_the_officer_sets_a_version_and_sees_who_why_and_since_when(officer, compliance_officer):
    creditor = bank()
    form = {"opens": "9am", "closes": "１９：３０", "cap_0_channels": "sms", "cap_0_limit": "2", "guard_phone": "10",
            "enabled": ["CN-HOLIDAY-QUIET"]}  # fmt: skip
    assert send(officer, creditor, **form).status_code == 302
    version = FirmPolicyVersion.objects.get()
    assert (version.opens, version.closes, version.set_by) == (time(9), time(19, 30), compliance_officer)
    assert version.document == {
        "caps": [{"channels": ["sms"], "limit": 2, "days": 1, "per": "person"}],
        "guard_minutes": {"phone": 10},
        "enabled": ["CN-HOLIDAY-QUIET"],
    }
    page = officer.get(reverse("cases:firm-policy", args=[creditor.code])).content.decode()
    assert "09:00–19:30" in page
    assert "as decided" in page
    assert "09:00–19:30" in officer.get(reverse("cases:firm-policies")).content.decode()


def test_the_form_refuses_what_is_looser_than_law_at_its_field_and_keeps_what_was_typed(officer):
    page = send(officer, bank(), opens="07:00", closes="20:00")
    assert page.context["form"].errors["opens"][0].startswith("07:00 is before 08:00, which CN-TIME-CBA sets")
    assert 'value="07:00"' in page.content.decode()
    assert not FirmPolicyVersion.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"opens": "9 or so", "closes": "20:00"}, "opens"),
        ({"opens": "09:00"}, "closes"),
        ({"cap_0_channels": "sms"}, "cap_0_limit"),
        ({"cap_0_channels": "sms", "cap_0_limit": "-1"}, "cap_0_limit"),
        ({"guard_phone": "-5"}, "guard_phone"),
        ({"enabled": ["WISHES"]}, "enabled"),
        ({"packs": ["NO-SUCH"]}, "packs"),
        ({"in_force_from": "2020-01-01T10:00"}, "in_force_from"),
        ({"reason": ""}, "reason"),
    ],
)
def test_bad_input_is_named_at_its_field(officer, typed, field):
    creditor = bank()
    FirmPolicyFactory(creditor=creditor)
    page = send(officer, creditor, **typed)
    assert list(page.context["form"].errors) == [field]
    assert FirmPolicyVersion.objects.count() == 1


def test_a_supervisor_reads_the_policy_of_his_team_and_sets_none(client, supervisor):
    creditor = bank(team=supervisor.team)
    other = bank()
    client.force_login(supervisor)
    assert "New version" not in client.get(reverse("cases:firm-policy", args=[creditor.code])).content.decode()
    assert send(client, creditor, opens="09:00", closes="19:00").status_code == 403
    assert client.get(reverse("cases:firm-policy", args=[other.code])).status_code == 404
    assert not FirmPolicyVersion.objects.exists()
