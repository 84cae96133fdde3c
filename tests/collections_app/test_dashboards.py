"""A number is its list: every figure of the dashboard opens exactly the rows that it counts."""

from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from cases.models import BucketTransition, PortfolioFigure
from collections_app.dashboards import lists, registry, views  # noqa: F401  (views registers widgets and lists)
from collections_app.dashboards.scope import Scope
from compliance.models import AuditEvent
from contacts import night
from contacts.models import AbuseMark, NightRun, Tick
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    CreditorFactory,
    HoldFactory,
    PaymentFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory, DecisionFactory, PlannedContactFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
ANOTHER = {
    "needs", "refused", "waiting", "contacts", "queue", "promises", "moves", "book", "collectors", "kept", "clocks",
}  # fmt: skip


@pytest.fixture
def north(at, settings):
    """The team that the supervisor leads, with its creditor; the clock stands at `at`."""
    set_clock(settings, at)
    return TeamFactory(code="north")


def fill(team, at):
    """Put one or more rows of every kind into the book of a team; return its creditor."""
    creditor = CreditorFactory(team=team, freshness_days=3)
    collector = UserFactory(team=team)
    product = ProductFactory(creditor=creditor)

    def case(**more):
        return CaseFactory(creditor=creditor, at=at - timedelta(days=2), waiting=True, **more)

    asked = case()
    asked.next_action, asked.next_action_at = "review", at - timedelta(hours=1)
    asked.save()
    due, called = case(dpd=47), case(dpd=47)
    for one, hours in ((due, 30), (called, 2)):
        one.next_action, one.next_action_at = "call", at - timedelta(hours=hours)
        one.save()
    AttemptFactory(case=called, to="completed", outcome="conversation", made_by=collector, at=at - timedelta(hours=1))
    shouted = AttemptFactory(
        case=called, to="completed", outcome="no_answer", made_by=collector, at=at - timedelta(minutes=9)
    )
    AbuseMark.objects.create(attempt=shouted, by=collector, at=at)
    for trait in ("sms", "delivered", "failed", "uncertain"):
        AttemptFactory(case=case(), at=at - timedelta(minutes=30), **{trait: True})
    for rules in (["CN-HOURS"], ["CN-HOURS", "CN-FREQ"]):
        DecisionFactory(
            refused=True, failing=rules, at=at - timedelta(minutes=5), person_id=due.person_id, case_id=due.pk,
            creditor_id=creditor.pk,
        )  # fmt: skip
    today = (at + timedelta(hours=8)).date()
    PromiseFactory(case=case(), due_on=today)
    PromiseFactory(case=case(), due_on=today + timedelta(days=6))
    PromiseFactory(case=case(), due_on=today + timedelta(days=7))
    HoldFactory(case=due, review_on=today)
    HoldFactory(case=called, review_on=today + timedelta(days=1))
    PlannedContactFactory(case=case(), at=at - timedelta(hours=1))
    late = PlannedContactFactory(case=case(), at=at - timedelta(hours=1))
    late.withhold(reason_code="CN-HOURS", try_again_at=at + timedelta(hours=9))
    late.save()
    payment = PaymentFactory(creditor=creditor)
    payment.set_aside(reason="unknown-account")
    payment.save()
    on = today - timedelta(days=1)
    accounts = [AccountFactory(product=product, dpd=dpd, on=on, balance="100.00") for dpd in (0, 12, 47, 47)]
    closed = NightRun.objects.create(
        creditor=creditor, business_date=on, status="done", started_at=at, finished_at=at, newest_state=0
    )
    assert closed.pk
    counted = {}
    for account in [*creditor.accounts.all()]:
        state = account.states.order_by("-effective_on", "-pk").first()
        if state.effective_on > on:
            continue
        days = (on - state.past_due_since).days if state.past_due_since else 0
        bucket = "M0" if days <= 0 else f"M{(days - 1) // 30 + 1}"
        number, total = counted.get(bucket, (0, 0))
        counted[bucket] = (number + 1, total + state.balance)
    for bucket, (number, total) in counted.items():
        PortfolioFigure.objects.create(
            creditor=creditor, business_date=on, bucket=bucket, currency="CNY", accounts=number, balance=total
        )
    pairs = [("", "M1"), ("M0", "M1"), ("M1", "M2"), ("M2", "M0")]
    for account, (before, after) in zip(accounts, pairs, strict=True):
        BucketTransition.objects.create(
            account=account, person=account.person, creditor=creditor, business_date=on, from_bucket=before,
            to_bucket=after, balance=account.balance, currency="CNY",
        )  # fmt: skip
    Tick.objects.get_or_create(minute=at.replace(second=0, microsecond=0), defaults={"taken_at": at})
    return creditor


def numbers(user, at):
    """Return every number of every widget: (widget, label or row, count, address)."""
    found = []
    for widget in registry.WIDGETS.values():
        for count, url in widget.read(Scope(user, at)).counted():
            found.append((widget.name, count, url))
    return found


def walk(client, url):
    """Return the count that a list says, and how many rows its pages really show."""
    rows, said, address = 0, None, url
    while address:
        response = client.get(address)
        assert response.status_code == 200, address
        page = response.context["page"]
        said = page.count if said is None else said
        rows += page.shown
        glue = "&" if "?" in url else "?"
        address = f"{url}{glue}{urlencode({'after': page.next})}" if page.next else None
    return said, rows


def test_every_number_of_every_widget_is_the_length_of_the_list_that_it_opens(client, at, north):
    fill(north, at)
    fill(TeamFactory(code="south"), at)
    supervisor = UserFactory(supervisor=True, team=north)
    client.force_login(supervisor)
    found = numbers(supervisor, at)
    assert {name for name, *_rest in found} == ANOTHER
    for name, count, url in found:
        assert url, f"{name}: a number without rows"
        assert walk(client, url) == (count, count), (name, url)


def test_the_numbers_are_those_of_the_book(at, north):
    fill(north, at)
    supervisor = UserFactory(supervisor=True, team=north)
    by_widget = {}
    for name, count, _url in numbers(supervisor, at):
        by_widget.setdefault(name, []).append(count)
    assert by_widget["needs"] == [
        0,
        1,
        1,
        1,
        1,
        1,
        1,
    ]  # approvals, abusive calls, uncertain, review, holds, feeds, payments
    assert by_widget["refused"] == [2, 1]
    assert by_widget["contacts"] == [2, 2, 1, 2]  # sent, calls, failed, refused
    assert by_widget["queue"] == [1, 1, 0]
    assert by_widget["promises"] == [1, 2, 0, 0, 0, 0]
    assert by_widget["moves"] == [2, 1, 1, 0]
    assert by_widget["collectors"] == [1, 0]
    assert by_widget["kept"] == [1, 0, 0, 0, 1]  # fell due, kept, partly kept, broken, still open


def test_the_figures_of_a_real_close_open_their_accounts_also_after_the_book_moved_on(client, at, north):
    bank = CreditorFactory(team=north, code="closed")
    for dpd in (1, 12, 31, 47, 200):
        CaseFactory(creditor=bank, dpd=dpd, at=at - timedelta(days=3))
    run = night.close_of_day(creditor_id=bank.pk, business_date=at.date() - timedelta(days=1), at=at)
    assert run.status == "done"
    account = bank.accounts.order_by("pk").first()
    state = account.states.get()
    state.pk, state.past_due_since, state.oldest_unpaid_due_on = None, None, None
    state.recorded_at = at + timedelta(hours=1)
    state.save()  # a correction for a day that is closed: the close shows what was known then
    supervisor = UserFactory(supervisor=True, team=north)
    client.force_login(supervisor)
    found = registry.WIDGETS["book"].read(Scope(supervisor, at)).counted()
    assert sorted(count for count, _url in found) == [1, 2, 2]
    for count, url in found:
        assert walk(client, url) == (count, count), url


def test_a_supervisor_counts_his_team_and_a_compliance_officer_everybody(at, north):
    fill(north, at)
    fill(TeamFactory(code="south"), at)
    of_team = numbers(UserFactory(supervisor=True, team=north), at)
    of_all = numbers(UserFactory(compliance=True), at)
    one = {name: sum(count for each, count, _url in of_team if each == name) for name in ANOTHER}
    both = {name: sum(count for each, count, _url in of_all if each == name) for name in ANOTHER}
    one["needs"] -= 1  # the abusive call: whoever leads a team talks about it, and nobody else
    assert both == {name: 2 * count for name, count in one.items()}


def test_a_supervisor_without_a_team_sees_nothing(at, north):
    fill(north, at)
    assert {count for _name, count, _url in numbers(UserFactory(supervisor=True, team=None), at)} == {0}


def test_a_list_of_another_team_cannot_be_asked_for(client, at, north):
    fill(north, at)
    other = fill(TeamFactory(code="south"), at)
    client.force_login(UserFactory(supervisor=True, team=north))
    for name in lists.LISTS:
        url = reverse("dashboards:rows", args=[name])
        on = at.date().isoformat()
        response = client.get(url, {"creditor": other.code, "bucket": "M1", "on": on})
        if any(one.name == "creditor" for one in lists.LISTS[name].filters):
            assert response.context["page"].count == 0, name


@pytest.mark.parametrize("role", ["collector"])
def test_a_collector_has_no_dashboard(client, north, role):
    client.force_login(UserFactory(role=role, team=north))
    for name, args in (("supervisor", []), ("widget", ["needs"]), ("rows", ["cases"])):
        assert client.get(reverse(f"dashboards:{name}", args=args)).status_code == 403


def test_nobody_sees_the_dashboard_without_signing_in(client, db):
    response = client.get(reverse("dashboards:supervisor"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_a_filter_that_means_nothing_leaves_nothing(client, at, north):
    fill(north, at)
    client.force_login(UserFactory(supervisor=True, team=north))
    url = reverse("dashboards:rows", args=["cases"])
    assert client.get(url).context["page"].count > 0
    for query in ({"state": "x"}, {"bucket": "M9"}, {"status": "lost"}, {"by": "me"}, {"creditor": "nobody"}):
        assert client.get(url, query).context["page"].count == 0, query


class _Marks(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inline = []

    def handle_starttag(self, tag, attrs):
        self.inline += [(tag, name) for name, _value in attrs if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("name", sorted(ANOTHER))
def test_a_widget_is_a_part_for_htmx_and_a_page_without_scripts(client, at, north, name):
    fill(north, at)
    client.force_login(UserFactory(supervisor=True, team=north))
    url = reverse("dashboards:widget", args=[name])
    whole, part = client.get(url), client.get(url, headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert f'id="widget-{name}"' in part.text
    assert "HX-Request" in part["Vary"]
    marks = _Marks()
    marks.feed(whole.text)
    assert marks.inline == []


def test_a_widget_that_fails_says_so_and_the_others_go_on(client, at, north, monkeypatch):
    def broken(scope):
        raise RuntimeError("no figure")

    widget = registry.WIDGETS["needs"]
    monkeypatch.setitem(registry.WIDGETS, "needs", registry.Widget("needs", widget.title, "now", broken, "", wide=True))
    client.force_login(UserFactory(supervisor=True, team=north))
    part = client.get(reverse("dashboards:widget", args=["needs"]), headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "could not be worked out" in part.text


def test_the_dashboard_page_names_every_widget_with_a_plain_link(client, north):
    client.force_login(UserFactory(supervisor=True, team=north))
    page = client.get(reverse("dashboards:supervisor"))
    for name in registry.WIDGETS:
        assert f'href="{reverse("dashboards:widget", args=[name])}"' in page.text


def test_an_export_holds_the_rows_of_the_list_and_no_formula(client, at, north):
    creditor = fill(north, at)
    case = creditor.cases.order_by("pk").first()
    case.person.name = "=HYPERLINK(1)"
    case.person.save()
    client.force_login(UserFactory(supervisor=True, team=north))
    url = reverse("dashboards:rows", args=["cases"])
    response = client.get(url, {"as": "csv"})
    text = b"".join(response.streaming_content).decode()
    assert response["Content-Type"].startswith("text/csv")
    assert len(text.strip().splitlines()) == 1 + client.get(url).context["page"].count
    event = AuditEvent.objects.get(name="reveal.exported")
    assert event.details == {"list": "cases", "filters": {}, "rows": client.get(url).context["page"].count}
    assert '"\'=HYPERLINK(1)"' in text
    assert '"=HYPERLINK' not in text


def test_the_number_of_queries_does_not_grow_with_the_book(client, at, north, django_assert_max_num_queries):
    supervisor = UserFactory(supervisor=True, team=north)
    client.force_login(supervisor)
    fill(north, at)

    def queries():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        counts = {}
        for name in registry.WIDGETS:
            with CaptureQueriesContext(connection) as seen:
                client.get(reverse("dashboards:widget", args=[name]), headers={"HX-Request": "true"})
            counts[name] = len(seen)
        for name in lists.LISTS:
            with CaptureQueriesContext(connection) as seen:
                client.get(reverse("dashboards:rows", args=[name]))
            counts[f"rows/{name}"] = len(seen)
        return counts

    before = queries()
    fill(north, at)
    fill(north, at)
    assert queries() == before
    assert max(before.values()) <= 24
