"""Constant SQL over contacts: the reservation, and what must always be true (ids of what breaks it)."""

from typing import Final

from collections_app.shared.prepared import Prepared

ATTEMPTS_WITHOUT_PERMIT: Final = """
SELECT attempt.id FROM contacts_contactattempt AS attempt
LEFT JOIN compliance_decision AS permit ON permit.id = attempt.decision_id
WHERE attempt.creditor_id = %(creditor)s AND attempt.origin = 'ours' AND attempt.status <> 'withheld' AND (
    permit.verdict IS DISTINCT FROM 'permit'
    OR (permit.person_id, permit.contact_point_id, permit.channel, permit.purpose, permit.content_class,
        permit.automated, permit.valid_from, permit.valid_until)
       IS DISTINCT FROM
       (attempt.contacted_id, attempt.contact_point_id, attempt.channel, attempt.purpose, attempt.content_class,
        attempt.automated, attempt.valid_from, attempt.valid_until))
ORDER BY attempt.id
"""
STAYS_OF_ENDED_CASES: Final = """
SELECT stay.id FROM contacts_enrolment AS stay JOIN cases_case AS ended ON ended.id = stay.case_id
WHERE stay.creditor_id = %(creditor)s AND stay.left_on IS NULL AND ended.status IN ('cured', 'closed')
  AND coalesce(ended.cured_at, ended.closed_at) < clock_timestamp() - interval '2 days'
ORDER BY stay.id
"""
OUTBOX_OF_ENDED_CASES: Final = """
SELECT planned.id FROM contacts_plannedcontact AS planned JOIN cases_case AS ended ON ended.id = planned.case_id
WHERE planned.creditor_id = %(creditor)s AND planned.status IN ('planned', 'withheld')
  AND ended.status IN ('cured', 'closed')
  AND coalesce(ended.cured_at, ended.closed_at) < clock_timestamp() - interval '2 days'
ORDER BY planned.id
"""

_TYPES: Final = {
    "person_id": "bigint", "contacted_id": "bigint", "creditor_id": "bigint", "case_id": "bigint",
    "contact_point_id": "bigint", "address_id": "bigint", "planned_id": "bigint", "claim": "integer",
    "decision_id": "bigint", "origin": "text", "direction": "text", "channel": "text", "party": "text",
    "purpose": "text", "content_class": "text", "automated": "boolean", "debts": "bigint[]", "status": "text",
    "outcome": "text", "key": "uuid", "at": "timestamptz", "valid_from": "timestamptz", "valid_until": "timestamptz",
    "recorded_at": "timestamptz", "made_by_id": "bigint", "template_version_id": "bigint", "content_sha256": "text",
    "provider": "text", "provider_ref": "text", "reason_code": "text", "is_permanent_failure": "boolean",
    "flagged_rule": "text",
}  # fmt: skip
RESERVED: Final = tuple(_TYPES)
_INSERT: Final = (
    f"INSERT INTO contacts_contactattempt ({', '.join(_TYPES)})"  # noqa: S608  (the names above)
    f" VALUES ({', '.join(f'${number}' for number in range(1, len(_TYPES) + 1))}) RETURNING id"
)
RESERVE: Final = Prepared(_INSERT, list(_TYPES.values()))
# The same, and the row of the outbox names the decision that the attempt rests on.
RESERVE_PLANNED: Final = Prepared(
    f"""
    WITH named AS (
        UPDATE contacts_plannedcontact SET decision_id = ${RESERVED.index("decision_id") + 1}
        WHERE id = ${RESERVED.index("planned_id") + 1}
    )
    {_INSERT}
    """,  # noqa: S608  (the names above)
    list(_TYPES.values()),
)
