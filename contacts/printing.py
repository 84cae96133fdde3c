"""The print room: letters are collected into batches, printed, posted, and what the post says of each is recorded.

A letter that was handed to the print room is a contact that has been decided and counts. Between that and the post
office lie hours, so it is looked at again before it is printed and before it is posted: what may no longer leave is
taken out.
"""

import csv
import hashlib
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import Any, Final
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from cases import addresses, locks
from cases.models import ContactPoint
from cases.refusal import Refused
from collections_app.shared import refs
from collections_app.shared.actor import Actor
from compliance import audit, gate
from contacts import facts
from contacts.models import ContactAttempt, PostalLetter, PrintBatch

log = logging.getLogger(__name__)
Ending = PostalLetter.Ending
MOST_LETTERS: Final = 200  # in one batch: a pile that one person carries
SOON: Final = timedelta(hours=24)  # what is only a matter of the hour does not keep a letter from the post
MANIFEST: Final = ("position", "code", "case", "key", "first_page", "pages", "sha256")
POSTED, DELIVERED, RETURNED = "posted", "delivered", "returned"
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,60}")


class PrintingRefused(Refused):
    SENTENCES = {
        "nothing": _("There is no letter to print for this creditor."),
        "nothing-left": _("No letter may be printed now; %(count)s wait."),
        "not-open": _("This batch has been printed already."),
        "not-printed": _("Only a batch that was printed can be posted."),
        "take-out": _("Take these letters out first, they may not leave any more: %(codes)s."),
        "posted": _("This letter has been posted already."),
        "ended": _("It is already known what became of this letter."),
        "no-reason": _("Say why."),
        "damaged": _("The file of batch %(ref)s is not the one that was made."),
    }


@dataclass(frozen=True, slots=True)
class Left:
    """A letter that a batch leaves out, and why: a reason of `contacts.reasons`, or the id of a rule."""

    letter: PostalLetter
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """A new batch and what it left out."""

    batch: PrintBatch
    left: tuple[Left, ...] = ()


@dataclass(slots=True)
class Recorded:
    """What became of a pasted list: letters recorded, codes that nobody knows, and refusals as (code, sentence)."""

    done: list[PostalLetter] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def waiting(creditor_id: int | None = None) -> Any:
    """Return the letters that lie unprinted, oldest first."""
    rows = PostalLetter.objects.filter(batch__isnull=True, ending="")
    return (rows if creditor_id is None else rows.filter(creditor_id=creditor_id)).order_by("pk")


@transaction.atomic
def collect(*, creditor_id: int, by: Any, at: datetime) -> Collected:
    """Put the unprinted letters of a creditor into one batch, in the order in which they were made.

    At most MOST_LETTERS; a letter that may no longer leave, or whose file is not what was kept, stays out. Raises
    PrintingRefused.
    """
    free = waiting(creditor_id).select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = list(free.select_related("document", "attempt", "case")[:MOST_LETTERS])
    if not found:
        raise PrintingRefused("nothing")
    writer, rows, left = PdfWriter(), [], []
    for letter in found:
        reason, content = in_the_way(letter, at=at), b""
        if not reason:
            content = _kept(letter)
            reason = "" if content else "file-damaged"
        if reason:
            left.append(Left(letter, reason))
            continue
        pages = PdfReader(BytesIO(content)).pages
        rows.append((letter, len(writer.pages) + 1, len(pages)))
        for page in pages:
            writer.add_page(page)
    if not rows:
        raise PrintingRefused("nothing-left", count=len(left))
    into = BytesIO()
    writer.compress_identical_objects()
    writer.write(into)
    merged, manifest = into.getvalue(), _manifest(rows)
    digest = hashlib.sha256(merged).hexdigest()
    batch = PrintBatch.objects.create(
        creditor_id=creditor_id,
        letters_count=len(rows),
        pages=sum(pages for _letter, _first, pages in rows),
        path=default_storage.save(f"letters/batches/{at:%Y/%m}/{digest}.pdf", ContentFile(merged)),
        sha256=digest,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest.encode()).hexdigest(),
        collected_at=at,
        collected_by=by,
    )
    for position, (letter, _first, pages_of_it) in enumerate(rows, start=1):
        letter.batch, letter.position, letter.pages = batch, position, pages_of_it
        letter.save(update_fields=["batch", "position", "pages"])
    audit.record("letters.collected", subject=batch, actor=Actor.of(by), at=at, letters=len(rows), left=len(left),
                 sha256=digest)  # fmt: skip
    return Collected(batch, tuple(left))


def in_the_way(letter: PostalLetter, *, at: datetime) -> str:
    """Return why a letter may not go on its way any more, or nothing. Only the hour of the day is no reason."""
    attempt = letter.attempt
    if attempt is None or attempt.contact_point_id is None:
        return "fate-unknown"
    file = facts.of_case(letter.case_id, at=at, contacted_id=attempt.contacted_id, party=attempt.party)
    if file.is_resolved and attempt.purpose == "collection":
        return "case-resolved"
    if file.is_stopped(attempt.channel):
        return "stopped"
    question = file.question(
        channel=attempt.channel,
        contact_point_id=attempt.contact_point_id,
        purpose=attempt.purpose,
        content_class=attempt.content_class,
        automated=attempt.automated,
    )
    outcome = gate.preview(question, file.facts(attempt.contact_point_id, except_attempt=attempt.pk))
    if outcome.permitted or (outcome.next_permitted is not None and outcome.next_permitted - at <= SOON):
        return ""
    return outcome.failing[0] if outcome.failing else "gate-unavailable"


def to_take_out(batch: PrintBatch, *, at: datetime) -> list[Left]:
    """Return the letters of a batch that may not leave any more and were not taken out yet."""
    if batch.status == PrintBatch.Status.POSTED:
        return []
    rows = batch.letters.filter(ending="").select_related("attempt", "case").order_by("position")
    return [Left(letter, reason) for letter in rows if (reason := in_the_way(letter, at=at))]


def file_of(batch: PrintBatch) -> bytes:
    """Return the merged file. Raises PrintingRefused where it is not the one that was made."""
    try:
        with default_storage.open(batch.path) as file:
            content = bytes(file.read())
    except OSError as error:
        raise PrintingRefused("damaged", ref=batch.ref) from error
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        raise PrintingRefused("damaged", ref=batch.ref)
    return content


@transaction.atomic
def mark_printed(*, batch_id: int, by: Any, at: datetime) -> PrintBatch:
    """Record that the file is on paper. Raises PrintingRefused."""
    batch = PrintBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch_id)
    if batch.status != PrintBatch.Status.OPEN:
        raise PrintingRefused("not-open")
    batch.mark_printed(at=at, by=by)
    batch.save(update_fields=["status", "printed_at", "printed_by"])
    audit.record("letters.printed", subject=batch, actor=Actor.of(by), at=at, letters=batch.letters_count)
    return batch


@transaction.atomic
def mark_posted(*, batch_id: int, by: Any, at: datetime) -> PrintBatch:
    """Record that the letters were given to the post, those taken out excepted. Raises PrintingRefused.

    It is refused while one lies in the pile that may not leave any more: the list says which.
    """
    batch = PrintBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch_id)
    if batch.status != PrintBatch.Status.PRINTED:
        raise PrintingRefused("not-printed")
    standing = to_take_out(batch, at=at)
    if standing:
        raise PrintingRefused(
            "take-out", codes=", ".join(each.letter.code or str(each.letter.key) for each in standing)
        )
    posted = batch.letters.filter(ending="", posted_at__isnull=True).update(posted_at=at)
    batch.mark_posted(at=at, by=by)
    batch.save(update_fields=["status", "posted_at", "posted_by"])
    audit.record("letters.posted", subject=batch, actor=Actor.of(by), at=at, letters=posted)
    return batch


@transaction.atomic
def withdraw(*, letter_id: int, reason: str, by: Any, at: datetime) -> PostalLetter:
    """Take a letter out before it is posted: it never left, and its contact has failed. Raises PrintingRefused."""
    letter = _locked(letter_id)
    if letter.posted_at is not None:
        raise PrintingRefused("posted")
    if letter.ending:
        raise PrintingRefused("ended")
    if not reason.strip():
        raise PrintingRefused("no-reason")
    _end(letter, Ending.WITHDRAWN, reason=reason.strip()[:200], at=at)
    attempt = _attempt(letter)
    if attempt is not None and attempt.status == ContactAttempt.Status.SENT:
        attempt.fail(reason_code="letter-withdrawn", permanent=True)
        attempt.outcome = ""
        attempt.save(update_fields=["status", "reason_code", "is_permanent_failure", "outcome"])
    audit.record("letter.withdrawn", subject=letter, actor=Actor.of(by), at=at, person_id=letter.person_id,
                 reason=reason.strip()[:200])  # fmt: skip
    return letter


def record(*, what: str, text: str, creditors: Any, reason: str = "", by: Any, at: datetime) -> Recorded:
    """Record for each code of a scanned or pasted list that its letter was posted, delivered or returned.

    creditors: those within reach. A code may be the bar code, the key, or the reference of the case where only one of
    its letters fits. Each letter is a transaction of its own; doubled codes do no harm.
    """
    verbs = {POSTED: _posted, DELIVERED: _delivered, RETURNED: _returned}
    recorded = Recorded()
    for code in dict.fromkeys(_CODE.findall(text)):
        letter = find(code, what=what, creditors=creditors)
        if letter is None:
            recorded.unknown.append(code)
            continue
        try:
            with transaction.atomic():
                recorded.done.append(verbs[what](_locked(letter.pk), reason=reason[:200], by=by, at=at))
        except Refused as refused:
            recorded.refused.append((code, str(refused)))
    return recorded


def find(code: str, *, what: str, creditors: Any) -> PostalLetter | None:
    """Return the letter that a code means, or None where it means none, or more than one."""
    rows = PostalLetter.objects.filter(creditor__in=creditors)
    try:
        found = list(rows.filter(key=UUID(code))[:2])
    except ValueError:
        found = list(rows.filter(code=code.upper()).order_by("pk")[:2])
    if not found:
        try:
            rows = rows.filter(case_id=refs.decode("C", code.upper()), ending="", batch__isnull=False)
        except refs.BadReference:
            return None
        found = list(rows.filter(posted_at__isnull=what == POSTED).order_by("pk")[:2])
    return found[0] if len(found) == 1 else None


def _posted(letter: PostalLetter, *, reason: str, by: Any, at: datetime) -> PostalLetter:
    if letter.ending:
        raise PrintingRefused("ended")
    if letter.posted_at is not None:
        raise PrintingRefused("posted")
    if letter.batch is None or letter.batch.status == PrintBatch.Status.OPEN:
        raise PrintingRefused("not-printed")
    if in_the_way(letter, at=at):
        raise PrintingRefused("take-out", codes=letter.code)
    letter.posted_at = at
    letter.save(update_fields=["posted_at"])
    audit.record("letters.posted", subject=letter.batch, actor=Actor.of(by), at=at, letters=1, code=letter.code)
    return letter


def _delivered(letter: PostalLetter, *, reason: str, by: Any, at: datetime) -> PostalLetter:
    _check_on_its_way(letter)
    _end(letter, Ending.DELIVERED, reason=reason, at=at)
    attempt = _attempt(letter)
    if attempt is not None and attempt.status == ContactAttempt.Status.SENT:
        attempt.deliver()
        attempt.save(update_fields=["status", "outcome", "reason_code"])
        audit.record("attempt.delivered", subject=attempt, actor=Actor.of(by), at=at, person_id=attempt.person_id)
    return letter


def _returned(letter: PostalLetter, *, reason: str, by: Any, at: datetime) -> PostalLetter:
    _check_on_its_way(letter)
    _end(letter, Ending.RETURNED, reason=reason, at=at)
    attempt, actor = _attempt(letter), Actor.of(by)
    if attempt is not None and attempt.status == ContactAttempt.Status.SENT:
        attempt.fail(reason_code="letter-returned", permanent=True)
        attempt.outcome = ContactAttempt.Outcome.RETURNED
        attempt.save(update_fields=["status", "reason_code", "is_permanent_failure", "outcome"])
        audit.record("attempt.failed", subject=attempt, actor=actor, at=at, person_id=attempt.person_id,
                     reason="letter-returned")  # fmt: skip
    if attempt is not None and attempt.contact_point_id is not None:
        addresses.mark(contact_point_id=attempt.contact_point_id, state=ContactPoint.State.BAD, actor=actor, at=at)
    audit.record("letter.returned", subject=letter, actor=actor, at=at, person_id=letter.person_id)
    return letter


def _check_on_its_way(letter: PostalLetter) -> None:
    if letter.ending:
        raise PrintingRefused("ended")
    if letter.posted_at is None:
        raise PrintingRefused("not-printed")


def _end(letter: PostalLetter, ending: str, *, reason: str, at: datetime) -> None:
    letter.ending, letter.ended_at, letter.reason = ending, at, reason
    letter.save(update_fields=["ending", "ended_at", "reason"])


def _locked(letter_id: int) -> PostalLetter:
    """Return the letter under the locks that a contact of its person takes: persons, the address, the letter."""
    known = PostalLetter.objects.select_related("attempt").get(pk=letter_id)
    people, places = [known.person_id], []
    if known.attempt is not None:
        people.append(known.attempt.contacted_id)
        places = [known.attempt.address_id] if known.attempt.address_id else []
    locks.lock(person_ids=people, address_ids=places)
    return PostalLetter.objects.select_for_update(of=("self",), no_key=True).get(pk=letter_id)


def _attempt(letter: PostalLetter) -> ContactAttempt | None:
    rows = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=letter.attempt_id).first() if letter.attempt_id is not None else None


def _kept(letter: PostalLetter) -> bytes:
    """Return the file of a letter, or nothing where it is not what was kept."""
    try:
        with default_storage.open(letter.document.path) as file:
            content = bytes(file.read())
        PdfReader(BytesIO(content))
    except (OSError, PyPdfError):
        log.warning("letter cannot be read", extra={"letter": letter.pk})
        return b""
    return content if hashlib.sha256(content).hexdigest() == letter.document.sha256 else b""


def _manifest(rows: Iterable[tuple[PostalLetter, int, int]]) -> str:
    """Return the list that lies with the pile: no name and no address, only what finds a letter again."""
    into = StringIO()
    writer = csv.writer(into, lineterminator="\r\n")
    writer.writerow(MANIFEST)
    for position, (letter, first, pages) in enumerate(rows, start=1):
        writer.writerow([position, letter.code, letter.case.ref, letter.key, first, pages, letter.document.sha256])
    return into.getvalue()
