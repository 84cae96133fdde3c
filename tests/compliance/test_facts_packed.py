"""A decision keeps its facts small and loses nothing: what is read back is what was kept, to the microsecond."""

import json
import os
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import vocabulary
from compliance.facts import ContactEvent, Facts, LocationClaim, Record, as_plain, from_json, to_json

EXAMPLES = int(os.environ.get("FACTS_EXAMPLES", "150"))
instants = st.one_of(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(microsecond=0)),
).map(lambda at: at.replace(tzinfo=UTC))
ids = st.one_of(st.none(), st.integers(-5, 2**40), st.text(max_size=6))
events = st.builds(
    ContactEvent,
    at=instants,
    channel=st.sampled_from(sorted(vocabulary.CHANNELS)),
    outcome=st.sampled_from(sorted(vocabulary.OUTCOMES)),
    id=ids,
    party=st.sampled_from(["debtor", "guarantor"]),
    person_id=ids,
    debts=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    automated=st.booleans(),
    purpose=st.sampled_from([None, "collection"]),
)
records = st.builds(
    Record,
    kind=st.sampled_from(["hold", "opt_out", "consent_time"]),
    at=instants,
    id=ids,
    withdrawn_at=st.one_of(st.none(), instants),
    until=st.one_of(st.none(), st.dates()),
    days=st.sampled_from([(), ("Mon",), ("Sat", "Sun")]),
    per_day=st.one_of(st.none(), st.integers(0, 9)),
    valid=st.sampled_from([None, True, False]),
)
places = st.builds(LocationClaim, zone=st.sampled_from(["UTC", "Asia/Shanghai"]), at=instants)


def several(strategy):
    return st.lists(strategy, max_size=6).map(tuple)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.builds(Facts, jurisdictions=st.just(("CN",)), contacts=several(events), records=several(records),
                 locations=several(places)))  # fmt: skip
def test_what_is_kept_is_what_is_read_back(known: Facts) -> None:
    kept = to_json(known)
    assert from_json(Facts, kept) == known
    assert to_json(from_json(Facts, kept)) == kept


def test_facts_kept_in_the_earlier_form_are_still_read() -> None:
    rows = [{"at": "2026-03-01T09:00:00Z", "id": 1}, {"at": "2026-03-02T09:00:00Z", "id": 2, "party": "guarantor"}]
    earlier = {"jurisdictions": ["CN"], "contacts": {"*": {"channel": "phone", "outcome": "busy"}, "rows": rows}}
    first, second = from_json(Facts, json.dumps(earlier)).contacts
    assert (first.id, first.party, first.channel) == (1, "debtor", "phone")
    assert (second.id, second.party, second.at) == (2, "guarantor", datetime(2026, 3, 2, 9, tzinfo=UTC))


def test_a_regular_history_takes_a_few_bytes_a_call() -> None:
    begin = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    calls = tuple(
        ContactEvent(at=begin + timedelta(days=number, microseconds=number * 7), id=900 + number, channel="phone",
                     outcome="no_answer", person_id=7, debts=(3,))
        for number in range(20)
    )  # fmt: skip
    plain = as_plain(Facts(jurisdictions=("CN",), contacts=calls))
    assert len(json.dumps(plain["contacts"])) < 20 * 20 + 200
