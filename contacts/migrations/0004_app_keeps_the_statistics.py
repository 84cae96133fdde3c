"""Let the role `app` run ANALYZE: a book that was just loaded is planned badly until its statistics are taken.

The privilege (MAINTAIN, PostgreSQL 17 and later) changes no data and no structure. Before 17 only autovacuum takes them.
"""

from django.db import migrations

ALLOW = """
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 170000 AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO app';
        EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT MAINTAIN ON TABLES TO app';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_night_run_is_leased"),
        ("cases", "0002_rules_kept_by_the_database"),
        ("compliance", "0001_first_schema"),
    ]

    operations = [migrations.RunSQL(ALLOW, migrations.RunSQL.noop)]
