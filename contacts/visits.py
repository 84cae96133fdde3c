"""Visit orders: two named people, a cleared visit, and a page that goes with them.

The gate is asked with what the order promises (how many go, that it is recorded, that they show who they are); the page
exists only for a visit that was cleared. It ends as every visit does, by `calls.log_call`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.models import Case, ContactPoint, Document
from cases.refusal import Refused
from collections_app.shared import clock, refs, sealed
from collections_app.shared.actor import Actor
from compliance import audit, dayplan, gate
from contacts import calls, facts
from contacts.channels import letters, visits
from contacts.channels.visits import Order, Visitor
from contacts.models import ContactAttempt

KIND: Final = "visit_order"


class VisitRefused(Refused):
    SENTENCES = {
        "two": _("A visit is made by two people: name both."),
        "same": _("The two visitors must be two people, each with a badge of their own."),
        "no-badge": _("Give the badge number of each visitor."),
        "too-long": _("Names and badge numbers have at most %(limit)s characters."),
    }


@dataclass(frozen=True, slots=True)
class Ordered:
    """A cleared visit and its order."""

    attempt: ContactAttempt
    document: Document


def order(
    *,
    case_id: int,
    contact_point_id: int,
    visitors: Sequence[Visitor],
    recorded: bool,
    identity_shown: bool,
    language: str,
    actor: Actor,
    at: datetime,
) -> Ordered:
    """Ask for a visit now and make its order. Raises VisitRefused, calls.CallRefused, letters.LetterRefused.

    recorded, identity_shown: that it is recorded throughout, and that badge and identity card are shown. Where the
    order cannot be made, the reservation is given back.
    """
    first, second = _two(visitors)
    attempt = calls.open_call(
        case_id=case_id,
        contact_point_id=contact_point_id,
        channel="visit",
        stated={
            "staff_count": 2,
            "recorded": recorded,
            "id_shown": identity_shown,
            "badge": identity_shown,
            "enters": False,
        },
        actor=actor,
        at=at,
    )
    try:
        with transaction.atomic():
            return Ordered(attempt, _document(attempt, (first, second), language=language, actor=actor, at=at))
    except letters.LetterRefused:
        calls.cancel(attempt_id=attempt.pk, actor=actor, at=at)
        raise


def order_of(attempt: ContactAttempt) -> Document | None:
    """Return the order of a visit, or None."""
    rows = Document.objects.filter(kind=KIND, case__attempts=attempt, title=attempt.ref)
    return rows.order_by("-pk").first()


def _two(visitors: Sequence[Visitor]) -> tuple[Visitor, Visitor]:
    named = [Visitor(" ".join(one.name.split()), one.badge.strip()) for one in visitors if one.name.strip()]
    if len(named) != 2:
        raise VisitRefused("two")
    if not all(one.badge for one in named):
        raise VisitRefused("no-badge")
    if any(len(one.name) > 40 or len(one.badge) > 40 for one in named):
        raise VisitRefused("too-long", limit=40)
    first, second = named
    if first.badge.casefold() == second.badge.casefold() or first.name.casefold() == second.name.casefold():
        raise VisitRefused("same")
    return first, second


def _document(
    attempt: ContactAttempt, visitors: tuple[Visitor, Visitor], *, language: str, actor: Actor, at: datetime
) -> Document:
    case = Case.objects.select_related("creditor", "person").get(attempts=attempt)
    point = ContactPoint.objects.select_related("address").get(attempts=attempt)
    place = case.person.time_zone or case.creditor.time_zone
    zone = clock.zone(place)
    until = attempt.valid_until or at
    printed = visits.compose(
        Order(
            ref=attempt.ref,
            case_ref=case.ref,
            decision_ref=refs.encode("D", attempt.decision_id or 0),
            sender=case.creditor.name,
            sender_phone=case.creditor.phone,
            to=(case.person.name, *sealed.unseal(point.address.value_sealed).splitlines()),
            on=at.astimezone(zone).date(),
            begins=f"{at.astimezone(zone):%H:%M}",
            until=f"{until.astimezone(zone):%H:%M}",
            hours=_hours(attempt, place, at=at),
            zone=place,
            visitors=visitors,
            language=language,
        )
    )
    digest = hashlib.sha256(printed.content).hexdigest()
    document = Document.objects.create(
        case=case,
        person_id=attempt.person_id,
        kind=KIND,
        title=attempt.ref,
        content_type="application/pdf",
        size=len(printed.content),
        sha256=digest,
        path=default_storage.save(f"visits/{at:%Y/%m}/{attempt.key}.pdf", ContentFile(printed.content)),
        added_at=at,
        added_by_id=actor.id if actor.kind == "user" else None,
    )
    audit.record("visit.ordered", subject=attempt, actor=actor, at=at, person_id=attempt.person_id,
                 document=document.pk, sha256=digest, badges=[one.badge for one in visitors])  # fmt: skip
    return document


def _hours(attempt: ContactAttempt, place: str, *, at: datetime) -> list[tuple[str, str]]:
    """Return the permitted hours of the person's day, this very visit not counted against itself."""
    zone = clock.zone(place)
    file = facts.of_case(attempt.case_id or 0, at=at)
    question = file.question(channel="visit", contact_point_id=attempt.contact_point_id, content_class="visit")
    known = file.facts(attempt.contact_point_id, except_attempt=attempt.pk)
    packs = gate.choose_packs(question, known)
    plan = dayplan.of_day(question, known, packs, day=at.astimezone(zone).date(), zone=place)
    return [(f"{span.begins.astimezone(zone):%H:%M}", f"{span.ends.astimezone(zone):%H:%M}") for span in plan.permitted]
