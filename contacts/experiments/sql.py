"""Constant SQL around the query of those who are drawn, and of what became of them. Values are bound."""

from typing import Final

# columns of the SELECT: person, case, creditor, arm, number, balance, currency, experiment, day, instant
DRAW_HEAD: Final = """
INSERT INTO contacts_armassignment (person_id, case_id, creditor_id, arm, number, balance, currency, experiment_id,
    entered_on, at)
SELECT * FROM (
"""
DRAW_TAIL: Final = """
) AS chosen (person_id, case_id, creditor_id, arm, number, balance, currency, experiment_id, entered_on, at)
ORDER BY case_id
ON CONFLICT DO NOTHING
"""

# What became of everybody whose days are over on a date, per arm: how many, the mean and the variance of the measure.
# Value is a number from 0 to 1: cured or not, paid anything or not, or the share of the balance on entry that was paid.
# Days are counted at the creditor's: cured within the days when the local date of the cure is at most that many later.
OUTCOMES: Final = """
WITH ripe AS (
    SELECT side.arm, side.person_id, side.creditor_id, side.case_id, side.balance, side.currency, side.entered_on,
        creditor.time_zone
    FROM contacts_armassignment AS side JOIN cases_creditor AS creditor ON creditor.id = side.creditor_id
    WHERE side.experiment_id = %(experiment)s AND side.entered_on + %(days)s::int <= %(on)s::date
), valued AS (
    SELECT ripe.arm, CASE %(measure)s
        WHEN 'cured' THEN (EXISTS (
            SELECT FROM cases_case AS standing WHERE standing.id = ripe.case_id AND standing.status = 'cured'
              AND (standing.cured_at AT TIME ZONE ripe.time_zone)::date <= ripe.entered_on + %(days)s::int
        ))::int::float8
        WHEN 'paid_any' THEN (paid.amount > 0)::int::float8
        ELSE least(1, paid.amount / nullif(greatest(ripe.balance, 0), 0))::float8
    END AS value
    FROM ripe CROSS JOIN LATERAL (
        SELECT coalesce(sum(payment.amount), 0) AS amount FROM cases_payment AS payment
        WHERE %(measure)s <> 'cured' AND payment.person_id = ripe.person_id
          AND payment.creditor_id = ripe.creditor_id AND payment.currency = ripe.currency
          AND payment.status = 'allocated' AND payment.value_on >= ripe.entered_on
          AND payment.value_on <= ripe.entered_on + %(days)s::int
    ) AS paid
)
SELECT arm, count(value), coalesce(sum(value), 0), coalesce(sum(value * value), 0) FROM valued GROUP BY arm
"""
ENTERED: Final = """
SELECT arm, count(*), min(entered_on), max(entered_on) FROM contacts_armassignment
WHERE experiment_id = %(experiment)s GROUP BY arm
"""
# What must not get worse, counted since each person's entry, for as long as the experiment watches him.
GUARDRAILS: Final = """
WITH side AS (
    SELECT arm, person_id, creditor_id, at, at + (%(days)s::int * interval '1 day') AS upto
    FROM contacts_armassignment WHERE experiment_id = %(experiment)s
)
SELECT side.arm,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM cases_hold AS hold
        WHERE hold.person_id = side.person_id AND hold.kind = 'complaint'
          AND (hold.creditor_id IS NULL OR hold.creditor_id = side.creditor_id)
          AND hold.recorded_at >= side.at AND hold.recorded_at < side.upto
    )) AS complaints,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM cases_plan AS plan
        WHERE plan.person_id = side.person_id AND plan.creditor_id = side.creditor_id AND plan.status = 'broken'
          AND plan.ended_at >= side.at AND plan.ended_at < side.upto
    )) AS broken_plans,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM compliance_decision AS decision
        WHERE decision.person_id = side.person_id AND decision.creditor_id = side.creditor_id
          AND decision.verdict = 'refuse' AND decision.automated
          AND decision.at >= side.at AND decision.at < side.upto
    )) AS refusals
FROM side GROUP BY side.arm
"""
