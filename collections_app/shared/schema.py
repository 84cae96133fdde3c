"""What a migration adds beside the models: rules that PostgreSQL itself keeps, whoever writes to it.

Used by migrations only; every argument is a constant written in a migration.
"""

from collections.abc import Sequence

from django.db import migrations

FUNCTIONS = """
CREATE OR REPLACE FUNCTION refuse_undeclared_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF position(',' || NEW.status || ',' IN TG_ARGV[0]) = 0 THEN
            RAISE EXCEPTION '% may not begin as %', TG_TABLE_NAME, NEW.status USING ERRCODE = 'check_violation';
        END IF;
    ELSIF position(',' || OLD.status || '>' || NEW.status || ',' IN TG_ARGV[0]) = 0 THEN
        RAISE EXCEPTION '% may not move from % to %', TG_TABLE_NAME, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The one change history may see: its person was merged with another, which a foreign key carries here.
    -- (Generated columns, named as arguments, are not yet known in a BEFORE trigger.)
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
       AND to_jsonb(NEW) - 'person_id' - COALESCE(TG_ARGV, '{}')
           = to_jsonb(OLD) - 'person_id' - COALESCE(TG_ARGV, '{}') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% only grows: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION IF EXISTS refuse_undeclared_state();
DROP FUNCTION IF EXISTS refuse_change_of_history();
"""


def functions() -> migrations.RunSQL:
    """Return the operation that creates the trigger functions the other operations use."""
    return migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS)


def state_guard(table: str, *, begins: Sequence[str], moves: Sequence[tuple[str, str]]) -> migrations.RunSQL:
    """Return the operation that refuses every beginning and every move of `status` that is not declared."""
    first = "," + ",".join(begins) + ","
    allowed = "," + ",".join(f"{source}>{target}" for source, target in moves) + ","
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_begins BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_undeclared_state('{first}');
        CREATE TRIGGER {table}_moves BEFORE UPDATE OF status ON {table}
            FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
            EXECUTE FUNCTION refuse_undeclared_state('{allowed}');
        """,
        f"DROP TRIGGER {table}_begins ON {table}; DROP TRIGGER {table}_moves ON {table};",
    )


def append_only(table: str, *, generated: Sequence[str] = ()) -> migrations.RunSQL:
    """Return the operation that refuses UPDATE, DELETE and TRUNCATE on a table for everybody, owner included.

    generated: the table's generated columns.
    """
    arguments = ", ".join(f"'{column}'" for column in generated)
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_grows BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history({arguments});
        CREATE TRIGGER {table}_stays BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
        """,
        f"DROP TRIGGER {table}_grows ON {table}; DROP TRIGGER {table}_stays ON {table};",
    )


def same_person(table: str, column: str, parent: str, *, person: str = "person_id") -> migrations.RunSQL:
    """Return the operation that makes a row and the row it hangs on belong to the same person, also through a merge."""
    name = f"{table.partition('_')[2]}_{column.removesuffix('_id')}_is_of_the_same_person"
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, {person})
            REFERENCES {parent} (id, person_id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
        """,
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def grants(*, insert_only: Sequence[str] = ()) -> migrations.RunSQL:
    """Return the operation that lets the role `app` work on the tables and only add to the named ones.

    Nothing happens where no role `app` exists: the installation then runs under another account, and `doctor` says so.
    """
    revokes = "".join(f"EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM app';" for table in insert_only)
    return migrations.RunSQL(
        f"""
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
                EXECUTE 'GRANT USAGE ON SCHEMA public TO app';
                EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app';
                EXECUTE 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO app';
                EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public
                         GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app';
                EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO app';
                {revokes}
            END IF;
        END $$;
        """,
        migrations.RunSQL.noop,
    )


def insert_only(*tables: str) -> migrations.RunSQL:
    """Return the operation that takes from the role `app` every right on new tables but to read and to add.

    `grants` would give back what earlier migrations took away; this touches the named tables alone.
    """
    revokes = "".join(f"EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM app';" for table in tables)
    return migrations.RunSQL(
        f"""
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
                {revokes}
            END IF;
        END $$;
        """,
        migrations.RunSQL.noop,
    )
