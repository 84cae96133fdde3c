"""The lease of a case in one constant statement."""

from typing import Final

from collections_app.shared.prepared import Prepared

# By the database's clock, never shifted, the same for every process.
LEASE: Final = Prepared(
    """
    UPDATE cases_case SET lease_by_id = $2, lease_until = clock_timestamp() + $3, lease_is_ahead = $4 WHERE id = $1
    RETURNING lease_until
    """,
    ["bigint", "bigint", "interval", "boolean"],
)
