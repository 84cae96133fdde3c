"""Persons of whom enough is known to confirm them in a call."""

from datetime import UTC, date, datetime
from typing import Any

from cases.models import ContactPoint, Person
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from contacts import verifying
from contacts.models import ContactAttempt, Verification
from tests.factories.cases import AddressFactory, ContactPointFactory

BIRTH = date(1985, 3, 12)
DOCUMENT = "110101198503120011"
PLACE = "12 High Street, Leeds LS1 4DY"


def known(person: Person) -> Person:
    """Give a person a date of birth, a document and a postal address."""
    person.birth_on, person.document_kind = BIRTH, "other"
    person.document_sealed, person.document_last4 = sealed.seal(DOCUMENT), DOCUMENT[-4:]
    person.document_hash = sealed.digest("document", DOCUMENT)
    person.save()
    if not ContactPoint.objects.filter(person=person, kind="postal").exists():
        place = f"{PLACE}, {person.pk}"
        ContactPointFactory(
            person=person, kind="postal", address=AddressFactory(kind="postal", value=place), position=5
        )
    return person


def confirmed(attempt: ContactAttempt, *, at: datetime | None = None, actor: Actor | None = None) -> Verification:
    """Confirm the person on the line of a call by everything that can be asked of him."""
    when = at or datetime.now(UTC)
    terms = verifying.terms_of(creditor_id=attempt.creditor_id, at=when)
    from contacts import identity

    questions = terms.asked_of(identity.known_of(attempt.contacted, creditor_id=attempt.creditor_id))
    by: Any = actor or Actor("user", attempt.made_by_id, "collector")
    return verifying.confirm(attempt_id=attempt.pk, questions=questions, actor=by, at=when)
