"""The permit rule as it was, in one look: attempt and permit are compared by the statement that reads them."""

from django.db import migrations

ONE_LOOK = """
CREATE OR REPLACE FUNCTION refuse_attempt_without_permit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    verdict text;
    differs boolean;
BEGIN
    -- The row as it stands at commit, not as it stood at this statement.
    SELECT permit.verdict,
           permit.person_id <> attempt.contacted_id
           OR permit.contact_point_id IS DISTINCT FROM attempt.contact_point_id
           OR permit.channel <> attempt.channel
           OR permit.purpose <> attempt.purpose
           OR permit.content_class <> attempt.content_class
           OR permit.automated <> attempt.automated
           OR permit.valid_from IS DISTINCT FROM attempt.valid_from
           OR permit.valid_until IS DISTINCT FROM attempt.valid_until
           OR attempt.at < permit.valid_from OR attempt.at >= permit.valid_until
           OR attempt.started_at < permit.valid_from OR attempt.started_at >= permit.valid_until
    INTO verdict, differs
    FROM contacts_contactattempt AS attempt
    LEFT JOIN compliance_decision AS permit ON permit.id = attempt.decision_id
    WHERE attempt.id = NEW.id AND attempt.origin = 'ours' AND attempt.status <> 'withheld';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF verdict IS DISTINCT FROM 'permit' THEN
        RAISE EXCEPTION 'attempt % has no permitting decision', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_ours_has_its_own_permit';
    END IF;
    IF differs THEN
        RAISE EXCEPTION 'attempt % differs from what its decision permitted', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_ours_has_its_own_permit';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_the_gate_reads_a_long_history_by_index")]
    operations = [migrations.RunSQL(ONE_LOOK, migrations.RunSQL.noop)]
