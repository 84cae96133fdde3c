# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL: until when a case waits for its strategy, or who looks at it instead. No case without a future.

It waits for the day on which its next step may fall due: by days past due, after an outcome that is there (or may still
be reported), or after an event that has happened. Nobody waits for an event that may never come: without a further step
it is put before a supervisor, and without a strategy before a collector. The conditions say the same as `triggers`.
"""

from typing import Final

from contacts.strategy.sql import AUDIT

# What was planned of a step, or of one it counts as, in this strategy; of a stay that began anew only its own.
_DONE: Final = """
SELECT FROM contacts_plannedcontact AS done JOIN contacts_step AS same ON same.id = done.step_id
JOIN contacts_segment AS part ON part.id = same.segment_id
JOIN contacts_strategyversion AS whole ON whole.id = part.version_id
WHERE done.case_id = standing.id AND (same.key = step.key OR step.counts_as ? same.key)
  AND whole.strategy_id = mine.strategy_id AND (NOT stay.is_fresh OR done.enrolment_id = stay.id)
  AND NOT (done.status = 'cancelled' AND done.reason_code = 'left-strategy')
"""
_CAN_BE_AGAIN: Final = f"(step.repeat_every_days IS NOT NULL OR NOT EXISTS ({_DONE}))"
# A reminder of what was agreed is no step of collection: nobody waits for it.
_STEPS: Final = """
FROM contacts_step AS step
WHERE step.segment_id = stay.segment_id
  AND NOT EXISTS (SELECT FROM contacts_template AS reminds
                  WHERE reminds.id = step.template_id AND reminds.purpose = 'service_reminder')
"""
_BY_DPD: Final = f"""
SELECT min(greatest(standing.past_due_since + step.from_dpd, %(day)s + 1))
{_STEPS}
  AND step.trigger = 'dpd' AND (step.until_dpd IS NULL OR standing.past_due_since + step.until_dpd > %(day)s)
  AND {_CAN_BE_AGAIN}
"""
# `known.on_day` is the day of an outcome or event; the step is due from so many days after it, for so many days.
_FROM_DAY: Final = """
min(greatest(known.on_day + step.after_days, standing.past_due_since + step.from_dpd, %(day)s + 1))
"""
_STILL: Final = """
known.on_day + step.after_days + step.within_days
    >= greatest(standing.past_due_since + step.from_dpd, %(day)s + 1)
"""
_SPOKEN: Final = """
EXISTS (SELECT FROM contacts_contactattempt AS talk
        WHERE talk.case_id = prior.case_id AND talk.channel = prior.channel AND talk.outcome IN ('conversation', 'met')
          AND talk.at >= prior.planned_for - interval '12 hours' AND talk.at <= prior.finished_at)
"""


def _has(*statuses: str) -> str:
    known = ", ".join(f"'{status}'" for status in statuses)
    return f"""
EXISTS (SELECT FROM contacts_contactattempt AS made WHERE made.planned_id = prior.id AND made.status IN ({known}))
"""


# A message that was handed over may still be reported as arrived or as failed: it is waited for.
_OUTCOME: Final = f"""
CASE step.after_outcome
    WHEN 'any' THEN prior.status = 'done' OR (prior.automated AND {_has("failed")})
    WHEN 'reached' THEN prior.status = 'done' AND (
        (prior.automated AND {_has("sent", "delivered")}) OR (NOT prior.automated AND {_SPOKEN}))
    ELSE (prior.automated AND {_has("sent", "failed")})
      OR (NOT prior.automated AND prior.status = 'done' AND NOT {_SPOKEN})
END
"""
_AFTER: Final = f"""
SELECT {_FROM_DAY}
FROM contacts_step AS step
JOIN contacts_step AS first ON first.key = step.after_key
JOIN contacts_segment AS place ON place.id = first.segment_id
JOIN contacts_strategyversion AS its ON its.id = place.version_id AND its.strategy_id = mine.strategy_id
JOIN contacts_plannedcontact AS prior ON prior.step_id = first.id AND prior.case_id = standing.id
CROSS JOIN LATERAL (SELECT (prior.finished_at AT TIME ZONE %(zone)s)::date AS on_day) AS known
WHERE step.segment_id = stay.segment_id AND step.trigger = 'after'
  AND prior.status IN ('done', 'cancelled') AND (NOT stay.is_fresh OR prior.enrolment_id = stay.id)
  AND NOT EXISTS (SELECT FROM contacts_template AS reminds
                  WHERE reminds.id = step.template_id AND reminds.purpose = 'service_reminder')
  AND {_STILL} AND {_OUTCOME} AND {_CAN_BE_AGAIN}
"""
_EVENT: Final = f"""
SELECT {_FROM_DAY}
FROM contacts_step AS step CROSS JOIN LATERAL (
    SELECT promise.settled_at AS known_at, (promise.settled_at AT TIME ZONE %(zone)s)::date AS on_day
    FROM cases_promise AS promise
    WHERE step.event = 'promise_broken' AND promise.case_id = standing.id AND promise.status = 'broken'
    UNION ALL
    SELECT payment.recorded_at, (payment.recorded_at AT TIME ZONE %(zone)s)::date
    FROM cases_payment AS payment
    WHERE step.event = 'payment' AND payment.person_id = standing.person_id
      AND payment.creditor_id = standing.creditor_id AND payment.status = 'allocated'
    UNION ALL
    SELECT binding.bound_at, (binding.bound_at AT TIME ZONE %(zone)s)::date
    FROM contacts_inboundbinding AS binding JOIN contacts_inboundmessage AS message ON message.id = binding.message_id
    WHERE step.event = 'reply' AND binding.person_id = standing.person_id AND message.kind = 'words'
      AND (binding.case_id IS NULL OR binding.case_id = standing.id)
    UNION ALL
    SELECT letter.ended_at, (letter.ended_at AT TIME ZONE %(zone)s)::date
    FROM contacts_postalletter AS letter
    WHERE step.event = 'letter_returned' AND letter.case_id = standing.id AND letter.ending = 'returned'
    UNION ALL
    SELECT NULL, plan.missed_on + coalesce((plan.terms ->> 'grace_days')::integer, %(grace_days)s) + 1
    FROM cases_plan AS plan
    WHERE step.event = 'plan_missed' AND plan.case_id = standing.id AND plan.missed_on IS NOT NULL
      AND plan.status IN ('missed', 'broken')
) AS known
WHERE step.segment_id = stay.segment_id AND step.trigger = 'event'
  AND NOT EXISTS (SELECT FROM contacts_template AS reminds
                  WHERE reminds.id = step.template_id AND reminds.purpose = 'service_reminder')
  AND {_STILL}
  AND (step.repeat_every_days IS NOT NULL OR NOT EXISTS (
      SELECT FROM contacts_plannedcontact AS done JOIN contacts_step AS same ON same.id = done.step_id
      JOIN contacts_segment AS part ON part.id = same.segment_id
      JOIN contacts_strategyversion AS whole ON whole.id = part.version_id
      WHERE done.case_id = standing.id AND (same.key = step.key OR step.counts_as ? same.key)
        AND whole.strategy_id = mine.strategy_id
        AND NOT (done.status = 'cancelled' AND done.reason_code = 'left-strategy')
        AND CASE WHEN known.known_at IS NULL THEN done.business_date >= known.on_day
                 ELSE done.created_at >= known.known_at END))
"""
_KNOWN_DAYS: Final = "/* due on */"
_SET_FUTURES: Final = f"""
WITH waiting AS (
    SELECT standing.id, stay.id AS stay_id, {_KNOWN_DAYS} AS due_on, EXISTS (
        SELECT FROM contacts_plannedcontact AS open
        WHERE open.case_id = standing.id AND open.status IN ('planned', 'claimed', 'withheld')
    ) AS has_open
    FROM cases_case AS standing
    LEFT JOIN contacts_enrolment AS stay ON stay.case_id = standing.id AND stay.left_on IS NULL
    LEFT JOIN contacts_strategyversion AS mine ON mine.id = stay.version_id
    WHERE standing.creditor_id = %(creditor)s AND standing.next_action = 'wait_strategy'
      AND standing.status IN ('new', 'working')
      AND standing.person_id > %(after)s AND standing.person_id <= %(upto)s
), futures AS (
    SELECT id,
        CASE WHEN due_on IS NOT NULL OR (stay_id IS NOT NULL AND has_open) THEN 'wait_strategy'
             WHEN stay_id IS NULL THEN 'call' ELSE 'review' END AS action,
        %(morning)s::timestamptz + (coalesce(due_on, %(day)s::date + CASE WHEN has_open THEN 1 ELSE 0 END)
                                    - %(day)s::date) * interval '1 day' AS due_at
    FROM waiting
), changed AS (
    UPDATE cases_case AS standing
    SET next_action = futures.action, next_action_at = futures.due_at,
        next_action_note = CASE WHEN futures.action = 'review' THEN 'strategy-ended' ELSE '' END,
        version = version + CASE WHEN futures.action = 'wait_strategy' THEN 0 ELSE 1 END
    FROM futures
    WHERE standing.id = futures.id AND standing.next_action = 'wait_strategy'
      AND (standing.next_action, standing.next_action_at) IS DISTINCT FROM (futures.action, futures.due_at)
    RETURNING standing.id, standing.person_id, standing.next_action
), told AS (
    SELECT id, person_id, next_action FROM changed WHERE next_action <> 'wait_strategy'
), written AS (
    {AUDIT}
    SELECT CASE next_action WHEN 'review' THEN 'case.flagged_for_review' ELSE 'case.next_action_set' END, 'cases.case',
        id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
        jsonb_build_object('action', next_action, 'why', 'no further step')
    FROM told ORDER BY id
)
SELECT count(*) FROM told
"""


def set_futures(*, has_after: bool, has_events: bool) -> str:
    """Return the statement for a creditor whose strategies have, or have not, steps after an outcome or an event: most
    have neither, and PostgreSQL takes longer to plan for both than to set the futures of a small book.
    """
    days = [_BY_DPD, *([_AFTER] if has_after else ()), *([_EVENT] if has_events else ())]
    return _SET_FUTURES.replace(_KNOWN_DAYS, f"least({', '.join(f'({each})' for each in days)})")
