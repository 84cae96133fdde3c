"""A wording as its reader would see it, with samples or with the values of a case, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings

from cases.models import Case
from collections_app.shared import clock
from contacts import facts, rendering, wordings
from contacts.channels import letters
from contacts.dispatch import wanted, wording
from contacts.models import Template, TemplateVersion
from contacts.wording_rules import Lack

THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """What to show beside the text that is being written."""

    text: rendering.Text | None
    faults: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()
    segments: int = 0
    alphabet: str = ""
    letters: int = 0
    cost: Decimal | None = None
    case: Case | None = None
    places: tuple[str, ...] = ()
    suggestions: tuple[tuple[Lack, str], ...] = field(default=())
    seconds: int = 0  # to say it aloud, of a recorded notice

    @property
    def currency(self) -> str:
        """What the cost is in."""
        return str(settings.SMS_CURRENCY)

    @property
    def is_ready(self) -> bool:
        """Whether somebody else could approve it as it is."""
        return self.text is not None and not self.faults and not self.lacks


def of(version: TemplateVersion, *, at: datetime, case: Case | None = None) -> Preview:
    """Return the preview of a wording, kept or not."""
    template, faults = version.template, []
    try:
        rendering.check_body(version.body, subject=version.subject, channel=template.channel)
    except rendering.RenderingRefused as refused:
        faults.append(str(refused))
    faults += [str(refusal) for refusal in wordings.said_wrongly(version.subject, version.body)]
    try:
        text = rendered(version, at=at, case=case)
    except rendering.RenderingRefused as refused:
        if str(refused) not in faults:
            faults.append(str(refused))
        return Preview(None, tuple(faults), case=case)
    places = wordings.places_for(version)
    lacks = wordings.lacks_of(version, at=at, places=places)
    segments, alphabet = rendering.sms_segments(text.body) if template.channel == "sms" else (0, "")
    return Preview(
        text,
        tuple(faults),
        lacks,
        segments,
        alphabet,
        len(text.body),
        cost_of(segments) if segments else None,
        case,
        tuple(sorted({place.name for place in places})),
        tuple((lack, lack.suggestion(version.language)) for lack in _once(lacks)),
        seconds=rendering.spoken_seconds(text.body) if template.channel == "voice_notice" else 0,
    )


def _once(lacks: Iterable[Lack]) -> list[Lack]:
    found: dict[str, Lack] = {}
    for lack in lacks:
        found.setdefault(lack.clause, lack)
    return list(found.values())


def rendered(version: TemplateVersion, *, at: datetime, case: Case | None = None) -> rendering.Text:
    """Return the text with samples, or with the values of a case. Raises RenderingRefused."""
    channel = version.template.channel
    if case is None:
        values: Any = rendering.samples(version.language)
        return rendering.render(version.body, subject=version.subject, values=values, channel=channel)
    file = facts.of_case(case.pk, at=at)
    return wording.write(version, file, wanted.positions(file), channel=channel)


def cost_of(segments: int) -> Decimal:
    """Return what a thousand messages of so many segments cost, in settings.SMS_CURRENCY."""
    price: Decimal = settings.SMS_SEGMENT_PRICE
    return (price * segments * THOUSAND).quantize(Decimal("0.01"))


def letter(version: TemplateVersion, *, at: datetime, case: Case | None = None) -> letters.Printed:
    """Return a wording as a printed page, to an invented address. Raises RenderingRefused, LetterRefused."""
    text = rendered(version, at=at, case=case)
    samples = rendering.samples(version.language)
    creditor = case.creditor if case else version.template.creditor
    return letters.compose(
        letters.Letter(
            sender=creditor.name if creditor else samples["creditor_name"],
            to=(case.person.name if case else samples["borrower_name"], samples["creditor_address"]),
            on=clock.business_day(at, creditor.time_zone if creditor else "UTC"),
            reference=case.ref if case else samples["reference"],
            subject=text.subject,
            body=text.body,
            language=version.language,
        )
    )


def unsaved(template: Template, asked: dict[str, Any]) -> TemplateVersion:
    """Return a wording as it stands in the form, kept nowhere."""
    return TemplateVersion(
        template=template,
        language=asked.get("language") or "en",
        jurisdiction=asked.get("jurisdiction") or "",
        variant=asked.get("variant") or "A",
        subject=asked.get("subject") or "",
        body=(asked.get("body") or "").replace("\r\n", "\n"),
    )
