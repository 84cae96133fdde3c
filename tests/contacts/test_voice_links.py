"""A number dials by one press, once the call is cleared and not before."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from contacts.channels import calling
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory, set_clock


@pytest.mark.parametrize(
    ("shape", "link"),
    [
        ("", "tel:+8619900000001"),
        ("tel:{number}", "tel:+8619900000001"),
        ("sip:{digits}@pbx.example.com", "sip:8619900000001@pbx.example.com"),
        ("https://phone.example.com/dial?to={number}&ref={reference}",
         "https://phone.example.com/dial?to=%2B8619900000001&ref=C-1%26x"),
    ],
)  # fmt: skip
def test_a_number_becomes_the_link_of_the_settings(settings: Any, shape: str, link: str) -> None:
    settings.CALL_LINK = shape
    assert calling.link("+86 199-0000 0001", "C-1&x") == link


@pytest.mark.parametrize("number", ["", "abc", "+", "1", "12345678901234567", "javascript:alert(1)", "{number}"])
def test_what_is_no_number_has_no_link(settings: Any, number: str) -> None:
    settings.CALL_LINK = ""
    assert calling.link(number) == ""


@pytest.mark.parametrize(
    "shape",
    [
        "javascript:alert({number})",
        "data:{number}",
        "http://x/{number}",
        "{number}",
        "tel:",
        "tel:{phone}",
        "tel:{reference}",
    ],
)
def test_a_link_that_could_do_something_else_stops_the_start(settings: Any, shape: str) -> None:
    settings.CALL_LINK = shape
    with pytest.raises(ImproperlyConfigured):
        calling.shape()


@pytest.mark.django_db
def test_the_link_is_there_once_the_call_is_cleared_and_not_before(client: Any, settings: Any) -> None:
    settings.CALL_LINK = ""
    set_clock(settings, TEN)
    case = CaseFactory(at=TEN)
    client.force_login(UserFactory(team=case.team))
    url = reverse("cases:case", args=[case.ref])
    assert "tel:" not in client.get(url).content.decode()
    client.post(reverse("contacts:call", args=[case.ref]), {"point": case.point.pk})
    assert ContactAttempt.objects.get().status == "cleared"
    assert 'href="tel:+86' in client.get(url).content.decode()
