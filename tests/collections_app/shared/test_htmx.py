import json

from django.http import HttpResponse
from django.test import RequestFactory

from collections_app.shared.htmx import hx_redirect, hx_trigger, is_htmx, vary_on_htmx


def ask(**headers):
    return RequestFactory().get("/", headers=headers)


def test_only_a_request_of_htmx_for_a_part_gets_a_fragment():
    assert is_htmx(ask(**{"HX-Request": "true"}))
    assert not is_htmx(ask())
    assert not is_htmx(ask(**{"HX-Request": "true", "HX-History-Restore-Request": "true"}))
    assert not is_htmx(ask(**{"HX-Request": "true", "HX-Boosted": "true"}))


def test_a_redirect_is_a_header_for_htmx_and_a_plain_302_without_scripts():
    with_htmx = hx_redirect(ask(**{"HX-Request": "true"}), "/cases/")
    assert (with_htmx.status_code, with_htmx["HX-Redirect"]) == (200, "/cases/")
    without = hx_redirect(ask(), "/cases/")
    assert (without.status_code, without["Location"]) == (302, "/cases/")


def test_events_add_up_in_one_header_that_stays_ascii():
    response = hx_trigger(hx_trigger(HttpResponse(), "saved"), "said", {"text": "已保存"})
    assert response["HX-Trigger"].isascii()
    assert json.loads(response["HX-Trigger"]) == {"saved": None, "said": {"text": "已保存"}}


def test_a_page_with_fragments_tells_caches_so():
    assert "HX-Request" in vary_on_htmx(HttpResponse())["Vary"]
