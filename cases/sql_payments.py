"""What must hold of the payments of a book. Constants only."""

from typing import Final

# On its accounts is what was paid less what was refunded of it; of a reversed or unplaced payment nothing.
PAYMENTS_UNLIKE_THEIR_LINES: Final = """
SELECT payment.id FROM cases_payment AS payment
LEFT JOIN (
    SELECT payment_id, sum(amount) AS total FROM cases_ledgerentry
    WHERE creditor_id = %(creditor)s AND payment_id IS NOT NULL GROUP BY payment_id
) AS lines ON lines.payment_id = payment.id
LEFT JOIN (
    SELECT payment_id, sum(amount) AS total FROM cases_refund
    WHERE creditor_id = %(creditor)s AND sent_at IS NOT NULL GROUP BY payment_id
) AS refunded ON refunded.payment_id = payment.id
WHERE payment.creditor_id = %(creditor)s AND -coalesce(lines.total, 0) <> CASE payment.status
    WHEN 'allocated' THEN payment.amount - coalesce(refunded.total, 0) ELSE 0 END
ORDER BY payment.id
"""
