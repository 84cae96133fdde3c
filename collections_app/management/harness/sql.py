"""What the oracle of a trial asks of the rows: plain statements that share nothing with the product."""

FATES = """
SELECT planned.key::text, attempt.status
FROM contacts_contactattempt AS attempt JOIN contacts_plannedcontact AS planned ON planned.id = attempt.planned_id
WHERE attempt.status NOT IN ('withheld', 'cancelled')
"""

LOST = """
SELECT count(*) FROM contacts_plannedcontact
WHERE status IN ('planned', 'claimed') OR (status <> 'done' AND reason_code = '')
"""

WITHHELD = "SELECT count(*) FROM contacts_plannedcontact WHERE status IN ('withheld', 'cancelled')"

DECISIONS_OF_HAND_OVERS = """
SELECT decision_id FROM contacts_contactattempt WHERE status IN ('sent', 'delivered', 'uncertain')
"""

DELIVERED_TWICE = """
SELECT count(*) FROM (
    SELECT subject_id FROM compliance_auditevent WHERE name = 'attempt.delivered'
    GROUP BY subject_id HAVING count(*) > 1
) AS twice
"""

RECEIPTS = "SELECT count(*) FROM contacts_deliveryreceipt WHERE applied"

DECIDED = "SELECT at, releases FROM compliance_decision"
