"""Signing in says nothing about who exists, is slowed down when guessed at, and leads each role to its own page."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from collections_app.staff import throttle
from compliance.models import AuditEvent
from tests.factories.staff import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()
    yield
    cache.clear()


def sign_in(client, username, password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": username, "password": password, **more})


def errors(response):
    return list(response.context["form"].non_field_errors())


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client):
    UserFactory(username="li.na")
    gone = UserFactory(username="gone", is_active=False)
    wrong_password = errors(sign_in(client, "li.na", "not it, not it"))
    assert wrong_password == ["Name or password is wrong."]
    assert errors(sign_in(client, "nobody", "not it, not it")) == wrong_password
    assert errors(sign_in(client, gone.username)) == wrong_password
    assert "_auth_user_id" not in client.session


def test_after_five_failures_even_the_right_password_waits_and_another_name_does_not(client):
    UserFactory(username="li.na")
    UserFactory(username="wang")
    for _again in range(throttle.PER_NAME):
        sign_in(client, "li.na", "not it, not it")
    assert errors(sign_in(client, "li.na")) == ["Too many attempts. Wait 15 minutes, then try again."]
    assert sign_in(client, "wang").status_code == 302


def test_behind_our_proxy_failures_count_for_the_address_that_the_proxy_saw(client, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    UserFactory(username="li.na")

    def sign_in_from(address, password):
        forwarded = {"X-Forwarded-For": f"6.6.6.6, {address}"}  # what the caller wrote himself comes first
        return client.post(reverse("login"), {"username": "li.na", "password": password}, headers=forwarded)

    for _again in range(throttle.PER_NAME):
        sign_in_from("192.0.2.1", "not it, not it")
    assert errors(sign_in_from("192.0.2.1", PASSWORD)) == ["Too many attempts. Wait 15 minutes, then try again."]
    assert sign_in_from("192.0.2.2", PASSWORD).status_code == 302


def test_a_name_that_nobody_has_is_slowed_down_alike(client):
    for _again in range(throttle.PER_NAME):
        sign_in(client, "nobody", "not it, not it")
    assert errors(sign_in(client, "nobody")) == ["Too many attempts. Wait 15 minutes, then try again."]


def test_signing_in_and_out_and_failing_is_recorded(client):
    user = UserFactory(username="li.na")
    sign_in(client, "li.na", "not it, not it")
    sign_in(client, "li.na")
    client.post(reverse("logout"))
    names = AuditEvent.objects.about(user).order_by("pk").values_list("name", "actor_kind")
    assert list(names) == [
        ("user.sign_in_failed", "system"),
        ("user.signed_in", "user"),
        ("user.signed_out", "user"),
    ]


def test_a_collector_begins_at_his_queue(client):
    UserFactory(username="li.na")
    response = client.post(reverse("login"), {"username": "li.na", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == reverse("cases:queue")


@pytest.mark.parametrize("role", ["supervisor", "admin", "compliance"])
def test_every_role_begins_at_a_page_that_it_may_open(client, role):
    UserFactory(username="who", **{role: True})
    response = client.post(reverse("login"), {"username": "who", "password": PASSWORD}, follow=True)
    assert response.status_code == 200
    assert response.redirect_chain[-1][0] not in ("/", reverse("login"))


def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(client):
    response = client.get(reverse("cases:queue"))
    assert response.url == f"{reverse('login')}?next={reverse('cases:queue')}"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(client):
    there = "http://testserver/cases/C-1/?thread=sms"
    sent = client.post(reverse("cases:take-next"), headers={"referer": there})
    part = client.get(reverse("cases:back"), headers={"HX-Request": "true", "HX-Current-URL": there})
    assert sent.url == part.url == f"{reverse('login')}?next=/cases/C-1/%3Fthread%3Dsms"


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/cases/", "//elsewhere.example/", "javascript:alert(1)"]
)
def test_no_page_of_others_leads_anywhere_after_signing_in(client, elsewhere):
    assert client.post(reverse("cases:take-next"), headers={"referer": elsewhere}).url == f"{reverse('login')}?next=/"


def test_no_page_behind_the_sign_in_is_kept_by_a_browser(client):
    client.force_login(UserFactory())
    assert client.get(reverse("cases:queue")).headers["Cache-Control"] == "private, no-store"


def test_a_page_of_another_role_is_forbidden(client):
    client.force_login(UserFactory(admin=True))
    assert client.get(reverse("cases:queue")).status_code == 403


def test_the_language_is_kept_with_the_user_and_in_the_browser(client):
    user = UserFactory()
    client.force_login(user)
    response = client.post(reverse("set_language"), {"language": "zh-hans", "next": "/me/"})
    user.refresh_from_db()
    assert (response.url, user.language) == ("/me/", "zh-hans")
    assert client.get("/me/").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example/"])
def test_the_language_switch_leads_nowhere_else(client, elsewhere):
    assert client.post(reverse("set_language"), {"language": "en", "next": elsewhere}).url == "/"


def test_an_unknown_language_changes_nothing(client):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("set_language"), {"language": "xx"})
    user.refresh_from_db()
    assert user.language == "en"


def test_pages_show_the_clock_of_whoever_looks(client):
    client.force_login(UserFactory(time_zone="Australia/Sydney"))
    page = client.get(reverse("preferences"))
    assert 'value="Australia/Sydney" selected' in page.content.decode()
    client.post(reverse("preferences"), {"language": "en", "time_zone": "Europe/London"})
    assert 'value="Europe/London" selected' in client.get(reverse("preferences")).content.decode()
