"""One catalogue of facts: the page, the API and the docs say the same."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from cases import clients
from collections_app.shared.actor import SYSTEM
from contacts.strategy.conditions import FACTS, catalogue
from tests.factories import NOW
from tests.factories.cases import CreditorFactory
from tests.factories.staff import UserFactory


def signed_in(**traits) -> Client:
    client = Client()
    client.force_login(UserFactory(**traits))
    return client


@pytest.mark.django_db
def test_the_page_shows_every_fact_with_its_meaning():
    text = signed_in(compliance=True).get("/strategies/facts/").content.decode()
    for entry in catalogue.ENTRIES.values():
        assert f"<code>{entry.name}</code>" in text
        assert str(entry.definition) in text
    assert "nobody has spoken with the borrower" in text


@pytest.mark.django_db
def test_the_page_speaks_chinese():
    client = signed_in(compliance=True)
    text = client.get("/strategies/facts/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "逾期天数" in text
    assert "<code>dpd</code>" in text


def test_the_docs_are_the_catalogue():
    text = (Path(settings.BASE_DIR) / "docs" / "facts.md").read_text(encoding="utf-8")
    assert text == catalogue.as_markdown()
    assert text.count("\n| `") == len(FACTS)


@pytest.mark.django_db
def test_the_api_lists_the_facts_for_a_client_that_may_read_cases():
    given = {"creditors": [CreditorFactory()], "actor": SYSTEM, "at": NOW}
    _row, token = clients.create(name="designer", scopes=["cases:read"], **given)
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    rows = {row["name"]: row for row in Client().get("/api/v1/facts", headers=headers).json()}
    assert list(rows) == list(FACTS)
    assert rows["willingness"] == {
        "name": "willingness",
        "group": "The case",
        "label": "willingness",
        "definition": "How willing the borrower is to pay, as judged.",
        "kind": "choice",
        "unit": "",
        "operators": ["is", "is_not", "in", "not_in", "known"],
        "values": [
            {"value": "low", "label": "low"},
            {"value": "middle", "label": "middle"},
            {"value": "high", "label": "high"},
        ],
        "unknown_where": "nobody has judged it",
    }
    _row, other = clients.create(name="bank", scopes=["payments:write"], **given)
    refused = Client().get("/api/v1/facts", headers={"Authorization": f"Bearer {other}"})
    assert (refused.status_code, Client().get("/api/v1/facts").status_code) == (403, 401)


@pytest.mark.django_db
def test_the_openapi_document_describes_them():
    document = Client().get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    answer = document["paths"]["/api/v1/facts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"type": "array", "items": {"$ref": "#/components/schemas/FactOut"}}
    assert "unknown_where" in document["components"]["schemas"]["FactOut"]["properties"]
