"""The balances of many accounts in one constant statement."""

from typing import Final

from collections_app.shared.prepared import Prepared

MOVE_BALANCES: Final = Prepared(
    """
    UPDATE cases_account AS account SET balance = account.balance + moved.amount
    FROM unnest($1, $2) AS moved (id, amount) WHERE account.id = moved.id
    """,
    ["bigint[]", "numeric[]"],
)
