"""The print room and the seals on screen: who works there sees his creditors' letters, and nothing of others."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pypdf import PdfReader

from contacts import dispatch, printing, seals
from contacts.models import PostalLetter, PrintBatch, Seal
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory
from tests.factories.printing import SealFactory, picture
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
ROOM = "/print-room/"


@pytest.fixture
def bank(db: None, settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    set_clock(settings, TEN)
    return CreditorFactory(team=TeamFactory(code="north"), name="North Bank")


@pytest.fixture
def clerk(client: Any, bank: Any) -> Any:
    user = UserFactory(supervisor=True, team=bank.team)
    client.force_login(user)
    return user


@pytest.fixture
def letter(plan: Any, now: Any, bank: Any) -> PostalLetter:
    case = CaseFactory(at=TEN, creditor=bank)
    ContactPointFactory(person=case.person, postal=True)
    planned = plan(case=case, channel="letter")
    dispatch.run(channel="letter", limit=5, budget_s=30, now=now)
    return PostalLetter.objects.get(key=planned.key)


def test_a_letter_goes_from_the_room_to_the_post_and_back(client, clerk, bank, letter):
    assert "North Bank" in client.get(ROOM).content.decode()
    page = client.post(reverse("contacts:collect-letters"), {"creditor": bank.pk}, follow=True).content.decode()
    assert letter.code in page
    batch = PrintBatch.objects.get()
    answer = client.get(reverse("contacts:print-batch-file", args=[batch.pk]))
    assert letter.code in PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert answer["Content-Disposition"] == f'attachment; filename="{batch.ref}.pdf"'
    assert letter.code in client.get(reverse("contacts:print-batch-manifest", args=[batch.pk])).content.decode()
    for state in ("printed", "posted"):
        client.post(reverse("contacts:move-print-batch", args=[batch.pk]), {"to": state})
        batch.refresh_from_db()
        assert batch.status == state
    client.post(reverse("contacts:record-letters"), {"what": "returned", "codes": letter.code})
    letter.refresh_from_db()
    assert letter.ending == "returned"


def test_codes_that_nobody_knows_are_shown_again(client, clerk, letter):
    page = client.post(reverse("contacts:record-letters"), {"what": "returned", "codes": "C-NOBODY-1"}).content.decode()
    assert "C-NOBODY-1" in page
    assert "not clear which letter is meant" in page


def test_a_letter_is_taken_out_with_a_reason(client, clerk, bank, letter):
    batch = printing.collect(creditor_id=bank.pk, by=clerk, at=TEN).batch
    url = reverse("contacts:withdraw-letter", args=[letter.pk])
    client.post(url, {"reason": ""})
    letter.refresh_from_db()
    assert letter.ending == ""
    assert "is taken out" in client.post(url, {"reason": "misprint"}, follow=True).content.decode()
    assert batch.letters.get().ending == "withdrawn"


def test_another_team_finds_neither_the_letters_nor_the_batch(client, bank, clerk, letter):
    batch = printing.collect(creditor_id=bank.pk, by=clerk, at=TEN).batch
    client.force_login(UserFactory(supervisor=True, team=TeamFactory(code="south")))
    assert "North Bank" not in client.get(ROOM).content.decode()
    for name in ("print-batch", "print-batch-file", "print-batch-manifest"):
        assert client.get(reverse(f"contacts:{name}", args=[batch.pk])).status_code == 404
    assert client.post(reverse("contacts:move-print-batch", args=[batch.pk]), {"to": "printed"}).status_code == 404
    assert client.post(reverse("contacts:withdraw-letter", args=[letter.pk]), {"reason": "x"}).status_code == 404
    assert client.post(reverse("contacts:collect-letters"), {"creditor": bank.pk}).status_code == 404
    client.post(reverse("contacts:record-letters"), {"what": "returned", "codes": letter.code})
    letter.refresh_from_db()
    assert letter.ending == ""


def test_a_seal_is_brought_by_one_and_approved_by_another(client, bank):
    first, second = UserFactory(admin=True), UserFactory(compliance=True)
    client.force_login(first)
    file = SimpleUploadedFile("seal.png", picture(), content_type="image/png")
    client.post("/seals/", {"creditor": bank.pk, "name": "公章", "picture": file})
    seal = Seal.objects.get()
    page = client.post(reverse("contacts:decide-seal", args=[seal.pk]), {"what": "approve"}, follow=True)
    assert "somebody else decides" in page.content.decode()
    assert seals.in_use(bank.pk) is None
    client.force_login(second)
    assert "data:image/png;base64," in client.get(reverse("contacts:seal-picture", args=[seal.pk])).content.decode()
    client.post(reverse("contacts:decide-seal", args=[seal.pk]), {"what": "approve"})
    assert seals.in_use(bank.pk) == seal
    assert client.get(reverse("contacts:seal-picture", args=[seal.pk])).status_code == 404


def test_a_file_that_is_no_picture_is_refused_with_the_reason(client, bank):
    client.force_login(UserFactory(admin=True))
    file = SimpleUploadedFile("seal.png", b"<svg/>", content_type="image/png")
    page = client.post("/seals/", {"creditor": bank.pk, "name": "公章", "picture": file}).content.decode()
    assert "This is not a PNG picture." in page
    assert not Seal.objects.exists()


def test_a_supervisor_prints_but_keeps_no_seals(client, clerk, bank):
    SealFactory(creditor=bank)
    assert client.get(ROOM).status_code == 200
    assert client.get("/seals/").status_code == 403
