# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of the model: monthly states, one row per account and month end, in that order; and what it says."""

from typing import Final

_STATE: Final = """
    account.id, {whom},
    CASE WHEN state.past_due_since < ends.day THEN least(9, (ends.day - state.past_due_since + 29) / 30) ELSE 0 END,
    coalesce(state.balance, 0)::double precision,
    coalesce(state.paid_in_period, 0)::double precision,
    coalesce(account.credit_limit, 0)::double precision,
    person.language, person.jurisdiction, person.vulnerability
"""
_IN_FORCE: Final = """
CROSS JOIN unnest(%(ends)s::date[]) AS ends (day)
LEFT JOIN LATERAL (
    SELECT past_due_since, balance, paid_in_period FROM cases_accountstate AS each
    WHERE each.account_id = account.id AND each.effective_on <= ends.day
    ORDER BY each.effective_on DESC, each.id DESC LIMIT 1
) AS state ON true
"""
MONTHS_OF_THE_BOOK: Final = (
    "SELECT"
    + _STATE.format(whom="account.person_id")
    + """
FROM (
    SELECT DISTINCT person_id, hashint8(person_id) AS place FROM cases_account WHERE creditor_id = %(creditor)s
    ORDER BY place, person_id LIMIT %(most)s
) AS chosen
JOIN cases_account AS account ON account.person_id = chosen.person_id AND account.creditor_id = %(creditor)s
JOIN cases_person AS person ON person.id = account.person_id
"""
    + _IN_FORCE
    + "ORDER BY account.id, ends.day"
)
MONTHS_OF_CASES: Final = (
    "SELECT"
    + _STATE.format(whom="standing.id")
    + """
FROM cases_case AS standing
JOIN cases_account AS account ON account.person_id = standing.person_id AND account.creditor_id = standing.creditor_id
JOIN cases_person AS person ON person.id = account.person_id
"""
    + _IN_FORCE
    + """
WHERE standing.id = ANY(%(cases)s) AND standing.creditor_id = %(creditor)s
ORDER BY account.id, ends.day
"""
)
WRITE_CHANCES: Final = """
INSERT INTO cases_casechance (case_id, model_id, chance, factor, reasons, reckoned_at)
SELECT said.case_id, %(model)s, said.chance, said.factor, said.reasons::jsonb, %(at)s
FROM unnest(%(cases)s::bigint[], %(chances)s::numeric[], %(factors)s::numeric[], %(reasons)s::text[])
    AS said (case_id, chance, factor, reasons)
ORDER BY said.case_id
ON CONFLICT (case_id) DO UPDATE
SET model_id = excluded.model_id, chance = excluded.chance, factor = excluded.factor, reasons = excluded.reasons,
    reckoned_at = excluded.reckoned_at
WHERE (cases_casechance.model_id, cases_casechance.chance, cases_casechance.reasons)
    IS DISTINCT FROM (excluded.model_id, excluded.chance, excluded.reasons)
"""
FORGET: Final = """
DELETE FROM cases_casechance
WHERE model_id IN (SELECT id FROM cases_scoremodel WHERE creditor_id = %(creditor)s)
"""
FORGET_ENDED: Final = """
DELETE FROM cases_casechance AS gone USING cases_case AS standing
WHERE standing.id = gone.case_id AND standing.creditor_id = %(creditor)s AND standing.status IN ('cured', 'closed')
"""
