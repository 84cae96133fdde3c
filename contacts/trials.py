"""A contact that nobody makes: the question and facts of a trial, of a case of the book or of an invented person."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.date_boxes import MOMENT, MomentField
from cases.models import Case, ContactPoint
from collections_app.shared import clock
from compliance import vocabulary, words
from compliance.facts import ContactEvent, Facts, FirmPolicy, LocationClaim, Override, Question, Record
from compliance.releases import in_force
from contacts import facts as known
from contacts.channels import catalogue

CHANNELS: Final = ("phone", "sms", "email", "letter", "chat", "voice_notice", "visit")
PURPOSES: Final = (
    "collection", "locate", "service_reminder", "customer_service", "reply", "dispute_followup", "statutory_notice",
    "opt_out_confirmation",
)  # fmt: skip
POINT_OF: Final = {
    "phone": "mobile", "voice_notice": "mobile", "sms": "mobile", "email": "email", "letter": "postal",
    "visit": "home", "chat": "chat_account",
}  # fmt: skip
ZONES: Final = {
    "CN": "Asia/Shanghai", "TW": "Asia/Taipei", "HK": "Asia/Hong_Kong", "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur", "PH": "Asia/Manila", "ID": "Asia/Jakarta", "JP": "Asia/Tokyo", "KR": "Asia/Seoul",
    "VN": "Asia/Ho_Chi_Minh", "IN": "Asia/Kolkata", "GB": "Europe/London", "AU": "Australia/Sydney",
    "GR": "Europe/Athens", "US": "America/New_York", "US-CA": "America/Los_Angeles", "US-WA": "America/Los_Angeles",
    "CA": "America/Toronto", "CA-AB": "America/Edmonton", "CA-BC": "America/Vancouver",
}  # fmt: skip
LINES: Final = 60
_WHEN: Final = re.compile(r"\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)\s*(.*)")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked of the rules, and on whose clock it is read."""

    question: Question
    facts: Facts
    zone: str


def local_text(at: datetime, zone: str) -> str:
    """Return an instant as a field of a page takes it, on this clock."""
    return f"{at.astimezone(clock.zone(zone)):{MOMENT}}"


def places(at: datetime) -> list[tuple[str, str]]:
    """Return the places that the packs of this instant know, with their names."""
    edition = in_force.at(at)
    found = {place for pack in edition.packs for place in pack.jurisdictions}
    return sorted(((place, words.place(place)) for place in found), key=lambda one: one[1])


class TrialForm(forms.Form):
    """The contact, and for an invented person everything that is known of him."""

    at = MomentField(label=gettext_lazy("When, on their clock"))
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    point = forms.ChoiceField(label=gettext_lazy("Number or address"), required=False)
    party = forms.ChoiceField(label=gettext_lazy("Whom"))
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"))
    actor = forms.ChoiceField(label=gettext_lazy("Who contacts"))
    automated = forms.BooleanField(label=gettext_lazy("automatic: nobody decides at the moment"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Supervisor's reason to pass a soft rule"), max_length=200, required=False
    )
    place = forms.ChoiceField(label=gettext_lazy("Place, as the law sees it"))
    zone = forms.CharField(label=gettext_lazy("Time zone"), max_length=64)
    product = forms.ChoiceField(label=gettext_lazy("Product"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind of creditor"))
    dpd = forms.IntegerField(label=gettext_lazy("Days past due"), min_value=0, max_value=20000, required=False)
    history = forms.CharField(
        label=gettext_lazy("What happened before"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    def __init__(self, data: Mapping[str, str] | None, *, case: Case | None, now: datetime) -> None:
        person_zone = (case.person.time_zone or case.creditor.time_zone) if case else ""
        given = dict(data or {})
        place = given.get("place", "CN")
        self.case = case
        self.file = None
        self.their_zone = person_zone or _zone(given.get("zone", ""), place)
        defaults = {
            "at": local_text(now, self.their_zone),
            "channel": "phone",
            "party": "debtor",
            "purpose": "collection",
            "actor": str(case.creditor.acting_as) if case else "creditor",
            "place": "CN",
            "zone": self.their_zone,
            "product": "credit_card",
            "kind": "bank_cba_member",
            "dpd": "30",
        }
        bound = {**defaults, **{name: value for name, value in given.items() if value}} if data else None
        super().__init__(bound, initial=defaults, auto_id="try_%s")
        for name, choices in self._choices(given, now).items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        when = self.fields["at"]
        assert isinstance(when, MomentField)
        when.set_zone(clock.zone(self.their_zone))
        when.widget.asks = False  # nothing is saved, and the answer says the moment
        hidden = ("place", "zone", "product", "kind", "dpd", "history") if case else ("point",)
        for name in hidden:
            del self.fields[name]

    def _choices(self, given: Mapping[str, str], now: datetime) -> dict[str, list[tuple[str, str]]]:
        def said(table: Mapping[str, Any], codes: Iterable[str]) -> list[tuple[str, str]]:
            return [(code, words.say(table, code)) for code in codes]

        return {
            "channel": [(code, words.channel(code)) for code in CHANNELS],
            "point": [("", _("the best one")), *self._points(given.get("channel") or "phone")],
            "party": [
                (code, words.party(code)) for code in sorted(vocabulary.PARTIES, key=lambda one: one != "debtor")
            ],
            "purpose": said(words.PURPOSES, PURPOSES),
            "actor": said(words.ACTOR_KINDS, ("creditor", "agency", "debt_buyer")),
            "place": places(now),
            "product": said(words.PRODUCTS, words.PRODUCTS),
            "kind": said(words.CREDITOR_KINDS, words.CREDITOR_KINDS),
        }

    def _points(self, channel: str) -> list[tuple[str, str]]:
        if self.case is None or channel not in catalogue.CHANNELS:
            return []
        points = ContactPoint.objects.filter(person_id=self.case.person_id).select_related("address", "person")
        fitting = catalogue.candidates(channel, points.order_by("position", "pk"))
        return [(str(point.pk), _point(point)) for point in fitting]

    def clean_zone(self) -> str:
        """Take a zone that exists."""
        value: str = self.cleaned_data["zone"]
        if value and value not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        return value

    def clean_history(self) -> tuple[ContactEvent | Record, ...]:
        """Read the history line by line, on the clock of the person."""
        found: list[ContactEvent | Record] = []
        for number, line in enumerate(self.cleaned_data["history"].splitlines()[:LINES], 1):
            if not line.strip():
                continue
            try:
                found.append(read_line(line, zone=self.their_zone, number=number))
            except ValueError as error:
                raise forms.ValidationError(
                    _("Line %(number)s: “%(what)s” is not understood.") % {"number": number, "what": error}
                ) from None
        return tuple(found)

    def trial(self, *, user: Any, now: datetime) -> Trial:
        """Return the question and the facts of what was filled in."""
        given = self.cleaned_data
        at: datetime = given["at"]
        if self.case is not None:
            return self._of_case(self.case, at, user=user, now=now)
        return self._invented(at)

    def _of_case(self, case: Case, at: datetime, *, user: Any, now: datetime) -> Trial:
        given = self.cleaned_data
        file = known.of_case(case.pk, at=at, live=at >= now - timedelta(minutes=1))
        wanted = int(given["point"]) if given.get("point", "").isdecimal() else None
        channel = given["channel"]
        fitting = catalogue.candidates(channel, file.points) if channel in catalogue.CHANNELS else []
        point = next((one for one in fitting if one.pk == wanted), fitting[0] if fitting else None)
        question = file.question(
            channel=channel,
            contact_point_id=point.pk if point else None,
            purpose=given.get("purpose") or "collection",
            content_class=channel if channel in ("phone", "visit") else "reminder",
            staff_id=user.pk,
            automated=given["automated"],
            override=self._override(user.pk),
        )
        question = replace(question, actor_kind=given.get("actor") or question.actor_kind)
        if (given.get("party") or "debtor") != "debtor":
            question = replace(question, party=given["party"], person_id=None, contact_point_id=None, point_kind=None)
        return Trial(question, file.facts(point.pk if point else None), self.their_zone)

    def _invented(self, at: datetime) -> Trial:
        given = self.cleaned_data
        channel = given["channel"]
        question = Question(
            at=at.astimezone(UTC),
            channel=channel,
            party=given.get("party") or "debtor",
            point_kind=POINT_OF.get(channel),
            purpose=given.get("purpose") or "collection",
            content_class=channel if channel in ("phone", "visit") else "reminder",
            actor_kind=given.get("actor") or "creditor",
            automated=given["automated"],
            override=self._override(0),
        )
        history: tuple[ContactEvent | Record, ...] = given.get("history") or ()
        learned = min([question.at, *(one.at for one in history)]) - timedelta(days=365)
        facts = Facts(
            jurisdictions=(given["place"],),
            product=given.get("product") or "consumer_debt",
            creditor_kind=given.get("kind") or "unspecified",
            dpd=given.get("dpd"),
            outsourced=question.actor_kind != "creditor",
            firm_policy=FirmPolicy(),
            locations=(LocationClaim(zone=self.their_zone, at=learned),),
            contacts=tuple(one for one in history if isinstance(one, ContactEvent)),
            records=tuple(one for one in history if isinstance(one, Record)),
        )
        return Trial(question, facts, self.their_zone)

    def _override(self, supervisor: int) -> Override | None:
        reason = self.cleaned_data.get("reason", "").strip()
        return Override(supervisor_id=supervisor, reason=reason) if reason else None


def _point(point: ContactPoint) -> str:
    ending = f" …{point.address.value_last4}" if point.address.kind == "phone" and point.address.value_last4 else ""
    return f"{point.get_kind_display()}{ending}"


def _zone(text: str, place: str) -> str:
    if text in available_timezones():
        return text
    return ZONES.get(place) or ZONES.get(place.partition("-")[0]) or "UTC"


def _code(text: str, table: Mapping[str, Any]) -> str | None:
    """Return the code of a word as the reader writes it: the code, or what it is called in his language or English."""
    wanted = text.strip().casefold()
    for code, label in table.items():
        if wanted in (code.casefold(), code.replace("_", " ").casefold(), str(label).casefold()):
            return code
    with translation.override("en"):
        return next((code for code, label in table.items() if wanted == str(label).casefold()), None)


def read_line(line: str, *, zone: str, number: int) -> ContactEvent | Record:
    """Return one line of a history: "2026-03-03 10:15 call, no answer" or "2026-03-03 10:15 stop all contact".

    Words are those of the reader's language or the codes; "inbound" marks what came from the person, a channel after an
    instruction limits it. Raises ValueError naming what is not understood.
    """
    found = _WHEN.fullmatch(line.strip())
    if found is None:
        raise ValueError(line.strip()[:40])
    try:
        wall = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        raise ValueError(f"{found[1]} {found[2]}") from None
    at = wall.replace(tzinfo=clock.zone(zone)).astimezone(UTC)
    parts = [part for part in re.split(r"[,，、;；]", found[3]) if part.strip()]
    names = {code: label for code, (label, _icon) in words.CHANNELS.items()}
    # Some outcomes have a comma of their own: the longest reading that is known wins.
    joined = [", ".join(one.strip() for one in parts[1:]), *(one.strip() for one in parts[1:])]
    channel = _code(parts[0], names) if parts else None
    if channel is not None:
        outcome = next((code for text in joined if (code := _code(text, words.OUTCOMES))), None)
        if outcome is None:
            raise ValueError(", ".join(one.strip() for one in parts[1:]) or line.strip()[:40])
        inbound = any(_code(one, {"inbound": words.DIRECTIONS["inbound"]}) for one in parts[1:])
        return ContactEvent(
            at=at,
            channel=channel,
            outcome=outcome,
            id=f"H{number}",
            direction="inbound" if inbound else "outbound",
            point_kind=POINT_OF.get(channel),
        )
    kind = _code(parts[0], words.RECORDS) if parts else None
    if kind is None:
        raise ValueError(found[3].strip()[:40] or line.strip()[:40])
    limited = next((code for one in parts[1:] if (code := _code(one, names))), None)
    return Record(kind=kind, at=at, id=f"H{number}", channel=limited)
