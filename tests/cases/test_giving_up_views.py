"""The pages on which something is given up, and the inbox of those who sign: what is typed, said, and who sees it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from cases import ledger
from cases.models import Approval, AuthorityLimit, ExclusionEntry, Settlement, Waiver
from collections_app.dashboards.scope import Scope
from collections_app.dashboards.widgets.needs import needs
from collections_app.shared.money import Money
from compliance.models import AuditEvent
from contacts import settlement_letters
from tests.factories import NOW
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    set_clock(settings, NOW)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def collector(team, client):
    user = UserFactory(team=team)
    client.force_login(user)
    return user


@pytest.fixture
def case(team):
    case = CaseFactory(creditor=CreditorFactory(team=team), working=True)
    ledger.charge(case.account, "fee", Money(Decimal(100), "CNY"), None, NOW.date(), at=NOW, source="tape")
    return case


def typed(**more):
    day = (NOW + timedelta(days=7)).date().isoformat()
    return {
        "pays": "540", "parts": "1", "first_due_on": day, "expires_on": day, "grace_days": "3", "reason": "ill",
    } | more  # fmt: skip


def offer(client, case, **more):
    return client.post(reverse("cases:settlement", args=[case.ref]), typed(**more))


def text(answer):
    return answer.content.decode()


@pytest.mark.parametrize(
    ("pays", "owes"),
    [("540", 540), ("５４０．００", 540), ("540元", 540), ("90%", 540), ("９０％", 540), ("0.054万", 540)],
)
def test_what_the_person_pays_is_read_as_people_type_it(client, collector, case, pays, owes):
    offer(client, case, pays=pays)
    settlement = Settlement.objects.get()
    assert (settlement.pays, settlement.waives, settlement.status) == (owes, 60, "awaiting_approval")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"pays": "150%"}, "150% is not between 0 and 100."),
        ({"pays": "-5"}, "“-5” is less than zero."),
        ({"pays": "0"}, "The amount must be more than zero."),
        ({"pays": "1.005"}, "“1.005” has more than two decimals."),
        ({"pays": "540 USD"}, "“540 USD” is in USD; this is in CNY."),
        ({"pays": "601"}, "601.00 is more than the 600.00 that is owed."),
        ({"pays": "600"}, "This gives nothing up: take a promise or a plan."),
        ({"pays": ""}, "Say what the person pays, or what is given up below."),
        ({"pays": "abc"}, "“abc” is not an amount."),
        ({"pays": "", "give_fee": "100.01"}, "only 100.00 is owed"),
        ({"expires_on": "2026-03-01"}, "2026-03-01 is in the past."),
        ({"expires_on": "2026-02-30"}, "is a day that does not exist"),
        ({"reason": " "}, "This field is required."),
    ],
)
def test_what_cannot_be_offered_is_said_in_a_sentence_and_what_was_typed_stays(
    client, collector, case, asked, sentence
):
    answer = offer(client, case, **asked)
    assert answer.status_code == 200
    assert sentence in text(answer).replace("&#x27;", "'")
    assert f'value="{typed(**asked)["pays"]}"' in text(answer) or not typed(**asked)["pays"]
    assert not Settlement.objects.exists()


def test_the_preview_shows_both_sides_and_who_signs_and_keeps_nothing(client, collector, case):
    answer = client.get(reverse("cases:settlement-preview", args=[case.ref]), typed(pays="540"))
    assert {"540.00", "60.00"} <= set(text(answer).replace("<", " ").replace(">", " ").split())
    assert "2 signatures have to be given: Supervisor." in text(answer)
    assert not Settlement.objects.exists()


def test_given_up_by_component_with_a_share_or_all(client, collector, case):
    offer(client, case, pays="", give_fee="all")
    line = Settlement.objects.get().lines.get(component="fee")
    assert (line.waives, Settlement.objects.get().pays) == (100, 500)


def test_the_inbox_shows_the_oldest_first_and_goes_on_to_the_next(client, collector, case, team):
    others = [CaseFactory(creditor=case.creditor, working=True) for _ in range(2)]
    for each in (case, *others):
        offer(client, each, pays="50%")
    first, second, third = Approval.objects.order_by("pk")
    boss = UserFactory(team=team, supervisor=True)
    client.force_login(boss)
    page = client.get(reverse("cases:approvals"))
    assert page.context["approval"] == first
    assert page.context["next_url"].endswith(second.ref)
    titles = [str(section["title"]) for section in page.context["sections"]]
    assert titles == [
        "Both sides",
        "We give up, by component",
        "Terms",
        "How it has gone",
        "Given before",
        "What the law says",
    ]
    answer = client.post(reverse("cases:approval-decide", args=[first.ref]), {"decision": "approve"})
    assert answer["Location"].endswith(second.ref)
    answer = client.post(reverse("cases:approval-decide", args=[second.ref]), {"decision": "refuse", "reason": ""})
    assert answer["Location"].endswith(second.ref)
    answer = client.post(reverse("cases:approval-decide", args=[second.ref]), {"decision": "refuse", "reason": "no"})
    assert answer["Location"].endswith(third.ref)
    assert [row.status for row in Approval.objects.order_by("pk")] == ["pending", "refused", "pending"]
    assert client.get(reverse("cases:approvals")).context["approval"] == third  # what he signed is not his any more


def test_what_somebody_asked_for_himself_is_not_in_his_inbox(client, case, team):
    boss = UserFactory(team=team, supervisor=True)
    client.force_login(boss)
    offer(client, case)
    page = client.get(reverse("cases:approvals"))
    assert (page.context["approval"], [row["pk"] for row in page.context["mine"]]) == (
        None,
        [Approval.objects.get().pk],
    )
    client.post(reverse("cases:approval-decide", args=[Approval.objects.get().ref]), {"decision": "approve"})
    assert Approval.objects.get().status == "pending"


def test_the_dashboard_counts_what_the_inbox_holds(client, collector, case, team):
    offer(client, case)
    boss, asker = UserFactory(team=team, supervisor=True), UserFactory(team=TeamFactory(), supervisor=True)
    figures = {user.pk: needs(Scope(user, NOW)).figures[0] for user in (boss, asker)}
    assert [(figure.count, figure.url) for figure in figures.values()] == [
        (1, reverse("cases:approvals")),
        (0, reverse("cases:approvals")),
    ]
    client.force_login(boss)
    assert client.get(reverse("cases:approvals")).context["page"].count == 1


def test_a_waiver_is_typed_and_listed_with_sums(client, collector, case, team):
    AuthorityLimit.objects.create(
        kind="waiver", role="collector", currency="CNY", signatures=0, in_force_from=NOW - timedelta(days=1)
    )
    what = {"what": f"{case.account.pk}:fee", "amount": "25%", "cause": "goodwill", "reason": "late letter"}
    client.post(reverse("cases:waive", args=[case.ref]), what)
    assert Waiver.objects.get().amount == 25
    client.force_login(UserFactory(team=team, supervisor=True))
    page = client.get(reverse("cases:waivers"))
    assert [(row["component"], row["total"]) for row in page.context["by_component"]] == [("fee", Decimal("25.00"))]
    assert page.context["by_person"][0]["name"] == str(collector)


def test_an_agreed_settlement_prints_its_letter_in_both_languages(client, collector, case):
    AuthorityLimit.objects.create(
        kind="settlement", role="collector", currency="CNY", signatures=0, in_force_from=NOW - timedelta(days=1)
    )
    offer(client, case, parts="2")
    for language in settlement_letters.LANGUAGES:
        answer = client.post(reverse("cases:settlement-letter", args=[case.ref]), {"language": language})
        assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    client.post(reverse("cases:settlement-accept", args=[case.ref]), {"how": "call", "evidence": "recording 7"})
    assert Settlement.objects.get().status == "accepted"
    client.post(reverse("cases:settlement-withdraw", args=[case.ref]), {"reason": ""})
    assert Settlement.objects.get().status == "accepted"
    client.post(reverse("cases:settlement-withdraw", args=[case.ref]), {"reason": "changed his mind"})
    assert Settlement.objects.get().status == "withdrawn"


def test_the_exclusion_list_is_for_few(client, collector, case, team):
    assert client.get(reverse("cases:exclusions")).status_code == 403
    boss = UserFactory(team=team, supervisor=True)
    client.force_login(boss)
    until = (NOW + timedelta(days=99)).date().isoformat()
    asked = {"purpose": "new_credit", "basis": "contract", "reason": "x", "evidence": "y", "retain_until": until}
    client.post(reverse("cases:exclude", args=[case.ref]), asked)
    entry = ExclusionEntry.objects.get()
    assert str(entry.person) in text(client.get(reverse("cases:exclusions")))
    officer = UserFactory(compliance=True)
    client.force_login(officer)
    assert client.get(reverse("cases:approvals")).context["approval"].kind == "exclusion"
    assert AuditEvent.objects.filter(name="exclusion.read", actor_id=officer.pk).count() == 1
    client.force_login(boss)
    late = client.post(reverse("cases:exclude", args=[case.ref]), asked | {"retain_until": "2040-01-01"})
    assert "This may be kept until 2031-03-04 at most." in text(late)


def test_an_admin_sets_and_ends_limits_and_nobody_else(client, collector, team):
    limit = {
        "kind": "waiver",
        "role": "collector",
        "currency": "cny",
        "max_amount": "１，０００",
        "signatures": "0",
        "days": "30",
    }
    url = reverse("cases:authority")
    assert client.post(url, limit).status_code == 403
    client.force_login(UserFactory(team=team, supervisor=True))
    client.post(url, limit)
    assert not AuthorityLimit.objects.exists()
    client.force_login(UserFactory(admin=True))
    client.post(url, limit)
    row = AuthorityLimit.objects.get()
    assert (row.max_amount, row.currency, row.ended_at) == (1000, "CNY", None)
    client.post(reverse("cases:authority-end", args=[row.pk]))
    row.refresh_from_db()
    assert row.ended_at is not None
