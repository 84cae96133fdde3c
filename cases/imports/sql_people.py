"""Constant SQL of an import: the people behind the accounts, and how they are reached.

Who is the same: within one creditor, the creditor's own reference; across creditors, the identity document; an account
without either belongs to a person of its own, who has no name and cannot be contacted.
"""

from typing import Final

# The reference by which the creditor knows the borrower of a new account; where it gives none, one made from the hash.
KEYS: Final = """
UPDATE import_staging SET borrower_key = coalesce(borrower_ref,
    'document-' || left(encode(document_hash, 'hex'), 24), 'account-' || left(encode(number_hash, 'hex'), 24))
WHERE account_id IS NULL;
ANALYZE import_staging (borrower_key);
"""
MATCH_BORROWERS: Final = """
UPDATE import_staging SET borrower_id = borrower.id, person_id = borrower.person_id
FROM cases_borrower AS borrower
WHERE import_staging.account_id IS NULL AND borrower.creditor_id = %(creditor)s
  AND borrower.external_ref = import_staging.borrower_key;
DROP TABLE IF EXISTS pg_temp.import_borrower;
CREATE TEMP TABLE import_borrower AS
SELECT DISTINCT ON (borrower_key) borrower_key, NULL::bigint AS id, NULL::bigint AS person_id,
    max(encode(document_hash, 'hex')) OVER (PARTITION BY borrower_key) AS document, borrower_ref IS NULL AS without_ref
FROM import_staging WHERE account_id IS NULL AND borrower_id IS NULL ORDER BY borrower_key, line DESC;
ALTER TABLE import_borrower ADD COLUMN key text;
UPDATE import_borrower SET key = coalesce(document, borrower_key);
ANALYZE import_borrower;
"""
MATCH_PERSONS: Final = """
UPDATE import_borrower SET person_id = found.person_id FROM (
    SELECT encode(document_hash, 'hex') AS document, min(coalesce(merged_into_id, id)) AS person_id FROM cases_person
    WHERE document_hash IN (SELECT decode(document, 'hex') FROM import_borrower WHERE document IS NOT NULL)
    GROUP BY document_hash
) AS found WHERE found.document = import_borrower.document;
UPDATE import_borrower SET id = found.id FROM (
    SELECT person_id, min(id) AS id FROM cases_borrower WHERE creditor_id = %(creditor)s GROUP BY person_id
) AS found WHERE found.person_id = import_borrower.person_id AND import_borrower.without_ref;
"""
INSERT_PERSONS: Final = """
DROP TABLE IF EXISTS pg_temp.import_person;
CREATE TEMP TABLE import_person AS
SELECT key, nextval(pg_get_serial_sequence('cases_person', 'id')) AS id FROM (
    SELECT DISTINCT key FROM import_borrower WHERE person_id IS NULL
) AS keys;
ANALYZE import_person;
INSERT INTO cases_person (id, kind, name, is_named, language, jurisdiction, time_zone, birth_on, document_kind,
    document_sealed, document_hash, document_last4, vulnerability, created_at)
SELECT DISTINCT ON (person.id) person.id, 'person', coalesce(row.name, ''), row.name IS NOT NULL,
    coalesce(row.language, nullif(%(language)s, ''), CASE coalesce(row.jurisdiction, %(jurisdiction)s)
        WHEN 'CN' THEN 'zh-hans' WHEN 'TW' THEN 'zh-hant' WHEN 'HK' THEN 'zh-hant' ELSE 'en' END),
    coalesce(row.jurisdiction, %(jurisdiction)s), coalesce(row.time_zone, %(time_zone)s), row.birth_on,
    coalesce(row.document_kind, ''), row.document_sealed, row.document_hash, coalesce(row.document_last4, ''), 'none',
    %(at)s
FROM import_person AS person
JOIN import_borrower AS borrower ON borrower.key = person.key
JOIN import_staging AS row ON row.borrower_key = borrower.borrower_key
ORDER BY person.id, row.document_hash IS NULL, row.line DESC;
UPDATE import_borrower SET person_id = person.id FROM import_person AS person
WHERE import_borrower.person_id IS NULL AND import_borrower.key = person.key;
"""
INSERT_BORROWERS: Final = """
WITH made AS (
    INSERT INTO cases_borrower (person_id, creditor_id, external_ref, created_at)
    SELECT person_id, %(creditor)s, borrower_key, %(at)s FROM import_borrower WHERE id IS NULL ORDER BY borrower_key
    RETURNING id, external_ref
)
UPDATE import_borrower SET id = made.id FROM made WHERE made.external_ref = import_borrower.borrower_key;
UPDATE import_staging SET borrower_id = borrower.id, person_id = borrower.person_id FROM import_borrower AS borrower
WHERE import_staging.account_id IS NULL AND import_staging.borrower_id IS NULL
  AND import_staging.borrower_key = borrower.borrower_key;
"""
# Persons are locked before accounts, each by ascending key, as everything that changes them does.
LOCK_PERSONS: Final = """
SELECT count(*) FROM (
    SELECT person.id FROM cases_person AS person
    WHERE person.id IN (SELECT person_id FROM import_staging) ORDER BY person.id FOR NO KEY UPDATE
) AS locked;
"""
UPDATE_PERSONS: Final = """
WITH latest AS (
    SELECT DISTINCT ON (person_id) * FROM import_staging
    WHERE newest_on IS NULL AND num_nonnulls(name, language, jurisdiction, time_zone, birth_on, document_hash) > 0
    ORDER BY person_id, line DESC
), changed AS (
    UPDATE cases_person AS person
    SET name = coalesce(row.name, person.name), is_named = person.is_named OR row.name IS NOT NULL,
        language = coalesce(row.language, person.language),
        jurisdiction = coalesce(row.jurisdiction, person.jurisdiction),
        time_zone = coalesce(row.time_zone, person.time_zone), birth_on = coalesce(row.birth_on, person.birth_on),
        document_kind = CASE WHEN person.document_hash IS NULL AND row.document_hash IS NOT NULL
                        THEN row.document_kind ELSE person.document_kind END,
        document_sealed = coalesce(person.document_sealed, row.document_sealed),
        document_last4 = CASE WHEN person.document_hash IS NULL AND row.document_hash IS NOT NULL
                         THEN row.document_last4 ELSE person.document_last4 END,
        document_hash = coalesce(person.document_hash, row.document_hash)
    FROM latest AS row
    WHERE person.id = row.person_id
      AND ((row.name IS NOT NULL AND row.name <> person.name)
           OR (row.language IS NOT NULL AND row.language <> person.language)
           OR (row.jurisdiction IS NOT NULL AND row.jurisdiction <> person.jurisdiction)
           OR (row.time_zone IS NOT NULL AND row.time_zone <> person.time_zone)
           OR (row.birth_on IS NOT NULL AND row.birth_on IS DISTINCT FROM person.birth_on)
           OR (row.document_hash IS NOT NULL AND person.document_hash IS NULL))
    RETURNING person.id
)
UPDATE import_staging SET what = what || 'person'::text FROM changed
WHERE import_staging.person_id = changed.id AND NOT import_staging.is_new;
"""
NAME_BORROWERS: Final = """
UPDATE cases_borrower AS borrower SET external_ref = row.borrower_ref FROM (
    SELECT DISTINCT ON (borrower_ref) borrower_ref, borrower_id FROM import_staging
    WHERE borrower_ref IS NOT NULL AND NOT is_new ORDER BY borrower_ref, borrower_id
) AS row
WHERE borrower.id = row.borrower_id
  AND (borrower.external_ref LIKE 'account-%%' OR borrower.external_ref LIKE 'document-%%')
  AND NOT EXISTS (
    SELECT FROM cases_borrower AS other
    WHERE other.creditor_id = borrower.creditor_id AND other.external_ref = row.borrower_ref
);
"""
STATE_PLACES: Final = """
DROP TABLE IF EXISTS pg_temp.import_place;
CREATE TEMP TABLE import_place AS
SELECT DISTINCT ON (person_id) person_id, time_zone, coalesce(jurisdiction, %(jurisdiction)s) AS jurisdiction
FROM import_staging WHERE time_zone IS NOT NULL AND newest_on IS NULL ORDER BY person_id, line DESC;
UPDATE cases_locationclaim AS claim SET ended_at = %(at)s FROM import_place AS place
WHERE claim.person_id = place.person_id AND claim.basis = 'address' AND claim.ended_at IS NULL
  AND (claim.time_zone, claim.jurisdiction) IS DISTINCT FROM (place.time_zone, place.jurisdiction);
INSERT INTO cases_locationclaim (person_id, basis, time_zone, jurisdiction, authoritative, learned_at)
SELECT person_id, 'address', time_zone, jurisdiction, false, %(at)s FROM import_place AS place
WHERE NOT EXISTS (
    SELECT FROM cases_locationclaim AS claim
    WHERE claim.person_id = place.person_id AND claim.basis = 'address' AND claim.ended_at IS NULL
) ORDER BY person_id;
DROP TABLE import_place;
"""

GUARANTORS: Final = """
DROP TABLE IF EXISTS pg_temp.import_guarantor;
CREATE TEMP TABLE import_guarantor AS
SELECT DISTINCT ON (borrower_id, coalesce(encode(guarantor_document_hash, 'hex'), lower(guarantor_name)))
    account_id, borrower_id, person_id AS debtor_id, NULL::bigint AS person_id, false AS is_new,
    coalesce(encode(guarantor_document_hash, 'hex'), borrower_id || ' ' || lower(guarantor_name)) AS key,
    guarantor_name, guarantor_document_sealed, guarantor_document_hash, guarantor_document_last4,
    guarantor_document_kind,
    guarantor_mobile_sealed, guarantor_mobile_hash, guarantor_mobile_last4, guarantor_mobile_region,
    guarantor_mobile_zone, language,
    jurisdiction, time_zone, line
FROM import_staging WHERE guarantor_name IS NOT NULL AND newest_on IS NULL
ORDER BY borrower_id, coalesce(encode(guarantor_document_hash, 'hex'), lower(guarantor_name)), line DESC;
ANALYZE import_guarantor;
UPDATE import_guarantor SET person_id = found.person_id FROM (
    SELECT document_hash, min(coalesce(merged_into_id, id)) AS person_id FROM cases_person
    WHERE document_hash IN (SELECT guarantor_document_hash FROM import_guarantor) GROUP BY document_hash
) AS found WHERE found.document_hash = import_guarantor.guarantor_document_hash;
UPDATE import_guarantor SET person_id = person.id
FROM cases_partyrole AS part JOIN cases_person AS person ON person.id = part.person_id
WHERE import_guarantor.person_id IS NULL AND import_guarantor.guarantor_document_hash IS NULL
  AND part.borrower_id = import_guarantor.borrower_id AND part.role = 'guarantor' AND part.until IS NULL
  AND lower(person.name) = lower(import_guarantor.guarantor_name);
UPDATE import_guarantor SET is_new = true, person_id = made.id FROM (
    SELECT key, nextval(pg_get_serial_sequence('cases_person', 'id')) AS id FROM (
        SELECT DISTINCT key FROM import_guarantor WHERE person_id IS NULL) AS keys
) AS made WHERE made.key = import_guarantor.key AND import_guarantor.person_id IS NULL;
INSERT INTO cases_person (id, kind, name, is_named, language, jurisdiction, time_zone, document_kind, document_sealed,
    document_hash, document_last4, vulnerability, created_at)
SELECT DISTINCT ON (person_id) person_id, 'person', guarantor_name, true,
    CASE WHEN coalesce(jurisdiction, %(jurisdiction)s) = 'CN' THEN 'zh-hans' ELSE coalesce(language, 'en') END,
    coalesce(jurisdiction, %(jurisdiction)s), coalesce(time_zone, %(time_zone)s), coalesce(guarantor_document_kind, ''),
    guarantor_document_sealed, guarantor_document_hash, coalesce(guarantor_document_last4, ''), 'none', %(at)s
FROM import_guarantor WHERE is_new ORDER BY person_id, line DESC;
INSERT INTO cases_partyrole (borrower_id, person_id, account_id, role, evidence, since)
SELECT borrower_id, person_id, NULL, 'guarantor', 'tape', %(at)s FROM import_guarantor AS one
WHERE person_id <> debtor_id AND NOT EXISTS (
    SELECT FROM cases_partyrole AS part WHERE part.borrower_id = one.borrower_id AND part.person_id = one.person_id
      AND part.role = 'guarantor' AND part.until IS NULL
) ON CONFLICT DO NOTHING;
"""

POINTS: Final = """
DROP TABLE IF EXISTS pg_temp.import_point;
CREATE TEMP TABLE import_point AS
SELECT * FROM (
    SELECT person_id, 'phone' AS kind, 'mobile' AS point, 0 AS position, mobile_sealed AS sealed, mobile_hash AS hash,
        mobile_last4 AS last4, mobile_region AS region, coalesce(nullif(mobile_zone, ''), time_zone) AS time_zone, line
        FROM import_staging WHERE mobile_hash IS NOT NULL
    UNION ALL
    SELECT person_id, 'phone', 'home_phone', 1, home_phone_sealed, home_phone_hash, home_phone_last4, home_phone_region,
        coalesce(nullif(home_phone_zone, ''), time_zone), line FROM import_staging WHERE home_phone_hash IS NOT NULL
    UNION ALL
    SELECT person_id, 'phone', 'work_phone', 2, work_phone_sealed, work_phone_hash, work_phone_last4, work_phone_region,
        work_phone_zone, line FROM import_staging WHERE work_phone_hash IS NOT NULL
    UNION ALL
    SELECT person_id, 'email', 'email', 3, email_sealed, email_hash, email_last4, '', time_zone, line
        FROM import_staging WHERE email_hash IS NOT NULL
    UNION ALL
    SELECT person_id, 'postal', 'postal', 4, address_sealed, address_hash, '', coalesce(jurisdiction, ''), time_zone,
        line FROM import_staging WHERE address_hash IS NOT NULL
    UNION ALL
    SELECT person_id, 'phone', 'mobile', 0, guarantor_mobile_sealed, guarantor_mobile_hash, guarantor_mobile_last4,
        guarantor_mobile_region, guarantor_mobile_zone, line FROM import_guarantor
        WHERE guarantor_mobile_hash IS NOT NULL AND person_id <> debtor_id
) AS points;
ANALYZE import_point;
INSERT INTO cases_address (kind, value_sealed, value_hash, value_last4, region, suppressed_reason, created_at)
SELECT DISTINCT ON (kind, hash) kind, sealed, hash, coalesce(last4, ''), coalesce(region, ''), '', %(at)s
FROM import_point AS point
WHERE NOT EXISTS (SELECT FROM cases_address WHERE kind = point.kind AND value_hash = point.hash)
ORDER BY kind, hash, line
ON CONFLICT DO NOTHING;
WITH made AS (
    INSERT INTO cases_contactpoint (person_id, address_id, kind, source, lawful_basis, state, time_zone, reserved,
        position, created_at)
    SELECT DISTINCT ON (point.person_id, address.id, point.point) point.person_id, address.id, point.point, 'contract',
        'contract', 'unverified', coalesce(point.time_zone, ''), false, point.position, %(at)s
    FROM import_point AS point
    JOIN cases_address AS address ON address.kind = point.kind AND address.value_hash = point.hash
    WHERE NOT EXISTS (
        SELECT FROM cases_contactpoint AS known WHERE known.person_id = point.person_id
          AND known.address_id = address.id AND known.kind = point.point
    )
    ORDER BY point.person_id, address.id, point.point, point.line
    ON CONFLICT DO NOTHING
    RETURNING person_id
)
UPDATE import_staging SET what = what || 'contact points'::text
WHERE person_id IN (SELECT person_id FROM made) AND NOT is_new;
"""
