"""A demonstration says on every page what of it is real."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
WORDS = "every person, number and address is invented"


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_page_says_so_only_where_it_is_one(settings, is_demo):
    settings.DEMO_BOOK = is_demo
    assert (WORDS in Client().get("/sign-in/").content.decode()) is is_demo
