"""What a rule may know: the proposed contact (`Question`) and everything known before it (`Facts`).

No Django, no database, no clock. All instants are aware UTC datetimes; all ids are opaque (an int from the database, or
a string in a test vector) and are only ever compared for equality. Everything is frozen, and has one canonical JSON
form (`to_json` / `from_json`): sorted keys, fields at their default left out, instants as ISO 8601 with offset, money
as text. The same facts give the same bytes in every process, so that a stored decision can be recomputed and compared.

The vocabulary of every text field (channels, parties, purposes, outcomes ...) is in `vocabulary.py`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, Self

Id = int | str
Text = str | None
Flag = bool | None


class FactsError(ValueError):
    """The text is not a question or facts of this version: unknown field, wrong type, naive instant."""


class MissingFact(Exception):
    """A rule needs a fact, a calendar year or a number of the firm that is not there: the engine refuses, naming it."""

    def __init__(self, missing: str) -> None:
        super().__init__(missing)
        self.missing = missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A supervisor's recorded reason to go on past a *soft* rule. Hard rules, presumptions and guidelines ignore it."""

    supervisor_id: Id
    reason: str
    rules: tuple[str, ...] = ()  # the soft rules meant; empty: every soft rule that fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The contact, or the step that is not a contact (`kind="action"`), which is proposed for the instant `at`.

    An optional fact left None (or empty) is in order: only what is stated can be wrong.
    """

    at: datetime  # the instant of dialling, sending or knocking; never the instant of queueing
    kind: str = "contact"  # "contact" or "action"
    channel: Text = None  # phone, voice_notice, sms, email, chat, web, letter, postcard, visit, ...
    direction: str = "outbound"
    party: str = "debtor"  # in which role the person is contacted
    person_id: Id | None = None  # the person contacted
    contact_point_id: Id | None = None  # the number, address or account used
    point_kind: Text = None  # mobile, work_phone, email, work_email, postal, home, workplace, ...
    place: Text = None  # home, workplace: where the contact reaches the person, when known
    debts: tuple[Id, ...] = ()  # the accounts that it is about; empty: all
    purpose: str = "collection"
    content_class: Text = None  # class of the message template; bound into the permit
    actor_kind: str = "creditor"  # creditor, agency, debt_buyer, freelancer
    agency: Id | None = None  # which agency or buyer
    staff: Id | None = None  # which collector
    automated: bool = False  # nobody decides at the moment itself: a bot, a sender, a dialler
    override: Override | None = None
    # facts about the contact; None = in order
    planned_outcome: Text = None  # what is left if nobody answers: voicemail_limited_content
    opt_out_notice: Flag = None
    in_reply: Flag = None  # answers an inbound contact
    first_visit: Flag = None
    first_contact: Flag = None
    staff_count: int | None = None
    recorded: Flag = None
    id_shown: Flag = None
    badge: Flag = None
    enters: Flag = None
    entry_consent: Flag = None
    continuing: Flag = None  # a visit under way goes on
    private_account: Flag = None
    contact_source: Text = None  # lawful sources are not named; "purchased" is
    letter_fields: tuple[str, ...] | None = None
    envelope_text: Text = None
    identity_stated: Flag = None
    purpose_stated: Flag = None
    caller_identity: Text = None  # "withheld"
    claimed_identity: Text = None  # "court"
    content_flags: tuple[str, ...] = ()
    discloses_debt: Flag = None
    recording_announced: Flag = None
    other_numbers: Flag = None  # True: the person gave further telephone numbers, beside this one
    viewed_at: datetime | None = None  # never decides
    # facts about an action
    action: Text = None
    months: int | None = None
    recording: Id | None = None
    to_agency: Id | None = None
    creditor_consent: Flag = None
    data_type: Text = None
    separate_consent: Flag = None
    components: tuple[tuple[str, int], ...] = ()  # share of pay by measure, per cent
    told_before: Flag = None
    on_published_list: Flag = None
    proposed: Text = None
    dpd: int | None = None
    employee: Flag = None
    police_approval: Flag = None
    includes: Text = None

    def moved_to(self, at: datetime) -> Self:
        """Return the same proposal at another instant."""
        return replace(self, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationClaim:
    """One indication of where a person is. An authoritative claim replaces inferences; otherwise every claim stands."""

    zone: str  # IANA name
    at: datetime  # when learned
    party: str = "debtor"
    person_id: Id | None = None
    basis: str = "address"  # statement, address, mailing_address, mobile_area_code, landline_area_code
    authoritative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEvent:
    """A contact or attempt that happened, ours or anybody's who acts for the creditor, or an inbound one."""

    at: datetime
    channel: str
    outcome: str  # see vocabulary.OUTCOMES; an attempt whose fate is unknown is "uncertain" and counts
    id: Id | None = None  # of the attempt; reported by a decision that counted it
    direction: str = "outbound"
    party: str = "debtor"
    person_id: Id | None = None
    contact_point_id: Id | None = None
    point_kind: Text = None
    place: Text = None
    debts: tuple[Id, ...] = ()  # attributed and discussed; empty: all
    raised_debts: tuple[Id, ...] = ()  # further debts that either side brought up
    purpose: Text = None
    actor_kind: str = "creditor"
    agency: Id | None = None
    automated: bool = False
    subject: Text = None  # "complaint"
    recording: Id | None = None
    effective_demand: bool = False  # proof of receipt exists
    reserved_point: bool = False  # the point that the customer reserved with the bank


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An instruction, a consent, a state of the case, a notice or a licence: anything known that is not a contact.

    `kind` is one of vocabulary.RECORDS and says which of the fields mean something. `debts` empty: every debt of the
    person. `contact_point_id` None: every point. `received_at` later than the question: not yet in force.
    `withdrawn_at`: from that instant on it is as if it were not there (a hold released, an instruction taken back).
    """

    kind: str
    at: datetime
    id: Id | None = None
    party: Text = None
    person_id: Id | None = None
    debts: tuple[Id, ...] = ()
    channel: Text = None
    contact_point_id: Id | None = None
    place: Text = None
    received_at: datetime | None = None
    withdrawn_at: datetime | None = None
    notified_at: datetime | None = None
    days: tuple[str, ...] = ()  # Mon ... Sun; empty: every day
    start: Text = None  # local HH:MM; half-open; 24:00 = end of the day
    end: Text = None
    zone: Text = None
    until: date | None = None  # local date, included
    valid_dates: tuple[date, ...] = ()
    first_due: date | None = None
    instalment: date | None = None
    form: Text = None
    evidence: Text = None
    occasion: Text = None
    sent_by: Text = None
    of: Text = None  # kind that is taken back
    policy: Text = None
    agency: Id | None = None
    assignee: Id | None = None
    staff: Id | None = None
    recording: Id | None = None
    guarantee_kind: Text = None
    months: int | None = None
    per_day: int | None = None
    valid: Flag = None  # False: given in a contact that itself broke a rule; of a complaint: frivolous or vexatious
    only: Flag = None  # at no other time
    express: Flag = None
    voluntary: Flag = None
    keyword: Flag = None
    annotated: Flag = None
    certificate: Flag = None
    debtor_notified: Flag = None
    attorney_contact_known: Flag = None
    now_has_correct: Flag = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A number of the firm's own: at most `limit` contacts of these channels within `days` local dates."""

    channels: tuple[str, ...]
    limit: int
    days: int = 1
    per: str = "person"  # person, contact_point, debt


# What a decent firm honours everywhere, also where no text of law says so. Each is a rule of the pack POLICY.
DEFAULT_POLICIES = (
    "BANKRUPT", "CARE", "CEASE", "COMPLAINT", "DECEASED", "DISPUTE",
    "MORATORIUM", "OPT-OUT", "REPRESENTED", "WISHES",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmPolicy:
    """The firm's own numbers. They are never law, are shown as the firm's, and can only restrict."""

    opens: Text = None  # local HH:MM: contact hours; both set or both unset
    closes: Text = None
    guard_minutes: tuple[tuple[str, int], ...] = ()  # channel -> minutes before a close in which nothing new begins
    caps: tuple[Cap, ...] = ()
    enabled: tuple[str, ...] = DEFAULT_POLICIES  # ids of the firm policies that are switched on


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything known before the question. What is not here did not happen."""

    jurisdictions: tuple[str, ...]  # where the person is, as law sees it: ("CN",), ("US-WA", "US-FED"); empty: unknown
    product: str = "consumer_debt"
    other_products: tuple[str, ...] = ()  # of the other debts that it is about: what forbids binds for each of them
    creditor_kind: str = "unspecified"
    dpd: int | None = None  # days past due on the day of the question
    outsourced: Flag = None
    residence: Text = None
    script: Text = None  # of the case text; never decides the jurisdiction
    intent_evidence: Flag = None
    overdraft_principal: Decimal | None = None  # in the debt's own currency
    balance: Decimal | None = None
    currency: Text = None
    firm_policy: FirmPolicy | None = None
    extra_packs: tuple[str, ...] = ()  # packs that the firm has adopted or enabled for this book, beside those chosen
    as_of: date | None = None  # read the packs as of this date instead of the date of the question
    locations: tuple[LocationClaim, ...] = ()
    contacts: tuple[ContactEvent, ...] = ()
    records: tuple[Record, ...] = ()


# ------------------------------------------------------------------------------------------- canonical JSON

_NESTED: dict[str, type] = {
    "override": Override,
    "firm_policy": FirmPolicy,
    "caps": Cap,
    "locations": LocationClaim,
    "contacts": ContactEvent,
    "records": Record,
}
_AS_IT_IS = frozenset({str, int, bool, type(None)})
_INSTANTS = frozenset({"at", "received_at", "withdrawn_at", "notified_at", "viewed_at"})
_DATES = frozenset({"until", "valid_dates", "first_due", "instalment", "as_of"})
_DECIMALS = frozenset({"overdraft_principal", "balance"})


def _plain(value: Any) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise FactsError(f"instant without a zone: {value!r}")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return _factored(items) if len(items) > 1 and type(value[0]) in _DEFAULTS else items
    if type(value) in _DEFAULTS:
        return as_plain(value)
    raise FactsError(f"not a fact: {type(value).__name__}")


def _field_defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """Return the fields of one of our kinds with their defaults; MISSING where a value is needed."""
    return _DEFAULTS[kind]


def _factored(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows with what all of them share said once, under "*", and the rest by column, under "by": a history of
    calls is mostly the same again. A row without a value of a column has None there.
    """
    first = rows[0]
    common = {key: first[key] for key in first if all(key in row and row[key] == first[key] for row in rows)}
    own = sorted({key for row in rows for key in row} - set(common))
    if any(row.get(key, 0) is None for row in rows for key in own):  # None that was said is not None that is missing
        return {"*": common, "rows": [{key: row[key] for key in row if key not in common} for row in rows]}
    return {"*": common, "by": {key: _packed([row.get(key) for row in rows]) for key in own}, "n": len(rows)}


def _packed(column: list[Any]) -> Any:
    """Return a column of whole numbers, or of instants, as one text: the first, and how much later each next one is.

    Instants differ by seconds, written with an s, or by microseconds. Any other column stays as it is.
    """
    if all(type(value) is int for value in column):
        return " ".join(map(str, [column[0], *(later - one for one, later in itertools.pairwise(column))]))
    if not all(isinstance(value, str) and _INSTANT.fullmatch(value) for value in column):
        return column
    instants = [datetime.fromisoformat(value) for value in column]
    steps = [(later - one) // _MICROSECOND for one, later in itertools.pairwise(instants)]
    return " ".join([column[0], *(f"{step // 1_000_000}s" if step % 1_000_000 == 0 else str(step) for step in steps)])


def _unpacked(packed: Any) -> list[Any]:
    """Return the column that was packed."""
    if isinstance(packed, list):
        return packed
    first, *steps = packed.split(" ")
    if not _INSTANT.fullmatch(first):
        return list(itertools.accumulate(map(int, (first, *steps))))
    at = datetime.fromisoformat(first)
    column = [first]
    for step in steps:
        at += timedelta(seconds=int(step[:-1])) if step.endswith("s") else timedelta(microseconds=int(step))
        column.append(_plain(at))
    return column


def rows_of(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table that `as_plain` made of several events or records of one kind."""
    common = table["*"]
    if "rows" in table:
        return [{**common, **row} for row in table["rows"]]
    rows: list[dict[str, Any]] = [dict(common) for _ in range(table["n"])]
    for key, packed in table["by"].items():
        for row, value in zip(rows, _unpacked(packed), strict=True):
            if value is not None:
                row[key] = value
    return rows


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
_MICROSECOND = timedelta(microseconds=1)


def as_plain(value: Question | Facts | Any) -> dict[str, Any]:
    """Return the fields that differ from their default, as JSON types."""
    read, defaults = _READ[type(value)]
    return {
        name: _plain(current)
        for (name, default), current in zip(defaults, read(value), strict=True)
        if current is not default and (current != default or type(current) is not type(default))
    }


def to_json(value: Question | Facts) -> str:
    """Return the canonical JSON text: equal values give equal bytes in every process."""
    return json.dumps(as_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def instant(text: str) -> datetime:
    """Return an ISO instant as UTC. Raises FactsError when it has no offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise FactsError(f"instant without a zone: {text}")
    return at.astimezone(UTC)


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_typed(name, item) for item in value)
    if isinstance(value, dict) and name in _NESTED and "*" in value:
        return tuple(from_plain(_NESTED[name], row) for row in rows_of(value))
    if isinstance(value, dict) and name in _NESTED:
        return from_plain(_NESTED[name], value)
    if isinstance(value, str):
        if name in _INSTANTS:
            return instant(value)
        if name in _DATES:
            return date.fromisoformat(value)
        if name in _DECIMALS:
            return Decimal(value)
    if isinstance(value, float | dict):
        raise FactsError(f"{name}: {type(value).__name__} is not a fact")
    return value


def from_plain[T](kind: type[T], plain: Mapping[str, Any]) -> T:
    """Return the value whose `as_plain` is the given mapping. Raises FactsError on an unknown or missing field."""
    unknown = set(plain) - {name for name, _ in _field_defaults(kind)}
    if unknown:
        raise FactsError(f"{kind.__name__}: unknown field {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _typed(name, value) for name, value in plain.items()})
    except (TypeError, ValueError) as error:
        raise FactsError(f"{kind.__name__}: {error}") from error


def from_json[T: (Question, Facts)](kind: type[T], text: str) -> T:
    """Return the question or facts of a canonical JSON text."""
    return from_plain(kind, json.loads(text))


_KINDS: tuple[Any, ...] = (Question, Facts, Override, LocationClaim, ContactEvent, Record, Cap, FirmPolicy)
_DEFAULTS: dict[type, tuple[tuple[str, Any], ...]] = {
    kind: tuple((spec.name, spec.default) for spec in fields(kind)) for kind in _KINDS
}
_READ = {kind: (attrgetter(*(name for name, _ in defaults)), defaults) for kind, defaults in _DEFAULTS.items()}
