"""The locks in one constant statement: persons by id, and only then addresses by id."""

from typing import Final

from collections_app.shared.prepared import Prepared

# No address is locked before the last person is: the count of the persons must be known before the first address.
LOCK_FOR_CONTACT: Final = Prepared(
    """
    WITH debtor AS MATERIALIZED (
        SELECT person_id FROM cases_case WHERE id = $1
    ), persons AS MATERIALIZED (
        SELECT person.id FROM cases_person AS person
        WHERE person.id IN (SELECT person_id FROM debtor UNION SELECT $3)
        ORDER BY person.id FOR NO KEY UPDATE OF person
    ), addresses AS MATERIALIZED (
        SELECT address.id FROM cases_address AS address
        WHERE address.id = (SELECT address_id FROM cases_contactpoint WHERE id = $2)
          AND (SELECT count(*) FROM persons) > 0
        ORDER BY address.id FOR NO KEY UPDATE OF address
    )
    SELECT (SELECT person_id FROM debtor), (SELECT id FROM addresses)
    """,
    ["bigint", "bigint", "bigint"],
)

LOCK: Final = Prepared(
    """
    WITH persons AS MATERIALIZED (
        SELECT person.id FROM cases_person AS person WHERE person.id = ANY ($1)
        ORDER BY person.id FOR NO KEY UPDATE OF person
    ), addresses AS MATERIALIZED (
        SELECT address.id FROM cases_address AS address
        WHERE address.id = ANY ($2) AND (SELECT count(*) FROM persons) >= 0
        ORDER BY address.id FOR NO KEY UPDATE OF address
    )
    SELECT (SELECT count(*) FROM persons), (SELECT count(*) FROM addresses)
    """,
    ["bigint[]", "bigint[]"],
)
