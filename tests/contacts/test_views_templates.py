"""The pages of templates: list, editor with its preview, the decision of a second person, a test to oneself."""

import smtplib

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from collections_app.shared import clock
from compliance.models import AuditEvent
from contacts import trial_sends, wordings
from contacts.models import Template, TemplateVersion
from contacts.trial_sends import TrialRefused
from tests.factories import NOW
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
)
from tests.factories.contacts import AttemptFactory, TemplateFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db

SMS = "{{ creditor_name }}: {{ amount_due }} is past due. {{ opt_out }}"


@pytest.fixture
def writer():
    return UserFactory(admin=True, email="writer@example.com")


@pytest.fixture
def officer():
    return UserFactory(compliance=True, email="officer@example.com")


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def bank_with_somebody_in(jurisdiction):
    bank = CreditorFactory(kind="bank")
    person = PersonFactory(jurisdiction=jurisdiction)
    AccountFactory(product=ProductFactory(creditor=bank), person=person)
    CaseFactory(creditor=bank, person=person)
    return bank


def written(writer, body=SMS, **more):
    template = TemplateFactory(versions=False, **more)
    subject = "A subject" if template.channel in ("email", "letter") else ""
    return wordings.write(template_id=template.pk, language="en", subject=subject, body=body, by=writer, at=NOW)


def fields(**more):
    return {"language": "en", "jurisdiction": "", "variant": "A", "weight": "1", "body": SMS, "case": "", **more}


def test_the_list_narrows_by_channel_creditor_language_and_state(writer):
    bank = CreditorFactory(code="bank")
    TemplateFactory(name="Chinese letter", channel="letter", versions={"zh-hans": "您好"})
    TemplateFactory(name="English text", creditor=bank, versions={"en": "x"})
    written(writer, name="Only a draft")
    client, url = signed_in(writer), reverse("contacts:templates")

    def names(**asked):
        return {row["template"].name for row in client.get(url, asked).context["templates"]}

    assert names() == {"Chinese letter", "English text", "Only a draft"}
    assert names(channel="letter") == {"Chinese letter"}
    assert names(language="zh-hans") == {"Chinese letter"}
    assert names(language="en", state="approved") == {"English text"}
    assert names(state="draft") == {"Only a draft"}
    assert "English text" not in names(creditor="other")
    assert client.get(url).context["drafts"] == 1


def test_a_new_template_leads_to_its_first_wording_and_that_to_a_draft(writer):
    client = signed_in(writer)
    asked = {"name": "N", "code": "n", "channel": "sms", "purpose": "collection", "content_class": "reminder"}
    client.post(reverse("contacts:new-template"), asked)
    template = Template.objects.get(code="n")
    answer = client.post(reverse("contacts:write-wording", args=[template.pk]), fields())
    version = template.versions.get()
    assert answer["Location"] == reverse("contacts:wording", args=[version.pk])
    assert (version.status, version.body, version.written_by) == ("draft", SMS, writer)


def test_what_may_not_be_said_is_refused_at_saving_with_place_and_reason(writer):
    template = TemplateFactory(versions=False)
    answer = signed_in(writer).post(
        reverse("contacts:write-wording", args=[template.pk]), fields(body="Pay or you will be a r r e s t e d.")
    )
    assert "“a r r e s t e d” at character 20 may not be said." in answer.content.decode()
    assert not template.versions.exists()


def test_the_preview_shows_what_lacks_and_what_it_costs_and_keeps_nothing(writer, settings):
    settings.SMS_SEGMENT_PRICE = settings.SMS_SEGMENT_PRICE * 0 + 1
    template = TemplateFactory(versions=False, creditor=bank_with_somebody_in("US-WA"))
    url = reverse("contacts:preview-wording", args=[template.pk])
    body = "Pay NT now. " * 20 + "{{ creditor_name }}"
    text = signed_in(writer).post(url, fields(body=body)).content.decode()
    assert "US-F-EOPTOUT-NOTICE" in text
    assert "Washington" in text
    assert "252 characters · 2 parts (GSM-7) · per 1,000 messages 2,000.00 CNY" in " ".join(text.split())
    assert not template.versions.exists()


def test_the_preview_takes_values_of_a_case_only_from_one_that_the_writer_may_see(writer):
    case = CaseFactory(person__name="Marked Person")
    template = TemplateFactory(versions=False)
    url = reverse("contacts:preview-wording", args=[template.pk])
    body = "{{ creditor_name }} {{ borrower_name }}"
    seen = signed_in(writer).post(url, fields(body=body, case=case.ref)).content.decode()
    assert "Marked Person" in seen
    unknown = signed_in(writer).post(url, fields(body=body, case="C-000000")).content.decode()
    assert "You see no case with this reference" in unknown
    outsider = UserFactory(supervisor=True)
    version = written(writer, body)
    shown = signed_in(outsider).get(reverse("contacts:wording", args=[version.pk]), {"case": case.ref})
    assert "Marked Person" not in shown.content.decode()


def test_markup_in_a_wording_is_shown_as_text(writer):
    version = written(writer, "{{ creditor_name }} <script>alert(1)</script>")
    page = signed_in(writer).get(reverse("contacts:wording", args=[version.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_second_person_approves_refuses_with_a_reason_and_takes_out_of_use(writer, officer):
    version = written(writer)
    url = reverse("contacts:decide-wording", args=[version.pk])

    def decide(user, **asked):
        answer = signed_in(user).post(url, asked, follow=True)
        version.refresh_from_db()
        return answer.content.decode()

    assert "somebody else approves it" in decide(writer, verb="approve")
    assert version.status == "draft"
    assert "Say why." in decide(officer, verb="refuse")
    decide(officer, verb="approve")
    assert (version.status, version.approved_by) == ("approved", officer)
    decide(writer, verb="retire", reason="old")
    assert (version.status, version.reason) == ("retired", "old")


def test_a_wording_that_lacks_a_clause_is_not_approved_on_screen_either(writer, officer):
    version = written(writer, creditor=bank_with_somebody_in("US-WA"))
    page = signed_in(officer).get(reverse("contacts:wording", args=[version.pk])).content.decode()
    assert "disabled" in page
    answer = signed_in(officer).post(
        reverse("contacts:decide-wording", args=[version.pk]), {"verb": "approve"}, follow=True
    )
    assert "US-F-DISCLOSE" in answer.content.decode()
    version.refresh_from_db()
    assert version.status == "draft"


def test_versions_are_compared_piece_by_piece(writer, officer):
    first = written(writer)
    wordings.approve(version_id=first.pk, by=officer, at=NOW)
    second = wordings.write(
        template_id=first.template_id, language="en", body=SMS.replace("past due", "overdue"), by=writer, at=NOW
    )
    page = signed_in(officer).get(reverse("contacts:wording", args=[second.pk]))
    assert page.context["against"] == first
    assert ("new", "overdue") in page.context["pieces"]
    assert "<ins>overdue</ins>" in page.content.decode()
    assert "".join(text for how, text in page.context["pieces"] if how != "gone") == second.body
    assert "".join(text for how, text in page.context["pieces"] if how != "new") == first.body


def test_a_letter_is_shown_as_pdf(writer):
    version = written(writer, channel="letter")
    answer = signed_in(writer).get(reverse("contacts:wording-letter", args=[version.pk]))
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")


@pytest.mark.parametrize("pk", [0, 999_999_999])
def test_a_wording_that_is_not_there_is_not_found(writer, pk):
    for name in ("wording", "template", "write-wording", "wording-letter"):
        assert signed_in(writer).get(reverse(f"contacts:{name}", args=[pk])).status_code == 404


# -- A test to oneself -----------------------------------------------------------------------------------------------


def test_a_test_goes_to_the_users_own_address_only_and_is_recorded(writer):
    version = written(writer)
    signed_in(writer).post(reverse("contacts:test-wording", args=[version.pk]), {"to": "somebody@example.com"})
    (message,) = mail.outbox
    assert (message.to, message.cc, message.bcc) == (["writer@example.com"], [], [])
    assert "Example Bank: NT$1,234.00 is past due." in message.body
    assert message.subject.startswith("[Test] ")
    event = AuditEvent.objects.get(name="template.tested")
    assert (event.actor_id, event.subject_id) == (writer.pk, version.pk)


def test_no_test_goes_to_an_address_that_is_known_as_a_borrowers(writer):
    AddressFactory(kind="email", value="writer@example.com")
    version = written(writer)
    for address in ("writer@example.com", " Writer@Example.com "):
        writer.email = address
        with pytest.raises(TrialRefused) as refused:
            trial_sends.send(version_id=version.pk, by=writer, at=NOW)
        assert refused.value.code == "somebodys"
    assert mail.outbox == []


def test_who_has_no_address_or_tests_too_often_sends_nothing(writer):
    version = written(writer)
    for _ in range(trial_sends.MOST_AN_HOUR):
        trial_sends.send(version_id=version.pk, by=writer, at=NOW)
    with pytest.raises(TrialRefused) as refused:
        trial_sends.send(version_id=version.pk, by=writer, at=NOW)
    assert (refused.value.code, len(mail.outbox)) == ("too-often", 10)
    writer.email = ""
    with pytest.raises(TrialRefused) as refused:
        trial_sends.send(version_id=version.pk, by=writer, at=NOW)
    assert refused.value.code == "no-address"


def test_without_a_mail_server_the_user_is_told_that_nothing_left(writer, monkeypatch):
    def down(*_args, **_more):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.EmailMessage.send", down)
    version = written(writer)
    answer = signed_in(writer).post(reverse("contacts:test-wording", args=[version.pk]), follow=True)
    assert "nothing left" in answer.content.decode()


def test_a_test_has_samples_and_never_a_real_name(writer):
    CaseFactory(person__name="Marked Person")
    version = written(writer, "{{ creditor_name }} {{ borrower_name }}")
    trial_sends.send(version_id=version.pk, by=writer, at=NOW)
    assert "Wang Fang" in mail.outbox[0].body
    assert TemplateVersion.objects.get(pk=version.pk).status == "draft"


# -- Who may -----------------------------------------------------------------------------------------------------------

LOOK = ("templates", "template", "wording", "wording-letter")
WRITE = ("new-template", "write-wording", "preview-wording")


@pytest.mark.parametrize(
    ("role", "looks", "writes", "decides"),
    [
        ({"admin": True}, True, True, True),
        ({"compliance": True}, True, False, True),
        ({"supervisor": True}, True, False, False),
        ({}, False, False, False),
    ],
)
def test_each_role_does_its_own_part(writer, role, looks, writes, decides):
    version = written(writer, channel="letter")
    client = signed_in(UserFactory(**role))

    def status(name):
        pk = version.template_id if name in ("template", "write-wording", "preview-wording") else version.pk
        url = reverse(f"contacts:{name}", args=[] if name in ("templates", "new-template") else [pk])
        posts = name in ("preview-wording", "decide-wording", "test-wording")
        return (client.post(url, {"verb": "look"}) if posts else client.get(url)).status_code

    assert {status(name) for name in LOOK} == {200 if looks else 403}
    assert {status(name) for name in WRITE} == {200 if writes else 403}
    assert status("decide-wording") == (302 if decides else 403)
    assert status("test-wording") == (302 if looks else 403)


def test_the_results_of_each_variant_stand_beside_it(writer, officer):
    first = written(writer)
    wordings.approve(version_id=first.pk, by=officer, at=NOW)
    rival = wordings.write(
        template_id=first.template_id, language="en", body=SMS + " Thanks.", variant="B", weight=3, by=writer, at=NOW
    )
    wordings.approve(version_id=rival.pk, by=officer, at=NOW)
    case = CaseFactory()
    for version in (first, first, rival):
        AttemptFactory(case=case, to="sent", channel="sms", template_version=version, at=clock.now())
    page = signed_in(officer).get(reverse("contacts:template", args=[first.template_id]))
    shown = {row["version"].pk: (row["share"], row["result"].sent) for row in page.context["versions"]}
    assert shown == {first.pk: (25, 2), rival.pk: (75, 1)}
    assert "25 % of the readers" in page.content.decode()
