"""The page of a version: the one next thing to do, who may do it, and every turn by its form."""

from datetime import timedelta

import pytest
from django.urls import reverse

from contacts.models import StrategyVersion
from contacts.strategy import publishing, watching
from tests.contacts.strategy.nights import AT, case_of, draft, night, person_of, published, segment
from tests.contacts.strategy.test_watching import DAY, predicted
from tests.factories.cases import CreditorFactory, ProductFactory
from tests.factories.staff import UserFactory, set_clock
from tests.factories.strategies import rehearsed

pytestmark = pytest.mark.django_db
NEXT = segment("all", {"key": "sms-2"})


@pytest.fixture
def bank(settings):
    set_clock(settings, AT)
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


@pytest.fixture
def people(client):
    """Return a function that signs in as one of the people."""
    known = {
        "author": UserFactory(admin=True, username="author"),
        "second": UserFactory(admin=True, username="second"),
        "officer": UserFactory(compliance=True, username="officer"),
        "lead": UserFactory(supervisor=True, username="lead"),
    }

    def become(name: str):
        client.force_login(known[name])
        return known[name]

    return become


def page(client, version):
    return client.get(reverse("contacts:strategy-version", args=[version.pk]))


def press(client, route: str, version, **data) -> str:
    """Post a form of the page; return what the page says afterwards."""
    answer = client.post(reverse(f"contacts:{route}", args=[version.pk]), data, follow=True)
    version.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def test_a_version_is_led_from_its_draft_to_everybody_by_its_page(client, bank, people):
    published(bank)
    case_of(bank)
    night(bank)
    version, author = draft(bank, NEXT), people("author")
    StrategyVersion.objects.filter(pk=version.pk).update(created_by=author)
    assert page(client, version).context["next"].code == "rehearse"
    assert press(client, "publish-strategy", version, share="100") == (
        "Nothing was done: this version is draft, and only one that is approved can do that."
    )
    rehearsed(version, at=AT, days=3)
    shown = page(client, version).context
    assert (shown["next"].code, shown["is_short"], shown["in_flight"][0].cases) == ("submit", True, 1)
    press(client, "submit-strategy", version)
    shown = page(client, version).context
    assert (shown["next"].code, shown["may_approve"], shown["is_writer"]) == ("approve", False, True)
    assert "Whoever wrote" in press(client, "decide-strategy", version, verb="approve")
    people("officer")
    assert page(client, version).context["may_approve"]
    press(client, "decide-strategy", version, verb="approve")
    assert (version.status, page(client, version).context["next"].code) == ("approved", "publish")
    people("second")
    press(client, "publish-strategy", version, share="1", starts_on="", **{"limit-complaints": "2.5"})
    assert (version.status, version.share, version.guardrails) == ("published", 1, {"complaints": "2.5"})
    assert page(client, version).context["next"].code == "widen"
    press(client, "widen-strategy", version, share="10")
    press(client, "stop-strategy", version, reason="too loud")
    assert (version.status, version.share, page(client, version).context["next"].code) == ("stopped", 10, "resume")
    assert 'data-key="g" data-key-label="Resume"' in page(client, version).content.decode()
    press(client, "resume-strategy", version)
    press(client, "roll-back-strategy", version, reason="the old one is better")
    assert (version.status, version.replaces.status) == ("retired", "published")
    assert page(client, version).context["in_flight"] == []  # nobody is brought over any more
    turns = [entry["turn"].what for entry in page(client, version).context["turns"]]
    assert turns == ["rolled_back", "resumed", "stopped", "widened", "published"]


def test_what_becomes_of_cases_in_flight_is_set_on_the_page_and_asks_for_another_rehearsal(client, bank, people):
    published(bank)
    version = draft(bank, NEXT)
    people("author")
    rehearsed(version, at=AT)
    press(client, "move-strategy", version, **{"move-all": "move"})
    assert (version.moves.count(), page(client, version).context["next"].code) == (0, "submit")
    press(client, "move-strategy", version, **{"move-all": "stay"})
    assert version.moves.get().action == "stay"
    shown = page(client, version).context["next"]
    assert (shown.code, "what becomes of cases in flight" in shown.text) == ("rehearse", True)


def test_a_version_is_sent_back_with_a_reason(client, bank, people):
    version = draft(bank)
    rehearsed(version, at=AT)
    publishing.submit(version_id=version.pk, actor=publishing.Actor.system("test"), at=AT)
    people("officer")
    assert press(client, "decide-strategy", version, verb="back", reason="") == "Say why."
    assert version.status == "rehearsed"
    press(client, "decide-strategy", version, verb="back", reason="no exit")
    assert version.status == "draft"


@pytest.mark.parametrize("wrong", [{"share": "50"}, {"share": ""}, {"starts_on": "soon"}, {"limit-broken": "many"}])
def test_what_is_no_share_day_or_number_publishes_nothing_and_leaves_the_rest_as_it_was_typed(
    client, bank, people, wrong
):
    version = draft(bank)
    rehearsed(version, at=AT)
    publishing.submit(version_id=version.pk, actor=publishing.Actor.system("test"), at=AT)
    publishing.approve(version_id=version.pk, by=people("second"), at=AT)
    typed = {"share": "100", "starts_on": "", "limit-complaints": "2.5"} | wrong
    answer = client.post(reverse("contacts:publish-strategy", args=[version.pk]), typed)
    version.refresh_from_db()
    form = answer.context["publish_form"]
    assert (answer.status_code, version.status, list(form.errors)) == (422, "approved", list(wrong))
    assert {name: form[name].value() for name in typed} == typed


@pytest.mark.parametrize("route", ["widen-strategy", "publish-strategy", "decide-strategy", "resume-strategy"])
def test_a_supervisor_reads_and_stops_but_neither_approves_nor_publishes(client, bank, people, route):
    version = published(bank)
    people("lead")
    assert client.post(reverse(f"contacts:{route}", args=[version.pk])).status_code == 403
    shown = page(client, version).context
    assert (shown["may_stop"], shown["may_publish"], shown["may_approve"]) == (True, False, False)
    press(client, "stop-strategy", version, reason="wrong people")
    assert version.status == "stopped"


def test_the_list_has_one_line_per_strategy_and_says_what_waits(client, bank, people):
    whole, other = published(bank), published(bank, NEXT, code="other")
    canary = published(bank, NEXT, share=10)
    waiting = draft(bank, segment("all", {"key": "sms-3"}), code="other")
    people("author")
    lines = client.get(reverse("contacts:strategies")).context["lines"]
    assert [(line.code, line.in_force, line.canary, line.waiting, str(line.todo)) for line in lines] == [
        ("other", other, None, waiting, "rehearse it"),
        ("path", whole, canary, None, ""),
    ]


def test_every_draft_is_reached_from_the_list_and_a_name_leads_to_what_is_in_force(client, bank, people):
    whole = published(bank)
    first = draft(bank, NEXT)
    second = draft(bank, segment("all", {"key": "sms-3"}))
    people("author")
    answer = client.get(reverse("contacts:strategies"))
    (line,) = answer.context["lines"]
    assert (line.leads_to, line.waiting, line.drafts) == (whole, second, (first,))
    shown = answer.content.decode()
    assert f'href="{reverse("contacts:strategy-version", args=[first.pk])}"' in shown
    assert f'href="{reverse("contacts:strategy-version", args=[whole.pk])}" data-row' in shown  # for j and k


def test_alarms_are_shown_until_somebody_has_looked_at_them(client, bank, people):
    published(bank)
    canary = published(bank, NEXT, share=10)
    case_of(bank, person=person_of(inside=True))
    alarm = canary.alarms.create(day=AT.date(), code=watching.PREDICTION, raised_at=AT, details={"rows": []})
    people("author")
    strategies = reverse("contacts:strategies")
    assert list(client.get(strategies).context["alarms"]) == [alarm]
    client.post(reverse("contacts:strategy-alarm-seen", args=[alarm.pk]))
    assert list(client.get(strategies).context["alarms"]) == []
    assert "looked at by Author" in page(client, canary).text


def test_the_page_takes_the_same_queries_however_many_cases_are_on_it(
    client, bank, people, django_assert_max_num_queries
):
    published(bank)
    version = published(bank, NEXT, share=10)
    for _ in range(5):
        case_of(bank)
    night(bank)
    people("author")
    with django_assert_max_num_queries(60):
        page(client, version)


def test_steps_of_cases_in_flight_are_called_by_what_they_do(client, bank, people):
    published(bank, segment("all", {"key": "k-17", "kind": "call", "from_dpd": 1}))
    case_of(bank)
    night(bank)
    version = draft(bank, NEXT)
    people("author")
    (row,) = page(client, version).context["in_flight"]
    assert row.lost == ("call",)


def test_predicted_days_and_alarms_call_a_step_by_what_it_does_and_not_by_its_key(client, bank, people, settings):
    version = predicted(bank, 20, key="k-17")
    name = version.segments.get().steps.get().template.name
    outside = {"step": "k-17", "channel": "sms", "low": 1, "high": 2, "sent": 9}
    version.alarms.create(
        day=DAY, code=watching.PREDICTION, raised_at=AT, details={"rows": [outside, outside | {"step": "gone"}]}
    )
    set_clock(settings, AT + timedelta(days=1))
    people("author")
    shown = page(client, version).context
    assert [(each["row"].step_key, each["step"], each["row"].predicted) for each in shown["days"]] == [
        ("k-17", name, 20)
    ]
    assert [each["step"] for each in shown["alarms"][0]["rows"]] == [name, "gone"]


def test_a_first_version_that_is_stopped_has_nothing_to_be_rolled_back_to(client, bank, people):
    first = published(bank)
    people("second")
    assert "nothing to go by yet" in page(client, first).content.decode()
    press(client, "stop-strategy", first, reason="too loud")
    shown = page(client, first).context["next"]
    assert (shown.code, "roll it back" in shown.text) == ("resume", False)
    press(client, "resume-strategy", first)
    second = published(bank, NEXT)
    press(client, "stop-strategy", second, reason="too loud")
    assert "roll it back" in page(client, second).context["next"].text
