from types import SimpleNamespace

import pytest

from collections_app.shared.actor import SYSTEM, Actor


def user(*, pk=7, signed_in=True):
    return SimpleNamespace(pk=pk, is_authenticated=signed_in, get_username=lambda: "wang.fang")


def test_a_signed_in_user_acts_under_his_name():
    assert Actor.of(user()) == Actor("user", 7, "wang.fang")


def test_nobody_acts_who_is_not_signed_in_or_not_saved():
    for nobody in (user(signed_in=False), user(pk=None), None):
        with pytest.raises(ValueError, match="signed in"):
            Actor.of(nobody)


def test_the_system_acts_under_the_name_of_its_part():
    assert Actor.system("close_of_day") == Actor("system", None, "close_of_day")
    assert str(SYSTEM) == "system"


@pytest.mark.parametrize(
    ("kind", "id", "label"), [("robot", 1, "x"), ("user", None, "x"), ("system", 1, "x"), ("user", 1, "")]
)
def test_an_actor_that_cannot_be_is_refused(kind, id, label):
    with pytest.raises(ValueError):
        Actor(kind, id, label)


def test_a_client_of_the_api_has_its_key():
    assert Actor.client(id=3, label="bank").kind == "client"
