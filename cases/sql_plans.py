# ruff: noqa: S608 (every text here is a constant)
"""Statements over the plans of a book: what the close of day judges, and what must hold. Constants only."""

from typing import Final

# An instalment is behind when its grace has ended before `day` and it is not paid in full. An agreement that nobody
# signed in time is none, and one of a case that is cured or closed is over with it.
_PLANS: Final = """
WITH running AS (
    SELECT plan.id, plan.person_id, plan.case_id, plan.status, plan.sign_until,
        bool_or(standing.status IN ('cured', 'closed')) AS is_over,
        (plan.terms ->> 'break_days')::integer AS break_days,
        bool_and(instalment.paid_amount >= instalment.amount) AS is_paid,
        min(instalment.due_on) FILTER (
            WHERE instalment.paid_amount < instalment.amount
              AND instalment.due_on + coalesce((plan.terms ->> 'grace_days')::integer, %(grace_days)s) < %(day)s
        ) AS behind_since
    FROM cases_plan AS plan JOIN cases_planinstalment AS instalment ON instalment.plan_id = plan.id
        JOIN cases_case AS standing ON standing.id = plan.case_id
    WHERE plan.creditor_id = %(creditor)s AND plan.status IN ('approved', 'performing', 'missed')
      AND plan.person_id > %(after)s AND plan.person_id <= %(upto)s
    GROUP BY plan.id
), verdicts AS (
    SELECT id, person_id, case_id, behind_since, CASE WHEN is_over THEN 'case over' ELSE 'unsigned' END AS why,
        CASE
            WHEN is_over THEN 'cancelled'
            WHEN status = 'approved' THEN CASE WHEN sign_until < %(day)s THEN 'cancelled' END
            WHEN is_paid THEN 'completed'
            WHEN status = 'missed' AND behind_since IS NULL THEN 'performing'
            WHEN status = 'missed' AND behind_since + coalesce(break_days, %(break_days)s) < %(day)s THEN 'broken'
            WHEN status = 'performing' AND behind_since IS NOT NULL THEN 'missed'
        END AS verdict
    FROM running
)
"""
NEXT_PLAN_SPAN: Final = """
SELECT max(person_id) FROM (
    SELECT person_id FROM cases_plan
    WHERE creditor_id = %(creditor)s AND status IN ('approved', 'performing', 'missed') AND person_id > %(after)s
    ORDER BY person_id LIMIT %(size)s
) AS next
"""
PLANS_TO_JUDGE: Final = _PLANS + "SELECT person_id FROM verdicts WHERE verdict IS NOT NULL ORDER BY person_id"
JUDGE_PLANS: Final = (
    _PLANS
    + """
, judged AS (
    UPDATE cases_plan AS plan
    SET status = verdict, missed_on = CASE WHEN verdict IN ('missed', 'broken') THEN behind_since END,
        ended_at = CASE WHEN verdict IN ('completed', 'broken', 'cancelled') THEN %(at)s::timestamptz END
    FROM verdicts WHERE plan.id = verdicts.id AND verdict IS NOT NULL
    RETURNING plan.id, plan.person_id, plan.case_id, verdict, behind_since, verdicts.why
), back AS (
    UPDATE cases_case AS standing
    SET status = 'working', next_action = CASE verdict WHEN 'completed' THEN 'review' ELSE 'call' END,
        next_action_at = %(next_action_at)s,
        next_action_note = CASE verdict WHEN 'completed' THEN 'plan-completed' WHEN 'cancelled' THEN 'plan-unsigned'
                           ELSE 'plan-broken' END,
        version = version + 1
    FROM judged
    WHERE standing.id = judged.case_id AND verdict IN ('broken', 'completed', 'cancelled')
      AND standing.status = 'on_plan'
    RETURNING standing.id, standing.person_id, 'plan_' || verdict AS why
), behind AS (
    UPDATE cases_case AS standing
    SET next_action = 'review', next_action_at = %(next_action_at)s, next_action_note = 'plan-missed',
        version = version + 1
    FROM judged
    WHERE standing.id = judged.case_id AND verdict = 'missed' AND standing.status = 'on_plan'
      AND standing.next_action = 'wait_plan'
    RETURNING standing.id, standing.person_id
), told AS (
    SELECT 1 AS position, CASE verdict WHEN 'performing' THEN 'plan.caught_up' ELSE 'plan.' || verdict END AS name,
        'cases.plan' AS label, id, person_id,
        CASE verdict WHEN 'cancelled' THEN jsonb_build_object('why', why)
        ELSE jsonb_build_object('behind_since', behind_since::text) END AS details
    FROM judged
    UNION ALL
    SELECT 2, 'case.returned_to_work', 'cases.case', id, person_id, jsonb_build_object('why', why) FROM back
    UNION ALL
    SELECT 3, 'case.flagged_for_review', 'cases.case', id, person_id, jsonb_build_object('why', 'plan_missed')
    FROM behind
), written AS (
    INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label,
        at, details)
    SELECT name, label, id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s, details
    FROM told ORDER BY position, id
)
SELECT count(*) FROM judged
"""
)
# Whoever does not pay the first instalments seldom pays the others: a person looks the day after, without any grace.
_EARLY: Final = """
WITH early AS (
    SELECT instalment.id, plan.id AS plan_id, plan.person_id, plan.case_id, instalment.number, instalment.due_on,
        instalment.paid_amount
    FROM cases_plan AS plan JOIN cases_planinstalment AS instalment ON instalment.plan_id = plan.id
    WHERE plan.creditor_id = %(creditor)s AND plan.status IN ('performing', 'missed')
      AND plan.person_id > %(after)s AND plan.person_id <= %(upto)s
      AND instalment.number <= %(first_ones)s AND instalment.flagged_on IS NULL
      AND instalment.due_on < %(day)s AND instalment.paid_amount < instalment.amount
)
"""
PLANS_IN_EARLY_TROUBLE: Final = _EARLY + "SELECT DISTINCT person_id FROM early ORDER BY person_id"
FLAG_EARLY_TROUBLE: Final = (
    _EARLY
    + """
, flagged AS (
    UPDATE cases_planinstalment AS instalment SET flagged_on = %(day)s
    FROM early WHERE instalment.id = early.id
    RETURNING early.plan_id, early.person_id, early.case_id, early.number, early.due_on, early.paid_amount
), put AS (
    UPDATE cases_case AS standing
    SET next_action = 'review', next_action_at = %(next_action_at)s, next_action_note = 'plan-first-instalments',
        version = version + 1
    FROM (SELECT DISTINCT case_id FROM flagged) AS which
    WHERE standing.id = which.case_id AND standing.status = 'on_plan'
    RETURNING standing.id, standing.person_id
), told AS (
    SELECT 1 AS position, 'plan.early_trouble' AS name, 'cases.plan' AS label, plan_id AS id, person_id,
        jsonb_build_object('number', number, 'due_on', due_on::text, 'paid', paid_amount::text) AS details
    FROM flagged
    UNION ALL
    SELECT 2, 'case.flagged_for_review', 'cases.case', id, person_id, jsonb_build_object('why', 'plan_early_trouble')
    FROM put
), written AS (
    INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label,
        at, details)
    SELECT name, label, id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s, details
    FROM told ORDER BY position, id
)
SELECT count(*) FROM flagged
"""
)

# What of an instalment is paid is what the payments that still count met of it.
INSTALMENTS_UNLIKE_THEIR_PAYMENTS: Final = """
SELECT DISTINCT plan.id FROM cases_plan AS plan JOIN cases_planinstalment AS instalment ON instalment.plan_id = plan.id
LEFT JOIN (
    SELECT met.instalment_id, sum(met.amount) AS total
    FROM cases_planpayment AS met JOIN cases_payment AS payment ON payment.id = met.payment_id
    WHERE payment.status <> 'reversed' GROUP BY met.instalment_id
) AS paid ON paid.instalment_id = instalment.id
WHERE plan.creditor_id = %(creditor)s AND instalment.paid_amount <> coalesce(paid.total, 0)
ORDER BY plan.id
"""
