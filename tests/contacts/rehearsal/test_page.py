"""The page of a rehearsal: what it adds up to, what every number opens, and for whom."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from cases import clients
from collections_app.shared.actor import SYSTEM
from contacts.models import Rehearsal, RehearsalCell, StrategyVersion
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import SegmentFactory, StepFactory, StrategyVersionFactory, TemplateFactory
from tests.factories.staff import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 5)


class World:
    """Two teams, each with a creditor and cases; one strategy of both; a rehearsal of two days."""

    def __init__(self, *, compares: bool = True, inputs: dict[str, Any] | None = None) -> None:
        self.teams = [TeamFactory(name="Near"), TeamFactory(name="Far")]
        self.creditors = [CreditorFactory(team=team) for team in self.teams]
        self.cases = [
            [CaseFactory(at=TEN, creditor=creditor, team=creditor.team) for _ in range(3)]
            for creditor in self.creditors
        ]
        self.version = StrategyVersionFactory(creditors=self.creditors, is_draft=True)
        segment = SegmentFactory(version=self.version, key="all", name="Everybody")
        self.step = StepFactory(segment=segment, key="sms-1", template=TemplateFactory(name="First reminder"))
        self.call = StepFactory(segment=segment, key="call-7", kind="call", template=None, from_dpd=7)
        self.row = Rehearsal.objects.create(
            version=self.version, status="running", days=2, sample=1, first_day=DAY, content_hash="c" * 64,
            inputs=inputs or {}, requested_at=TEN,
            results={"assumed": ["nobody-pays"], "nodes": [
                {"segment": "all", "step": "sms-1", "cases": [self.cases[0][0].pk, self.cases[1][0].pk]}]},
        )  # fmt: skip
        for number in (0, 1):
            self.cell(number, count=100 * (number + 1), cost="5.00")
            self.cell(number, count=7, outcome="withheld", reason="CN-TIME-CBA")
        self.cell(0, day=DAY + timedelta(days=1), count=20)
        self.cell(0, step_key="call-7", kind="call", channel="phone", outcome="task", count=50, minutes=300)
        self.cell(0, outcome="obstacle", reason="no-contact-point", count=3)
        if compares:
            self.cell(0, side="current", count=80)
        done = {"inputs_hash": "i" * 64, "full_hash": "f" * 64, "snapshot_at": TEN, "started_at": TEN}
        Rehearsal.objects.filter(pk=self.row.pk).update(status="done", finished_at=TEN, seconds=Decimal("1.5"), **done)

    def cell(self, number: int, **columns: Any) -> RehearsalCell:
        made: dict[str, Any] = {
            "day": DAY, "segment_key": "all", "step_key": "sms-1", "kind": "message", "channel": "sms",
            "outcome": "sent", "cases": [case.pk for case in self.cases[number][:2]],
        }  # fmt: skip
        return RehearsalCell.objects.create(
            rehearsal=self.row, creditor=self.creditors[number], team=self.teams[number], **made | columns
        )

    def page(self, user: Any, query: str = "", part: str = "") -> Any:
        client = Client()
        client.force_login(user)
        return client.get(f"/strategies/rehearsals/{self.row.pk}/{part}{query}")


@pytest.fixture
def world() -> World:
    return World()


def totals(answer: Any) -> dict[str, str]:
    return {box["label"]: box["value"] for box in answer.context["totals"]}


def test_the_numbers_of_a_rehearsal_add_up(world):
    answer = world.page(UserFactory(admin=True))
    assert totals(answer) == {
        "Messages that leave": "320",
        "Tasks for people": "50",
        "Refused by a rule": "14",
        "Something in the way": "3",
        "Hours of people's work": "5",
        "Cost of messages, CNY": "10.00",
    }
    tables = {table["name"]: table for table in answer.context["tables"]}
    days = [(row["label"], [cell["value"] for cell in row["cells"]]) for row in tables["day"]["rows"]]
    assert days == [("Thu 2026-03-05", ["300", "50", "14", "3", "5"]), ("Fri 2026-03-06", ["20", "0", "0", "0", "0"])]
    assert [row["label"] for row in tables["team"]["rows"]] == ["Near", "Far"]
    assert [row["label"] for row in tables["channel"]["rows"]] == ["call", "text message"]
    assert {row["cells"][0]["value"] for row in tables["node"]["rows"]} == {"320", "0"}


def test_the_version_in_force_stands_beside_it_and_the_difference_is_said(world):
    answer = world.page(UserFactory(admin=True))
    assert answer.context["compares"]
    first = next(table for table in answer.context["tables"] if table["name"] == "day")["rows"][0]["cells"][0]
    assert (first["value"], first["other"], first["difference"]) == ("300", "80", "+220")
    alone = World(compares=False).page(UserFactory(admin=True))
    assert not alone.context["compares"]
    assert "delta" not in alone.content.decode()


def test_a_refusal_is_said_in_words_and_an_obstacle_too(world):
    refused, stood = world.page(UserFactory(admin=True)).context["why"]
    assert [(row["code"], row["cell"]["value"]) for row in refused["rows"]] == [("CN-TIME-CBA", "14")]
    assert refused["rows"][0]["words"] != "CN-TIME-CBA"
    assert stood["rows"][0]["words"] == "There is no usable number or address for this channel."


def test_every_number_opens_its_first_cases_and_says_how_many_there_are(world):
    answer = world.page(UserFactory(admin=True))
    links = {cell["url"] for table in answer.context["tables"] for row in table["rows"] for cell in row["cells"]}
    links |= {row["cell"]["url"] for part in answer.context["why"] for row in part["rows"]}
    links |= {box["url"] for box in answer.context["totals"]} | {row["url"] for row in answer.context["work"]}
    client = Client()
    client.force_login(UserFactory(admin=True))
    seen = {}
    for link in links - {""}:
        opened = client.get(link)
        assert opened.status_code == 200
        seen[link] = opened.context["total"]
        assert opened.context["cases"], link
    for table in answer.context["tables"]:
        for row in table["rows"]:
            for cell in row["cells"][:4]:
                if cell["url"]:
                    assert str(seen[cell["url"]]) == cell["value"]


def test_a_supervisor_sees_the_numbers_and_cases_of_the_own_team_only(world):
    near = UserFactory(supervisor=True, team=world.teams[0])
    assert totals(world.page(near))["Messages that leave"] == "120"
    opened = world.page(near, "?side=draft&outcome=sent", "cases/")
    assert opened.context["total"] == 120
    assert {case.pk for case in opened.context["cases"]} == {case.pk for case in world.cases[0][:2]}
    assert world.cases[1][0].ref not in world.page(near).content.decode()
    assert world.cases[1][0].ref in world.page(UserFactory(admin=True)).content.decode()


def test_a_rehearsal_for_creditors_of_another_team_is_not_there(world):
    other = UserFactory(supervisor=True, team=TeamFactory())
    assert world.page(other).status_code == 404
    assert world.page(other, "", "cases/").status_code == 404
    client = Client()
    client.force_login(other)
    assert client.get(f"/strategies/versions/{world.version.pk}/rehearsals/").status_code == 404
    assert world.page(UserFactory(team=world.teams[0])).status_code == 403  # a collector


def test_what_nobody_asked_for_finds_nothing(world):
    admin = UserFactory(admin=True)
    for query in ("?day=tomorrow", "?step=nothing", "?team=999999", "?outcome=%00"):
        assert world.page(admin, query, "cases/").context["total"] == 0
    assert world.page(admin, "?nonsense=1", "cases/").context["total"] == 387


def test_an_admin_asks_for_a_rehearsal_and_follows_it(world):
    admin, address = Client(), f"/strategies/versions/{world.version.pk}/rehearsals/"
    admin.force_login(UserFactory(admin=True))
    assert admin.post(address, {"days": "0", "sample": "1"}).status_code == 422
    answer = admin.post(address, {"days": "7", "sample": "0.1"}, follow=True)
    row = Rehearsal.objects.get(status="waiting")
    assert (row.days, row.sample, row.version) == (7, Decimal("0.1"), world.version)
    assert answer.redirect_chain[-1][0] == f"/strategies/rehearsals/{row.pk}/"
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    Rehearsal.objects.filter(pk=row.pk).update(status="running", progress={"part": 0.25, "remaining_s": 90})
    running = admin.get(f"/strategies/rehearsals/{row.pk}/")
    assert (running.context["progress"]["done"], running.context["progress"]["remaining"]) == (25, 90)
    again = admin.post(address, {"days": "7", "sample": "1"}, follow=True)
    assert "being rehearsed already" in again.content.decode()
    Rehearsal.objects.filter(pk=row.pk).update(status="failed", error="It broke.")
    assert "It broke." in admin.get(f"/strategies/rehearsals/{row.pk}/").content.decode()


def test_only_whoever_configures_asks(world):
    lead = Client()
    lead.force_login(UserFactory(supervisor=True, team=world.teams[0]))
    address = f"/strategies/versions/{world.version.pk}/rehearsals/"
    assert lead.get(address).status_code == 200
    assert lead.post(address, {"days": "7", "sample": "1"}).status_code == 403
    assert Rehearsal.objects.count() == 1


def test_what_it_rests_on_is_shown_with_what_has_changed_since(world):
    admin = UserFactory(admin=True)
    shown = World(inputs={"content": "another"}).page(admin).context["inputs"]
    assert (shown["full_hash"], "the strategy" in shown["changed"]) == ("f" * 64, True)
    assert world.page(admin).context["inputs"]["changed"] == []


def test_publishing_a_version_is_no_change_of_what_was_rehearsed():
    admin, other = UserFactory(admin=True), World(inputs={"share": 1})
    assert other.page(admin).context["inputs"]["changed"] != []
    StrategyVersion.objects.filter(pk=other.version.pk).update(published_at=TEN)
    assert other.page(admin).context["inputs"]["changed"] == []


def test_another_system_reads_the_numbers_of_its_own_creditors(world):
    _client, token = clients.create(
        name="warehouse", scopes=["contacts:read"], creditors=[world.creditors[0]], actor=SYSTEM, at=TEN
    )
    _other, stranger = clients.create(
        name="stranger", scopes=["contacts:read"], creditors=[CreditorFactory()], actor=SYSTEM, at=TEN
    )

    def get(path: str, key: str) -> Any:
        return Client().get(f"/api/v1/rehearsals{path}", headers={"Authorization": f"Bearer {key}"})

    (row,) = get("", token).json()["results"]
    assert (row["id"], row["status"], row["part_done"], row["full_hash"]) == (world.row.pk, "done", 1.0, "f" * 64)
    numbers = get(f"/{world.row.pk}/numbers", token).json()
    assert sum(one["count"] for one in numbers if (one["side"], one["outcome"]) == ("draft", "sent")) == 120
    assert get("", stranger).json()["results"] == []
    assert get(f"/{world.row.pk}/numbers", stranger).status_code == 404


def test_the_cases_of_a_number_go_on_for_pages_each_case_once(world):
    creditor = world.creditors[0]
    cases = [CaseFactory(at=TEN, creditor=creditor, team=creditor.team) for _ in range(60)]
    keys = [case.pk for case in cases]
    row = Rehearsal.objects.create(version=world.version, status="running", days=2, content_hash="c", requested_at=TEN)
    for number in (0, 1):  # the same cases on two days, and one key of a case that never stood
        RehearsalCell.objects.create(
            rehearsal=row, creditor=creditor, team=creditor.team, day=DAY + timedelta(days=number), segment_key="all",
            step_key="sms-1", kind="message", channel="sms", outcome="sent", count=61, cases=[*keys, 10**9],
        )  # fmt: skip
    row.status, row.finished_at, row.inputs_hash, row.full_hash = "done", TEN, "i", "f"
    row.save()
    client = Client()
    client.force_login(UserFactory(admin=True))
    first = client.get(f"/strategies/rehearsals/{row.pk}/cases/?side=draft&outcome=sent").context
    assert ([case.pk for case in first["cases"]], first["page"].count, first["total"]) == (keys[:50], 60, 122)
    after = client.get(
        f"/strategies/rehearsals/{row.pk}/cases/?side=draft&outcome=sent&after={first['page'].next}"
    ).context
    assert ([case.pk for case in after["cases"]], after["page"].next) == (keys[50:], None)
    other = client.get(f"/strategies/rehearsals/{row.pk}/cases/?side=current&outcome=sent").context
    assert (other["cases"], other["total"]) == ([], 0)
    far = Client()
    far.force_login(UserFactory(supervisor=True, team=world.teams[1]))
    assert far.get(f"/strategies/rehearsals/{row.pk}/cases/?side=draft&outcome=sent").context["cases"] == []
