"""The print room: each letter is printed once, in order, and what the post says of it is known to its contact."""

import csv
import hashlib
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader

from cases import instructions
from cases.models import ContactPoint, Instruction
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts import dispatch, printing, seals
from contacts.channels import letters
from contacts.models import ContactAttempt, PlannedContact, PostalLetter, PrintBatch, Seal
from contacts.printing import DELIVERED, POSTED, RETURNED, PrintingRefused
from contacts.seals import SealRefused
from tests.contacts.conftest import LETTER, TEN
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory
from tests.factories.contacts import StepFactory, TemplateFactory
from tests.factories.printing import SealFactory, picture
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture(autouse=True)
def storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def bank(db: None) -> Any:
    return CreditorFactory(kind="bank_cba_member")


@pytest.fixture
def clerk(db: None) -> Any:
    return UserFactory(supervisor=True)


@pytest.fixture
def post(plan: Any, now: Any, bank: Any) -> Any:
    """Return a function that sends one letter by the ordinary way and gives its row."""

    def send(**fields: Any) -> PostalLetter:
        case = CaseFactory(at=TEN, creditor=bank)
        number = PostalLetter.objects.count()
        place = AddressFactory(kind="postal", value=f"上海市徐汇区漕溪北路{number}号")
        ContactPointFactory(person=case.person, kind="postal", address=place, position=9)
        planned = plan(case=case, channel="letter", **fields)
        dispatch.run(channel="letter", limit=5, budget_s=30, now=now)
        planned.refresh_from_db()
        assert planned.status == PlannedContact.Status.DONE, planned.reason_code
        return PostalLetter.objects.get(key=planned.key)

    return send


def collect(bank: Any, clerk: Any) -> PrintBatch:
    return printing.collect(creditor_id=bank.pk, by=clerk, at=TEN).batch


def posted(bank: Any, clerk: Any) -> PrintBatch:
    batch = collect(bank, clerk)
    printing.mark_printed(batch_id=batch.pk, by=clerk, at=TEN)
    return printing.mark_posted(batch_id=batch.pk, by=clerk, at=TEN)


def record(what: str, text: str, bank: Any, clerk: Any) -> printing.Recorded:
    return printing.record(what=what, text=text, creditors=[bank], by=clerk, at=TEN)


# -- batches -----------------------------------------------------------------------------------------------------------


def test_a_letter_that_left_waits_in_the_print_room_with_its_code_and_its_contact(post):
    letter = post()
    assert letter.code == letters.code_of(letter.case.ref, letter.key)
    assert (letter.batch, letter.pages, letter.posted_at) == (None, 1, None)
    assert letter.attempt == ContactAttempt.objects.get(planned__key=letter.key)
    assert letter.attempt.status == "sent"
    assert list(printing.waiting(letter.creditor_id)) == [letter]


def test_a_batch_is_one_file_in_order_with_a_manifest_of_it(post, bank, clerk):
    made = [post() for _ in range(3)]
    batch = collect(bank, clerk)
    pages = [page.extract_text() for page in PdfReader(BytesIO(printing.file_of(batch))).pages]
    assert [next(one.code for one in made if one.code in page) for page in pages] == [one.code for one in made]
    rows = list(csv.DictReader(StringIO(batch.manifest)))
    assert [row["code"] for row in rows] == [one.code for one in made]
    assert [(row["position"], row["first_page"], row["pages"]) for row in rows] == [
        ("1", "1", "1"), ("2", "2", "1"), ("3", "3", "1"),
    ]  # fmt: skip
    assert [row["key"] for row in rows] == [str(one.key) for one in made]
    assert [row["sha256"] for row in rows] == [one.document.sha256 for one in made]
    assert (batch.letters_count, batch.pages) == (3, 3)
    assert batch.manifest_sha256 == hashlib.sha256(batch.manifest.encode()).hexdigest()
    assert batch.sha256 == hashlib.sha256(printing.file_of(batch)).hexdigest()


def test_the_manifest_names_nobody(post, bank, clerk):
    letter = post()
    batch = collect(bank, clerk)
    assert letter.person.name not in batch.manifest
    assert "漕溪北路" not in batch.manifest


def test_a_letter_is_in_one_batch_only(post, bank, clerk):
    post()
    collect(bank, clerk)
    with pytest.raises(PrintingRefused) as refused:
        collect(bank, clerk)
    assert refused.value.code == "nothing"
    later = post()
    assert [each.pk for each in collect(bank, clerk).letters.all()] == [later.pk]


def test_another_creditors_letters_stay_where_they_are(post, clerk):
    letter = post()
    with pytest.raises(PrintingRefused):
        collect(CreditorFactory(), clerk)
    assert list(printing.waiting()) == [letter]


def test_a_file_that_was_changed_is_not_printed(post, bank, clerk, settings):
    good, bad = post(), post()
    path = settings.MEDIA_ROOT / bad.document.path
    path.write_bytes((settings.MEDIA_ROOT / good.document.path).read_bytes())
    found = printing.collect(creditor_id=bank.pk, by=clerk, at=TEN)
    assert [each.letter.pk for each in found.left] == [bad.pk]
    assert found.left[0].reason == "file-damaged"
    assert [each.pk for each in found.batch.letters.all()] == [good.pk]


def test_a_batch_whose_file_was_changed_is_not_given_out(post, bank, clerk, settings):
    post()
    batch = collect(bank, clerk)
    (settings.MEDIA_ROOT / batch.path).write_bytes(b"%PDF-1.4 something else")
    with pytest.raises(PrintingRefused) as refused:
        printing.file_of(batch)
    assert refused.value.code == "damaged"


def test_only_the_declared_way_leads_to_the_post(post, bank, clerk):
    post()
    batch = collect(bank, clerk)
    with pytest.raises(PrintingRefused) as refused:
        printing.mark_posted(batch_id=batch.pk, by=clerk, at=TEN)
    assert refused.value.code == "not-printed"
    printing.mark_printed(batch_id=batch.pk, by=clerk, at=TEN)
    with pytest.raises(PrintingRefused):
        printing.mark_printed(batch_id=batch.pk, by=clerk, at=TEN)
    assert printing.mark_posted(batch_id=batch.pk, by=clerk, at=TEN).status == "posted"
    assert batch.letters.get().posted_at == TEN


def test_the_database_refuses_a_batch_that_jumps(post, bank, clerk):
    post()
    batch = collect(bank, clerk)
    with pytest.raises(IntegrityError, match="may not move from open to posted"), transaction.atomic():
        PrintBatch.objects.filter(pk=batch.pk).update(status="posted", printed_at=TEN, posted_at=TEN)


# -- what may no longer leave ------------------------------------------------------------------------------------------


def stop(letter: PostalLetter) -> None:
    instructions.give(
        person_id=letter.person_id, kind=Instruction.Kind.OPT_OUT, form=Instruction.Form.WRITTEN, actor=SYSTEM, at=TEN
    )


def test_a_stop_after_the_hand_over_keeps_a_letter_out_of_the_batch(post, bank, clerk):
    stays, goes = post(), post()
    stop(stays)
    found = printing.collect(creditor_id=bank.pk, by=clerk, at=TEN)
    assert [each.letter.pk for each in found.left] == [stays.pk]
    assert [each.pk for each in found.batch.letters.all()] == [goes.pk]


def test_a_stop_after_printing_keeps_the_pile_until_the_letter_is_out_of_it(post, bank, clerk):
    stays, goes = post(), post()
    batch = collect(bank, clerk)
    printing.mark_printed(batch_id=batch.pk, by=clerk, at=TEN)
    stop(stays)
    with pytest.raises(PrintingRefused) as refused:
        printing.mark_posted(batch_id=batch.pk, by=clerk, at=TEN)
    assert refused.value.code == "take-out"
    assert stays.code in str(refused.value)
    printing.withdraw(letter_id=stays.pk, reason="STOP", by=clerk, at=TEN)
    printing.mark_posted(batch_id=batch.pk, by=clerk, at=TEN)
    stays.refresh_from_db()
    goes.refresh_from_db()
    assert (stays.ending, stays.posted_at) == ("withdrawn", None)
    assert goes.posted_at == TEN
    attempt = ContactAttempt.objects.get(pk=stays.attempt_id)
    assert (attempt.status, attempt.reason_code) == ("failed", "letter-withdrawn")


def test_a_cured_case_keeps_its_letter(post, bank, clerk):
    letter = post()
    letter.case.cure(at=TEN)
    letter.case.save()
    with pytest.raises(PrintingRefused) as refused:
        collect(bank, clerk)
    assert refused.value.code == "nothing-left"


def test_what_is_posted_is_not_taken_out_any_more(post, bank, clerk):
    letter = post()
    posted(bank, clerk)
    with pytest.raises(PrintingRefused) as refused:
        printing.withdraw(letter_id=letter.pk, reason="too late", by=clerk, at=TEN)
    assert refused.value.code == "posted"


# -- what the post says ------------------------------------------------------------------------------------------------


def test_a_letter_that_came_back_marks_the_address_and_its_contact(post, bank, clerk):
    letter = post()
    posted(bank, clerk)
    done = record(RETURNED, letter.code, bank, clerk)
    assert [each.pk for each in done.done] == [letter.pk]
    attempt = ContactAttempt.objects.get(pk=letter.attempt_id)
    assert (attempt.status, attempt.outcome, attempt.reason_code) == (
        "failed", "returned_undeliverable", "letter-returned",
    )  # fmt: skip
    assert attempt.contact_point.state == ContactPoint.State.BAD
    letter.refresh_from_db()
    assert (letter.ending, letter.ended_at) == ("returned", TEN)


def test_a_letter_that_arrived_is_delivered(post, bank, clerk):
    letter, other = post(), post()
    posted(bank, clerk)
    record(DELIVERED, letter.code, bank, clerk)
    assert ContactAttempt.objects.get(pk=letter.attempt_id).status == "delivered"
    untouched = ContactAttempt.objects.get(pk=other.attempt_id)
    assert (untouched.status, untouched.contact_point.state) == ("sent", "unverified")


@pytest.mark.parametrize("how", ["code", "key", "case", "lower", "url"])
def test_a_letter_is_found_by_what_stands_on_it(post, bank, clerk, how):
    letter = post()
    posted(bank, clerk)
    text = {
        "code": letter.code,
        "key": str(letter.key),
        "case": letter.case.ref,
        "lower": letter.code.lower(),
        "url": f"  {letter.code},\n",
    }[how]
    assert [each.pk for each in record(RETURNED, text, bank, clerk).done] == [letter.pk]


def test_a_pasted_list_does_each_once_and_says_what_it_does_not_know(post, bank, clerk):
    first, second = post(), post()
    posted(bank, clerk)
    text = f"{first.code}\n{first.code}\nC-0000-NOBODY {second.code};nonsense!"
    found = record(RETURNED, text, bank, clerk)
    assert {each.pk for each in found.done} == {first.pk, second.pk}
    assert found.unknown == ["C-0000-NOBODY", "nonsense"]
    again = record(RETURNED, first.code, bank, clerk)
    assert (again.done, [code for code, _why in again.refused]) == ([], [first.code])


def test_what_was_never_posted_does_not_come_back(post, bank, clerk):
    letter = post()
    collect(bank, clerk)
    found = record(RETURNED, letter.code, bank, clerk)
    assert (found.done, len(found.refused)) == ([], 1)
    assert ContactAttempt.objects.get(pk=letter.attempt_id).status == "sent"


def test_single_letters_may_be_posted_before_the_rest(post, bank, clerk):
    letter = post()
    batch = collect(bank, clerk)
    assert record(POSTED, letter.code, bank, clerk).done == []
    printing.mark_printed(batch_id=batch.pk, by=clerk, at=TEN)
    assert [each.pk for each in record(POSTED, letter.code, bank, clerk).done] == [letter.pk]


def test_a_code_of_another_creditor_is_unknown(post, bank, clerk):
    letter = post()
    posted(bank, clerk)
    found = printing.record(what=RETURNED, text=letter.code, creditors=[CreditorFactory()], by=clerk, at=TEN)
    assert (found.done, found.unknown) == ([], [letter.code])


# -- the seal ----------------------------------------------------------------------------------------------------------


def images(letter: PostalLetter) -> int:
    page = PdfReader(BytesIO(printing._kept(letter))).pages[0]
    return len(page.images)


def test_a_letter_whose_wording_names_the_seal_bears_it_and_that_is_recorded(post, bank):
    letter = post()
    assert letter.seal == seals.in_use(bank.pk)
    assert images(letter) == 1
    event = AuditEvent.objects.get(name="seal.used")
    assert event.details["document"] == letter.document_id
    assert event.details["sha256"] == letter.document.sha256


@pytest.fixture
def unsealed(bank) -> Any:
    """Return a step whose letter has everything but the place of the seal; the creditor has one."""
    SealFactory(creditor=bank)
    words = {"zh-hans": LETTER["zh-hans"].replace("{{ seal }}", "示例银行")}
    return StepFactory(template=TemplateFactory(channel="letter", versions=words))


def test_a_wording_without_the_place_of_a_seal_gets_none(post, unsealed):
    letter = post(step=unsealed, purpose="customer_service")
    assert (letter.seal, images(letter)) == (None, 0)
    assert not AuditEvent.objects.filter(name="seal.used").exists()


def test_a_demand_without_a_seal_is_refused_by_the_law(plan, now, bank, unsealed):
    case = CaseFactory(at=TEN, creditor=bank)
    ContactPointFactory(person=case.person, postal=True)
    planned = plan(case=case, channel="letter", step=unsealed)
    dispatch.run(channel="letter", limit=5, budget_s=30, now=now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "CN-LETTER")


def test_without_a_seal_in_use_such_a_letter_waits_and_leaves_when_there_is_one(plan, now, bank, clerk):
    case = CaseFactory(at=TEN, creditor=bank)
    place = AddressFactory(kind="postal", value="上海市徐汇区漕溪北路88号")
    ContactPointFactory(person=case.person, kind="postal", address=place)
    planned = plan(case=case, channel="letter")
    seals.retire(seal_id=seals.in_use(bank.pk).pk, by=clerk, at=TEN)
    dispatch.run(channel="letter", limit=5, budget_s=30, now=now)
    planned.refresh_from_db()
    assert (planned.status, planned.reason_code) == ("withheld", "no-seal")
    assert not ContactAttempt.objects.exists()
    assert not PostalLetter.objects.exists()
    SealFactory(creditor=bank)
    dispatch.run(channel="letter", limit=5, budget_s=30, now=now.move_to_next_try(planned))
    planned.refresh_from_db()
    assert planned.status == "done"


def test_a_seal_needs_a_second_person(bank):
    first, second = UserFactory(admin=True), UserFactory(compliance=True)
    seal = seals.propose(creditor_id=bank.pk, name="公章", picture=picture(), by=first, at=TEN)
    with pytest.raises(SealRefused) as refused:
        seals.approve(seal_id=seal.pk, by=first, at=TEN)
    assert refused.value.code == "own"
    assert seals.in_use(bank.pk) is None
    seals.approve(seal_id=seal.pk, by=second, at=TEN)
    assert seals.in_use(bank.pk) == seal


def test_the_database_wants_the_second_person_too(bank):
    first = UserFactory(admin=True)
    seal = seals.propose(creditor_id=bank.pk, name="公章", picture=picture(), by=first, at=TEN)
    with pytest.raises(IntegrityError, match="seal_is_approved_by_somebody_else"), transaction.atomic():
        Seal.objects.filter(pk=seal.pk).update(status="approved", decided_by=first, decided_at=TEN)


def test_a_new_seal_takes_the_place_of_the_one_before(bank):
    old = SealFactory(creditor=bank)
    new = SealFactory(creditor=bank, proposed=True)
    seals.approve(seal_id=new.pk, by=UserFactory(admin=True), at=TEN)
    old.refresh_from_db()
    assert (old.status, seals.in_use(bank.pk)) == ("retired", new)


def test_the_picture_lies_sealed(bank):
    seal = seals.propose(creditor_id=bank.pk, name="公章", picture=picture(), by=UserFactory(admin=True), at=TEN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT picture_sealed FROM contacts_seal WHERE id = %s", [seal.pk])
        stored = bytes(cursor.fetchone()[0])
    assert b"PNG" not in stored
    assert b"iVBOR" not in stored
    assert seals.picture_of(seal).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"", "not-a-picture"),
        (b"GIF89a", "not-a-picture"),
        (picture()[:200], "not-a-picture"),
        (picture(kind="JPEG"), "not-a-picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-a-picture"),
        (picture(50), "size"),
        (picture(2100), "size"),
        (b"\x89PNG" + b"0" * seals.MOST_BYTES, "too-big"),
    ],
)
def test_what_is_no_seal_is_not_kept(bank, given, code):
    with pytest.raises(SealRefused) as refused:
        seals.propose(creditor_id=bank.pk, name="公章", picture=given, by=UserFactory(admin=True), at=TEN)
    assert refused.value.code == code
    assert not Seal.objects.exists()


def test_what_is_hidden_in_the_file_is_not_kept(bank):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    hidden, into = PngInfo(), BytesIO()
    hidden.add_text("Comment", "hidden words")
    Image.open(BytesIO(picture())).save(into, format="PNG", pnginfo=hidden)
    assert b"hidden words" in into.getvalue()
    seal = seals.propose(
        creditor_id=bank.pk, name="公章", picture=into.getvalue() + b"tail", by=UserFactory(admin=True), at=TEN
    )
    kept = seals.picture_of(seal)
    assert b"hidden words" not in kept
    assert not kept.endswith(b"tail")
