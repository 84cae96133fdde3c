"""The configuration site: who may do what there, what is checked, and what can never be touched."""

import pytest
from django.contrib import admin
from django.urls import reverse

from cases.clients import token_hash
from cases.models import ApiClient, Creditor, ImportMapping
from collections_app.staff.administration import History
from collections_app.staff.models import Team, User
from compliance.models import AuditEvent
from contacts.models import StrategyVersion, TemplateVersion
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory, ProductFactory
from tests.factories.contacts import AttemptFactory, SegmentFactory, StepFactory, TemplateFactory, publish
from tests.factories.staff import PASSWORD, TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
HISTORY = {
    "accountstate", "auditevent", "bankday", "bankline", "buckettransition", "contactattempt", "decision",
    "deliveryreceipt", "enrolment", "hold", "importbatch", "instruction", "ledgerentry", "nightrun", "nightstep",
    "packrelease", "payment", "plan", "plannedcontact", "promise", "refund", "scheduledrelease", "stoporder",
    "telephonecall", "telephoneevent",
}  # fmt: skip


@pytest.fixture
def boss(client, at, settings):
    """An administrator without any of Django's own permissions, signed in."""
    set_clock(settings, at)
    user = UserFactory(admin=True, username="boss")
    assert not user.is_superuser
    assert not user.user_permissions.exists()
    client.force_login(user)
    return user


def url(model, what="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def test_an_administrator_opens_every_page_of_the_site(client, boss):
    assert client.get(reverse("admin:index")).status_code == 200
    for model, model_admin in admin.site._registry.items():
        expected = 200 if model is not AuditEvent else 403
        assert client.get(url(model)).status_code == expected, model
        if model_admin.has_add_permission(_request(boss)):
            assert client.get(url(model, "add")).status_code == 200, model


def _request(user):
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = user
    return request


def test_history_is_looked_at_and_never_touched(boss):
    found = {model._meta.model_name for model, one in admin.site._registry.items() if isinstance(one, History)}
    assert found == HISTORY
    for model_admin in admin.site._registry.values():
        request = _request(boss)
        assert not model_admin.has_delete_permission(request)
        if isinstance(model_admin, History):
            assert not model_admin.has_add_permission(request)
            assert not model_admin.has_change_permission(request)


def test_no_page_of_the_site_shows_a_sealed_value_or_a_digest():
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, History):
            fields = model_admin.get_fields(_request(None))
            assert not [name for name in fields if name.endswith(("_sealed", "_hash")) or name == "account_hint"], model
        shown = [str(each) for each in model_admin.list_display]
        assert not [name for name in shown if name.endswith(("_sealed", "_hash"))], model


def test_a_sealed_message_is_not_on_the_page_of_its_contact(client, boss):
    attempt = AttemptFactory(completed=True)
    page = client.get(url(type(attempt), "change", attempt.pk))
    assert page.status_code == 200
    assert "content_sealed" not in page.text.lower().replace(" ", "_")


@pytest.mark.parametrize("role", ["collector", "supervisor"])
def test_others_do_not_enter_even_with_the_staff_flag(client, role):
    user = UserFactory(role=role, is_staff=True)
    client.force_login(user)
    for model in admin.site._registry:
        assert client.get(url(model)).status_code == 403, model


def test_a_compliance_officer_reads_the_trail_and_changes_nothing(client):
    client.force_login(UserFactory(compliance=True, is_staff=True))
    assert client.get(url(AuditEvent)).status_code == 200
    for model in (Creditor, User, TemplateVersion):
        assert client.get(url(model, "add")).status_code == 403, model


def test_the_site_has_no_sign_in_of_its_own(client, boss):
    client.logout()
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("login"))
    posted = client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert posted.status_code == 302
    assert "_auth_user_id" not in client.session


def test_somebody_who_is_signed_in_and_may_not_enter_is_told_so(client):
    client.force_login(UserFactory())
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


# -- people ----------------------------------------------------------------------------------------------------------


def person(**more):
    return {"username": "new", "name": "New", "email": "", "role": "collector", "language": "en",
            "time_zone": "Asia/Shanghai", "usable_password": "true", "password1": PASSWORD,
            "password2": PASSWORD} | more  # fmt: skip


def test_a_user_is_made_with_a_role_and_the_trail_says_by_whom(client, boss):
    team = TeamFactory()
    client.post(url(User, "add"), person(team=team.pk))
    made = User.objects.get(username="new")
    assert (made.role, made.team, made.is_staff, made.is_superuser) == ("collector", team, False, False)
    event = AuditEvent.objects.get(name="user.created")
    assert (event.subject_id, event.actor_label) == (made.pk, "boss")


def test_a_collector_without_a_team_is_refused(client, boss):
    page = client.post(url(User, "add"), person())
    assert page.status_code == 200
    assert "work in a team" in page.text
    assert not User.objects.filter(username="new").exists()


def test_a_change_of_role_opens_the_site_and_is_a_grave_event(client, boss):
    user = UserFactory()
    form = {"username": user.username, "name": "X", "email": "", "role": "admin", "team": "", "is_active": "on",
            "language": "en", "time_zone": "UTC"}  # fmt: skip
    client.post(url(User, "change", user.pk), form)
    user.refresh_from_db()
    assert (user.role, user.is_staff) == ("admin", True)
    details = AuditEvent.objects.get(name="user.role_changed").details
    assert details == {"before": "collector", "role": "admin"}


def test_nobody_changes_his_own_role_or_switches_himself_off(client, boss):
    form = {"username": "boss", "name": "B", "email": "", "role": "collector", "team": "", "language": "en",
            "time_zone": "UTC"}  # fmt: skip
    client.post(url(User, "change", boss.pk), form)
    boss.refresh_from_db()
    assert (boss.role, boss.is_active, boss.name) == ("admin", True, "B")


def test_an_administrator_does_not_make_a_superuser(client, boss):
    team = TeamFactory()
    client.post(url(User, "add"), person(team=team.pk, is_superuser="on", is_staff="on"))
    made = User.objects.get(username="new")
    assert (made.is_superuser, made.is_staff) == (False, False)


def test_a_superuser_is_not_changed_by_an_administrator(client, boss):
    root = User.objects.create_superuser("root", password=PASSWORD, role="admin")
    assert client.post(url(User, "change", root.pk), {"username": "x"}).status_code == 403
    assert client.post(f"/admin/staff/user/{root.pk}/password/", {}).status_code == 403


# -- configuration ---------------------------------------------------------------------------------------------------


def creditor_form(**more):
    parts = {"products-TOTAL_FORMS": "0", "products-INITIAL_FORMS": "0"}
    return {"code": "bank", "name": "Bank", "kind": "bank", "acting_as": "creditor", "time_zone": "Asia/Shanghai",
            "currency": "cny", "books": "source", "freshness_days": "3", "is_active": "on"} | parts | more  # fmt: skip


def test_a_creditor_is_made_and_its_zone_and_currency_are_checked(client, boss):
    wrong = client.post(url(Creditor, "add"), creditor_form(time_zone="Mars/Base"))
    assert "is not a time zone" in wrong.text
    wrong = client.post(url(Creditor, "add"), creditor_form(currency="KWD"))
    assert wrong.status_code == 200
    assert not Creditor.objects.exists()
    client.post(url(Creditor, "add"), creditor_form())
    assert Creditor.objects.get().currency == "CNY"


def test_currency_and_zone_of_a_creditor_with_accounts_stay(client, boss):
    creditor = CreditorFactory(code="bank", currency="CNY")
    AccountFactory(product=ProductFactory(creditor=creditor))
    total = {"products-TOTAL_FORMS": "0", "products-INITIAL_FORMS": "0"}
    client.post(
        url(Creditor, "change", creditor.pk), creditor_form(currency="USD", time_zone="UTC", name="New") | total
    )
    creditor.refresh_from_db()
    assert (creditor.currency, creditor.time_zone, creditor.name) == ("CNY", "Asia/Shanghai", "New")


def test_a_mapping_is_checked_numbered_and_not_changed(client, boss):
    wrong = client.post(url(ImportMapping, "add"), {"name": "tape", "spec": '{"columns": []}'})
    assert "has no column for" in wrong.text
    columns = [("no", "account_number"), ("bal", "balance"), ("dpd", "days_past_due")]
    spec = {"columns": [{"heading": heading, "field": field} for heading, field in columns]}
    import json

    for _time in range(2):
        client.post(url(ImportMapping, "add"), {"name": "tape", "spec": json.dumps(spec)})
    assert list(ImportMapping.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    mapping = ImportMapping.objects.first()
    assert client.post(url(ImportMapping, "change", mapping.pk), {"name": "other"}).status_code == 403


def test_the_token_of_a_client_is_shown_once_and_kept_as_a_digest(client, boss):
    creditor = CreditorFactory()
    form = {"name": "core bank", "scopes": ["payments:write"], "creditors": [creditor.pk]}
    page = client.post(url(ApiClient, "add"), form, follow=True)
    made = ApiClient.objects.get()
    token = next(word for word in page.text.replace("<", " ").split() if word.startswith("ct_"))
    assert token_hash(token) == made.token_hash
    assert list(made.creditors.all()) == [creditor]
    assert token not in client.get(url(ApiClient)).text
    assert made.token_hash not in client.get(url(ApiClient, "change", made.pk)).text
    assert AuditEvent.objects.filter(name="user.token_made", subject_id=made.pk).count() == 1
    client.post(url(ApiClient), {"action": "revoke", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert made.is_active is False


# -- wordings and strategies -----------------------------------------------------------------------------------------


def wording(template, **more):
    return {"template": template.pk, "language": "en", "subject": "", "body": "Dear {{ borrower_name }}"} | more


def test_a_wording_with_an_unknown_variable_is_refused_with_the_names_that_exist(client, boss):
    template = TemplateFactory(versions=False)
    page = client.post(url(TemplateVersion, "add"), wording(template, body="Dear {{ name_of_cat }}"))
    assert "There is no variable" in page.text
    assert "borrower_name" in page.text
    assert not TemplateVersion.objects.exists()


def test_a_wording_is_approved_by_somebody_else_and_replaces_the_one_before(client, boss):
    template = TemplateFactory(versions={"en": "Old"})
    client.post(url(TemplateVersion, "add"), wording(template))
    draft = TemplateVersion.objects.get(status="draft")
    assert (draft.version, draft.written_by) == (2, boss)
    act = {"action": "approve", "_selected_action": [draft.pk]}
    own = client.post(url(TemplateVersion), act, follow=True)
    assert "somebody else approves it" in own.text
    draft.refresh_from_db()
    assert draft.status == "draft"
    second = UserFactory(admin=True, username="second")
    client.force_login(second)
    client.post(url(TemplateVersion), act)
    draft.refresh_from_db()
    assert (draft.status, draft.approved_by) == ("approved", second)
    assert template.versions.get(version=1).status == "retired"


def test_a_wording_in_use_is_never_changed(client, boss):
    template = TemplateFactory(versions={"en": "Old"})
    version = template.versions.get()
    assert client.post(url(TemplateVersion, "change", version.pk), {"body": "New"}).status_code == 403
    version.refresh_from_db()
    assert version.body == "Old"


def test_a_published_segment_and_its_steps_stay_as_they_were_approved(client, boss):
    segment = SegmentFactory()
    step = StepFactory(segment=segment)
    publish(segment.version)
    form = {"version": segment.version_id, "position": 0, "name": "Nobody", "condition": "{}",
            "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0"}  # fmt: skip
    assert client.post(url(type(segment), "change", segment.pk), form).status_code == 403
    segment.refresh_from_db()
    assert (segment.name, segment.steps.get()) == ("Everybody", step)


def test_a_condition_that_is_not_understood_is_refused_with_its_place(client, boss):
    published = SegmentFactory().version
    draft = StrategyVersion.objects.create(strategy=published.strategy, version=2, created_at=published.created_at)
    form = {"version": draft.pk, "position": 0, "name": "Late", "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0"}
    wrong = '{"all": [{"fact": "shoe_size", "op": "is", "value": 3}]}'
    page = client.post(url(SegmentFactory._meta.model, "add"), form | {"condition": wrong})
    assert "all[0].fact" in page.text
    client.post(
        url(SegmentFactory._meta.model, "add"),
        form | {"condition": '{"fact": "dpd", "op": "at_least", "value": 3}'},
    )
    assert draft.segments.get().name == "Late"


def test_a_team_shows_how_many_work_in_it(client, boss):
    team = TeamFactory(code="north")
    UserFactory(team=team)
    UserFactory(team=team, is_active=False)
    client.get(url(Team))
    from collections_app.admin import TeamAdmin

    row = TeamAdmin(Team, admin.site).get_queryset(_request(boss)).get(pk=team.pk)
    assert row.people == 1


def test_lists_of_history_take_the_same_queries_however_long_they_are(client, boss):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries(model):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url(model)).status_code == 200
        return len(seen)

    case = CaseFactory()
    AttemptFactory(case=case, completed=True)
    models = [
        model for model, one in admin.site._registry.items() if isinstance(one, History) and model is not AuditEvent
    ]
    before = {model: queries(model) for model in models}
    for _time in range(3):
        AttemptFactory(case=CaseFactory(creditor=case.creditor), completed=True)
    assert {model: queries(model) for model in models} == before


def test_the_telephone_of_a_user_is_kept_in_one_spelling(client, boss):
    told = person(username="lin", role="compliance", phone="+86 139-1234 5678", extension="8001")
    assert client.post(url(User, "add"), told).status_code == 302
    assert User.objects.values_list("phone", "extension").get(username="lin") == ("+8613912345678", "8001")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"phone": "139 1234 5678"}, "Write the number with its country"),
        ({"phone": "+86 12"}, "Write the number with its country"),
        ({"extension": "80 01"}, "An extension is digits only."),
    ],
)
def test_what_is_no_telephone_of_a_user_is_refused(client, boss, wrong, said):
    page = client.post(url(User, "add"), person(username="lin", role="compliance", **wrong))
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not User.objects.filter(username="lin").exists()
