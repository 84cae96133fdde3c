"""Constant SQL of the clocks of the law: which cases are to be reckoned anew. Values are bound.

A case is stale when it was never reckoned, when other versions of the packs bind, or when something that may begin,
interrupt or end a period was recorded since: a contact, its receipt, a payment, a promise, a plan, an event, a state.
"""

from typing import Final

STALE_CASES: Final = """
SELECT standing.id
FROM cases_case AS standing
JOIN cases_person AS who ON who.id = standing.person_id AND who.jurisdiction = ANY(%(places)s)
LEFT JOIN contacts_legalreckoning AS done ON done.case_id = standing.id
WHERE standing.creditor_id = %(creditor)s
  AND (standing.status NOT IN ('cured', 'closed') OR (standing.status = 'closed' AND EXISTS (
      SELECT FROM cases_account AS account
      WHERE account.person_id = standing.person_id AND account.creditor_id = standing.creditor_id
        AND account.status = 'written_off')))
  AND NOT EXISTS (
      SELECT FROM cases_case AS later
      WHERE later.person_id = standing.person_id AND later.creditor_id = standing.creditor_id
        AND later.id > standing.id)
  AND (done.case_id IS NULL OR done.edition <> %(edition)s
    OR EXISTS (
      SELECT FROM contacts_contactattempt AS attempt
      WHERE attempt.person_id = standing.person_id AND attempt.at > done.reckoned_at - interval '90 days'
        AND greatest(attempt.at, attempt.recorded_at, attempt.ended_at) > done.reckoned_at)
    OR EXISTS (
      SELECT FROM contacts_deliveryreceipt AS receipt
      JOIN contacts_contactattempt AS attempt ON attempt.id = receipt.attempt_id
      WHERE attempt.person_id = standing.person_id AND attempt.at > done.reckoned_at - interval '90 days'
        AND receipt.received_at > done.reckoned_at)
    OR EXISTS (
      SELECT FROM cases_payment AS payment
      WHERE payment.person_id = standing.person_id
        AND greatest(payment.recorded_at, payment.reversed_at) > done.reckoned_at)
    OR EXISTS (
      SELECT FROM cases_promise AS promise
      WHERE promise.case_id = standing.id
        AND greatest(promise.made_at, promise.settled_at) > done.reckoned_at)
    OR EXISTS (
      SELECT FROM cases_plan AS plan
      WHERE plan.case_id = standing.id
        AND greatest(plan.drafted_at, plan.approved_at, plan.ended_at) > done.reckoned_at)
    OR EXISTS (
      SELECT FROM contacts_legalevent AS event
      WHERE event.case_id = standing.id AND event.recorded_at > done.reckoned_at)
    OR EXISTS (
      SELECT FROM cases_partyrole AS party
      WHERE party.borrower_id = standing.borrower_id
        AND greatest(party.since, party.until) > done.reckoned_at)
    OR EXISTS (
      SELECT FROM cases_account AS account JOIN cases_accountstate AS state ON state.account_id = account.id
      WHERE account.person_id = standing.person_id AND account.creditor_id = standing.creditor_id
        AND state.recorded_at > done.reckoned_at))
ORDER BY standing.id LIMIT %(most)s
"""
# What was reckoned for a case that has ended since is of no use to anybody.
DROP_ENDED: Final = """
WITH ended AS (
    SELECT standing.id FROM cases_case AS standing
    JOIN contacts_legalreckoning AS done ON done.case_id = standing.id
    WHERE standing.creditor_id = %(creditor)s
      AND (standing.status = 'cured' OR EXISTS (
          SELECT FROM cases_case AS later
          WHERE later.person_id = standing.person_id AND later.creditor_id = standing.creditor_id
            AND later.id > standing.id)
        OR (standing.status = 'closed' AND NOT EXISTS (
          SELECT FROM cases_account AS account
          WHERE account.person_id = standing.person_id AND account.creditor_id = standing.creditor_id
            AND account.status = 'written_off')))
), clocks AS (
    DELETE FROM contacts_legalclock AS clock USING ended WHERE clock.case_id = ended.id
)
DELETE FROM contacts_legalreckoning AS done USING ended WHERE done.case_id = ended.id
"""
PLACES: Final = """
SELECT DISTINCT who.jurisdiction FROM cases_case AS standing JOIN cases_person AS who ON who.id = standing.person_id
WHERE standing.creditor_id = %(creditor)s AND standing.status <> 'cured' AND who.jurisdiction <> ''
ORDER BY 1
"""
