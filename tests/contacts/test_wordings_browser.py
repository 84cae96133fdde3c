"""Writing a wording in a real browser: the preview follows while typing, on a desk and on a phone."""

import pytest
from django.urls import reverse

from contacts import wordings
from tests.browsers import window
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory, PersonFactory, ProductFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def draft(own_database, settings, at):
    """A draft of a text message of a bank one of whose borrowers lives in Washington."""
    set_clock(settings, at)
    bank = CreditorFactory(kind="bank", name="Example Bank")
    person = PersonFactory(jurisdiction="US-WA")
    AccountFactory(product=ProductFactory(creditor=bank), person=person)
    CaseFactory(creditor=bank, person=person, at=at)
    template = TemplateFactory(creditor=bank, versions=False)
    body = "{{ creditor_name }}: {{ amount_due }} is past due. {{ opt_out }}"
    return wordings.write(template_id=template.pk, language="en", body=body, by=UserFactory(admin=True), at=at)


@pytest.mark.parametrize("width", [1366, 390])
def test_the_preview_follows_while_typing_and_fits(chromium, site, draft, width):
    page = window(chromium, site, UserFactory(admin=True, email="me@example.com"), width=width, height=844)
    page.goto(f"{site.url}{reverse('contacts:write-wording', args=[draft.template_id])}?from={draft.pk}")
    assert "US-F-DISCLOSE" in page.inner_text("#preview")
    page.fill("textarea[name=body]", "Pay, or you will be a r r e s t e d.")
    page.wait_for_selector("#preview .note-stop")
    assert "at character 21" in page.inner_text("#preview .note-stop")
    page.fill(
        "textarea[name=body]",
        "{{ creditor_name }}: {{ amount_due }} is past due. This is an attempt to collect a debt. {{ opt_out }}",
    )
    page.wait_for_selector("#preview .note-ok")
    assert "Example Bank: NT$1,234.00 is past due." in page.inner_text("#preview .bubble")
    for name in ("write-wording", "template"):
        page.goto(site.url + reverse(f"contacts:{name}", args=[draft.template_id]))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    for url in (reverse("contacts:wording", args=[draft.pk]), reverse("contacts:templates")):
        page.goto(site.url + url)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), url
    assert page.complaints == []
