# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of a rehearsal: its own transaction, the persons of its part of the book, and the copies of tables.

Copies lie in the schema of the session (`pg_temp`), which PostgreSQL searches first: every statement of the night that
names a table finds the copy and not the table. What stands in braces is the name of a table or its columns, put in by
`shadow` from the models and quoted; values are bound.
"""

from typing import Final

# -- the session -------------------------------------------------------------------------------------------------------
BUFFERS: Final = "SET temp_buffers = '128MB'"
ISOLATION: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
SNAPSHOT: Final = "SET TRANSACTION SNAPSHOT %s"
EXPORT: Final = "SELECT pg_export_snapshot(), now(), pg_current_snapshot()::text"
CLOCK: Final = "SELECT clock_timestamp()"
NO_IDLE_LIMIT: Final = "SET LOCAL idle_in_transaction_session_timeout = 0"
# From here on PostgreSQL refuses every write and every lock on a table that is no copy.
READ_ONLY: Final = "SET TRANSACTION READ ONLY"
LIMITS: Final = """
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '30s';
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB'
"""
# Nobody else works on the copies, so nobody needs to be kept out: the statement that locks persons and addresses is
# known to this connection, under its own name, as one that locks nothing.
NO_LOCKS: Final = "PREPARE {name} (bigint[], bigint[]) AS SELECT cardinality($1)::bigint, cardinality($2)::bigint"

# -- persons -----------------------------------------------------------------------------------------------------------
PERSONS: Final = "CREATE TEMP TABLE rehearsed_person (id bigint PRIMARY KEY) ON COMMIT DROP"
# Whoever may be contacted in the days to come: somebody with a case that is not over, with a stay or a contact that is
# open, or with something past due or to become so. Of books that are kept here everybody, because interest grows.
_NUMBER: Final = """
(('x' || substr(encode(sha256(convert_to('rehearsal:' || account.person_id::text, 'UTF8')), 'hex'), 1, 8))::bit(32)
 ::bigint & 4294967295) %% 10000
"""
# The number by which a canary takes persons (`contacts.strategy.stable`).
_CANARY: Final = """
(('x' || substr(encode(sha256(convert_to(%(salt)s || ':' || account.person_id::text, 'UTF8')), 'hex'), 1, 8))::bit(32)
 ::bigint & 4294967295) %% 100
"""
# Whoever shares a number or an address with somebody is rehearsed beside him: the limits of the address are both's.
# Only lists of the column's own type are looked up by hash; of a large book they hold hundreds of thousands.
_OF_THE_PART: Final = f"""
(account.person_id %% %(parts)s = %(number)s AND account.person_id <> ALL(%(left_out)s::bigint[])
 OR account.person_id = ANY(%(added)s::bigint[]))
AND (%(share)s >= 10000 OR {_NUMBER} < %(share)s)
AND (%(below)s >= 100 OR {_CANARY} < %(below)s OR account.person_id = ANY(%(beside)s::bigint[]))
"""
FILL_PERSONS: Final = f"""
INSERT INTO rehearsed_person (id)
SELECT DISTINCT account.person_id
FROM public.cases_account AS account JOIN public.cases_creditor AS owner ON owner.id = account.creditor_id
WHERE account.creditor_id = ANY(%(creditors)s)
  AND {_OF_THE_PART}
  AND (
    owner.books = 'ours'
    OR EXISTS (SELECT FROM public.cases_case AS standing
               WHERE standing.person_id = account.person_id AND standing.creditor_id = account.creditor_id
                 AND standing.status NOT IN ('cured', 'closed'))
    OR EXISTS (SELECT FROM public.cases_accountstate AS ahead
               WHERE ahead.account_id = account.id AND ahead.effective_on > %(known_on)s
                 AND ahead.past_due_since IS NOT NULL)
    OR (SELECT state.past_due_since FROM public.cases_accountstate AS state
        WHERE state.account_id = account.id AND state.effective_on <= %(known_on)s
        ORDER BY state.effective_on DESC, state.id DESC LIMIT 1) IS NOT NULL
  )
UNION
SELECT stay.person_id FROM public.contacts_enrolment AS stay
JOIN public.cases_account AS account ON account.person_id = stay.person_id AND account.creditor_id = stay.creditor_id
WHERE stay.left_on IS NULL AND stay.creditor_id = ANY(%(creditors)s)
  AND {_OF_THE_PART}
"""
FILL_PERSON: Final = "INSERT INTO rehearsed_person (id) VALUES (%(person)s)"
COUNT_PERSONS: Final = "SELECT count(*) FROM rehearsed_person"
# Persons who share an address: each address with all of its persons.
SHARED: Final = """
SELECT array_agg(DISTINCT point.person_id) FROM cases_contactpoint AS point
GROUP BY point.address_id HAVING count(DISTINCT point.person_id) > 1
"""
# Other creditors whom some of these persons owe as well: their contacts count against the same limits.
NEIGHBOURS: Final = """
SELECT DISTINCT other.creditor_id FROM cases_case AS other
WHERE other.creditor_id <> ALL(%(creditors)s) AND other.status NOT IN ('cured', 'closed')
  AND EXISTS (SELECT FROM cases_account AS mine
              WHERE mine.person_id = other.person_id AND mine.creditor_id = ANY(%(creditors)s))
  AND EXISTS (SELECT FROM contacts_strategyversion_creditors AS link
              JOIN contacts_strategyversion AS version ON version.id = link.strategyversion_id
              WHERE link.creditor_id = other.creditor_id AND version.status = 'published')
ORDER BY other.creditor_id
"""

# -- copies ------------------------------------------------------------------------------------------------------------
COPY: Final = """
CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
    INCLUDING IDENTITY INCLUDING INDEXES) ON COMMIT DROP
"""
WITHOUT_INDEXES: Final = """
CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY)
    ON COMMIT DROP
"""
NUMBERS: Final = "ALTER TABLE pg_temp.{table} ALTER COLUMN id RESTART WITH {first}"
FILL: Final = "INSERT INTO pg_temp.{table} ({columns}) SELECT {columns} FROM public.{table} AS row"
OF_PERSONS: Final = " WHERE row.person_id IN (SELECT id FROM rehearsed_person)"
# The history of contacts counts while a case stands; of one that is over only what is still open does.
OF_STANDING_CASES: Final = """
 WHERE row.person_id IN (SELECT id FROM rehearsed_person)
   AND (row.status IN ('planned', 'claimed', 'withheld') OR EXISTS (
     SELECT FROM public.cases_case AS standing
     WHERE standing.id = row.case_id AND standing.status NOT IN ('cured', 'closed')))
"""
# The same of one person, in words that PostgreSQL answers by index whatever it knows about the tables.
OF_ONE: Final = " WHERE row.person_id = ANY(ARRAY(SELECT id FROM rehearsed_person))"
OF_ONES_CASES: Final = " WHERE row.case_id = ANY(ARRAY(SELECT id FROM pg_temp.cases_case))"
OF_ONES_STAYS: Final = f"{OF_ONES_CASES} AND row.left_on IS NULL OR {OF_ONES_CASES[6:]} AND row.left_on IS NOT NULL"
OF_ONES_STANDING_CASES: Final = OF_STANDING_CASES.replace(OF_PERSONS.strip(), OF_ONE.strip())
# By the row they hang on: (column, table of the copy it points to).
OF_PARENT: Final = " WHERE row.{column} IN (SELECT id FROM pg_temp.{parent})"
OF_ONES_PARENT: Final = " WHERE row.{column} = ANY(ARRAY(SELECT id FROM pg_temp.{parent}))"
ANALYSE: Final = "ANALYZE pg_temp.{table}"

# A table that only grows is not copied: a view over it and over what the rehearsal adds, which a trigger takes in.
SIDE: Final = """
CREATE TEMP TABLE {side} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
    INCLUDING IDENTITY INCLUDING INDEXES) ON COMMIT DROP
"""
SIDE_NUMBERS: Final = "ALTER TABLE pg_temp.{side} ALTER COLUMN id RESTART WITH {first}"
GROWN: Final = """
CREATE TEMP VIEW {table} AS SELECT {columns} FROM public.{table} UNION ALL SELECT {columns} FROM pg_temp.{side}
"""
GROW: Final = """
CREATE FUNCTION pg_temp.{function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval(pg_get_serial_sequence({quoted_side}, 'id')));
    INSERT INTO pg_temp.{side} ({own}) VALUES ({values});
    RETURN NEW;
END $$
"""
GROW_TRIGGER: Final = """
CREATE TRIGGER rehearsed_growth INSTEAD OF INSERT ON pg_temp.{table}
FOR EACH ROW EXECUTE FUNCTION pg_temp.{function}()
"""
# The one trigger of the real tables that must act on the copies as well: a balance moves with its entries. Its function
# names the table without a schema, so it moves the balance of the copy.
MOVE_BALANCES: Final = """
CREATE TRIGGER rehearsed_balances AFTER INSERT ON pg_temp.{side}
REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION public.move_balances()
"""
# Nobody reads these of the rehearsal's own audit trail, and a book has millions of them.
QUIET: Final = """
CREATE FUNCTION pg_temp.rehearsed_silence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$
"""
QUIET_TRIGGER: Final = """
CREATE TRIGGER rehearsed_silence BEFORE INSERT ON pg_temp.compliance_auditevent FOR EACH ROW
WHEN (NEW.name IN ('planned.made', 'planned.cancelled', 'strategy.enrolled', 'strategy.left', 'case.opened'))
EXECUTE FUNCTION pg_temp.rehearsed_silence()
"""

# -- the book ----------------------------------------------------------------------------------------------------------
ANY_DEAL: Final = """
SELECT EXISTS (SELECT FROM public.cases_settlement
               WHERE status IN ('accepted', 'offered', 'awaiting') AND creditor_id = ANY(%(creditors)s))
    OR EXISTS (SELECT FROM public.cases_creditor WHERE id = ANY(%(creditors)s) AND books = 'ours')
"""
# No new tape comes in a rehearsal, so the feed is taken to be as old on every later day as it is on the first.
NEXT_FEED: Final = """
UPDATE pg_temp.cases_importbatch SET as_of = as_of + 1
WHERE creditor_id = %(creditor)s AND kind = 'tape' AND status = 'loaded'
"""
NONE: Final = " WHERE false"
TAPES_ONLY: Final = " WHERE row.kind = 'tape' AND row.status = 'loaded'"

# -- what is counted ---------------------------------------------------------------------------------------------------
# Contacts planned for a day by one strategy that are work for people, by where they belong; with the first cases.
TASKS: Final = """
SELECT segment.key, step.key, step.kind, planned.channel, standing.team_id, step.minutes, count(*),
    (array_agg(planned.case_id ORDER BY planned.case_id) FILTER (WHERE planned.case_id < %(first)s))[1:%(most)s]
FROM contacts_plannedcontact AS planned
JOIN contacts_step AS step ON step.id = planned.step_id
JOIN contacts_segment AS segment ON segment.id = step.segment_id
JOIN cases_case AS standing ON standing.id = planned.case_id
WHERE planned.creditor_id = %(creditor)s AND planned.business_date = %(day)s AND NOT planned.automated
  AND planned.status <> 'cancelled' AND planned.step_id = ANY(%(steps)s)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
PLANNED: Final = """
SELECT channel, count(*) FROM contacts_plannedcontact
WHERE creditor_id = %(creditor)s AND business_date = %(day)s AND step_id = ANY(%(steps)s)
GROUP BY 1 ORDER BY 1
"""
ENROLLED: Final = """
SELECT segment.key, count(*) FROM contacts_enrolment AS stay JOIN contacts_segment AS segment
    ON segment.id = stay.segment_id JOIN contacts_strategyversion AS version ON version.id = segment.version_id
WHERE stay.left_on IS NULL AND stay.creditor_id = %(creditor)s AND version.strategy_id = %(strategy)s
GROUP BY 1 ORDER BY 1
"""
TEAMS: Final = "SELECT id, team_id FROM cases_case WHERE creditor_id = %(creditor)s"
# Every contact planned for a day and what became of it, by keys that a rehearsal and the real day share.
ROWS: Final = """
SELECT planned.creditor_id, planned.person_id, segment.key, step.key, planned.channel, planned.automated,
    planned.status, planned.reason_code, sent.at, sent.contact_point_id, sent.template_version_id
FROM contacts_plannedcontact AS planned
JOIN contacts_step AS step ON step.id = planned.step_id
JOIN contacts_segment AS segment ON segment.id = step.segment_id
LEFT JOIN LATERAL (
    SELECT attempt.at, attempt.contact_point_id, attempt.template_version_id FROM contacts_contactattempt AS attempt
    WHERE attempt.planned_id = planned.id AND attempt.status IN ('sent', 'delivered', 'uncertain')
    ORDER BY attempt.id LIMIT 1
) AS sent ON true
WHERE planned.creditor_id = ANY(%(creditors)s) AND planned.business_date = %(day)s
ORDER BY 1, 2, 3, 4, 5
"""
